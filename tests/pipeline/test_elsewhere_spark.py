"""`kohort run --engine` on Spark: the same members as the project's own engine, seen whole or not at all."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from spark_desk import everything, filled, landed, on_spark
from store_desk import SCHEMA, SEGMENTS, embedded, rows_of

from kohort.definitions.stores import StoreDefinition
from kohort.engines.plan import build_plan
from kohort.engines.sql.dialects import dialect_of
from kohort.engines.sql.landing.answers import Answers
from kohort.engines.sql.landing.place import Epoch, LandedSegment, Place, create_schema
from kohort.engines.sql.landing.results import create_results, landing, sealing
from kohort.engines.sql.statements import Statement
from kohort.engines.statistics import Statistics
from kohort.errors import LockedError, ProjectError
from kohort.rules.catalog import Catalog
from kohort.rules.read import read_rule
from kohort.storage import openers, spark
from kohort.storage.schemas import SCHEMAS
from kohort.storage.spark import SparkStore

# PySpark leaves the socket by which rows came to be closed by the collector of garbage.
pytestmark = [pytest.mark.stores, pytest.mark.filterwarnings("ignore:.*socket:pytest.PytestUnraisableExceptionWarning")]

MARCH, APRIL = "2026-03-01", "2026-04-01"
FEW = {
    name: SEGMENTS[name]
    for name in ("buyers", "spenders", "above", "labelled", "long", "grown", "french", "lookers", "near", "web")
}
RESULTS = ("memberships", "membership_log", "segment_sizes", "epochs")
SPARK = dialect_of("spark")
CATALOG = Catalog(events={"e": {}})


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkStore]:
    with filled(tmp_path_factory.mktemp("spark"), rows_of()) as store:
        yield store


@pytest.fixture(autouse=True)
def _one_session(warehouse: SparkStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every run the session that is open: each of its own would take ten seconds to begin."""

    @contextmanager
    def opened(*_: object) -> Iterator[SparkStore]:
        yield SparkStore(warehouse.session)

    monkeypatch.setattr(spark, "open_spark", opened)


def test_the_members_are_those_of_the_projects_own_engine(warehouse: SparkStore, tmp_path: Path) -> None:
    there, here = on_spark(tmp_path / "there", FEW), embedded(tmp_path / "here", rows_of(), FEW)
    for at in (MARCH, APRIL):
        outcomes = list(there.run(at, engine="warehouse"))
        list(here.run(at))
        own = {name: sorted(map(str, here.members(name)["user_id"].to_pylist())) for name in FEW}
        found = landed(warehouse)
        assert {name: found.get(name, []) for name in FEW} == own
        assert any(own.values())
        assert outcomes[-1].detail.startswith(f"{len(FEW)} segments evaluated in {SCHEMA}; ")
    rows = everything(warehouse)
    assert len(rows["epochs"]) == 2
    assert len(rows["segment_sizes"]) == 2 * len(FEW)
    assert sum("'change': 'left'" in row for row in rows["membership_log"]) == sum(
        "'left_at': None" not in row for row in rows["memberships"]
    )
    assert not warehouse.session.catalog.tableExists("events")


def test_a_run_that_is_killed_anywhere_leaves_what_was_there(warehouse: SparkStore) -> None:
    desk = Desk(warehouse, "killed")
    first, second = desk.steps(1, ["ada", "bob"]), desk.steps(2, ["bob", "eve"])
    for until in range(1, len(desk.made())):
        desk.killed(first, until)
    desk.run(first)
    before = desk.seen()
    assert before == ["ada 10 None", "bob 10 None", "entered ada 10", "entered bob 10", "epoch 1", "size 1 2"]
    written = [place for place, text in enumerate(second) if "_runs" in text.text and place > len(desk.made())]
    for until in written:
        desk.killed(second, until + 1)
        assert desk.seen() == before
    # What a write that was killed leaves is in a folder that no partition is known to have.
    files = Path(desk.folder, "memberships_runs")
    warehouse.run("ALTER TABLE killed.memberships_runs DROP IF EXISTS PARTITION (run = 2)", [])
    shutil.copytree(files / "run=1", files / "run=2")
    desk.run(second)
    assert desk.seen() == [
        "ada 10 20", "bob 10 None", "entered ada 10", "entered bob 10", "entered eve 20", "epoch 1", "epoch 2",
        "eve 20 None", "left ada 20", "size 1 2", "size 2 2",
    ]  # fmt: skip
    desk.run(desk.steps(3, []))
    assert [row for row in desk.seen() if row.endswith("30")] == [
        "bob 10 30",
        "eve 20 30",
        "left bob 30",
        "left eve 30",
    ]
    assert sorted(one.name for one in files.iterdir() if one.is_dir()) == ["run=2", "run=3"]


