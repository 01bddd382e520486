"""`kohort run --engine` goes on from the run before on Spark: what lands is what a full run lands, killed or not."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from spark_desk import everything, landed, lasting_in
from store_desk import SEGMENTS, SOURCES, embedded, project_of

from kohort.errors import LockedError
from kohort.pipeline.results import StepOutcome
from kohort.project import Project
from kohort.storage import spark
from kohort.storage.spark import SparkStore, open_spark
from kohort.testing.spark import SMALL, scanned

# PySpark leaves the socket by which rows came to be closed by the collector of garbage.
pytestmark = [pytest.mark.stores, pytest.mark.filterwarnings("ignore:.*socket:pytest.PytestUnraisableExceptionWarning")]

MARCH, LATER = "2026-03-01T12:00Z", "2026-03-01T18:00Z"
FEW = {name: SEGMENTS[name] for name in ("buyers", "spenders", "above")}
TWICE = "did order_completed then order_completed within 7 days"
PEOPLE, ORDERS_A_DAY = 200, 20
ORDER = (
    "id + {number} AS no, CAST(id % {people} + 1 AS INT) AS client, {at} AS ordered_at, "
    "CAST(id % 97 AS DECIMAL(18, 9)) AS amount, 'web' AS channel, true AS express, ARRAY('gift') AS labels, "
    "{at} AS loaded, CAST({at} AS DATE) AS ordered_on, CAST({at} AS DATE) AS loaded_on"
)
BEFORE = f"TIMESTAMP '2026-03-01 11:00' - MAKE_DT_INTERVAL(0, 0, 0, id * {86_400 // ORDERS_A_DAY})"
SINCE = "TIMESTAMP '2026-03-01 13:00' + MAKE_DT_INTERVAL(0, 0, id)"

Watch = Callable[[Callable[[str], None]], None]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkStore]:
    with open_spark("local[2]", {**SMALL, **lasting_in(tmp_path_factory.mktemp("spark"))}) as store:
        yield store


@pytest.fixture
def shop(session: SparkStore) -> Iterator[SparkStore]:
    yield session
    for name in ("shop", "kohort", "kohort_anew"):
        session.run(f"DROP SCHEMA IF EXISTS {name} CASCADE", [])
    session.run("USE default", [])


def sold(store: SparkStore, days: int) -> None:
    """Make the shop's orders, in a folder for each day: of the order, and of the load."""
    store.run("CREATE SCHEMA shop", [])
    row = ORDER.format(people=PEOPLE, number=0, at=BEFORE)
    store.run(
        "CREATE TABLE shop.orders USING PARQUET PARTITIONED BY (ordered_on, loaded_on) AS SELECT * FROM "
        f"(SELECT {row} FROM RANGE({days * ORDERS_A_DAY})) DISTRIBUTE BY loaded_on",
        [],
    )


