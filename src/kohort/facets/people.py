"""What is known of single people, for who looks at one."""

from typing import TYPE_CHECKING

from kohort.clock import Moment
from kohort.facets.facet import Facet

if TYPE_CHECKING:
    from kohort.pipeline.biography import HeldMembership, HeldTrait, LivedEvent
    from kohort.pipeline.person import PersonRecord
    from kohort.storage.histories import Place

Time = str | Moment | None


class PeopleFacet(Facet):
    """The part of `Project` that tells of a person (by person id, user id or anonymous id).

    Each raises UnknownNameError for nobody known.
    """

    def person(self, person: str, at: Time = None) -> "PersonRecord":
        """Return who somebody is, consents as of a moment: identifiers, what joined them, choices with their proofs."""
        from kohort.pipeline.person import person_record

        workspace = self._workspace()
        return person_record(workspace, person, self._moment(workspace, at))

    def timeline(self, person: str, before: "Place | None" = None, most: int = 100) -> "list[LivedEvent]":
        """Return what somebody did, the newest first, before a place, at most `most`."""
        from kohort.pipeline.biography import timeline_of

        return timeline_of(self._workspace(), person, before, most)

    def traits(self, person: str, at: Time = None) -> "list[HeldTrait]":
        """Return somebody's traits as of a moment, each with its source and since when."""
        from kohort.pipeline.biography import traits_of

        workspace = self._workspace()
        return traits_of(workspace, person, self._moment(workspace, at))

    def memberships(self, person: str) -> "list[HeldMembership]":
        """Return the segments that somebody is in by what is recorded, and since when."""
        from kohort.pipeline.biography import memberships_of

        return memberships_of(self._workspace(), person)