def test_a_second_run_is_kept_out(warehouse: SparkStore) -> None:
    with (
        warehouse.alone("kohort"),
        pytest.raises(LockedError, match="another command"),
        SparkStore(warehouse.session).alone("kohort"),
    ):
        pass


def test_a_table_that_is_not_there_is_named(warehouse: SparkStore, tmp_path: Path) -> None:
    project = on_spark(tmp_path, {"buyers": FEW["buyers"]})
    source = project.folder.path / "sources" / "visits.yaml"
    source.write_text(source.read_text().replace("shop.visits", "shop.visit"))
    with pytest.raises(ProjectError, match=r"`shop`\.`visit` cannot be found"):
        list(project.run(APRIL, engine="warehouse"))


def test_only_spark_takes_settings(tmp_path: Path) -> None:
    definition = StoreDefinition("there", "duckdb", "shop.duckdb", settings={"threads": "1"})
    with pytest.raises(ProjectError, match="takes no settings"), openers.open_store(definition, tmp_path):
        pass


class Desk:
    """Results of one segment in a schema of their own, from answers that are written down."""

    def __init__(self, store: SparkStore, schema: str) -> None:
        self._store = store
        (database,) = store.fetch("SELECT CURRENT_CATALOG() AS name", [])["name"].to_pylist()
        self._place = Place(database, schema, {name: SCHEMAS[name] for name in RESULTS})
        self._members: dict[int, list[str]] = {}

    @property
    def folder(self) -> str:
        """The folder of the schema."""
        return str(self._store.session.catalog.getDatabase(self._place.schema).locationUri).removeprefix("file:")

    def made(self) -> list[Statement]:
        return [create_schema(SPARK, self._place), *create_results(SPARK, self._place)]

    def steps(self, run: int, members: Sequence[str]) -> list[Statement]:
        """Return all statements of a run whose moment is ten times its number."""
        rule = read_rule("did e", CATALOG)
        answers = Answers(build_plan({"one": rule}, CATALOG), {0: (0, 0)}, {}, ("w0",), Statistics())
        segments = [LandedSegment("one", 1, answers.plan.rules["one"], "events")]
        epoch = Epoch(run, run * 10, run, "{}")
        people = " UNION ALL ".join(["SELECT 'nobody', 0", *(f"SELECT '{name}', 1" for name in members)])
        asked = f"CREATE TEMPORARY VIEW `kohort_answers` AS SELECT * FROM ({people}) AS people (person_id, w0)"
        found = [*landing(SPARK, self._place, answers, segments, epoch), *sealing(SPARK, self._place, epoch)]
        return [*self.made(), Statement(asked, []), *found]

    def killed(self, steps: Sequence[Statement], until: int) -> None:
        """Run some of the statements, and forget what a session that has ended forgets."""
        self.run(steps[:until])

    def run(self, steps: Sequence[Statement]) -> None:
        with self._store.snapshot():
            for one in steps:
                self._store.run(one.text, one.values)

    def seen(self) -> list[str]:
        """Return what the views show, as texts, in one statement."""
        schema = self._place.schema
        text = (
            f"SELECT person_id || ' ' || entered_at || ' ' || COALESCE(CAST(left_at AS STRING), 'None') AS said "
            f"FROM {schema}.memberships UNION ALL SELECT change || ' ' || person_id || ' ' || effective_at "
            f"FROM {schema}.membership_log UNION ALL SELECT 'size ' || seq || ' ' || size FROM {schema}.segment_sizes "
            f"UNION ALL SELECT 'epoch ' || seq FROM {schema}.epochs"
        )
        return sorted(self._store.fetch(text, [])["said"].to_pylist())