@pytest.fixture
def watch(shop: SparkStore, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Give every run the session that is open, and say what is called after each of its statements."""
    seen: list[Callable[[str], None]] = [lambda _: None]

    class Watched(SparkStore):
        def run(self, text: str, values: Any) -> None:
            super().run(text, values)
            seen[-1](text)

    @contextmanager
    def opened(*_: object) -> Iterator[SparkStore]:
        yield Watched(shop.session)

    monkeypatch.setattr(spark, "open_spark", opened)
    return seen.append


def project(folder: Path, schema: str = "kohort", *, days: bool = True, **more: str) -> Project:
    (source,) = (one for one in SOURCES if one["name"] == "orders")
    source = {**source, "store": "warehouse", "cursor": "loaded"}
    if days:
        source["time"] = {"column": "ordered_at", "day": "ordered_on"}
        source["cursor"] = {"column": "loaded", "day": "loaded_on"}
    found = project_of(folder, sources=[source], segments={**FEW, **more}, kind="spark", schema=schema)
    document = yaml.safe_load(found.folder.settings.read_text())
    document["stores"]["warehouse"]["address"] = "local[2]"
    found.folder.settings.write_text(yaml.safe_dump(document))
    return found


def outcomes(project: Project, at: str, *, full: bool = False) -> list[StepOutcome]:
    return list(project.run(at, engine="warehouse", full=full))


def ran(project: Project, at: str, *, full: bool = False) -> str:
    return outcomes(project, at, full=full)[-1].detail


def one_in_a_hundred_comes(store: SparkStore, hours: int = 0) -> None:
    row = ORDER.format(people=PEOPLE // 100, number=5000 + hours * 10, at=f"({SINCE} + MAKE_DT_INTERVAL(0, {hours}))")
    store.run(f"INSERT INTO shop.orders SELECT {row} FROM RANGE(6)", [])


def test_one_person_in_a_hundred_costs_a_twentieth_of_a_full_scan(
    shop: SparkStore, watch: Watch, tmp_path: Path
) -> None:
    sold(shop, days=180)
    on, anew = project(tmp_path / "on"), project(tmp_path / "anew", "kohort_anew")
    ran(on, MARCH)
    ran(anew, MARCH)
    one_in_a_hundred_comes(shop)
    before = scanned(shop, "orders")
    gone_on = ran(on, LATER)
    some = scanned(shop, "orders", before.last)
    ran(anew, LATER, full=True)
    whole = scanned(shop, "orders", some.last)
    # Two ordered, and for five an order has left the window of sixty days.
    assert f"recomputed 7 of {PEOPLE} people; " in gone_on
    assert 0 < some.files <= whole.files / 20
    assert 0 < some.rows <= whole.rows / 20
    assert everything(shop) == everything(shop, "kohort_anew")


def test_a_run_killed_between_any_two_statements_leaves_what_was_there_and_the_next_goes_on(
    shop: SparkStore, watch: Watch, tmp_path: Path
) -> None:
    sold(shop, days=25)
    on = project(tmp_path / "on", twice=TWICE)
    ran(on, MARCH)
    one_in_a_hundred_comes(shop)
    states = [state(shop)]
    changes: list[str] = []

    def look(text: str) -> None:
        if LASTS.match(text):
            found = state(shop)
            if found != states[-1]:
                states.append(found)
                changes.append(text)

    watch(look)
    found = outcomes(on, LATER)
    watch(lambda _: None)
    assert [(one.step, one.detail.partition(":")[0]) for one in found if one.step == "rescan"] == [
        ("rescan", "did order_completed then order_completed within 7 days (for twice)")
    ]
    assert "spark finds what a few people did only by reading what everybody did" in found[-2].detail
    # Two steps change what lasts: what the next run goes on from, then what readers see.
    assert [one.partition(" AS ")[0] for one in changes] == [
        "ALTER VIEW `kohort_kept`",
        "ALTER VIEW `spark_catalog`.`kohort`.`landed_run`",
    ]
    check(shop, tmp_path / "here", LATER)
    kills = ("INSERT INTO `kohort_kept_", "ALTER VIEW `kohort_kept`", "ALTER VIEW `spark_catalog`")
    for number, kill in enumerate(kills, start=1):
        one_in_a_hundred_comes(shop, 6 * number)
        at, before = f"2026-03-0{2 + number}T00:00Z", everything(shop)

        def killed(text: str, kill: str = kill) -> None:
            if text.startswith(kill):
                raise KeyboardInterrupt

        watch(killed)
        with pytest.raises(KeyboardInterrupt):
            ran(on, at)
        watch(lambda _: None)
        assert (everything(shop) == before) is (kill != kills[-1])
        assert "since" not in ran(on, at)
        check(shop, tmp_path / f"here{number}", at)
    # The record itself is the one table that it does not name; what the killed runs had written is gone.
    assert len([one for one in kept_tables(shop) if one not in state(shop)[0]]) == 1


def test_a_second_run_at_once_is_kept_out(shop: SparkStore, watch: Watch, tmp_path: Path) -> None:
    sold(shop, days=1)
    on, other = project(tmp_path / "on"), project(tmp_path / "other")

    def second(text: str) -> None:
        watch(lambda _: None)
        with pytest.raises(LockedError, match="another command"):
            ran(other, MARCH)

    watch(second)
    assert "recomputed 20 of 20 people, since nothing was kept" in ran(on, MARCH)
    assert "recomputed 0 of 20 people; 0 entered, 0 left" in ran(on, MARCH)


LASTS = re.compile("ALTER|INSERT|DROP TABLE|CREATE (?!OR REPLACE TEMPORARY|TEMPORARY)")


def state(store: SparkStore) -> tuple[str, ...]:
    """Return what the next run goes on from, and all that readers see."""
    if not store.session.catalog.tableExists("kohort.kohort_kept"):
        return ("",)
    views = ("kohort_kept", "memberships", "membership_log", "segment_sizes", "epochs")
    rows = " UNION ALL ".join(f"SELECT {number} AS it, TO_JSON(STRUCT(*)) AS said FROM kohort.{name}"
                              for number, name in enumerate(views))  # fmt: skip
    found = store.fetch(rows, []).to_pylist()
    return tuple("\n".join(sorted(row["said"] for row in found if row["it"] == place)) for place in range(len(views)))


def kept_tables(store: SparkStore) -> list[str]:
    found: list[str] = store.fetch("SHOW TABLES IN kohort LIKE 'kohort_kept_*_*'", [])["tableName"].to_pylist()
    return found


def check(store: SparkStore, folder: Path, at: str) -> None:
    """See that those who are in the store's segments are the members by the project's own engine."""
    names = [*FEW, "twice"]
    rows = store.fetch("SELECT no, client, ordered_at, amount, channel, express, labels FROM shop.orders", [])
    here = embedded(folder, {"orders": rows.to_pylist()}, {**FEW, "twice": TWICE})
    list(here.run(at))
    own = {name: sorted(map(str, here.members(name)["user_id"].to_pylist())) for name in names}
    found = landed(store)
    assert {name: found.get(name, []) for name in names} == own
    assert all(own.values())
