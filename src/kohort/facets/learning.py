"""What learning has found, and the scores of people as a grid."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from kohort.facets.facet import Facet
from kohort.imports import needing_extra

if TYPE_CHECKING:
    from kohort.clock import Moment
    from kohort.pipeline.learning.assignment import AssignmentStatement
    from kohort.pipeline.learning.cluster_studies import ClusterStudies, ClusterValidation
    from kohort.pipeline.learning.documents import ClusterSearch
    from kohort.pipeline.learning.goals import Goal, ImportanceDocument
    from kohort.pipeline.learning.lookalikes.documents import LookalikeDocument
    from kohort.pipeline.learning.prediction_documents import PredictionDocument
    from kohort.pipeline.learning.rfm import RfmFound
    from kohort.pipeline.learning.supervised.documents import SupervisedDocument
    from kohort.pipeline.learning.values import ValueSearch
    from kohort.pipeline.workspace import Workspace
    from kohort.reports.periods_data import ClusterConversion, PeriodsReport

Found = TypeVar("Found")
_FOREVER: Final = 2**63 - 1


class LearningFacet(Facet):
    """The part of `Project` that tells of clusters and scores."""

    def cluster_search(self, score: str | None = None) -> "ClusterSearch":
        """Return the newest discovery of a clusters score, with its moment; of the first that has one, unless named.

        Raises UnknownNameError for a score that nobody declared.
        """
        from kohort.pipeline.learning.documents import cluster_search

        return cluster_search(self._workspace(), score, _FOREVER)

    def clusters_sql(
        self,
        score: str | None = None,
        *,
        dialect: str = "duckdb",
        relation: Sequence[str] = ("features",),
        person: str = "person_id",
        margin: bool = False,
    ) -> "AssignmentStatement":
        """Write as SQL how the newest discovery of a clusters score (the only one, unless named) assigns people.

        `relation` is the table that holds a column for each feature, after its schema if it is in one, and the column
        `person`. With `margin` the answer also tells how much farther the second nearest cluster is.

        Raises MissingExtraError without the extra `[learn]`, UnknownNameError for a score or a dialect that there is
        not, UsageError where no stable clusters were found yet.
        """
        with needing_extra("learn", "writing clusters as SQL"):
            from kohort.pipeline.learning.assignment import assignment_statement

        workspace = self._workspace()
        return assignment_statement(
            workspace, score, _FOREVER, dialect=dialect, relation=relation, person=person, margin=margin
        )

    def cluster_periods(
        self, score: str | None = None, at: "str | Moment | None" = None, *, months: int = 6
    ) -> "PeriodsReport":
        """Follow a score's newest clusters (the only one's, unless named) over the last `months` months up to `at`.

        What was found is kept beside the discovery. Raises MissingExtraError without the extra `[learn]`, UsageError
        where there are no clusters or too few people.
        """
        from kohort.pipeline.learning.cluster_studies import study_periods

        with needing_extra("learn", "following clusters"), self._writing() as (workspace, catch_up):
            found = study_periods(workspace, score, self._moment(workspace, at), months=months)
            catch_up()
            return found

    def cluster_conversion(
        self, score: str | None = None, at: "str | Moment | None" = None
    ) -> "tuple[ClusterConversion, ...]":
        """Seek clusters in what was known before the outcome's horizon, and tell how well they foretell what came.

        What was found is kept beside the discovery. Raises MissingExtraError without the extra `[learn]`, UsageError
        where no outcome is declared or nobody known.
        """
        from kohort.pipeline.learning.cluster_studies import study_conversion

        with needing_extra("learn", "looking whether clusters foretell"), self._writing() as (workspace, catch_up):
            found = study_conversion(workspace, score, self._moment(workspace, at))
            catch_up()
            return found

    def cluster_validation(self, score: str | None = None) -> "ClusterValidation":
        """Return all by which the newest clusters of a score are checked; of the first that has any, unless named.

        Raises UnknownNameError for a score that nobody declared.
        """
        from kohort.pipeline.learning.cluster_studies import cluster_validation

        return cluster_validation(self._workspace(), score, _FOREVER)

    def cluster_studies(self, score: str | None = None) -> "ClusterStudies":
        """Return what is kept of the newest discovery's clusters: whether they hold over time, and foretell anything.

        Raises UnknownNameError or UsageError where it is not clear which score is meant.
        """
        from kohort.pipeline.learning.cluster_studies import kept_studies

        workspace = self._workspace()
        return kept_studies(workspace, workspace.clusters_score(score).name, _FOREVER)

    def goals(self) -> "dict[str, Goal]":
        """Return the goals for which it can be asked which variables matter, by name."""
        from kohort.pipeline.learning.goals import goals_of

        return goals_of(self._workspace())

    def studied_goals(self) -> "dict[str, Moment | None]":
        """Return up to when the newest study of each goal looked, None before the first."""
        from kohort.pipeline.learning.goals import studied_goals

        return studied_goals(self._workspace())

    def importance(self, goal: str | None = None) -> "ImportanceDocument | None":
        """Return the newest study of which variables matter for a goal (the first, unless named), None before one.

        Raises UnknownNameError for a goal that there is not, DefinitionError where there is none at all.
        """
        from kohort.pipeline.learning.goals import goal_of, latest_importance

        workspace = self._workspace()
        return latest_importance(workspace, goal_of(workspace, goal).name)

    def value(self, score: str | None = None) -> "ValueSearch":
        """Return the newest study of what people will be worth, and the value of segments.

        That of the first score of the kind `clv` that has one, unless named. Raises UnknownNameError for one that
        nobody declared.
        """
        from kohort.pipeline.learning.values import value_search

        return value_search(self._workspace(), score)

    def prediction(self, score: str | None = None) -> "PredictionDocument | None":
        """Return what a prediction found last, None before its first run; by default of the first that is declared.

        Raises UnknownNameError for one that nobody declared.
        """
        from kohort.pipeline.learning.prediction_documents import PredictionDocument, declared_predictions

        return self._found(score, PredictionDocument, declared_predictions, "prediction")

    def predictions(self) -> tuple[str, ...]:
        """Return the names of the predictions that the project declares."""
        from kohort.pipeline.learning.prediction_documents import declared_predictions

        return declared_predictions(self._workspace())

    def lookalikes(self, score: str | None = None) -> "LookalikeDocument | None":
        """Return what was found of the look-alikes of a segment, None before their first run.

        By default of the first score of the kind `lookalike`. Raises UnknownNameError for one that nobody declared.
        """
        from kohort.pipeline.learning.lookalikes.documents import LookalikeDocument, declared_lookalikes

        return self._found(score, LookalikeDocument, declared_lookalikes, "look-alikes")

    def supervised(self, score: str | None = None) -> "SupervisedDocument | None":
        """Return what was found of a segment that is learnt from examples, None before its first run.

        By default of the first score of the kind `supervised`. Raises UnknownNameError for one that nobody declared.
        """
        from kohort.pipeline.learning.supervised.documents import SupervisedDocument, declared_supervised

        return self._found(score, SupervisedDocument, declared_supervised, "supervised segment")

    def _found(
        self, score: str | None, kind: type[Found], declared: "Callable[[Workspace], tuple[str, ...]]", called: str
    ) -> Found | None:
        """Return what the model of a score learnt that is in force, by default of the first that is `declared`."""
        from kohort.pipeline.learning.signed import found_in_force

        workspace = self._workspace()
        names = declared(workspace)
        chosen = next(iter(names), None) if score is None else score
        return None if chosen is None else found_in_force(workspace, chosen, kind, names, called)

    def rfm(self) -> "RfmFound | None":
        """Return people by recency and frequency as of the last run, None where there is no such score or run yet."""
        from kohort.pipeline.learning.rfm import rfm_found
        from kohort.pipeline.segments.epochs import latest_moment

        workspace = self._workspace()
        at = latest_moment(workspace)
        return None if at is None else rfm_found(workspace, at)
