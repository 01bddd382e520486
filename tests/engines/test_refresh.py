"""The SQL engine that remembers holds the law of refreshes, and says what it read again and why."""

from collections.abc import Iterator

import duckdb
import pytest

from kohort.clock import DAY, HOUR
from kohort.definitions.values import MICRO, ValueType
from kohort.engines.sql.landing.feed import TimeAxis
from kohort.engines.sql.refresh.engine import IncrementalEngine, Refreshed
from kohort.engines.sql.refresh.feeds import Axis, Feed, Load, Part
from kohort.rules.catalog import Catalog
from kohort.rules.read import read_rule
from kohort.storage.connections import open_duckdb
from kohort.storage.stores import DuckStore
from kohort.testing.suite.refreshes import Load as Loaded
from kohort.testing.suite.refreshes import RefreshLaws

CATALOG = Catalog(events={"order": {"total": {ValueType.NUMBER: "total"}}, "cart": {}}, traits={"plan": ValueType.TEXT})
CONNECTION: duckdb.DuckDBPyConnection = open_duckdb(threads=1)
HOUR_AGO, NOW = 0, HOUR
RULES = {
    name: read_rule(sentence, CATALOG)
    for name, sentence in {
        "buyers": "count of order in last 1 day >= 2",
        "big order": "max of order.total in last 1 day > 50",
        "left the cart": "did cart then not order within 1 hour",
        "gold": 'plan = "gold"',
        "golden": 'plan contains "gold"',
        "big order today": "max of order.total today > 50",
        "began small": "first of order.total < 50",
        "bought at once": "did cart then order within 1 hour",
        "bought at once yesterday": "did cart yesterday then order within 1 hour",
        "came back": "did cart then order within 1 hour then cart within 1 hour",
        "varied in January": "distinct of order.total in January >= 2",
    }.items()
}
FEW = ("buyers", "big order", "left the cart", "gold")


def feed_in_parts(connection: duckdb.DuckDBPyConnection) -> Feed:
    """Let each relation come by two tables: one with a number for a cursor and local times, one with times alone."""
    parts, columns = [], []
    for relation, cursor, time in (("events", "received_at", "ts"), ("trait_values", "recorded_at", "set_at")):
        columns.append(tuple(row[0] for row in connection.execute(f"DESCRIBE {relation}").fetchall()))
        local = f"make_timestamp({time} + CASE WHEN {time} % 3 = 0 THEN {HOUR} ELSE 0 END)"
        utc = f"make_timestamptz({time})"
        halves = [
            (f"{cursor} * 10", local, Axis("loaded"), TimeAxis("happened", 0, HOUR, zoned=False)),
            (f"make_timestamptz({cursor} * {DAY})", utc, TimeAxis("loaded"), TimeAxis("happened")),
        ]
        for half, (loaded, happened, cursors, moments) in enumerate(halves):
            view = f"{relation}_{half}"
            connection.execute(
                f"CREATE OR REPLACE TEMPORARY VIEW {view} AS SELECT *, {loaded} AS loaded, {happened} AS happened, "
                f"{time} // 3 % 2 = {half} AS half FROM {relation}"
            )
            parts.append(Part(Load(view, view, cursors), view, None, moments, "half"))
    return Feed((parts[0], parts[1]), (parts[2], parts[3]), *columns)


@pytest.fixture
def desk() -> Iterator["Desk"]:
    with open_duckdb(threads=1) as connection:
        yield Desk(connection)


