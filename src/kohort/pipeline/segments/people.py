"""Reading about people: who is in a segment, and why."""

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.identity import ANONYMOUS, USER
from kohort.engines.evaluation import Explanation
from kohort.engines.kernel.engine import KernelEngine
from kohort.engines.outlook.outlook import Case, completed
from kohort.engines.plan import build_plan
from kohort.engines.statistics import Statistics
from kohort.errors import NotEvaluatedError, UnknownNameError
from kohort.pipeline.biography import with_marks
from kohort.pipeline.identified import unknown_person, who_is
from kohort.pipeline.mapped.histories import open_history, people_of
from kohort.pipeline.recording import current_memberships
from kohort.pipeline.segments.epochs import latest_moment, left_out_segments, pinned_statistics
from kohort.pipeline.segments.presence import Presence
from kohort.pipeline.segments.preview import evaluate_rule
from kohort.pipeline.workspace import Workspace
from kohort.profiles.graph import BLOCKED
from kohort.profiles.identity import actor_id_of
from kohort.rules.read import read_rule

MEMBER_COLUMNS = pa.schema(
    [("person_id", pa.string()), ("user_id", pa.string()), ("entered_at", pa.timestamp("us", tz="UTC"))]
)

_FEW = 500
"""Up to how many people are looked up one by one."""


def members(workspace: Workspace, segment: str, at: Moment | None) -> pa.Table:
    """Return a segment's members, columns as `MEMBER_COLUMNS`; those of the last run if `at` is None.

    With `at` the rule is evaluated at that moment, from all that is known now, and `entered_at` is when it last turned
    true; null where that came through the population's numbers before any run.

    Raises UnknownNameError for a segment that nobody declared, UsageError for one that cannot be evaluated yet.
    """
    where = _sentence(workspace, segment)
    if at is None:
        if segment not in workspace.in_force().versions:
            raise NotEvaluatedError(segment, workspace.why_not_evaluated())
        recorded = current_memberships(workspace.tables, segments=[segment])
        inside = recorded.filter(pc.is_null(recorded.column("left_at")))
        return _with_user_ids(workspace, inside.select(["person_id", "entered_at"]))
    rule, evaluation = evaluate_rule(workspace, where, at)
    people = evaluation.members["rule"].to_pylist()
    catalog = workspace.catalog()
    known = Presence(workspace, open_history(workspace, catalog), catalog, segment, rule).since(people, at)
    since = pa.array([known[person] for person in people], pa.int64())
    return _with_user_ids(workspace, pa.table({"person_id": pa.array(people, pa.string()), "entered_at": since}))


def explain(workspace: Workspace, segment: str, person: str, at: Moment | None) -> Explanation:
    """Say why a person (person id, user id or anonymous id) is in a segment or not, and what would change that.

    As of the last run by default, and with the numbers of the population that were then in force.
    """
    where = _sentence(workspace, segment)
    latest = latest_moment(workspace)
    moment = latest if at is None and latest is not None else workspace.moment(at)
    catalog = workspace.catalog()
    rule = read_rule(where, catalog)
    person_id, pinned = person_of(workspace, person), pinned_statistics(workspace, moment)
    history = open_history(workspace, catalog)
    engine = KernelEngine(history, catalog)
    plan = build_plan({"": rule}, catalog)
    statistics = Statistics() if pinned is None else pinned
    if plan.terms.keys() - statistics.by_key.keys():
        statistics = engine.run(plan, moment, pinned).statistics
    explanation = engine.explain(rule, person_id, moment, statistics)
    ((_, block),) = people_of(history, [person_id])
    since = Presence(workspace, history, catalog, segment, rule).since([person_id], moment)[person_id]
    found = completed(explanation, Case.of(plan, block, catalog, statistics, moment))
    return replace(with_marks(workspace, person_id, moment, found), since=since)


def open_memberships(workspace: Workspace) -> dict[str, frozenset[str]]:
    """Return the members of each segment in force, as of the last run."""
    found: dict[str, set[str]] = {name: set() for name in workspace.in_force().versions}
    stored = current_memberships(workspace.tables)
    for row in stored.filter(pc.is_null(stored.column("left_at"))).select(["segment", "person_id"]).to_pylist():
        if row["segment"] in found:
            found[row["segment"]].add(row["person_id"])
    return {name: frozenset(people) for name, people in found.items()}


def person_of(workspace: Workspace, text: str) -> str:
    """Return the person id that a person id, user id or anonymous id means; raises UnknownNameError for none.

    In a store, a person's id is what the mapped column holds.
    """
    return text if workspace.elsewhere is not None else who_is(workspace, text).person_id


def actor_named(workspace: Workspace, text: str) -> str:
    """Return the actor that an actor id, a user id or an anonymous id means; raises UnknownNameError for none."""
    actors = workspace.tables.read("actors").column("actor_id")
    for actor in (text, actor_id_of(USER, text), actor_id_of(ANONYMOUS, text)):
        if pc.index(actors, actor).as_py() >= 0:
            return actor
    raise unknown_person(text)


def user_ids_of(workspace: Workspace, people: Sequence[str]) -> dict[str, str]:
    """Return the user id of each of these person ids that has one, the earliest seen where there are several."""
    tables = workspace.tables
    if len(people) > _FEW:
        actors, identifiers = tables.read("actors"), tables.read("identifiers")
        actors = actors.filter(pc.is_in(actors.column("person_id"), value_set=pa.array(people, pa.string())))
    else:
        # DuckDB, which most who ask about people have no need of.
        from kohort.storage.lookups import rows_with  # noqa: PLC0415

        actors = rows_with(tables, "actors", "person_id", people)
        identifiers = rows_with(tables, "identifiers", "actor_id", actors.column("actor_id").to_pylist())
    return {row["person_id"]: row["user_id"] for row in _user_ids(actors, identifiers).to_pylist()}


def _sentence(workspace: Workspace, segment: str) -> str:
    segments = workspace.segments
    if segment not in segments:
        raise UnknownNameError("segment", segment, segments)
    left_out = left_out_segments(workspace)
    if segment in left_out:
        raise NotEvaluatedError(segment, left_out[segment])
    return segments[segment].where


def _with_user_ids(workspace: Workspace, people: pa.Table) -> pa.Table:
    """Add the known user id, the earliest seen where a person has several."""
    actors, identifiers = workspace.tables.read("actors"), workspace.tables.read("identifiers")
    theirs = pc.is_in(actors.column("person_id"), value_set=people.column("person_id").combine_chunks())
    joined = people.join(_user_ids(actors.filter(theirs), identifiers), "person_id")
    return joined.select(MEMBER_COLUMNS.names).cast(MEMBER_COLUMNS).sort_by([("person_id", "ascending")])


def _user_ids(actors: pa.Table, identifiers: pa.Table) -> pa.Table:
    """Return the user id of each person of these actors who has one, the earliest seen where there are several."""
    blocked = pc.fill_null(pc.equal(identifiers.column("refused"), BLOCKED), False)
    known_users = pc.and_(pc.equal(identifiers.column("kind"), USER), pc.invert(blocked))
    of_actors = pc.is_in(identifiers.column("actor_id"), value_set=actors.column("actor_id").combine_chunks())
    users = identifiers.filter(pc.and_(known_users, of_actors)).select(["actor_id", "value", "first_seen"])
    known = users.join(actors.select(["actor_id", "person_id"]), "actor_id")
    known = known.sort_by([("first_seen", "ascending"), ("value", "ascending")])
    first = known.group_by("person_id", use_threads=False).aggregate([("value", "first")])
    return first.select(["person_id", "value_first"]).rename_columns(["person_id", "user_id"])
