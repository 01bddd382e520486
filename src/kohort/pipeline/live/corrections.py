"""What the live engine finds, as rows of the log: what is not true names the row that it takes back.

The log tells of the time since the segments in force were applied, and who was in then. What becomes known of the time
before counts from that moment on. Whoever begins to keep memberships up makes the log say who is in, and not what came
and went in between unknown to the log: where that is taken back, only who is in counts, from there on.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
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

    Since `begun` the log has all that the live engine said.

    >>> left = MembershipChange("vip", 1, "ada", "left", 8, "rule")
    >>> log = {("vip", "ada"): [Logged(7, "vip", 1, "ada", "left", 8)]}
    >>> [one.corrects for one in Corrections(5, 5, log).rows([Found(left, retracts=True)])]
    [7]
    """

    since: Moment
    begun: Moment
    log: Log

    def rows(self, found: Sequence[Found]) -> list[MembershipChange]:
        """Return the rows to append; raises CorruptionError for what was said since `begun`, and is not in the log."""
        unsaid = {one.key for one in found if self.since < one.change.effective_at <= self.begun and self._lacks(one)}
        rows: list[MembershipChange] = []
        before: dict[Key, list[Found]] = {}
        for one in found:
            if one.change.effective_at <= (self.begun if one.key in unsaid else self.since):
                before.setdefault(one.key, []).append(one)
            elif one.retracts:
                rows.append(self._taken_back(one))
            else:
                rows.append(one.change)
        return in_order([*self._at_the_beginning(before, unsaid), *rows])

    def _lacks(self, one: Found) -> bool:
        return one.retracts and self._logged(one) is None

    def _logged(self, one: Found) -> Logged | None:
        said = (one.change.change, one.change.effective_at)
        return next((row for row in self.log.get(one.key, ()) if (row.change, row.effective_at) == said), None)

    def _taken_back(self, one: Found) -> MembershipChange:
        row, change = self._logged(one), one.change
        if row is None:
            raise CorruptionError(
                f'the membership log lacks what it should say of segment "{change.segment}": somebody {change.change} '
                f"at {change.effective_at}; make the tables anew with: kohort rebuild"
            )
        return row.retracted()

    def _at_the_beginning(
        self, before: Mapping[Key, Sequence[Found]], unsaid: AbstractSet[Key]
    ) -> Iterator[MembershipChange]:
        """Yield rows for those who were not, or were, inside when the log begins to tell, as it now turns out."""
        for key, found in before.items():
            at = self.begun if key in unsaid else self.since
            if len(found) % 2 == 0:
                continue
            logged = [one for one in self.log.get(key, ()) if one.effective_at <= at]
            last = logged[-1] if logged else None
            was_inside = last is not None and last.change == "entered"
            segment, person = key
            version = found[-1].change.version
            since = None if last is not None and was_inside else at
            yield correction(segment, version, person, holds=not was_inside, since=since, last=last, at=at)
