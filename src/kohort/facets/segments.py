"""What is known of a segment beyond its size: what sets it apart, what it is worth, who came and went."""

from typing import TYPE_CHECKING

from kohort.clock import Moment, parse_duration
from kohort.errors import UnknownNameError
from kohort.facets.facet import Facet
from kohort.imports import needing_extra

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kohort.definitions.segment import SegmentDefinition
    from kohort.pipeline.learning.explained.of_segments import SegmentDrivers
    from kohort.pipeline.learning.segment_insights import Distinctions, SegmentWorth
    from kohort.pipeline.segments.counting import SizeAt
    from kohort.pipeline.segments.member_pages import MemberPage
    from kohort.pipeline.segments.moves import Moves, Snapshot
    from kohort.pipeline.segments.segment_checks import SegmentChecks
    from kohort.segments.intersections import Intersections


class SegmentsFacet(Facet):
    """The part of `Project` that tells of one segment, as it is recorded.

    Each raises UnknownNameError for a segment that nobody declared, NotEvaluatedError for one without members yet.
    """

    def distinctions(self, segment: str, against: str | None = None) -> "Distinctions":
        """Return how the members differ from everybody else, in traits and behaviour, the largest difference first.

        With `against`, another segment, those only in the one are compared with those only in the other.
        """
        from kohort.pipeline.learning.segment_insights import distinctions_of
        from kohort.pipeline.remembered import remembered

        return remembered(distinctions_of, self._workspace(), segment, against)

    def worth(self, segment: str) -> "SegmentWorth":
        """Return what the members have spent, their share of all revenue, and per person."""
        from kohort.pipeline.learning.segment_insights import segment_worth
        from kohort.pipeline.remembered import remembered

        return remembered(segment_worth, self._workspace(), segment)

    def segment_drivers(self, segment: str, score: str | None = None) -> "list[SegmentDrivers]":
        """Return what goes with the chances of the members beside everybody, for each prediction, or the one named.

        Raises MissingExtraError without the extra `[learn]`, UnknownNameError for a prediction that there is not.
        """
        from kohort.pipeline.remembered import remembered

        with needing_extra("learn", "explaining scores"):
            from kohort.pipeline.learning.explained.of_segments import segment_drivers

        return remembered(segment_drivers, self._workspace(), segment, score)

    def snapshot(self, segment: str) -> "Snapshot":
        """Return how many are in now, and the place in the membership log up to which that counts."""
        from kohort.pipeline.segments.moves import snapshot_of

        return snapshot_of(self._workspace(), segment)

    def segment_words(self, segment: str) -> "SegmentDefinition":
        """Return how a segment is described: what it is called, whose it is, what for."""
        segments = self._workspace().segments
        if segment not in segments:
            raise UnknownNameError("segment", segment, segments)
        return segments[segment]

    def checks(self, segment: str) -> "SegmentChecks":
        """Return what becomes of the tests of a segment, and how it stands to its guard rails, as of the last run."""
        from kohort.pipeline.segments.segment_checks import checks_of

        return checks_of(self._workspace(), segment)

    def nearest(self, segment: str, others: "Sequence[str]", most: int = 11) -> "Intersections":
        """Return how a segment lies in those of others with which it shares the most people, at most `most`.

        Every intersection holds members of it, every pair is of it, and `population` is its size.
        """
        from kohort.pipeline.remembered import remembered
        from kohort.pipeline.segments.counting import nearest

        return remembered(nearest, self._workspace(), segment, tuple(others), most)

    def size_history(self, segment: str, until: Moment | None, every: str) -> "tuple[SizeAt, ...]":
        """Return the last 31 sizes up to a moment, by default the present, `every` ("1 day") apart: as `sizes`."""
        from kohort.pipeline.remembered import remembered
        from kohort.pipeline.segments.counting import size_history

        workspace = self._workspace()
        return remembered(size_history, workspace, segment, workspace.moment(until), parse_duration(every))

    def moves(self, segment: str, *, days: int = 30, most: int = 10) -> "Moves":
        """Return how many entered and left on each of the last days, and the newest changes, at most `most`."""
        from kohort.pipeline.remembered import remembered
        from kohort.pipeline.segments.moves import moves_of

        return remembered(moves_of, self._workspace(), segment, days, most)

    def member_page(self, segment: str, after: str = "", most: int = 50) -> "MemberPage":
        """Return recorded members in the order of their person ids, those after an id, at most `most`."""
        from kohort.pipeline.remembered import remembered
        from kohort.pipeline.segments.member_pages import member_page

        return remembered(member_page, self._workspace(), segment, after, most)
