"""The newest discovery of a clusters score as SQL, for the database where people's features are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kohort.clock import Moment
from kohort.engines.sql.dialects import dialect_of
from kohort.errors import UsageError
from kohort.learning.clustering.assignment_sql import assignment_query
from kohort.learning.clustering.model import ClusterModel
from kohort.pipeline.learning.documents import latest_discovery
from kohort.pipeline.workspace import Workspace

PROVEN: Final = ("duckdb", "postgres")
"""Dialects in which Kohort's tests run the statements and compare everybody's cluster."""


@dataclass(frozen=True)
class AssignmentStatement:
    """The statement, and in a sentence how exact it is in its dialect."""

    text: str
    exactness: str


def assignment_statement(
    workspace: Workspace,
    score: str | None,
    at: Moment,
    *,
    dialect: str,
    relation: Sequence[str],
    person: str,
    margin: bool,
) -> AssignmentStatement:
    """Write the model of the newest discovery up to `at`, under the names of its personas.

    Raises UsageError where no stable clusters were found yet, UnknownNameError for a score or a dialect that there is
    not.
    """
    known = dialect_of(dialect)
    name = workspace.clusters_score(score).name
    document = latest_discovery(workspace, name, at)
    if document is None or document.model is None:
        raise UsageError(
            f'score "{name}": there are no stable clusters to assign people to; find them with: kohort discover'
        )
    query = assignment_query(
        ClusterModel.from_json(document.model),
        relation=relation,
        person=person,
        names=[card.name.en for card in document.report.personas],
        margin=margin,
    )
    return AssignmentStatement(query.sql(dialect=known.sqlglot, pretty=True), _exactness(known.name))


def _exactness(dialect: str) -> str:
    if dialect in PROVEN:
        return f"{dialect}: everybody gets the cluster that Kohort gives them; tested by running it"
    return (
        f"{dialect}: written and parsed, but not run in the tests; its powers and logarithms may differ in the last"
        " bits, so look with --margin at people whose margin is below a billionth"
    )
