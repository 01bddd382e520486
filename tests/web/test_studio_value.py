"""`/value` and the API on value: in both languages, as a page, data and a table; and what they say without."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_desk import answering, problem
from studio_desk import Studio, plain, studio

from kohort.client import Client
from kohort.project import Project
from small_shop import NOW
from value_shop import value_shop


@pytest.fixture(scope="module")
def valued(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = value_shop(tmp_path_factory.mktemp("value"))
    list(project.run(NOW))
    return project


@pytest.fixture(scope="module")
def open_studio(valued: Project) -> Iterator[Studio]:
    with studio(valued) as found:
        yield found


def test_value_is_told_in_both_languages(open_studio: Studio) -> None:
    english, french = (plain(open_studio.get("/value", one).text) for one in ("en", "fr"))
    assert "BG/NBD was asked for." in english
    assert "BG/NBD a été demandé." in french
    assert "1 returns (amounts below zero) are no purchases" in english
    assert "Value by segment" in english
    assert "Valeur par segment" in french
    assert "goes on at the same rate" in english
    assert "continue au même rythme" in french
    assert open_studio.get("/value").text.count("<svg") == 2


def test_the_page_is_also_data_and_a_table(open_studio: Studio) -> None:
    page = open_studio.get("/value.json").json()
    assert page["scores"] == ["clv"]
    assert page["found"]["chosen"] == "bg_nbd"
    rows = list(csv.DictReader(open_studio.get("/value.csv").text.splitlines()))
    assert [row["decile"] for row in rows] == [str(one["group"]) for one in page["found"]["deciles"]]
    assert open_studio.get("/value?score=none").status_code == 422


def test_the_api_tells_what_was_found(valued: Project) -> None:
    document = valued.value().document
    assert document is not None
    with answering(valued, "segments:read") as counter:
        assert problem(counter.get("/api/v1/value/none")) == (404, "unknown_score", "path.score")
        answer = counter.get("/api/v1/value/clv")
        again = counter.get("/api/v1/value/clv", **{"if-none-match": answer.headers["etag"]})
        with Client(counter.url, counter.key) as client:
            told = client.get_value("clv")
    assert again.status_code == 304
    assert told.total.worth == document.study.total.worth
    assert told.model is not None
    assert [one.estimate for one in told.model.parameters] == [
        one.estimate for one in (document.study.model or pytest.fail("no model")).parameters
    ]
    assert {one.segment for one in told.segments} == {"vip", "often"}
    assert told.holdout is not None
    assert told.holdout.judged[0].key == "bg_nbd"


def test_before_anything_was_found_it_says_what_to_do(tmp_path: Path) -> None:
    project = value_shop(tmp_path)
    with studio(project) as found:
        assert "kohort run" in found.get("/value").text
    with answering(project, "segments:read") as counter:
        assert problem(counter.get("/api/v1/value/clv")) == (409, "not_valued", None)
    without = Project.create(tmp_path / "other")
    with studio(without) as found:
        assert "kind: clv" in found.get("/value").text
