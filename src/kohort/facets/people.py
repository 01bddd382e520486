"""What is known of single people, for who looks at one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from kohort.clock import Moment
from kohort.facets.facet import Facet
from kohort.imports import needing_extra

if TYPE_CHECKING:
    from kohort.definitions.score import ScoreDefinition
    from kohort.pipeline.biography import HeldMembership, HeldTrait, LivedEvent
    from kohort.pipeline.duplicates.kept_proposals import Decided, KeptProposals
    from kohort.pipeline.duplicates.proposals import Decision, Proposals, ProposedPair
    from kohort.pipeline.identified import FoundPerson
    from kohort.pipeline.learning.assigning import PersonCluster
    from kohort.pipeline.learning.explained.found import PersonScore
    from kohort.pipeline.learning.explained.wording import FeatureLabels
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

    def find_people(self, identifier: str) -> "list[FoundPerson]":
        """Return whom an identifier of any kind means, exactly: a person, user or anonymous id, or an e-mail address.

        Nobody is an answer too; several are found by one that joins nobody.
        """
        from kohort.pipeline.identified import find_people

        return find_people(self._workspace(), identifier)

    def proposals(self, at: Time = None) -> "Proposals":
        """Return which people may be one by their traits, as `kohort.yaml` declares; nothing is changed.

        What was found is kept, for who decides elsewhere: see `kept_proposals`. Raises UsageError if no trait says who
        somebody is, MissingExtraError without the extra `[people]`.
        """
        from kohort.pipeline.duplicates.kept_proposals import keep_proposals
        from kohort.pipeline.duplicates.proposals import propose_merges

        workspace = self._workspace()
        moment = self._moment(workspace, at)
        found = propose_merges(workspace, workspace.settings.duplicates, moment)
        keep_proposals(workspace, found, moment)
        return found

    def kept_proposals(self) -> "KeptProposals | None":
        """Return what `proposals` found last and nobody has decided yet, None where nobody has looked."""
        from kohort.pipeline.duplicates.kept_proposals import kept_proposals

        return kept_proposals(self._workspace())

    def compared(
        self, pairs: "Sequence[ProposedPair]", traits: "Sequence[str]", at: Time = None
    ) -> "list[Mapping[str, tuple[str, str]]]":
        """Return what both people of each pair have of some traits as of a moment, "" where it is not known."""
        from kohort.pipeline.duplicates.kept_proposals import compared

        workspace = self._workspace()
        return compared(workspace, pairs, traits, self._moment(workspace, at))

    def decided_people(self, most: int = 100) -> "list[Decided]":
        """Return what was decided by hand of who is who and holds, the newest first, at most so many."""
        from kohort.pipeline.duplicates.kept_proposals import decided

        return decided(self._workspace(), most)

    def decide_people(self, decisions: "Iterable[tuple[str, str, Decision]]", *, reason: str = "") -> dict[str, int]:
        """Merge, keep apart or take back pairs of people, and return how many of each; a list twice changes nothing.

        Raises UnknownNameError for people that nobody knows, UsageError for two to be kept apart who are one.
        """
        from kohort.pipeline.duplicates.proposals import decide

        with self._writing() as (workspace, catch_up):
            return decide(workspace, decisions, reason, catch_up)

    def timeline(
        self, person: str, before: "Place | None" = None, most: int = 100, *, event: str | None = None
    ) -> "list[LivedEvent]":
        """Return what somebody did, the newest first, before a place, at most `most`; of one `event` if it is named."""
        from kohort.pipeline.biography import timeline_of

        return timeline_of(self._workspace(), person, before, most, event)

    def traits(self, person: str, at: Time = None) -> "list[HeldTrait]":
        """Return somebody's traits as of a moment, each with its source and since when."""
        from kohort.pipeline.biography import traits_of

        workspace = self._workspace()
        return traits_of(workspace, person, self._moment(workspace, at))

    def person_scores(
        self, person: str, at: Time = None, *, score: str | None = None, method: Literal["shap", "lime"] | None = None
    ) -> "list[PersonScore]":
        """Return what each prediction says of somebody, and what goes with it: of its newest run, or that of a moment.

        With `score` only that prediction's. What goes with it is told by the model itself, or by another `method` to
        compare with. Raises MissingExtraError without the extra `[learn]`, for SHAP without `[explain]`, and
        UnknownNameError for a prediction that nobody declared too.
        """
        from kohort.pipeline.learning.explained.found import Method

        with needing_extra("learn", "explaining scores"):
            from kohort.pipeline.learning.explained.people import scores_of_person

        workspace = self._workspace()
        until = None if at is None else self._moment(workspace, at)
        chosen = Method.EXACT if method is None else Method(method)
        return scores_of_person(workspace, person, until, score, chosen)

    def person_scores_now(self, person: str, at: Time = None, *, score: str | None = None) -> "list[PersonScore]":
        """Return what the predictions in force say of somebody by what is known at a moment; nothing is written.

        Raises as `person_scores`.
        """
        with needing_extra("learn", "scoring somebody"):
            from kohort.pipeline.learning.explained.people import scores_now

        workspace = self._workspace()
        return scores_now(workspace, person, self._moment(workspace, at), score)

    def feature_labels(self) -> "FeatureLabels":
        """Return what features of scores are called in English and French."""
        from kohort.pipeline.learning.explained.wording import FeatureLabels

        return FeatureLabels.of(self._workspace().scores)

    def person_cluster(self, person: str, score: str | None = None, at: Time = None) -> "PersonCluster":
        """Return the cluster of somebody by what is known of them now, also between two runs; nothing is recorded.

        It is the one that a run at that moment would write. Raises UsageError where no stable clusters were found yet,
        MissingExtraError without the extra `[learn]`.
        """
        with needing_extra("learn", "assigning people to clusters"):
            from kohort.pipeline.learning.assigning import person_cluster

        workspace = self._workspace()
        return person_cluster(workspace, score, person, self._moment(workspace, at))

    def memberships(self, person: str) -> "list[HeldMembership]":
        """Return the segments that somebody is in by what is recorded, and since when."""
        from kohort.pipeline.biography import memberships_of

        return memberships_of(self._workspace(), person)

    @property
    def score_definitions(self) -> "list[ScoreDefinition]":
        """The scores that the files in scores/ declare, read anew: each writes traits, with its name as their source.

        Raises DefinitionError for a wrong file.
        """
        return self._workspace().scores

    def labels_in_force(self) -> dict[str, dict[str, str]]:
        """Return what each segment in force is called, by language, in the order of the files."""
        from kohort.rules.languages import Language

        workspace = self._workspace()
        force = workspace.in_force().versions
        return {
            name: {one.value: segment.label_in(one.value) for one in Language}
            for name, segment in workspace.segments.items()
            if name in force
        }
