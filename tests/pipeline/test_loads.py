"""What is measured of each load, and what gates stop: from a file to the tables."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from live_desk import LiveDesk

from kohort.clock import DAY, HOUR
from kohort.definitions.gates import Measure
from kohort.errors import DefinitionError, StoppedError, UnknownNameError
from kohort.pipeline.quality.reporting import SourceReport
from kohort.project import Project
from kohort.storage.journal import Journal
from kohort.testing.clock import SettableClock
from small_shop import NOW, tables_of

MAPPING = """
name: crm
files: "crm*.csv"
person: id
time: day
event: contact
key: [number]
properties: {town: town, amount: {column: amount, type: number}}
quality:
  every: 1 day
"""
GOOD = "number,id,day,town,amount\n1,ada,2026-02-28,Lyon,5\n2,bob,2026-02-28,Nice,7\n3,cid,2026-02-28,Brest,9\n"
WriteLoad = Callable[[str, str], Path]


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    project = Project.create(tmp_path / "shop", clock=SettableClock(NOW))
    declare(project, "fail if completeness < 80 %", "warn if uniqueness < 100 %")
    return project


@pytest.fixture
def load(tmp_path: Path) -> WriteLoad:
    def write(name: str, content: str) -> Path:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


def declare(project: Project, *gates: str) -> None:
    its = f"  gates: {json.dumps(gates)}\n" if gates else ""
    (project.folder.path / "sources" / "crm.yaml").write_text(MAPPING + its)


def report(project: Project) -> SourceReport:
    return project.quality("crm")[0]


def scores(project: Project) -> dict[str, float]:
    return {str(one): round(score, 4) for one, score in report(project).scores.items()}


def test_a_sound_load_has_the_best_scores(shop: Project, load: WriteLoad) -> None:
    result = shop.ingest(load("crm.csv", GOOD))
    assert result.accepted == 3
    assert scores(shop) == {"freshness": 1, "completeness": 1, "validity": 1, "uniqueness": 1}
    assert report(shop).reliability == pytest.approx(100)
    assert report(shop).missing == (Measure.VOLUME, Measure.CONSISTENCY)


@pytest.mark.parametrize(
    ("what", "before", "after", "dimension", "score"),
    [
        ("an empty cell", "Lyon", "", "completeness", 5 / 6),
        ("a number that is none", ",7", ",seven", "validity", 2 / 3),
        ("no person", "bob", "", "validity", 2 / 3),
        ("a row again", "2,bob", "1,ada,2026-02-28,Lyon,5\n2,bob", "uniqueness", 3 / 4),
        ("a day later", "2026-02-28", "2026-02-26", "freshness", 1 / 3),
    ],
)
def test_a_planted_defect_shows_in_its_dimension_and_lowers_the_reliability(
    shop: Project, load: WriteLoad, what: str, before: str, after: str, dimension: str, score: float
) -> None:
    declare(shop)
    shop.ingest(load("crm.csv", GOOD.replace(before, after)))
    assert scores(shop)[dimension] == pytest.approx(score, abs=1e-4), what
    total = report(shop).reliability
    assert total is not None
    assert total < 100


def files_of(project: Project) -> dict[str, str]:
    """Return every file of the tables by its content, but of those that say what was measured."""
    return {
        str(path.relative_to(project.folder.tables)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(project.folder.tables.rglob("*"))
        if path.is_file() and not path.relative_to(project.folder.tables).parts[0].startswith("quality_")
    }


def test_a_load_that_a_gate_stops_changes_no_profile_and_is_told_of(shop: Project, load: WriteLoad) -> None:
    shop.ingest(load("crm.csv", GOOD))
    list(shop.run())
    before = files_of(shop)
    bad = load("crm-2.csv", GOOD.replace("Lyon", "").replace("Nice", "").replace("\n1,", "\n11,"))
    reason = (
        r"crm-2\.csv was stopped, and nothing of it was taken in: completeness is 66\.7 %: fail if completeness < 80 %"
    )
    with pytest.raises(StoppedError, match=reason):
        shop.ingest(bad)
    assert files_of(shop) == before
    stopped = report(shop).loads[-1]
    assert stopped.stopped
    assert [(one.line, one.reasons) for one in stopped.worst] == [(2, ["town is missing"]), (3, ["town is missing"])]
    assert report(shop).latest is not stopped, "what was stopped says nothing of what is there"
    assert [one.severity for one in shop.findings() if one.check == "gate"] == ["error"]
    assert shop.ingest(bad, despite_gates=True).accepted == 1
    assert shop.ingest(load("crm-3.csv", GOOD.replace("1,ada", "21,ada"))).accepted == 1


def test_a_warning_stops_nothing_and_is_a_finding(shop: Project, load: WriteLoad) -> None:
    result = shop.ingest(load("crm.csv", GOOD + "1,ada,2026-02-28,Lyon,5\n"))
    assert result.accepted == 3
    assert [one.detail for one in result.findings] == ["uniqueness is 75.0 %: warn if uniqueness < 100 %"]


def test_a_gate_looks_at_the_loads_before_but_not_at_those_that_were_stopped(shop: Project, load: WriteLoad) -> None:
    declare(shop, "fail if volume < 60 % of median of last 2 runs")
    for number in range(2):
        shop.ingest(load(f"crm-{number}.csv", GOOD.replace("\n", f"\n{number}")[:-1]))
    for _ in range(3):
        with pytest.raises(StoppedError, match=r"volume is 1 \(the bound is 2\)"):
            shop.ingest(load("crm-9.csv", "number,id,day,town,amount\n99,ada,2026-02-28,Lyon,5\n"))
    assert len(report(shop).loads) == 5


def test_a_volume_is_compared_with_the_usual_one(shop: Project, load: WriteLoad) -> None:
    declare(shop)
    header, *rows = GOOD.splitlines()
    for number in range(3):
        shop.ingest(load("crm.csv", "\n".join([header, *(f"{number}{row}" for row in rows)])))
        assert "volume" not in scores(shop)
    shop.ingest(load("crm.csv", f"{header}\n7{rows[0]}"))
    assert scores(shop)["volume"] == pytest.approx(1 / 3, abs=1e-4)


def test_the_same_file_again_is_no_load(shop: Project, load: WriteLoad) -> None:
    path = load("crm.csv", GOOD)
    shop.ingest(path)
    seq = Journal(shop.folder.journal).last_seq()
    shop.ingest(path)
    assert Journal(shop.folder.journal).last_seq() == seq
    assert len(report(shop).loads) == 1


def test_tables_made_anew_say_the_same_of_loads(shop: Project, load: WriteLoad) -> None:
    shop.ingest(load("crm.csv", GOOD))
    with pytest.raises(StoppedError):
        shop.ingest(load("crm-2.csv", GOOD.replace("Lyon", "").replace("Nice", "")))
    before = tables_of(shop)
    shop.rebuild()
    assert tables_of(shop) == before


def test_a_source_that_comes_no_more_is_overdue_and_less_reliable(shop: Project, load: WriteLoad) -> None:
    shop.ingest(load("crm.csv", GOOD))
    clock = shop.clock
    assert isinstance(clock, SettableClock)
    assert not report(shop).is_overdue
    clock.advance(3 * DAY)
    assert report(shop).is_overdue
    assert scores(shop)["freshness"] == 0.25


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("  expects: [twon]", 'the source maps nothing to "twon"; did you mean "town"'),
        ("  evry: 1 day", 'unknown field "evry"'),
    ],
)
def test_wrong_expectations_are_told_with_their_place(shop: Project, line: str, reason: str) -> None:
    path = shop.folder.path / "sources" / "crm.yaml"
    path.write_text(path.read_text() + line)
    with pytest.raises(DefinitionError, match=reason):
        shop.quality()


def test_a_source_that_nobody_knows_is_told_the_nearest(shop: Project) -> None:
    with pytest.raises(UnknownNameError, match='did you mean "crm"'):
        shop.quality("crn")


def test_what_a_stream_has_sent_is_measured_at_each_run(tmp_path: Path) -> None:
    desk = LiveDesk(tmp_path)
    settings = desk.project.folder.settings
    expects = "{every: 1 hour, expects: [order.total], gates: ['fail if validity < 90 %']}"
    settings.write_text(settings.read_text() + f"\nquality: {{sources: {{web: {expects}}}}}\n")
    buys = {"event": "Order", "userId": "ada", "properties": {"total": 5}}
    desk.receive(buys, buys, {"event": "Order", "userId": "bob"}, {"event": "Order"})
    desk.step()
    desk.run()
    (web,) = desk.project.quality("web")
    assert (web.loads[0].records, web.loads[0].rejected) == (4, 1)
    assert {str(one): score for one, score in web.scores.items()} == {
        "freshness": 1.0,
        "completeness": 0.5,
        "validity": 0.75,
    }
    assert [one.severity for one in desk.project.findings() if one.check == "gate"] == ["error"]
    desk.clock.advance(2 * HOUR)
    desk.receive(buys | {"at": DAY})
    desk.step()
    desk.run()
    (web,) = desk.project.quality("web")
    assert web.loads[-1].faults == [("clock ahead", "timestamp", 1)]
    desk.clock.advance(2 * HOUR)
    desk.run()
    (web,) = desk.project.quality("web")
    assert (web.loads[-1].records, web.scores[Measure.FRESHNESS]) == (0, 0.5), "silence is a load too"


def test_values_that_do_not_fit_each_other_lower_the_consistency(shop: Project, load: WriteLoad) -> None:
    mapping = """
