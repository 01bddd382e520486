"""`/validation`: each check as a question, an answer in words, and the numbers behind it; in both languages."""

import csv
from collections.abc import Iterator

import pytest
from studio_desk import Studio, plain, studio

from cluster_shop import found_groups, one_cloud, two_groups
from kohort.project import Project


@pytest.fixture(scope="module")
def found_two(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return found_groups(tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="module")
def open_studio(found_two: Project) -> Iterator[Studio]:
    with studio(found_two) as found:
        yield found


def test_every_check_is_asked_and_answered_in_both_languages(open_studio: Studio) -> None:
    english, french = (plain(open_studio.get("/validation", one).text) for one in ("en", "fr"))
    for text in ("Do the same groups come back?", "it holds", "to read beside", "at least 0.75 for every group"):
        assert text in english
    for text in ("Retrouve-t-on les mêmes groupes ?", "c’est solide", "à lire à côté", "au moins 0,75"):
        assert text in french.replace("\u202f", " ")


def test_the_numbers_are_those_of_the_discovery(open_studio: Studio, found_two: Project) -> None:
    report = found_two.discovery()
    assert report is not None
    checks = {one["key"]: one for one in open_studio.get("/validation.json").json()["checks"]}
    assert list(checks) == [
        "stability", "folds", "size", "chance", "separation", "cohesion", "silhouette", "scale", "methods", "steadiest",
    ]  # fmt: skip
    assert [one["value"]["estimate"] for one in checks["stability"]["figures"]] == [
        one.stability.estimate for one in report.personas
    ]
    assert [one["value"]["estimate"] for one in checks["folds"]["figures"]] == [1.0, 1.0]
    assert [one["value"]["n"] for one in checks["size"]["figures"]] == [30, 30]
    chosen = next(one for one in report.candidates if one.k == 2)
    assert checks["cohesion"]["figures"][0]["value"]["estimate"] == pytest.approx(1 - chosen.inertia_share)
    assert checks["silhouette"]["figures"][0]["value"]["estimate"] == chosen.silhouette
    assert {one["held"] for one in checks.values()} == {"yes", "guide"}


def test_the_table_has_a_row_a_figure(open_studio: Studio) -> None:
    rows = list(csv.DictReader(open_studio.get("/validation.csv").text.splitlines()))
    assert [one["check"] for one in rows].count("stability") == 2
    assert rows[0]["required"] == "0.75"


def test_without_groups_there_is_nothing_to_hold(tmp_path_factory: pytest.TempPathFactory) -> None:
    project = one_cloud(tmp_path_factory.mktemp("cloud"))
    project.discover()
    with studio(project) as found:
        assert "nothing that could hold" in plain(found.get("/validation").text)
        assert found.get("/validation.json").json()["checks"] == []


def test_before_anybody_looked_the_page_says_what_to_run(tmp_path_factory: pytest.TempPathFactory) -> None:
    with studio(two_groups(tmp_path_factory.mktemp("before"))) as found:
        assert "kohort discover" in plain(found.get("/validation").text)
