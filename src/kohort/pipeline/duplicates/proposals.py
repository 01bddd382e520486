"""Merges of a project's people that their traits propose, and what somebody decides of them.

Proposals change nothing: they are found anew from the traits. What is decided is a record of the journal, as every
merge and split by hand: a proposal that is accepted is a merge, one that is refused is a split of two who were never
one, which keeps them apart whatever becomes known. Either is taken back, and people are then who they were.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from kohort.clock import Moment, format_moment
from kohort.definitions.duplicates import FieldKind, Linkage, LinkedField
from kohort.definitions.values import ValueType
from kohort.errors import InputError, UsageError
from kohort.pipeline.duplicates.duplicates import Records, find_duplicates, read_columns
from kohort.pipeline.duplicates.merging import keep_apart, let_together, merge_people, parting_splits, split_people
from kohort.pipeline.facts import traits_at
from kohort.pipeline.projecting.identities import evidence_of
from kohort.pipeline.segments.people import actor_named
from kohort.pipeline.workspace import Workspace
from kohort.quality.duplicates.guessing import fields_of

_KINDS: Final = (ValueType.TEXT, ValueType.MOMENT)
_FEWEST: Final = 2
_LEAST_SHOWN: Final = 0.1


class Decision(StrEnum):
    """What somebody says of two people: one, two, or that an earlier decision is taken back."""

    MERGE = "1"
    APART = "0"
    UNDO = "undo"


@dataclass(frozen=True)
class ProposedPair:
    """Two people who may be one, by their ids; `weights` are bits for it by comparison, those that speak most first.

    `kin` marks what may be a family: it is shown, and below every other.
    """

    left: str
    right: str
    probability: float
    kin: bool
    weights: tuple[tuple[str, float], ...]

    def is_sure(self, threshold: float) -> bool:
        """Return whether it is above the threshold, and no family."""
        return self.probability >= threshold and not self.kin


@dataclass(frozen=True)
class Proposal(ProposedPair):
    """The same with what both have of each trait that was compared."""

    values: Mapping[str, tuple[str | None, str | None]]


@dataclass(frozen=True)
class Proposals:
    """What is proposed, the surest first, families last; `fields` say what was compared."""

    fields: tuple[LinkedField, ...]
    threshold: float
    proposals: tuple[Proposal, ...]

    @property
    def sure(self) -> tuple[Proposal, ...]:
        """Those that are above the threshold, and no family."""
        return tuple(one for one in self.proposals if one.is_sure(self.threshold))


def propose_merges(workspace: Workspace, linkage: Linkage, at: Moment) -> Proposals:
    """Return which people may be one, by their traits as of `at`; none that somebody has said to be two.

    Raises UsageError if no trait says who somebody is, MissingExtraError without the extra `[people]`.
    """
    catalog = workspace.catalog({})
    types = {name: kind for name, kind in catalog.traits.items() if kind in _KINDS}
    with workspace.views(catalog) as views:
        table = traits_at(views, list(types.items()), at=at)
    people = tuple(table.column(0).to_pylist())
    columns = {
        name: _texts(workspace, table.column(place), kind) for place, (name, kind) in enumerate(types.items(), 1)
    }
    fields = _telling(columns, linkage)
    threshold = linkage.threshold
    if len(people) < _FEWEST:
        return Proposals(fields, 0.0 if threshold is None else threshold, ())
    chosen = {one.column: columns[one.column] for one in fields}
    found = find_duplicates(Records(chosen, people), Linkage(
        fields, (), threshold, linkage.seed, linkage.most_comparisons, linkage.families_apart
    ))  # fmt: skip
    apart = _said_to_be_two(workspace)
    made = []
    for number in range(len(found.pairs.left)):
        probability = float(found.pairs.probability[number])
        one, other = int(found.pairs.left[number]), int(found.pairs.right[number])
        if probability < _LEAST_SHOWN or frozenset((people[one], people[other])) in apart:
            continue
        speaks = sorted(
            ((name, round(float(bits[number]), 2)) for name, bits in found.pairs.weights.items() if bits[number]),
            key=lambda pair: (-pair[1], pair[0]),
        )
        values = {name: (told[one], told[other]) for name, told in chosen.items()}
        kin = bool(found.pairs.kin[number])
        made.append(Proposal(people[one], people[other], probability, kin, tuple(speaks), values))
    made.sort(key=lambda one: (one.kin, -one.probability, one.left, one.right))
    return Proposals(fields, found.threshold.value, tuple(made))


def decide(
    workspace: Workspace, decisions: Iterable[tuple[str, str, Decision]], reason: str, catch_up: Callable[[], int]
) -> dict[str, int]:
    """Carry out decisions on pairs of people, and return how many were merged, kept apart, taken back, as they were.

    A decision that holds already changes nothing, so the same list can be handed in twice. Raises UnknownNameError for
    people that nobody knows, before anything is changed.
    """
    told = list(decisions)
    for one, other, _ in told:
        actor_named(workspace, one)
        actor_named(workspace, other)
    done = dict.fromkeys(("merged", "kept apart", "taken back", "as they were"), 0)
    for one, other, decision in told:
        done[_decide(workspace, one, other, decision, reason, catch_up)] += 1
    return done


def read_decisions(path: Path) -> list[tuple[str, str, Decision]]:
    """Return the decisions of a review list: `left`, `right` and `decision`, which is 1, 0, `undo` or empty.

    Raises InputError for a column that is missing and for any other decision.
    """
    columns = read_columns(path, ("left", "right", "decision"))
    found = []
    rows = zip(columns["left"], columns["right"], columns["decision"], strict=True)
    for number, (left, right, word) in enumerate(rows, start=1):
        if not word:
            continue
        if word not in set(Decision) or left is None or right is None:
            raise InputError(f'{path}, row {number}: expected two people and 1, 0 or undo, got "{word}"')
        found.append((left, right, Decision(word)))
    return found


def _decide(
    workspace: Workspace, one: str, other: str, decision: Decision, reason: str, catch_up: Callable[[], int]
) -> str:
    person_of = evidence_of(workspace.tables).persons().person_of
    first, second = actor_named(workspace, one), actor_named(workspace, other)
    is_one = person_of[first] == person_of[second]
    parted = bool(parting_splits(evidence_of(workspace.tables), first, second))
    if decision is Decision.MERGE and not is_one:
        merge_people(workspace, one, other, reason, catch_up)
        return "merged"
    if decision is Decision.APART and not is_one and not parted:
        keep_apart(workspace, one, other, reason, catch_up)
        return "kept apart"
    if decision is Decision.UNDO and is_one:
        split_people(workspace, one, other, reason, catch_up)
        return "taken back"
    if decision is Decision.UNDO and parted:
        let_together(workspace, one, other, reason, catch_up)
        return "taken back"
    if decision is Decision.APART and is_one:
        raise UsageError(f'"{one}" and "{other}" are one person; take the merge back with the decision undo')
    return "as they were"


def _said_to_be_two(workspace: Workspace) -> set[frozenset[str]]:
    """Return the pairs of person ids that a split by hand keeps apart."""
    evidence = evidence_of(workspace.tables)
    person_of = evidence.persons().person_of
    pairs = set()
    for edit in evidence.in_force():
        if edit.change == "split":
            sides = [{person_of[actor] for actor in side if actor in person_of} for side in (edit.apart, edit.rest)]
            pairs |= {frozenset((one, other)) for one in sides[0] for other in sides[1] if one != other}
    return pairs


def _telling(columns: Mapping[str, Sequence[str | None]], linkage: Linkage) -> tuple[LinkedField, ...]:
    """Return what traits say who somebody is: those told, and those guessed but texts, which scores write too."""
    found = fields_of(columns, linkage.fields, linkage.ignored)
    fields = tuple(one for one in found if one.why == "told" or one.kind is not FieldKind.TEXT)
    if not fields:
        raise UsageError(
            "no trait says who somebody is; tell which do: `duplicates: {traits: {surname: TRAIT}}` in kohort.yaml"
        )
    return fields


def _texts(workspace: Workspace, column: object, kind: ValueType) -> list[str | None]:
    values = column.to_pylist()  # type: ignore[attr-defined]
    if kind is ValueType.MOMENT:
        return [None if one is None else format_moment(one, workspace.settings.zone) for one in values]
    return [None if one is None or not one.strip() else one for one in values]
