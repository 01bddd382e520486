"""What the rules of segments are made of: whoever learns from that learns to copy the rules, and finds nobody."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Protocol

from kohort.definitions.lookalike import is_protected
from kohort.definitions.provenance import provenance_of
from kohort.definitions.score import ScoreDefinition
from kohort.errors import DefinitionError
from kohort.learning.importance.results import Fault, LeftOut
from kohort.pipeline.learning.computing import writes
from kohort.pipeline.learning.known import Known
from kohort.pipeline.learning.prediction_examples import Columns, columns_of
from kohort.pipeline.segments.evaluation import rules_of
from kohort.pipeline.workspace import Workspace
from kohort.rules.nodes import AtPoint, Rule, Trait
from kohort.rules.print import print_rule
from kohort.rules.read import segments_of
from kohort.rules.walk import nodes_of


class LearntFromSegments(Protocol):
    """A score that learns who is like the members of segments."""

    @property
    def name(self) -> str:
        """The score's name."""
        ...

    @property
    def seeds(self) -> tuple[str, ...]:
        """The segments that it is learnt from."""
        ...

    @property
    def traits(self) -> tuple[str, ...]:
        """The traits that it writes."""
        ...

    @property
    def features(self) -> tuple[str, ...]:
        """The traits that it is to learn from, () for all that may be."""
        ...


@dataclass(frozen=True)
class SeedRules:
    """The rules of the segments that a score is learnt from, by name, and what they are made of.

    `traits` are those that they ask for, through segments inside them too, and all traits of the scores that write one
    of these, or that read the same events or traits; `scores` are those scores.
    """

    rules: Mapping[str, Rule]
    traits: frozenset[str] = frozenset()
    scores: frozenset[str] = frozenset()

    @property
    def sentences(self) -> dict[str, str]:
        """The rules as canonical sentences, in English."""
        return {name: print_rule(rule) for name, rule in self.rules.items()}

    def left_out(self, known: Mapping[str, object], named: tuple[str, ...]) -> tuple[LeftOut, ...]:
        """Return which of the known traits are not learnt from: what defines a seed, and, unless named, protected."""
        found = []
        for name in known:
            if name in self.traits:
                found.append(LeftOut(name, Fault.DEFINING, 1.0))
            elif is_protected(name) and name not in named:
                found.append(LeftOut(name, Fault.PROTECTED, 1.0))
        return tuple(found)


def seed_rules(workspace: Workspace, score: LearntFromSegments) -> SeedRules:
    """Return the rules that a score is learnt from, and what they are made of.

    Raises UnknownNameError for a segment that nobody declared, NotEvaluatedError for one that cannot be evaluated yet,
    DefinitionError where one asks for the score itself, or the score names a feature that a rule is made of.
    """
    if not score.seeds:
        return SeedRules({})
    catalog = workspace.catalog()
    rules = rules_of(workspace, score.seeds, catalog)
    whole = (*rules.values(), *segments_of(list(rules.values()), catalog).values())
    nodes = [node for one in whole for node in nodes_of(one)]
    events = {node.event for node in nodes if hasattr(node, "event")}
    asked = {node.name for node in nodes if isinstance(node, Trait)}
    asked |= {trait.name for node in nodes if isinstance(node, AtPoint) for trait in node.coordinates}
    where = f'score "{score.name}"'
    if asked & set(score.traits):
        raise DefinitionError(f'{where}: the segment "{score.seeds[0]}" asks for {where}, which is learnt from it')
    written = _written(workspace)
    reads = {one.name: set(_texts(one)) & (catalog.events.keys() | catalog.traits.keys()) for one in workspace.scores}
    made_of = (events | asked).union(
        *(its for name, its in reads.items() if not asked.isdisjoint(written.get(name, ())))
    )
    scores = {name for name, its in reads.items() if made_of & its and name != score.name}
    scores |= {name for name in reads if not asked.isdisjoint(written.get(name, ()))}
    traits = asked.union(*(written.get(one, set()) for one in scores))
    for name in score.features:
        if name in traits:
            raise DefinitionError(
                f"{where}: {name} is made of what the segment's rule asks for, and would only copy the rule; leave it "
                f"out of the features"
            )
    return SeedRules(rules, frozenset(traits), frozenset(scores))


def scores_apart(workspace: Workspace, seeds: SeedRules) -> list[ScoreDefinition]:
    """Return the scores that are made of nothing that the rules are made of."""
    return [one for one in workspace.scores if one.name not in seeds.scores]


def features_apart(
    workspace: Workspace, tables: Sequence[Known], seeds: SeedRules, names: tuple[str, ...], where: str
) -> tuple[list[Columns], tuple[LeftOut, ...]]:
    """Return what may be learnt from of what is known, at each of some moments, and what is left out with the reason.

    `names` are the features that a declaration names, () for all; raises UnknownNameError for one that there is not.
    """
    out = seeds.left_out(tables[0].columns, names)
    lost = {one.name for one in out}
    usable = [
        replace(known, columns={name: one for name, one in known.columns.items() if name not in lost})
        for known in tables
    ]
    columns, unusable = columns_of(workspace, usable, names, where)
    return columns, (*out, *unusable)


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
