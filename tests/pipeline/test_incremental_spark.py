"""`kohort run --engine` goes on from the run before on Spark: what lands is what a full run lands, killed or not."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from spark_desk import everything, landed, lasting_in
from store_desk import SEGMENTS, SOURCES, project_of

from kohort.project import Project
from kohort.storage import spark
from kohort.storage.spark import SparkStore, open_spark
from kohort.testing.spark import SMALL

# PySpark leaves the socket by which rows came to be closed by the collector of garbage.
pytestmark = [pytest.mark.stores, pytest.mark.filterwarnings("ignore:.*socket:pytest.PytestUnraisableExceptionWarning")]

MARCH, LATER = "2026-03-01", "2026-03-02"
FEW = {name: SEGMENTS[name] for name in ("buyers", "spenders", "above")}
ORDER = (
    "id + {loaded} AS no, CAST(id % {people} AS INT) AS client, "
    "TIMESTAMP '{first}' + MAKE_DT_INTERVAL(0, id) AS ordered_at, "
    "CAST(id % 97 AS DECIMAL(18, 9)) AS amount, 'web' AS channel, true AS express, ARRAY('gift') AS labels, "
    "CAST({loaded} + id AS BIGINT) AS loaded"
)
PEOPLE = 200


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[SparkStore]:
    with open_spark("local[2]", {**SMALL, **lasting_in(tmp_path)}) as store:
        store.run("CREATE SCHEMA shop", [])
        row = ORDER.format(people=PEOPLE, first="2026-01-01", loaded=0)
        store.run(f"CREATE TABLE shop.orders USING PARQUET AS SELECT {row} FROM RANGE(1000)", [])
        yield store


@pytest.fixture
def watch(shop: SparkStore, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], None]], None]:
    """Give every run the session that is open, and say what is called after each of its statements."""
    seen: list[Callable[[str], None]] = [lambda _: None]

    class Watched(SparkStore):
        def run(self, text: str, values: Sequence[object]) -> None:
            super().run(text, values)
            seen[-1](text)

    @contextmanager
    def opened(*_: object) -> Iterator[SparkStore]:
        yield Watched(shop.session)

    monkeypatch.setattr(spark, "open_spark", opened)
    return seen.append


def project(folder: Path, schema: str = "kohort") -> Project:
    (source,) = (one for one in SOURCES if one["name"] == "orders")
    source = {**source, "store": "warehouse", "cursor": "loaded"}
    found = project_of(folder, sources=[source], segments=FEW, kind="spark", schema=schema)
    document = yaml.safe_load(found.folder.settings.read_text())
    document["stores"]["warehouse"]["address"] = "local[2]"
    found.folder.settings.write_text(yaml.safe_dump(document))
    return found


def ran(project: Project, at: str, *, full: bool = False) -> str:
    return list(project.run(at, engine="warehouse", full=full))[-1].detail


def one_in_a_hundred_comes(store: SparkStore) -> None:
    row = ORDER.format(people=2, first="2026-03-01 12:00", loaded=5000)
    store.run(f"INSERT INTO shop.orders SELECT {row} FROM RANGE(6)", [])


def test_a_run_goes_on_and_one_that_is_killed_between_both_switches_is_made_good(
    shop: SparkStore, watch: Callable[[Callable[[str], None]], None], tmp_path: Path
) -> None:
    on, anew = project(tmp_path / "on"), project(tmp_path / "anew", "kohort_anew")
    assert f"recomputed {PEOPLE} of {PEOPLE} people, since nothing was kept" in ran(on, MARCH)
    assert "since it was asked for" in ran(anew, MARCH, full=True)
    before = everything(shop)
    one_in_a_hundred_comes(shop)
    seen: list[bool] = []

    def killed(text: str) -> None:
        if text.startswith(("ALTER", "INSERT", "DROP TABLE")):
            seen.append(everything(shop) == before)
        if text.startswith("ALTER VIEW `kohort_kept`"):
            raise KeyboardInterrupt

    watch(killed)
    with pytest.raises(KeyboardInterrupt):
        ran(on, LATER)
    assert len(seen) > 1
    assert all(seen)
    watch(lambda _: None)
    assert "since" not in ran(on, LATER)
    assert "since it was asked for" in ran(anew, LATER, full=True)
    rows = {name: shop.fetch(f"SELECT * FROM kohort_anew.{name}", []).to_pylist() for name in before}
    assert everything(shop) == {name: sorted(map(str, its)) for name, its in rows.items()}
    assert everything(shop) != before
    assert landed(shop)["buyers"]


def test_who_did_nothing_is_not_found_again(
    shop: SparkStore, watch: Callable[[Callable[[str], None]], None], tmp_path: Path
) -> None:
    watch(lambda _: None)
    on = project(tmp_path / "on")
    ran(on, MARCH)
    assert f"recomputed 0 of {PEOPLE} people; 0 entered, 0 left" in ran(on, MARCH)
    one_in_a_hundred_comes(shop)
    assert f"recomputed 2 of {PEOPLE} people" in ran(on, "2026-03-01T18:00Z")
