"""What the client asks of single people, each by person id, user id or anonymous id."""

from typing import Literal

from kohort.client.answers.duplicates import Decision, ProposedMerge, ProposedMerges
from kohort.client.answers.people import (
    LivedEvent,
    Memberships,
    Person,
    PersonCluster,
    PersonScores,
    Timeline,
    Traits,
)
from kohort.client.calls import Calls
from kohort.client.paging import Paged
from kohort.client.transport import at


class PeopleCalls(Calls):
    """The part of `Client` that is about people."""

    def get_person(self, person: str, moment: str | None = None) -> Person:
        """Return who somebody is: identifiers, what joined them, consents."""
        return self._transport.get(at("people", person), Person, {"at": moment})

    def person_events(self, person: str, *, page: int = 100) -> Paged[Timeline, LivedEvent]:
        """Return what somebody did, the newest first, `page` at a time."""
        path = at("people", person, "events")
        return self._paged(path, Timeline, {"limit": page}, lambda found: found.events)

    def person_traits(self, person: str, moment: str | None = None) -> Traits:
        """Return somebody's traits, with source and since when."""
        return self._transport.get(at("people", person, "traits"), Traits, {"at": moment})

    def person_scores(self, person: str, moment: str | None = None) -> PersonScores:
        """Return what predictions say of somebody, and what goes with it; computed anew for the moment "now"."""
        return self._transport.get(at("people", person, "scores"), PersonScores, {"at": moment})

    def person_cluster(self, person: str, score: str | None = None, moment: str | None = None) -> PersonCluster:
        """Return somebody's cluster of a score (the only one) by what is known now, also between two runs."""
        return self._transport.get(at("people", person, "cluster"), PersonCluster, {"score": score, "at": moment})

    def person_segments(self, person: str) -> Memberships:
        """Return the segments that somebody is in."""
        return self._transport.get(at("people", person, "segments"), Memberships)

    def list_duplicates(self, *, page: int = 20) -> Paged[ProposedMerges, ProposedMerge]:
        """Return people who may be one, the surest first, `page` at a time."""
        return self._paged("/duplicates", ProposedMerges, {"limit": page}, lambda found: found.proposals)

    def decide_duplicate(
        self, left: str, right: str, decision: Literal["merge", "apart", "undo"], *, reason: str = ""
    ) -> Decision:
        """Merge two people, keep them apart, or take an earlier decision back; twice changes nothing."""
        body = {"left": left, "right": right, "decision": decision, "reason": reason}
        return self._transport.send("POST", "/duplicates", Decision, body)
