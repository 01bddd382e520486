"""`/quality`: what each source is worth, in both languages, as a page, as data and as a table; and by the API."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from studio_desk import Studio, plain, studio

from kohort.clock import DAY
from kohort.errors import StoppedError
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW

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
  gates: [fail if completeness < 80 %, warn if volume < 50 % of median of last 7 runs]
"""
HEADER = "number,id,day,town,amount\n"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A shop whose source was loaded once, and stopped once."""
    folder = tmp_path_factory.mktemp("quality")
    clock = SettableClock(NOW)
    project = Project.create(folder / "shop", clock=clock)
    for kind in ("segments", "scores"):
        for path in (project.folder.path / kind).iterdir():
            path.unlink()
    (project.folder.path / "sources" / "crm.yaml").write_text(MAPPING)
    segments = "segments:\n  - {name: met, where: did contact}\n"
    (project.folder.path / "segments" / "all.yaml").write_text(segments)
    load(project, folder / "crm-1.csv", "1,ada,2026-02-28,Lyon,5\n2,bob,2026-02-28,Nice,\n3,cid,2026-02-28,Brest,9\n")
    list(project.run())
    with pytest.raises(StoppedError):
        load(project, folder / "crm-2.csv", "4,ada,2026-02-28,,\n5,,2026-02-28,Nice,7\n")
    clock.advance(2 * DAY)
    return project


def load(project: Project, path: Path, rows: str) -> None:
    path.write_text(HEADER + rows)
    project.ingest(path)


@pytest.fixture(scope="module")
def open_studio(shop: Project) -> Iterator[Studio]:
    with studio(shop) as found:
        yield found


def test_the_audit_is_told_in_both_languages(open_studio: Studio) -> None:
    english, french = (plain(open_studio.get("/quality", one).text) for one in ("en", "fr"))
    for text in (
        "crm sources/crm.yaml · crm*.csv",
        "promised every 1 day overdue: the newest record is 3 days old",
        "for each number",
        "A gate has stopped the last load: nothing of it was taken in.",
        "✗ fail if completeness < 80 % completeness is 0 %, the bound is 80 %",
        "town is missing amount is missing",
        "crm-2.csv",
        "stopped by a gate",
    ):
        assert text in english
    for text in (
        "Audit des sources",
        "promise tous les 1 jour en retard : l’enregistrement le plus récent date de 3 jours",
        "✗ fail if completeness < 80 % complétude : 0 %, la limite est 80 %",
        "town manque amount manque",
        "arrêté par un seuil",
    ):
        assert text in french.replace("\u00a0", " ")
    assert open_studio.get("/quality").text.count("<svg") == 2


def test_the_page_is_also_data_and_a_table(open_studio: Studio) -> None:
    (crm,) = open_studio.get("/quality.json").json()["sources"]
    assert (crm["source"], crm["overdue"], crm["segments"], crm["one_per"]) == ("crm", True, ["met"], ["number"])
    assert [one["stopped"] for one in crm["loads"]] == [False, True]
    assert crm["missing"] == ["volume", "consistency"]
    (row,) = csv.DictReader(open_studio.get("/quality.csv").text.splitlines())
    assert (row["source"], row["freshness"], row["consistency"]) == ("crm", "0.3333333333333333", "")


def test_the_worst_rows_have_their_reasons_and_nobody_s_values(open_studio: Studio) -> None:
    (crm,) = open_studio.get("/quality.json").json()["sources"]
    assert [(one["line"], one["reasons"]) for one in crm["loads"][1]["worst"]] == [
        (3, ["id: expected an id of the person, got nothing"]),
        (2, ["town is missing", "amount is missing"]),
    ]
    assert crm["loads"][0]["worst"] == [{"line": 3, "problems": 1, "reasons": ["amount is missing"]}]


def test_a_project_without_sources_is_told_how_to_begin(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop", clock=SettableClock(NOW))
    for path in (project.folder.path / "sources").iterdir():
        path.unlink()
    with studio(project) as found:
        assert "No source is declared" in plain(found.get("/quality").text)
        assert found.get("/quality.json").json() == {"sources": [], "findings": [], "more_findings": 0}
