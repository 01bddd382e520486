"""What the live engine finds, as rows of the log: what is not true names the row that it takes back.

The log tells of the time since the segments in force were applied, and who was in then. What becomes known of the time
before counts from that moment on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kohort.clock import Moment
from kohort.errors import CorruptionError
from kohort.segments.log import Key, Logged, correction
from kohort.segments.membership import MembershipChange, in_order

Log = Mapping[Key, Sequence[Logged]]


@dataclass(frozen=True)
class Found:
    """A change that the live engine found; `retracts`: it is not true."""

    change: MembershipChange
    retracts: bool = False

    @property
    def key(self) -> Key:
        """The segment and the person."""
        return self.change.segment, self.change.person_id


@dataclass(frozen=True)
class Corrections:
    """Says what was found in rows of the log, which tells of segments since `since`; `log` are rows that count.

    >>> left = MembershipChange("vip", 1, "ada", "left", 8, "rule")
    >>> log = {("vip", "ada"): [Logged(7, "vip", 1, "ada", "left", 8)]}
    >>> [one.corrects for one in Corrections(5, log).rows([Found(left, retracts=True)])]
    [7]
    """

    since: Moment
    log: Log

    def rows(self, found: Iterable[Found]) -> list[MembershipChange]:
        """Return the rows to append; raises CorruptionError for what was never said and is taken back all the same."""
        rows: list[MembershipChange] = []
        before: dict[Key, list[Found]] = {}
        for one in found:
            if one.change.effective_at <= self.since:
                before.setdefault(one.key, []).append(one)
            elif one.retracts:
                rows.append(self._taken_back(one))
            else:
                rows.append(one.change)
        return in_order([*self._at_the_beginning(before), *rows])

    def _taken_back(self, one: Found) -> MembershipChange:
        for row in self.log.get(one.key, ()):
            if (row.change, row.effective_at) == (one.change.change, one.change.effective_at):
                return row.retracted()
        change = one.change
        raise CorruptionError(
            f'the membership log lacks what it should say of segment "{change.segment}": somebody {change.change} at '
            f"{change.effective_at}; make the tables anew with: kohort rebuild"
        )

    def _at_the_beginning(self, before: Mapping[Key, Sequence[Found]]) -> Iterator[MembershipChange]:
        """Yield rows for those who were not, or were, inside when the log begins to tell, as it now turns out."""
        for key, found in before.items():
            if len(found) % 2 == 0:
                continue
            logged = [one for one in self.log.get(key, ()) if one.effective_at <= self.since]
            last = logged[-1] if logged else None
            was_inside = last is not None and last.change == "entered"
            segment, person = key
            version = found[-1].change.version
            since = None if last is not None and was_inside else self.since
            yield correction(segment, version, person, holds=not was_inside, since=since, last=last, at=self.since)
