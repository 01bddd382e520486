"""Who is in the seed of look-alikes at a moment, and who is asked about."""

from kohort.clock import Moment
from kohort.definitions.lookalike import LookalikeDefinition
from kohort.pipeline.learning.seeds import SeedRules
from kohort.pipeline.segments.evaluation import evaluator
from kohort.pipeline.workspace import Workspace
from kohort.rules.read import read_rule


def people_inside(
    workspace: Workspace, definition: LookalikeDefinition, seed: SeedRules, at: Moment
) -> tuple[frozenset[str], frozenset[str] | None]:
    """Return who is in the seed at a moment, and who is asked about at all, None for everybody."""
    catalog = workspace.catalog()
    rules = {"seed": seed.rules[definition.seed]}
    if definition.among:
        rules["among"] = read_rule(definition.among, catalog)
    members = evaluator(workspace, catalog)(rules, at).members
    asked = frozenset(members["among"].to_pylist()) if definition.among else None
    return frozenset(members["seed"].to_pylist()), asked
