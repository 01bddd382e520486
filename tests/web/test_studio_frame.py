"""What every page of the studio has: its frame, its language, its data beside it, and what protects it."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from studio_desk import Studio, studio

from kohort.project import Project
from kohort.rules.languages import Language
from kohort.testing.clock import SettableClock
from segment_shop import written
from small_shop import NOW, order

SEGMENTS = """segments:
  - {name: buyers, label: {en: Buyers, fr: Acheteurs}, where: did order_completed in last 30 days}
  - {name: hostile, label: {en: "=<script>alert(1)</script>"}, where: did order_completed}
"""
TEMPLATES = Path(__file__).parents[2] / "src" / "kohort" / "web" / "studio" / "templates"


@pytest.fixture(scope="module")
def trading(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A shop that nobody changes."""
    folder = tmp_path_factory.mktemp("frame")
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    for file in (folder / "shop" / "segments").iterdir():
        file.unlink()
    (folder / "shop" / "segments" / "ours.yaml").write_text(SEGMENTS)
    project.ingest(written(folder, "orders.jsonl", [order("ada", 1), order("ben", 2)]))
    list(project.run())
    return project


@pytest.fixture(scope="module")
def open_studio(trading: Project) -> Iterator[Studio]:
    with studio(trading) as found:
        yield found


def test_a_page_is_in_the_language_of_the_browser(open_studio: Studio) -> None:
    english, french = (open_studio.get("/segments", language).text for language in ("en-US", "fr-CA, en;q=0.2"))
    assert '<html lang="en">' in english
    assert "Buyers" in english
    assert "did order_completed in last 30 days" in english
    assert '<html lang="fr">' in french
    assert "Acheteurs" in french
    assert "a fait order_completed dans les 30 derniers jours" in french


def test_what_a_visitor_chose_comes_before_the_browser(trading: Project) -> None:
    with studio(trading, language=Language.FR) as found:
        assert '<html lang="fr">' in found.get("/segments", "en").text


def test_a_page_is_also_data_and_a_table(open_studio: Studio) -> None:
    data = open_studio.get("/segments.json").json()["segments"]
    assert [(one["name"], one["size"]) for one in data] == [("buyers", 2), ("hostile", 2)]
    answer = open_studio.get("/segments.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert [row["size"] for row in rows] == ["2", "2"]
    assert rows[1]["label"] == "'=<script>alert(1)</script>", "a spreadsheet must not take it for a formula"


def test_data_that_has_not_changed_is_not_sent_again(open_studio: Studio) -> None:
    tag = open_studio.get("/segments.json").headers["etag"]
    assert open_studio.get("/segments.json", **{"if-none-match": tag}).status_code == 304


def test_what_a_file_says_is_text(open_studio: Studio) -> None:
    page = open_studio.get("/segments").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_every_answer_forbids_what_is_not_ours(open_studio: Studio) -> None:
    for path in ("/segments", "/static/studio.css", "/nowhere", "/openapi.json"):
        headers = open_studio.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_templates_hold_no_script_no_style_and_no_way_around_escaping() -> None:
    for template in TEMPLATES.rglob("*.j2"):
        text = template.read_text()
        assert not re.search(r"javascript:|\|\s*safe|autoescape|https?://", text), template
        markup = re.sub(r"\{[%#{].*?[%#}]\}", "", text, flags=re.DOTALL)
        assert not re.search(r"<style|\sstyle=|\son\w+=", markup), template
        assert not re.search(r"<script(?! type=\"module\" src=\"/static/)", text), template


def test_who_may_not_see_a_page_is_told_so(trading: Project) -> None:
    with studio(trading, "people:read") as found:
        answer = found.get("/segments")
        assert answer.status_code == 403
        assert "segments:read" in answer.text
        assert 'href="/segments"' not in answer.text, "nor is the way shown"
        assert found.get("/segments.json").json()["code"] == "forbidden"


def test_a_page_that_is_not_there_says_so_as_it_was_asked(open_studio: Studio) -> None:
    assert "<h1>" in open_studio.get("/nowhere").text
    assert json.loads(open_studio.get("/api/v1/nowhere").text)["code"] == "not_found"
    assert open_studio.get("/nowhere", accept="application/json").json()["code"] == "not_found"