class Desk:
    """A small store: ada, bob and eve, who did nothing yet."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._loaded = 0
        connection.execute("CREATE TABLE people AS SELECT unnest(['ada', 'bob', 'eve']) AS person_id, 0 AS first_seen")
        connection.execute(
            "CREATE TABLE events (event_id TEXT, person_id TEXT, name TEXT, ts BIGINT, total BIGINT, "
            "received_at BIGINT)"
        )
        connection.execute(
            "CREATE TABLE trait_values (person_id TEXT, name TEXT, value_id TEXT, set_at BIGINT, text TEXT, "
            "removed BOOLEAN, recorded_at BIGINT)"
        )

    def did(self, person: str, name: str, ts: int, total: int | None = None) -> None:
        self._loaded += 1
        micros = None if total is None else total * MICRO
        row = [f"e{self._loaded}", person, name, ts, micros, self._loaded]
        self._connection.execute("INSERT INTO events VALUES ($1, $2, $3, $4, $5, $6)", row)

    def has(self, person: str, trait: str, value: str | None, set_at: int) -> None:
        self._loaded += 1
        row = [person, trait, f"v{self._loaded}", set_at, value, value is None, self._loaded]
        self._connection.execute("INSERT INTO trait_values VALUES ($1, $2, $3, $4, $5, $6, $7)", row)

    def run(self, statement: str) -> None:
        self._connection.execute(statement)

    def tables(self) -> list[str]:
        found = self._connection.execute("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'kohort%'")
        return sorted(name for (name,) in found.fetchall())

    def refresh(
        self, *names: str, at: int = NOW, upto: int | None = None, full: bool = False, parts: bool = False
    ) -> Refreshed:
        rules = {name: RULES[name] for name in names or FEW}
        feed = feed_in_parts(self._connection) if parts else None
        engine = IncrementalEngine(DuckStore(self._connection), CATALOG, feed=feed)
        return engine.refresh(rules, at, full=full) if upto is None else engine.refresh(rules, at, upto=upto, full=full)


def members(found: Refreshed, rule: str) -> list[str]:
    return [str(one) for one in found.evaluation.members[rule].to_pylist()]


def test_only_who_did_something_is_found_again(desk: Desk) -> None:
    desk.did("ada", "order", HOUR_AGO, 10)
    desk.did("bob", "order", HOUR_AGO, 10)
    assert desk.refresh("buyers").recomputed == 3
    desk.did("ada", "order", NOW, 20)
    found = desk.refresh("buyers")
    assert (members(found, "buyers"), found.recomputed, found.full, found.rescans) == (["ada"], 1, None, ())


def test_who_does_nothing_leaves_when_the_time_has_passed(desk: Desk) -> None:
    desk.did("ada", "order", HOUR_AGO)
    desk.did("ada", "order", NOW)
    assert members(desk.refresh("buyers", at=DAY - 1), "buyers") == ["ada"]
    found = desk.refresh("buyers", at=DAY)
    assert (members(found, "buyers"), found.recomputed) == ([], 1)


def test_an_event_that_comes_when_its_window_has_passed_takes_nothing_away(desk: Desk) -> None:
    desk.did("ada", "order", NOW)
    desk.did("ada", "order", NOW + 1)
    assert members(desk.refresh("buyers", at=NOW + 1), "buyers") == ["ada"]
    desk.did("ada", "order", 1)
    assert members(desk.refresh("buyers", at=DAY + 1), "buyers") == ["ada"]


def test_what_happened_at_the_very_moment_of_the_last_evaluation_counts_once(desk: Desk) -> None:
    desk.did("ada", "order", NOW)
    assert members(desk.refresh("buyers", at=NOW), "buyers") == []
    assert members(desk.refresh("buyers", at=NOW + 1), "buyers") == []


def test_an_event_leaves_when_it_is_exactly_as_old_as_the_window_is_long(desk: Desk) -> None:
    desk.did("ada", "order", 1)
    desk.did("ada", "order", NOW)
    assert members(desk.refresh("buyers", at=NOW), "buyers") == ["ada"]
    assert members(desk.refresh("buyers", at=DAY), "buyers") == ["ada"]
    assert members(desk.refresh("buyers", at=DAY + 1), "buyers") == []


def test_a_late_event_undoes_a_sequence_and_one_in_time_or_after_it_does_not(desk: Desk) -> None:
    desk.did("ada", "cart", HOUR_AGO)
    desk.did("bob", "cart", HOUR_AGO)
    assert members(desk.refresh("left the cart", at=NOW), "left the cart") == ["ada", "bob"]
    desk.did("ada", "order", NOW + 1)
    found = desk.refresh("left the cart", at=NOW + 2)
    assert (members(found, "left the cart"), found.recomputed) == (["ada", "bob"], 0)
    desk.did("bob", "order", NOW)
    found = desk.refresh("left the cart", at=NOW + 2)
    assert (members(found, "left the cart"), found.recomputed) == (["ada"], 1)


def test_a_deadline_passes_without_an_event(desk: Desk) -> None:
    desk.did("ada", "cart", HOUR_AGO)
    assert members(desk.refresh("left the cart", at=NOW - 1), "left the cart") == []
    found = desk.refresh("left the cart", at=NOW)
    assert (members(found, "left the cart"), found.recomputed) == (["ada"], 1)


def test_an_event_that_comes_late_is_taken_in(desk: Desk) -> None:
    desk.did("ada", "cart", HOUR_AGO)
    assert members(desk.refresh("left the cart"), "left the cart") == ["ada"]
    desk.did("ada", "order", HOUR_AGO + 1)
    assert members(desk.refresh("left the cart"), "left the cart") == []


def test_an_event_of_the_future_counts_when_its_time_has_come(desk: Desk) -> None:
    desk.did("ada", "order", NOW, 60)
    assert members(desk.refresh("big order", at=NOW - 1), "big order") == []
    assert members(desk.refresh("big order", at=NOW), "big order") == ["ada"]


def test_a_greatest_value_of_today_is_gone_tomorrow(desk: Desk) -> None:
    desk.did("ada", "order", NOW, 60)
    assert members(desk.refresh("big order today", at=NOW), "big order today") == ["ada"]
    assert members(desk.refresh("big order today", at=DAY), "big order today") == []


def test_a_first_value_gives_way_to_an_earlier_one_only(desk: Desk) -> None:
    desk.did("ada", "order", NOW, 10)
    desk.did("ada", "order", NOW + 1, 60)
    assert members(desk.refresh("began small", at=DAY), "began small") == ["ada"]
    desk.did("ada", "order", NOW + 2, 70)
    assert members(desk.refresh("began small", at=DAY), "began small") == ["ada"]
    desk.did("ada", "order", NOW - 1, 70)
    assert members(desk.refresh("began small", at=DAY), "began small") == []


def test_a_sequence_is_found_around_the_first_of_several_new_events(desk: Desk) -> None:
    desk.refresh("bought at once", at=0)
    desk.did("ada", "cart", 1)
    desk.did("ada", "order", 2)
    desk.did("ada", "order", 10 * HOUR)
    assert members(desk.refresh("bought at once", at=DAY), "bought at once") == ["ada"]


def test_a_new_last_step_is_followed_back_over_all_steps(desk: Desk) -> None:
    desk.did("ada", "cart", 0)
    desk.did("ada", "order", HOUR)
    assert members(desk.refresh("came back", at=HOUR), "came back") == []
    desk.did("ada", "cart", 2 * HOUR)
    assert members(desk.refresh("came back", at=2 * HOUR), "came back") == ["ada"]


def test_a_sequence_enters_a_window_by_the_passing_of_a_day(desk: Desk) -> None:
    desk.did("ada", "cart", 1)
    desk.did("ada", "order", 2)
    assert members(desk.refresh("bought at once yesterday", at=HOUR), "bought at once yesterday") == []
    assert members(desk.refresh("bought at once yesterday", at=DAY), "bought at once yesterday") == ["ada"]
    assert members(desk.refresh("bought at once yesterday", at=2 * DAY), "bought at once yesterday") == []


def test_a_sequence_that_is_undone_once_stands_if_it_was_done_before_too(desk: Desk) -> None:
    desk.did("ada", "cart", 0)
    desk.did("ada", "cart", 10 * HOUR)
    assert members(desk.refresh("left the cart", at=DAY), "left the cart") == ["ada"]
    desk.did("ada", "order", 10 * HOUR + 1)
    assert members(desk.refresh("left the cart", at=DAY), "left the cart") == ["ada"]


def test_a_text_that_comes_later_is_asked_too(desk: Desk) -> None:
    desk.has("ada", "plan", "gold", set_at=1)
    assert members(desk.refresh("golden"), "golden") == ["ada"]
    desk.has("bob", "plan", "golden", set_at=1)
    assert members(desk.refresh("golden"), "golden") == ["ada", "bob"]


def test_a_month_of_every_year_keeps_the_years_before(desk: Desk) -> None:
    desk.did("ada", "order", 0, 10)
    assert members(desk.refresh("varied in January", at=DAY), "varied in January") == []
    desk.did("ada", "order", 365 * DAY, 20)
    assert members(desk.refresh("varied in January", at=366 * DAY), "varied in January") == ["ada"]


def test_a_trait_that_is_removed_is_gone_and_an_older_value_does_not_come_back(desk: Desk) -> None:
    desk.has("ada", "plan", "gold", set_at=1)
    assert members(desk.refresh("gold"), "gold") == ["ada"]
    desk.has("ada", "plan", None, set_at=3)
    assert members(desk.refresh("gold"), "gold") == []
    desk.has("ada", "plan", "gold", set_at=2)
    assert members(desk.refresh("gold"), "gold") == []


def test_a_store_without_an_index_says_which_rules_made_it_read_everything(desk: Desk) -> None:
    desk.did("ada", "order", HOUR_AGO, 60)
    assert desk.refresh().rescans == ()
    desk.did("bob", "order", NOW, 70)
    desk.did("bob", "cart", HOUR_AGO)
    (extreme, sequence) = desk.refresh().rescans
    assert (extreme.value, extreme.rules) == ("max of order.total in last 1 day", ("big order",))
    assert sequence.rules == ("left the cart",)
    assert "duckdb finds what a few people did only by reading what everybody did" in sequence.reason
    assert desk.refresh().rescans == ()


def test_a_new_rule_is_found_of_all_rows_and_a_removed_one_leaves_no_table(desk: Desk) -> None:
    desk.did("ada", "order", HOUR_AGO, 60)
    desk.refresh("buyers")
    found = desk.refresh("big order")
    assert members(found, "big order") == ["ada"]
    assert (found.recomputed, found.full) == (3, None)
    assert [(one.rules, one.reason) for one in found.rescans] == [
        (("big order",), "it was not kept: its rule, or a property it reads, is new")
    ]
    assert desk.tables() == ["kohort_kept", "kohort_kept_1"]


@pytest.mark.parametrize(
    ("statement", "at", "full", "reason"),
    [
        ("", NOW, True, "it was asked for"),
        ("", NOW - 1, False, "the moment lies before the one that was kept"),
        ("DELETE FROM events", NOW, False, "rows that were loaded are gone"),
        ("UPDATE kohort_kept SET document = '{'", NOW, False, "what was kept cannot be read"),
    ],
)
def test_what_was_kept_is_left_where_it_will_not_do(
    desk: Desk, statement: str, at: int, full: bool, reason: str
) -> None:
    desk.did("ada", "order", HOUR_AGO, 60)
    assert desk.refresh().full == "nothing was kept"
    if statement:
        desk.run(statement)
    found = desk.refresh(at=at, full=full)
    assert (found.full, found.recomputed) == (reason, 3)
    assert members(found, "big order") == ([] if statement.startswith("DELETE") else ["ada"])


def test_rows_that_are_still_being_loaded_are_left_for_the_next_time(desk: Desk) -> None:
    desk.did("ada", "order", HOUR_AGO, 60)
    desk.refresh("big order", upto=1)
    desk.did("bob", "order", HOUR_AGO, 70)
    desk.did("eve", "order", HOUR_AGO, 80)
    assert members(desk.refresh("big order", upto=2), "big order") == ["ada", "bob"]
    assert members(desk.refresh("big order"), "big order") == ["ada", "bob", "eve"]


@pytest.mark.parametrize("moment", [NOW, NOW + 3, NOW + 6, NOW + 9])
def test_rows_of_any_table_are_found_by_its_own_times(desk: Desk, moment: int) -> None:
    desk.did("ada", "order", moment)
    desk.did("ada", "order", moment)
    desk.has("bob", "plan", "gold", set_at=moment)
    assert members(desk.refresh("buyers", "gold", at=moment - 1, parts=True), "gold") == []
    come = desk.refresh("buyers", "gold", at=moment, parts=True)
    assert (members(come, "buyers"), members(come, "gold"), come.full) == (["ada"], ["bob"], None)
    assert members(desk.refresh("buyers", at=moment + DAY - 1, parts=True), "buyers") == ["ada"]
    assert members(desk.refresh("buyers", at=moment + DAY, parts=True), "buyers") == []


def test_a_run_that_fails_leaves_what_was_kept(desk: Desk) -> None:
    desk.did("ada", "order", HOUR_AGO, 60)
    desk.refresh("big order")
    desk.did("bob", "order", HOUR_AGO, 70)
    desk.run("ALTER TABLE people RENAME TO away")
    with pytest.raises(duckdb.CatalogException):
        desk.refresh("big order")
    desk.run("ALTER TABLE away RENAME TO people")
    found = desk.refresh("big order")
    assert (members(found, "big order"), found.full) == (["ada", "bob"], None)


class TestRefreshes(RefreshLaws):
    def engine_of(self, load: Loaded) -> IncrementalEngine:
        for name, table in load.relations().items():
            CONNECTION.register(name, table)
        return IncrementalEngine(DuckStore(CONNECTION), load.world.catalog)


@pytest.mark.slow
class TestRefreshesInParts(RefreshLaws):
    def engine_of(self, load: Loaded) -> IncrementalEngine:
        for name, table in load.relations().items():
            CONNECTION.register(name, table)
        return IncrementalEngine(DuckStore(CONNECTION), load.world.catalog, feed=feed_in_parts(CONNECTION))
