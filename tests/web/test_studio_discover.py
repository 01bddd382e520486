"""The page of discoveries: personas in both languages, curves, map and grid; and what it says without any."""

import csv
import html
import math
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from studio_desk import Studio, plain, studio

from cluster_shop import found_groups, one_cloud
from kohort.project import Project
from kohort.rules.languages import Language
from kohort.rules.parse import parse_rule
from kohort.web.studio.fragments import HEADER

EN = "Frequent buyers with large baskets, seen lately"
FR = "Acheteurs fréquents aux gros paniers, venus récemment"


@pytest.fixture(scope="module")
def found_two(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return found_groups(tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="module")
def open_studio(found_two: Project) -> Iterator[Studio]:
    with studio(found_two) as found:
        yield found


def rows(found: Studio, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(found.get(path).text.splitlines()))


def test_personas_are_told_in_both_languages_as_of_their_moment(open_studio: Studio) -> None:
    english, french = (plain(open_studio.get("/discover", one).text) for one in ("en", "fr"))
    assert "2 personas of 60 people, as of 1 March 2026, 00:00." in english
    assert "2 personas de 60 personnes, état au 1 mars 2026, 00:00." in french
    for text in (english, french):
        assert EN in text
        assert FR in text
    assert "basket value ▲ much higher" in english
    assert "panier moyen ▲ bien plus haut" in french


def test_the_page_is_also_data_and_a_table(open_studio: Studio) -> None:
    data = open_studio.get("/discover.json").json()
    assert (data["score"], data["k"], data["at"]) == ("persona", 2, "2026-03-01T00:00:00.000000+00:00")
    first, second = data["personas"]
    assert (first["name"], first["people"], second["people"]) == ({"en": EN, "fr": FR}, 30, 30)
    assert first["share_of_value"] > 0.95
    table = rows(open_studio, "/discover.csv")
    assert [(one["name"], one["people"]) for one in table] == [(EN, "30"), (second["name"]["en"], "30")]


@pytest.mark.parametrize("language", list(Language))
def test_a_persona_becomes_a_segment_of_exactly_its_people(
    open_studio: Studio, found_two: Project, language: Language
) -> None:
    page = open_studio.get("/discover", language.value).text
    links = [urlsplit(html.unescape(one)) for one in re.findall(r'href="(/build[^"]+)"', page)]
    asked = [parse_qs(one.query) for one in links]
    assert [one["name"] for one in asked] == [["persona_1"], ["persona_1_rule"], ["persona_2"], ["persona_2_rule"]]
    for one in asked:
        assert found_two.preview(parse_rule(one["rule"][0], language)).size == 30


def test_how_the_number_of_clusters_was_chosen(open_studio: Studio) -> None:
    data = open_studio.get("/discover/curves.json").json()
    assert [one["k"] for one in data["candidates"]] == [2, 3, 4]
    page = open_studio.get("/discover/curves", "fr", **{HEADER: "1"}).text
    assert page.count("<svg") == 4
    assert "nombre de groupes" in page
    assert "<html" not in page
    assert "2 choisi" in plain(page)
    assert [one["k"] for one in rows(open_studio, "/discover/curves.csv")] == ["2", "3", "4"]


def test_gaps_are_said_as_shares_of_what_is_left(open_studio: Studio) -> None:
    chosen = open_studio.get("/discover/curves.json").json()["candidates"][0]
    assert chosen["tighter_than_ellipse"] == pytest.approx(1 - math.exp(-chosen["ellipse_gap"]))
    assert chosen["ellipse_gap"] > 1, "as a percentage, a difference of logarithms would be more than all"
    written = f"{100 * chosen['tighter_than_ellipse']:.1f}".removesuffix(".0") + "%"
    assert written in plain(open_studio.get("/discover/curves").text)


def test_the_map_shows_people_without_any_id(open_studio: Studio) -> None:
    data = open_studio.get("/discover/map.json").json()
    assert len(data["points"]) == 60
    assert set(data["points"][0]) == {"x", "y", "cluster"}
    page = open_studio.get("/discover/map", "fr").text
    assert page.count("<h1") == 1
    assert FR in page
    assert "panier moyen" in page
    assert len(rows(open_studio, "/discover/map.csv")) == 60


def test_the_grid_counts_everybody_once(open_studio: Studio, found_two: Project) -> None:
    data = open_studio.get("/discover/rfm.json").json()
    assert sum(map(sum, data["people"])) == sum(one["size"] for one in data["cells"]) == 60
    for one in data["cells"]:
        assert found_two.preview(one["rule"]).size == one["size"]
    text = plain(open_studio.get("/discover/rfm", "fr", **{HEADER: "1"}).text)
    assert "À ne pas perdre" in text
    assert "La récence est notée de 1 à 5, la fréquence de 1 à 5" in text


def test_viewers_see_no_example(found_two: Project) -> None:
    with studio(found_two, "segments:read") as found:
        assert [one["example"] for one in found.get("/discover.json").json()["personas"]] == [None, None]
        assert "/people/" not in found.get("/discover").text
    with studio(found_two, "segments:read", "people:read") as found:
        assert found.get("/discover").text.count('href="/people/') >= 2
    with studio(found_two, "people:read") as found:
        assert found.get("/discover").status_code == 403


def test_a_score_that_nobody_declared_is_refused(open_studio: Studio) -> None:
    assert open_studio.get("/discover.json?score=%3Cb%3E").status_code == 422
    page = open_studio.get("/discover?score=%3Cb%3E")
    assert (page.status_code, "<b>" in page.text) == (422, False)


def test_without_structure_the_reason_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    project = one_cloud(tmp_path_factory.mktemp("cloud"))
    assert project.discover().k is None
    with studio(project) as found:
        english, french = (plain(found.get("/discover", one).text) for one in ("en", "fr"))
        assert "No stable groups, as of 1 March 2026, 00:00." in english
        assert "invented groups would mislead" in english
        assert "Aucun groupe stable" in french
        assert found.get("/discover.json").json()["personas"] == []
        assert found.get("/discover/map.json").status_code == 404
        assert found.get("/discover/curves").status_code == 200, "what was tried"


def test_before_the_first_search_the_page_teaches(shop: Project) -> None:
    with studio(shop) as found:
        text = plain(found.get("/discover").text)
        assert "Say in a file of the folder scores/" in text
        assert "kind: clusters" in text
        assert "no scores of recency and frequency yet" in plain(found.get("/discover/rfm").text)
        (shop.folder.path / "scores" / "clusters.yaml").write_text(
            "scores: [{kind: clusters, name: persona, features: [orders]}]"
        )
        text = plain(found.get("/discover", "fr").text)
        assert "Ce projet déclare dans scores/ ce qu’il faut regarder." in text
        assert "kohort discover" in text
        assert found.get("/discover.json").json()["at"] is None
        assert found.get("/discover/curves.json").status_code == 404