name: crm
files: "crm*.csv"
person: id
time: day
event: contact
key: [number]
properties: {town: town, postcode: {column: postcode, type: text}}
checks:
  - {postal_code: postcode, town: town}
"""
    (shop.folder.path / "sources" / "crm.yaml").write_text(mapping)
    header = "number,id,day,town,postcode\n"
    shop.ingest(
        load("crm.csv", header + "1,ada,2026-02-28,Lyon,69001\n2,bob,2026-02-28,Nice,75001\n3,cid,2026-02-28,,\n")
    )
    assert scores(shop)["consistency"] == 0.5
    worst = report(shop).loads[-1].worst
    assert [(one.line, one.reasons) for one in worst] == [
        (4, ["town is missing", "postcode is missing"]),
        (3, ["postcode is no postal code of town"]),
    ]


def test_what_was_written_beside_a_repaired_value_fills_no_cell(shop: Project, load: WriteLoad) -> None:
    mapping = """
name: crm
files: "crm*.csv"
person: id
time: day
event: contact
key: [number]
properties: {town: town, name: {column: name, as: text, case: lower}}
"""
    (shop.folder.path / "sources" / "crm.yaml").write_text(mapping)
    shop.ingest(load("crm.csv", "number,id,day,town,name\n1,ada,2026-02-28,,ADA\n2,bob,2026-02-28,Nice,bob\n"))
    assert scores(shop)["completeness"] == 0.75
