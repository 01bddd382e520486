"""Reading: preview a rule, list members, explain one person. Nothing here writes."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.engines.evaluation import Evaluation, Explanation
from kohort.engines.sql.engine import SqlEngine
from kohort.errors import UnknownNameError, UsageError
from kohort.pipeline.epochs import applicable_segments, latest_epoch, pinned_statistics
from kohort.pipeline.workspace import Workspace
from kohort.profiles.identity import ANONYMOUS, USER, actor_id_of
from kohort.rules.nodes import Rule
from kohort.rules.print import print_rule
from kohort.rules.read import read_rule
from kohort.storage.records import Finding

MEMBER_COLUMNS = pa.schema([("person_id", pa.string()), ("user_id", pa.string()), ("entered_at", pa.int64())])


@dataclass(frozen=True)
class Preview:
    """What a rule gives before anybody saves it: its exact size, the population, a few members."""

    sentence: str
    at: Moment
    size: int
    population: int
    sample: tuple[str, ...]

    @property
    def share(self) -> float:
        """The share of the population, 0 of nobody."""
        return self.size / self.population if self.population else 0.0


def preview(workspace: Workspace, rule: str, at: Moment, sample: int) -> Preview:
    """Evaluate a rule that nobody saved at `at`; raises RuleError if it is wrong."""
    tree, evaluation = _evaluate(workspace, rule, at)
    members = evaluation.members["rule"]
    return Preview(
        print_rule(tree), at, len(members), evaluation.population, tuple(members.slice(0, sample).to_pylist())
    )


def members(workspace: Workspace, segment: str, at: Moment | None) -> pa.Table:
    """Return a segment's members, columns as `MEMBER_COLUMNS`; those of the last run if `at` is None.

    With `at` the rule is evaluated at that moment, and `entered_at` is null where the log does not know it.

    Raises UnknownNameError for a segment that nobody declared, UsageError for one that cannot be evaluated yet.
    """
    where = _sentence(workspace, segment)
    stored = workspace.tables.read("memberships")
    recorded = stored.filter(pc.equal(stored.column("segment"), segment))
    if at is None:
        if segment not in open_memberships(workspace):
            raise UsageError(f'segment "{segment}" has not been evaluated yet; run: kohort run')
        inside = recorded.filter(pc.is_null(recorded.column("left_at")))
        return _with_user_ids(workspace, inside.select(["person_id", "entered_at"]))
    left = pc.fill_null(recorded.column("left_at"), at + 1)
    then = recorded.filter(pc.and_(pc.less_equal(recorded.column("entered_at"), at), pc.greater(left, at)))
    people = pa.table({"person_id": _evaluate(workspace, where, at)[1].members["rule"]})
    return _with_user_ids(workspace, people.join(then.select(["person_id", "entered_at"]), "person_id"))


def explain(workspace: Workspace, segment: str, person: str, at: Moment | None) -> Explanation:
    """Say why a person (person id, user id or anonymous id) is in a segment or not; as of the last run by default."""
    where = _sentence(workspace, segment)
    epoch = latest_epoch(workspace)
    moment = epoch.at if at is None and epoch else workspace.moment(at)
    catalog = workspace.catalog()
    rule = read_rule(where, catalog)
    with workspace.views(catalog) as views:
        engine = SqlEngine(views, catalog)
        return engine.explain(rule, person_of(workspace, person), moment, pinned_statistics(workspace, moment))


def open_memberships(workspace: Workspace) -> dict[str, frozenset[str]]:
    """Return the members of each segment in force, as of the last run."""
    versions = workspace.tables.read("segment_versions")
    found: dict[str, set[str]] = {
        name: set() for name in versions.filter(versions.column("active")).column("segment").to_pylist()
    }
    stored = workspace.tables.read("memberships")
    for row in stored.filter(pc.is_null(stored.column("left_at"))).select(["segment", "person_id"]).to_pylist():
        if row["segment"] in found:
            found[row["segment"]].add(row["person_id"])
    return {name: frozenset(people) for name, people in found.items()}


def current_findings(workspace: Workspace) -> list[Finding]:
    """Return what reading files has found, and what the last quality checks found."""
    rows = workspace.tables.read("quality_findings").to_pylist()
    last = max((row["recorded_at"] for row in rows if row["step"] == "quality"), default=None)
    kept = [row for row in rows if row["step"] != "quality" or row["recorded_at"] == last]
    return [Finding(**{name: row[name] for name in Finding.__struct_fields__}) for row in kept]


def open_dead_letters(workspace: Workspace) -> pa.Table:
    """Return the dead letters that no replay has taken in yet."""
    letters = workspace.tables.read("dead_letters")
    return letters.filter(pc.is_null(letters.column("replayed_at")))


def person_of(workspace: Workspace, text: str) -> str:
    """Return the person id that a person id, user id or anonymous id means; raises UnknownNameError for none."""
    actors = workspace.tables.read("actors")
    for actor in (text, actor_id_of(USER, text), actor_id_of(ANONYMOUS, text)):
        found = actors.filter(pc.equal(actors.column("actor_id"), actor)).column("person_id")
        if len(found):
            return str(found[0].as_py())
    raise UnknownNameError("person", text, (), hint="give a person id, a user id or an anonymous id")


def _sentence(workspace: Workspace, segment: str) -> str:
    if segment not in workspace.segments:
        raise UnknownNameError("segment", segment, workspace.segments)
    left_out = applicable_segments(workspace).left_out
    if segment in left_out:
        raise UsageError(f'segment "{segment}" {left_out[segment]}')
    return workspace.segments[segment].where


def _evaluate(workspace: Workspace, where: str, at: Moment) -> tuple[Rule, Evaluation]:
    catalog = workspace.catalog()
    rule = read_rule(where, catalog)
    with workspace.views(catalog) as views:
        return rule, SqlEngine(views, catalog).evaluate({"rule": rule}, at, pinned_statistics(workspace, at))


def _with_user_ids(workspace: Workspace, people: pa.Table) -> pa.Table:
    """Add the known user id, the earliest seen where a person has several."""
    identifiers = workspace.tables.read("identifiers")
    users = identifiers.filter(pc.equal(identifiers.column("kind"), USER)).select(["actor_id", "value", "first_seen"])
    actors = workspace.tables.read("actors").select(["actor_id", "person_id"])
    known = users.join(actors, "actor_id").sort_by([("first_seen", "ascending"), ("value", "ascending")])
    first = known.group_by("person_id", use_threads=False).aggregate([("value", "first")])
    joined = people.join(first.rename_columns(["person_id", "user_id"]), "person_id")
    return joined.select(MEMBER_COLUMNS.names).cast(MEMBER_COLUMNS).sort_by([("person_id", "ascending")])
