"""Whoever asks for look-alikes says whether the seed is meant too: nobody is in both by accident."""

from kohort.definitions.lookalike import LookalikeDefinition
from kohort.errors import DefinitionError
from kohort.pipeline.workspace import Workspace
from kohort.rules.nodes import InSegment, Rule, Trait
from kohort.rules.walk import nodes_of


def check_seeds(workspace: Workspace, name: str, rule: Rule) -> None:
    """Raise DefinitionError if a segment's rule asks for look-alikes and says nothing of the seed.

    A likeness is that of the last run: who has joined the seed since has one still, and only the rule, which is
    evaluated at its own moment, can tell them apart.
    """
    lookalikes = [one for one in workspace.scores if isinstance(one, LookalikeDefinition)]
    if not lookalikes:
        return
    nodes = list(nodes_of(rule))
    traits = {one.name for one in nodes if isinstance(one, Trait)}
    segments = {one.name for one in nodes if isinstance(one, InSegment)}
    for one in lookalikes:
        asked = sorted(traits & set(one.traits))
        if asked and one.seed not in segments:
            raise DefinitionError(
                f'segment "{name}": {asked[0]} was learnt from the segment "{one.seed}", of which the rule says '
                f'nothing, and who joins that after a run would be in both; add: and not in segment "{one.seed}"'
            )
