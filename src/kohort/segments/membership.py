"""Who is in which segment since when: what an evaluation changes."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from kohort.clock import Moment

Change = Literal["entered", "left"]


@dataclass(frozen=True)
class Membership:
    """One person in one segment, since `entered_at`; `left_at` is None while they are in."""

    segment: str
    version: int
    person_id: str
    entered_at: Moment
    left_at: Moment | None = None


@dataclass(frozen=True)
class MembershipChange:
    """One person entering or leaving a segment at a moment, and why."""

    segment: str
    version: int
    person_id: str
    change: Change
    effective_at: Moment
    cause: str


def changes_between(
    current: Mapping[str, Mapping[str, Membership]],
    evaluated: Mapping[str, tuple[int, AbstractSet[str]]],
    at: Moment,
    people: Mapping[str, str],
) -> list[MembershipChange]:
    """Return who enters and who leaves, in a fixed order.

    `current` holds the open memberships by segment and person; `evaluated` the version and members of each
    segment now; `people` maps everybody to today's person, so that whoever was merged into another leaves. A
    segment that is no longer evaluated loses everybody.

    >>> changes = changes_between({}, {"vip": (1, {"b", "a"})}, 5, {"a": "a", "b": "b"})
    >>> [(change.person_id, change.change, change.cause) for change in changes]
    [('a', 'entered', 'rule'), ('b', 'entered', 'rule')]
    """
    changes = []
    for segment in sorted(current.keys() | evaluated.keys()):
        inside = current.get(segment, {})
        version, members = evaluated.get(segment, (0, frozenset()))
        for person in sorted(inside.keys() - members):
            cause = _cause_of_leaving(segment in evaluated, person, people)
            changes.append(MembershipChange(segment, version or inside[person].version, person, "left", at, cause))
        changes.extend(
            MembershipChange(segment, version, person, "entered", at, "rule")
            for person in sorted(members - inside.keys())
        )
    return changes


def _cause_of_leaving(evaluated: bool, person: str, people: Mapping[str, str]) -> str:
    if not evaluated:
        return "segment removed"
    return "rule" if people.get(person) == person else "merged"


def apply_changes(memberships: list[Membership], changes: list[MembershipChange]) -> list[Membership]:
    """Return all memberships, past and open, after `changes`.

    >>> apply_changes([], [MembershipChange("vip", 1, "a", "entered", 5, "rule")])
    [Membership(segment='vip', version=1, person_id='a', entered_at=5, left_at=None)]
    """
    leaving = {(change.segment, change.person_id): change.effective_at for change in changes if change.change == "left"}
    kept = [
        Membership(one.segment, one.version, one.person_id, one.entered_at, leaving[one.segment, one.person_id])
        if one.left_at is None and (one.segment, one.person_id) in leaving
        else one
        for one in memberships
    ]
    return kept + [
        Membership(change.segment, change.version, change.person_id, change.effective_at)
        for change in changes
        if change.change == "entered"
    ]


def open_by_segment(memberships: list[Membership]) -> dict[str, dict[str, Membership]]:
    """Return the open memberships by segment and person.

    >>> open_by_segment([Membership("vip", 1, "a", 5), Membership("vip", 1, "b", 5, 6)])["vip"].keys()
    dict_keys(['a'])
    """
    found: dict[str, dict[str, Membership]] = {}
    for one in memberships:
        if one.left_at is None:
            found.setdefault(one.segment, {})[one.person_id] = one
    return found
