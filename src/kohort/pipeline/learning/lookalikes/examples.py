"""Who look-alikes are learnt from: members of the seed, and everybody outside, who may or may not be like them."""

from dataclasses import dataclass

import numpy as np

from kohort.clock import Moment
from kohort.definitions.lookalike import LookalikeDefinition
from kohort.learning.importance.results import LeftOut
from kohort.learning.prediction.examples import Examples
from kohort.pipeline.learning.cluster_features import telling_features
from kohort.pipeline.learning.known import Known, known_at
from kohort.pipeline.learning.prediction_examples import table_of
from kohort.pipeline.learning.seeds import SeedRules, features_apart, scores_apart
from kohort.pipeline.segments.evaluation import evaluator
from kohort.pipeline.workspace import Workspace
from kohort.rules.read import read_rule


@dataclass(frozen=True, eq=False)
class SeedExamples:
    """The rows that are learnt from, as of `cut_off`, with what was left out; `reached` says who is of the seed.

    `members` counts the seed, and `entered_before` those of it who were in it at the cut-off already, and are not
    learnt from: what was known of them then may have come from being in it.
    """

    examples: Examples
    left_out: tuple[LeftOut, ...]
    cut_off: Moment
    members: int
    entered_before: int


def seed_examples(workspace: Workspace, definition: LookalikeDefinition, seed: SeedRules, at: Moment) -> SeedExamples:
    """Return who is learnt from as of `at`; everything about them was known strictly before the cut-off.

    A feature that alone tells the seed apart (AUC or association of 0.98) is left out too: it copies the rule.
    """
    cut_off = at - definition.before
    known = known_at(workspace, cut_off - 1, scores_apart(workspace, seed))
    before, asked = _inside(workspace, definition, seed, cut_off)
    now = before if cut_off == at else _inside(workspace, definition, seed, at)[0]
    early = before if cut_off < at else frozenset()
    people = [one for one in known.people if one not in early and (asked is None or one in asked)]
    reached = np.array([one in now for one in people], dtype=bool)
    columns, out = features_apart(workspace, known, seed, definition.features, f'score "{definition.name}"')
    table = table_of(known, columns, people)
    telling = telling_features(table, reached) if reached.any() and not reached.all() else ()
    table = table.without({one.name for one in telling})
    examples = Examples(table, reached, np.arange(len(people)))
    return SeedExamples(examples, (*out, *telling), cut_off, len(now), len(now & early))


def people_outside(
    workspace: Workspace, definition: LookalikeDefinition, seed: SeedRules, at: Moment
) -> tuple[Known, list[str]]:
    """Return what was known strictly before `at`, and who is asked about: those outside the seed at that moment."""
    known = known_at(workspace, at - 1, scores_apart(workspace, seed))
    inside, asked = _inside(workspace, definition, seed, at)
    return known, [one for one in known.people if one not in inside and (asked is None or one in asked)]


def _inside(
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
