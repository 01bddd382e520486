"""The SQL engine that remembers, on Spark, which changes no row: the same law, and what it reads and leaves behind."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

import pyarrow as pa
import pytest

from kohort.clock import DAY, HOUR
from kohort.definitions.values import ValueType
from kohort.engines.sql.refresh.engine import IncrementalEngine, Refreshed
from kohort.engines.sql.refresh.feeds import Cursors
from kohort.rules.catalog import Catalog
from kohort.rules.read import read_rule
from kohort.storage.spark import SparkStore, open_spark
from kohort.testing.spark import SMALL, fill_spark, scanned
from kohort.testing.suite.refreshes import Load, RefreshLaws

# PySpark leaves the socket by which rows came to be closed by the collector of garbage.
pytestmark = [pytest.mark.stores, pytest.mark.filterwarnings("ignore:.*socket:pytest.PytestUnraisableExceptionWarning")]

CATALOG = Catalog(events={"order": {"total": {ValueType.NUMBER: "total"}}, "cart": {}}, traits={"plan": ValueType.TEXT})
DAYS, PEOPLE, EVENTS_A_DAY = 120, 500, 30
NOW = DAYS * DAY - 11 * HOUR
LATER = NOW + 6 * HOUR
FEED = Cursors(days={"ts": "ts_day", "received_at": "received_day"}).feed()
MENDED = {
    "buyers": "count of order in last 30 days >= 3",
    "spenders": "sum of order.total in last 7 days in top 10%",
    "faithful": "days since last order < 20",
    "grew": "last of order.total > 90",
    "golden": 'plan contains "gold"',
}
LEFT = "did cart within the last 30 days then not order within 1 hour"
EVENT = (
    "CONCAT(x, id) AS event_id, CONCAT('p', p) AS person_id, IF(id % 3 = 0, 'cart', 'order') AS name, ts, "
    "id % 100 * 1000000 AS total, received_at, CAST(TIMESTAMP_MICROS(ts) AS DATE) AS ts_day, "
    "CAST(TIMESTAMP_MICROS(received_at) AS DATE) AS received_day"
)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkStore]:
    settings = {**SMALL, "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse"))}
    with open_spark("local[2]", settings) as store:
        yield store


@pytest.fixture
def shop(spark: SparkStore) -> Iterator[SparkStore]:
    """Give the relations of a shop: events of 120 days, in a folder for each day of a moment and of loading."""
    fill_spark(spark, {
        "people": pa.table({"person_id": [f"p{one}" for one in range(PEOPLE)], "first_seen": [0] * PEOPLE}),
        "trait_values": pa.table({
            "person_id": ["p1"], "name": ["plan"], "value_id": ["v1"], "set_at": [1], "text": ["gold"],
            "removed": [False], "recorded_at": [1],
        }),
    })  # fmt: skip
    rows = (
        f"SELECT {EVENT} FROM (SELECT 'e' AS x, id, id * 7919 % {PEOPLE} AS p, id * {NOW // (DAYS * EVENTS_A_DAY)} AS "
        f"ts, id * {NOW // (DAYS * EVENTS_A_DAY)} AS received_at FROM RANGE({DAYS * EVENTS_A_DAY}))"
    )
    spark.run(
        "CREATE TABLE events USING PARQUET PARTITIONED BY (ts_day, received_day) AS "
        f"SELECT * FROM ({rows}) DISTRIBUTE BY ts_day",
        [],
    )
    yield spark
    spark.run("DROP TABLE events", [])
    spark.run("DROP VIEW IF EXISTS kohort_kept", [])
    for name in kept_tables(spark):
        spark.run(f"DROP TABLE {name}", [])


def one_in_a_hundred_comes(store: SparkStore) -> None:
    text = f"SELECT 'new' AS x, id, id * 100 AS p, {NOW} + (id + 1) * {HOUR} AS ts, {LATER} - 1 AS received_at"
    store.run(f"INSERT INTO events SELECT {EVENT} FROM ({text} FROM RANGE({PEOPLE // 100}))", [])


def refresh(store: SparkStore, rules: Mapping[str, str], at: int, *, full: bool = False) -> Refreshed:
    read = {name: read_rule(sentence, CATALOG) for name, sentence in rules.items()}
    return IncrementalEngine(store, CATALOG, feed=FEED).refresh(read, at, full=full)


def kept_tables(store: SparkStore) -> set[str]:
    names = store.fetch("SHOW TABLES", [])["tableName"].to_pylist()
    return {one for one in names if one.startswith("kohort_kept_")}


def members(found: Refreshed) -> dict[str, list[str]]:
    return {name: its.to_pylist() for name, its in found.evaluation.members.items()}


def test_one_person_in_a_hundred_costs_a_twentieth_of_a_full_scan(shop: SparkStore) -> None:
    assert refresh(shop, MENDED, NOW).full == "nothing was kept"
    one_in_a_hundred_comes(shop)
    before = scanned(shop, "events")
    gone_on = refresh(shop, MENDED, LATER)
    some = scanned(shop, "events", before.last)
    anew = refresh(shop, MENDED, LATER, full=True)
    everything = scanned(shop, "events", some.last)
    assert (gone_on.full, gone_on.rescans) == (None, ())
    assert members(gone_on) == members(anew)
    assert 0 < some.files <= everything.files / 20
    assert 0 < some.rows <= everything.rows / 20


def test_a_sequence_makes_spark_read_what_everybody_did_and_is_named(shop: SparkStore) -> None:
    refresh(shop, {"left": LEFT}, NOW)
    one_in_a_hundred_comes(shop)
    found = refresh(shop, {"left": LEFT}, LATER)
    assert [one.rules for one in found.rescans] == [("left",)]
    assert "spark finds what a few people did only by reading what everybody did" in found.rescans[0].reason
    assert members(found) == members(refresh(shop, {"left": LEFT}, LATER, full=True))


class Watched(SparkStore):
    """Looks at the store after each statement, as one would see it if the run were killed there."""

    def __init__(self, store: SparkStore, look: Callable[[str], None]) -> None:
        super().__init__(store.session)
        self._look = look

    def run(self, text: str, values: Sequence[object]) -> None:
        super().run(text, values)
        self._look(text)


def test_a_run_that_is_killed_anywhere_leaves_what_was_kept(shop: SparkStore) -> None:
    rules = {name: MENDED[name] for name in ("buyers", "golden")}
    refresh(shop, rules, NOW)
    one_in_a_hundred_comes(shop)
    seen: list[dict[str, list[str]]] = []

    def look(text: str) -> None:
        if text.startswith(("CREATE TABLE", "INSERT", "ALTER", "DROP TABLE")):
            seen.append(kept_rows(shop))

    before = kept_rows(shop)
    refresh(Watched(shop, look), rules, LATER)
    after = kept_rows(shop)
    switched = seen.index(after)
    assert before != after
    assert len(seen[:switched]) > 5
    assert all(one == before for one in seen[:switched])
    assert all(one == after for one in seen[switched:])


def test_what_a_killed_run_has_written_is_in_nobodys_way_and_goes(shop: SparkStore) -> None:
    rules = {"golden": MENDED["golden"]}
    refresh(shop, rules, NOW)
    before = kept_tables(shop)

    def killed(text: str) -> None:
        if text.startswith("INSERT"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        refresh(Watched(shop, killed), rules, NOW, full=True)
    assert kept_tables(shop) > before
    found = refresh(shop, rules, LATER)
    assert (found.full, members(found)) == (None, {"golden": ["p1"]})
    assert len(kept_tables(shop)) == len(before)
    shop.run(f"DROP TABLE {min(document(shop)['names'].values())}", [])
    assert refresh(shop, rules, LATER).full == "tables that were kept are gone"


def document(store: SparkStore) -> dict[str, dict[str, str]]:
    (text,) = store.fetch("SELECT document FROM kohort_kept", [])["document"].to_pylist()
    found: dict[str, dict[str, str]] = json.loads(text)
    return found


def kept_rows(store: SparkStore) -> dict[str, list[str]]:
    """Return the rows of the tables that the record names."""
    names = document(store)["names"].values()
    return {one: sorted(map(str, store.fetch(f"SELECT * FROM {one}", []).to_pylist())) for one in names}


class TestRefreshesOnSpark(RefreshLaws):
    @pytest.fixture(autouse=True)
    def _connected(self, spark: SparkStore) -> None:
        self.store = spark

    def engine_of(self, load: Load) -> IncrementalEngine:
        fill_spark(self.store, load.relations())
        return IncrementalEngine(self.store, load.world.catalog)
