"""What the membership log says, once the rows that correct others have been heard."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kohort.clock import Moment
from kohort.segments.membership import Cause, Change, Membership, MembershipChange

Key = tuple[str, str]
"""A segment and a person."""


@dataclass(frozen=True)
class Logged:
    """A row of the log that still counts."""

    seq: int
    segment: str
    version: int
    person_id: str
    change: Change
    effective_at: Moment

    @property
    def what(self) -> tuple[str, str, Change, Moment]:
        """Who entered or left which segment when."""
        return self.segment, self.person_id, self.change, self.effective_at

    def retracted(self) -> MembershipChange:
        """Return the row that says that this never was: the opposite at the same moment.

        >>> Logged(7, "vip", 1, "ada", "entered", 5).retracted().corrects
        7
        """
        opposite: Change = "left" if self.change == "entered" else "entered"
        return MembershipChange(
            self.segment, self.version, self.person_id, opposite, self.effective_at, Cause.HISTORY, corrects=self.seq
        )


def net_changes(rows: Iterable[Mapping[str, Any]]) -> dict[Key, list[Logged]]:
    """Return the rows of a log, given in its order, that still count, by segment and person in the order of time.

    A row that corrects another takes it back, and itself says nothing more; a row that corrects such a row puts the
    first one back.

    >>> row = {"segment": "vip", "version": 1, "person_id": "ada", "effective_at": 5}
    >>> rows = [row | {"seq": 7, "change": "entered", "corrects": None}]
    >>> len(net_changes(rows)["vip", "ada"])
    1
    >>> net_changes([*rows, row | {"seq": 9, "change": "left", "corrects": 7}])
    {}
    """
    counting: dict[int, Logged] = {}
    taken_back: dict[int, Logged | None] = {}
    for row in rows:
        seq, corrects = row["seq"], row["corrects"]
        if corrects is None:
            counting[seq] = Logged(
                seq, row["segment"], row["version"], row["person_id"], row["change"], row["effective_at"]
            )
        elif corrects in taken_back:
            first, taken_back[seq] = taken_back[corrects], None
            if first is not None:
                counting[first.seq] = first
        else:
            taken_back[seq] = counting.pop(corrects, None)
    found: dict[Key, list[Logged]] = {}
    for one in sorted(counting.values(), key=lambda one: (one.effective_at, one.seq)):
        found.setdefault((one.segment, one.person_id), []).append(one)
    return found


def correction(
    segment: str, version: int, person: str, *, holds: bool, since: Moment | None, last: Logged | None, at: Moment
) -> MembershipChange:
    """Return the row that puts right what was believed of a person at `at`, the last epoch.

    `holds` is what is known now, `since` the moment up to `at` since when it has been so, None for always; `last` is
    what the log says. What was logged after that moment never was: the new row stands at the logged one's moment, and
    corrects it.

    >>> entered = Logged(7, "vip", 1, "ada", "entered", 5)
    >>> correction("vip", 1, "ada", holds=False, since=None, last=entered, at=9)
    ... # doctest: +NORMALIZE_WHITESPACE
    MembershipChange(segment='vip', version=1, person_id='ada', change='left', effective_at=5,
                     cause=<Cause.HISTORY: 'history'>, corrects=7)
    """
    undone = last is not None and (since is None or since <= last.effective_at)
    moment = last.effective_at if last is not None and undone else since
    change: Change = "entered" if holds else "left"
    corrects = last.seq if last is not None and undone else None
    return MembershipChange(segment, version, person, change, at if moment is None else moment, Cause.HISTORY, corrects)


def reconciled(logged: Sequence[Logged], true: Sequence[MembershipChange]) -> list[MembershipChange]:
    """Return what is to be logged besides, where some rows stand in the log already, so that all of `true` is said.

    >>> stands = [Logged(7, "vip", 1, "ada", "entered", 5)]
    >>> [one.corrects for one in reconciled(stands, [MembershipChange("vip", 1, "ada", "entered", 6, "rule")])]
    [7, None]
    """
    stands = {one.what for one in logged}
    meant = {(one.segment, one.person_id, one.change, one.effective_at) for one in true if one.corrects is None}
    untrue = [one.retracted() for one in logged if one.what not in meant]
    return [
        *untrue,
        *(one for one in true if (one.segment, one.person_id, one.change, one.effective_at) not in stands),
    ]


def without(memberships: list[Membership], rows: Iterable[Logged]) -> list[Membership]:
    """Return memberships as they were before the rows at their end, which are of the latest moments.

    >>> without([Membership("vip", 1, "ada", 5, 8)], [Logged(9, "vip", 1, "ada", "left", 8)])
    [Membership(segment='vip', version=1, person_id='ada', entered_at=5, left_at=None)]
    """
    moved = {one.what for one in rows}
    if not moved:
        return memberships
    found = []
    for one in memberships:
        key = (one.segment, one.person_id)
        if (*key, "entered", one.entered_at) in moved:
            continue
        left = (*key, "left", one.left_at) in moved
        found.append(replace(one, left_at=None) if left else one)
    return found


def intervals(rows: Iterable[Logged]) -> list[Membership]:
    """Return the memberships of one person in one segment that the rows which count, in order, tell of.

    >>> rows = [Logged(7, "vip", 1, "ada", "entered", 5), Logged(9, "vip", 1, "ada", "left", 8)]
    >>> intervals(rows)
    [Membership(segment='vip', version=1, person_id='ada', entered_at=5, left_at=8)]
    """
    found: list[Membership] = []
    for one in rows:
        inside = bool(found) and found[-1].left_at is None
        if one.change == "entered" and not inside:
            found.append(Membership(one.segment, one.version, one.person_id, one.effective_at))
        elif one.change == "left" and inside:
            last = found.pop()
            found.append(Membership(last.segment, last.version, last.person_id, last.entered_at, one.effective_at))
    return found
