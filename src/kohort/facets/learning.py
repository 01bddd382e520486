"""What learning has found, and the scores of people as a grid."""

from typing import TYPE_CHECKING, Final

from kohort.facets.facet import Facet

if TYPE_CHECKING:
    from kohort.clock import Moment
    from kohort.pipeline.documents import ClusterSearch
    from kohort.pipeline.goals import Goal, ImportanceDocument
    from kohort.pipeline.personas import CataloguedPersona, PersonaGeneration
    from kohort.pipeline.rfm import RfmFound

_FOREVER: Final = 2**63 - 1


class LearningFacet(Facet):
    """The part of `Project` that tells of clusters and scores."""

    def cluster_search(self, score: str | None = None) -> "ClusterSearch":
        """Return the newest discovery of a clusters score, with its moment; of the first that has one, unless named.

        Raises UnknownNameError for a score that nobody declared.
        """
        from kohort.pipeline.documents import cluster_search

        return cluster_search(self._workspace(), score, _FOREVER)

    def personas(self) -> "tuple[CataloguedPersona, ...]":
        """Return every persona with what people added to it: those of today, those that are gone, and unknown ones."""
        from kohort.pipeline.personas import persona_catalogue

        return persona_catalogue(self._workspace())

    def persona(self, identity: str) -> "CataloguedPersona":
        """Return a persona by its lasting id, or by its name; raises UnknownNameError."""
        from kohort.pipeline.personas import catalogued_persona

        return catalogued_persona(self._workspace(), identity)

    def persona_generations(self, score: str | None = None) -> "tuple[PersonaGeneration, ...]":
        """Return every search for clusters, the newest first, with the personas that went on, were born, or are gone.

        Raises UnknownNameError for a clusters score that is none.
        """
        from kohort.pipeline.personas import persona_generations

        return persona_generations(self._workspace(), score)

    def persona_picture(self, identity: str, number: int) -> tuple[bytes, str]:
        """Return the bytes and the media type of a picture of a persona, from 0, whose file is in the project.

        Raises UnknownNameError, DefinitionError, UsageError.
        """
        from kohort.pipeline.personas import persona_picture

        return persona_picture(self._workspace(), identity, number)

    def note_persona(self, identity: str, text: str, *, by: str) -> "CataloguedPersona":
        """Note something on a persona in the journal, and return the persona; raises UnknownNameError, UsageError."""
        from kohort.pipeline.personas import catalogued_persona, note_persona

        with self._writing() as (workspace, catch_up):
            note_persona(workspace, identity, text, by)
            catch_up()
            return catalogued_persona(workspace, identity)

    def goals(self) -> "dict[str, Goal]":
        """Return the goals for which it can be asked which variables matter, by name."""
        from kohort.pipeline.goals import goals_of

        return goals_of(self._workspace())

    def studied_goals(self) -> "dict[str, Moment | None]":
        """Return up to when the newest study of each goal looked, None before the first."""
        from kohort.pipeline.goals import studied_goals

        return studied_goals(self._workspace())

    def importance(self, goal: str | None = None) -> "ImportanceDocument | None":
        """Return the newest study of which variables matter for a goal (the first, unless named), None before one.

        Raises UnknownNameError for a goal that there is not, DefinitionError where there is none at all.
        """
        from kohort.pipeline.goals import goal_of, latest_importance

        workspace = self._workspace()
        return latest_importance(workspace, goal_of(workspace, goal).name)

    def rfm(self) -> "RfmFound | None":
        """Return people by recency and frequency as of the last run, None where there is no such score or run yet."""
        from kohort.pipeline.epochs import latest_moment
        from kohort.pipeline.rfm import rfm_found

        workspace = self._workspace()
        at = latest_moment(workspace)
        return None if at is None else rfm_found(workspace, at)
