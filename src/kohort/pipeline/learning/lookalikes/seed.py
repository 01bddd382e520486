"""What a seed's rule is made of: whoever learns from that learns to copy the rule, and finds nobody."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass

from kohort.definitions.lookalike import LookalikeDefinition, is_protected
from kohort.definitions.provenance import provenance_of
from kohort.definitions.score import ScoreDefinition
from kohort.errors import DefinitionError
from kohort.learning.importance.results import Fault, LeftOut
from kohort.pipeline.learning.computing import writes
from kohort.pipeline.segments.evaluation import rules_of
from kohort.pipeline.workspace import Workspace
from kohort.rules.nodes import AtPoint, Rule, Trait
from kohort.rules.print import print_rule
from kohort.rules.read import segments_of
from kohort.rules.walk import nodes_of


@dataclass(frozen=True)
class SeedRule:
    """A seed's rule, canonical as `sentence`, and what it is made of, through the segments inside it too.

    `traits` are those it asks for, and all traits of the scores that write one of them, or that read the same events
    or traits; `scores` are those scores.
    """

    rule: Rule
    sentence: str
    traits: frozenset[str]
    scores: frozenset[str]

    def left_out(self, known: Mapping[str, object], named: tuple[str, ...]) -> tuple[LeftOut, ...]:
        """Return which of the known traits are not learnt from: what defines the seed, and, unless named, protected."""
        found = []
        for name in known:
            if name in self.traits:
                found.append(LeftOut(name, Fault.DEFINING, 1.0))
            elif is_protected(name) and name not in named:
                found.append(LeftOut(name, Fault.PROTECTED, 1.0))
        return tuple(found)


def seed_rule(workspace: Workspace, definition: LookalikeDefinition) -> SeedRule:
    """Return the rule of a score's seed, and what it is made of.

    Raises UnknownNameError for a segment that nobody declared, NotEvaluatedError for one that cannot be evaluated yet,
    DefinitionError where it asks for the score itself, or the score names a feature that the seed is made of.
    """
    catalog = workspace.catalog()
    rule = rules_of(workspace, [definition.seed], catalog)[definition.seed]
    nodes = [node for one in (rule, *segments_of([rule], catalog).values()) for node in nodes_of(one)]
    events = {node.event for node in nodes if hasattr(node, "event")}
    asked = {node.name for node in nodes if isinstance(node, Trait)}
    asked |= {trait.name for node in nodes if isinstance(node, AtPoint) for trait in node.coordinates}
    where = f'score "{definition.name}"'
    if asked & set(definition.traits):
        raise DefinitionError(f'{where}: the seed "{definition.seed}" asks for {where}, which is learnt from it')
    written = _written(workspace)
    made_of = events | asked
    for one in workspace.scores:
        if not asked.isdisjoint(written.get(one.name, ())):
            made_of |= set(_texts(one))
    scores = {one.name for one in workspace.scores if made_of & set(_texts(one)) and one.name != definition.name}
    traits = asked.union(*(written.get(one, set()) for one in scores))
    for name in definition.features:
        if name in traits:
            raise DefinitionError(
                f"{where}: {name} is made of what the seed's rule asks for, and would only copy the rule; leave it out "
                f"of the features"
            )
    return SeedRule(rule, print_rule(rule), frozenset(traits), frozenset(scores))


def scores_apart(workspace: Workspace, seed: SeedRule) -> list[ScoreDefinition]:
    """Return the scores that are made of nothing that the seed is made of."""
    return [one for one in workspace.scores if one.name not in seed.scores]


def _written(workspace: Workspace) -> dict[str, set[str]]:
    """Return the traits that each score writes, by its declaration, or has written, by the source of what was told."""
    found: dict[str, set[str]] = {one.name: set(writes(one)) for one in workspace.scores}
    told = workspace.tables.read("trait_values").group_by(["name", "source"]).aggregate([])
    for name, source in zip(told.column("name").to_pylist(), told.column("source").to_pylist(), strict=True):
        found.setdefault(provenance_of(source).name, set()).add(name)
    return found


def _texts(score: object) -> Iterator[str]:
    """Yield every text of a definition: the names of what it reads are among them."""
    if isinstance(score, str):
        yield score
    elif is_dataclass(score):
        for one in fields(score):
            yield from _texts(getattr(score, one.name))
    elif isinstance(score, Mapping):
        for key, value in score.items():
            yield from _texts(key)
            yield from _texts(value)
    elif isinstance(score, tuple | list | frozenset):
        for value in score:
            yield from _texts(value)
