"""Who is in which segment since when: what an evaluation changes."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from kohort.clock import Moment

Change = Literal["entered", "left"]


class Cause(StrEnum):
    """Why somebody entered or left a segment."""

    RULE = "rule"
    """What they did, were, or how time passed: under one definition, one history and one set of statistics."""

    STATISTICS = "statistics"
    """The numbers of the population changed, at an epoch."""

    DEFINITION = "definition"
    """The segment, or one that it refers to, was defined anew."""

    HISTORY = "history"
    """What is known of the time before the last epoch changed: a late event, a merge."""

    MERGED = "merged"
    """They are another person now."""

    REMOVED = "segment removed"
    """The segment is no longer evaluated."""


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
    """One person entering or leaving a segment at a moment, and why; `corrects` is the log row that this undoes."""

    segment: str
    version: int
    person_id: str
    change: Change
    effective_at: Moment
    cause: str
    corrects: int | None = None


def changes_between(
    current: Mapping[str, Mapping[str, Membership]],
    evaluated: Mapping[str, tuple[int, AbstractSet[str]]],
    at: Moment,
    people: Mapping[str, str],
    causes: Mapping[str, Cause] | None = None,
) -> list[MembershipChange]:
    """Return who enters and who leaves at `at`, in a fixed order.

    `current` holds the open memberships by segment and person; `evaluated` the version and members of each
    segment now; `people` maps everybody to today's person, so that whoever was merged into another leaves;
    `causes` says why a segment's members differ, by default through its rule. A segment that is no longer evaluated
    loses everybody.

    >>> changes = changes_between({}, {"vip": (1, {"b", "a"})}, 5, {"a": "a", "b": "b"})
    >>> [(change.person_id, change.change, change.cause.value) for change in changes]
    [('a', 'entered', 'rule'), ('b', 'entered', 'rule')]
    """
    changes = []
    for segment in sorted(current.keys() | evaluated.keys()):
        inside = current.get(segment, {})
        version, members = evaluated.get(segment, (0, frozenset()))
        usual = Cause.REMOVED if segment not in evaluated else (causes or {}).get(segment, Cause.RULE)
        for person in sorted(inside.keys() - members):
            merged = segment in evaluated and people.get(person) != person
            cause = Cause.MERGED if merged else usual
            changes.append(MembershipChange(segment, version or inside[person].version, person, "left", at, cause))
        changes.extend(
            MembershipChange(segment, version, person, "entered", at, usual)
            for person in sorted(members - inside.keys())
        )
    return changes


def in_order(changes: Iterable[MembershipChange]) -> list[MembershipChange]:
    """Return changes in the order of time, then of segments and people; those of one person at one moment as given."""
    return sorted(changes, key=lambda one: (one.effective_at, one.segment, one.person_id))


def apply_changes(memberships: list[Membership], changes: list[MembershipChange]) -> list[Membership]:
    """Return all memberships, past and open, after `changes`, each person's in the order of time.

    >>> in_and_out = [MembershipChange("vip", 1, "a", "entered", 5, "rule"),
    ...               MembershipChange("vip", 1, "a", "left", 6, "rule")]
    >>> apply_changes([], in_and_out)
    [Membership(segment='vip', version=1, person_id='a', entered_at=5, left_at=6)]
    """
    found = list(memberships)
    places = {(one.segment, one.person_id): place for place, one in enumerate(found) if one.left_at is None}
    for change in changes:
        key = (change.segment, change.person_id)
        if change.change == "entered":
            places[key] = len(found)
            found.append(Membership(change.segment, change.version, change.person_id, change.effective_at))
        else:
            place = places.pop(key)
            one = found[place]
            found[place] = Membership(one.segment, one.version, one.person_id, one.entered_at, change.effective_at)
    return found


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
