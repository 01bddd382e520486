"""`/importance`: what matters for a goal, in both languages, as a page, data and a table; and what it says without."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from studio_desk import Studio, plain, studio

from importance_shop import importance_shop
from kohort.project import Project
from small_shop import NOW


@pytest.fixture(scope="module")
def open_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    project = importance_shop(tmp_path_factory.mktemp("importance"))
    project.study_importance("order_completed", NOW)
    with studio(project) as found:
        yield found


def test_what_matters_is_told_in_both_languages(open_studio: Studio) -> None:
    english, french = (plain(open_studio.get("/importance", one).text) for one in ("en", "fr"))
    assert "All variables together tell" in english
    assert "Toutes les variables ensemble expliquent" in french
    assert "card strategic" in english
    assert "card stratégique" in french
    assert "first_name says who somebody is" in english
    assert "first_name dit qui est la personne" in french
    assert open_studio.get("/importance").text.count("<svg") == 4


def test_a_variable_has_its_cross_table(open_studio: Studio) -> None:
    page = plain(open_studio.get("/importance?goal=order_completed&variable=card").text)
    assert "Value People Ordered" in page
    assert page.index("How the goal moves with it") > page.index("Value People Ordered")
    assert open_studio.get("/importance?variable=none").status_code == 404
    assert open_studio.get("/importance?goal=none").status_code == 422


def test_the_page_is_also_data_and_a_table(open_studio: Studio) -> None:
    page = open_studio.get("/importance.json").json()
    assert [one["name"] for one in page["goals"]] == ["order_completed", "tour_taken", "revenue"]
    assert page["goal"] == page["found"]["goal"] == "order_completed"
    rows = list(csv.DictReader(open_studio.get("/importance.csv").text.splitlines()))
    assert [row["name"] for row in rows] == [one["name"] for one in page["found"]["variables"]]
    assert {row["name"]: row["priority"] for row in rows}["card"] == "strategic"


def test_what_nobody_asked_says_how_to_ask(open_studio: Studio, tmp_path: Path) -> None:
    assert "kohort importance revenue" in plain(open_studio.get("/importance?goal=revenue").text)
    assert open_studio.get("/importance.json?goal=revenue").json()["found"] is None
    with studio(Project.create(tmp_path / "shop")) as found:
        assert "No goal is declared" in plain(found.get("/importance").text)
        assert found.get("/importance.json").json() == {"goals": [], "goal": None, "found": None}
