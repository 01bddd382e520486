"""Methods compared, their trees, the preparation and the other map: on the page, as data, in both languages."""

import csv
from collections.abc import Iterator

import pytest
from api_desk import answering
from studio_desk import Studio, plain, studio

from cluster_shop import two_groups
from kohort.client import Client
from kohort.governance.keys import SCOPES
from kohort.project import Project
from kohort.reports.data import DiscoveryReport
from kohort.web.studio.fragments import HEADER

MORE = "    methods: [ward, hdbscan, dbscan]\n    maps: [tsne]\n    scaling: {recency_days: standard}\n"


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = two_groups(tmp_path_factory.mktemp("methods"), MORE)
    assert project.discover().k == 2
    return project


@pytest.fixture(scope="module")
def report(searched: Project) -> DiscoveryReport:
    found = searched.discovery()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def open_studio(searched: Project) -> Iterator[Studio]:
    with studio(searched) as found:
        yield found


def test_each_method_is_told_with_its_figures_and_why_it_was_taken_or_not(
    open_studio: Studio, report: DiscoveryReport
) -> None:
    english, french = (plain(open_studio.get("/discover/methods", one).text) for one in ("en", "fr"))
    assert "k-means chosen 2" in english
    assert "k-moyennes choisi 2" in french
    for one in report.methods:
        assert one.name.en in english
        assert one.words.en in english
        assert one.words.fr in french
    data = open_studio.get("/discover/methods.json").json()
    assert [(one["method"], one["k"], one["weakest"]) for one in data["methods"]] == [
        (one.method, one.k, min(one.stability, default=None)) for one in report.methods
    ]
    table = list(csv.DictReader(open_studio.get("/discover/methods.csv").text.splitlines()))
    assert [one["method"] for one in table] == ["k_means", "ward", "hdbscan", "dbscan"]
    assert [one["taken"] for one in table] == ["True", "False", "False", "False"]


def test_the_tree_is_drawn_with_its_cut_and_read_as_a_table(open_studio: Studio, report: DiscoveryReport) -> None:
    [tree] = report.dendrograms
    page = open_studio.get("/discover/methods", "fr", **{HEADER: "1"}).text
    assert page.count("<svg") == 2, "the tree, and the curve of DBSCAN"
    assert "coupe en 2" in page
    assert "<html" not in page
    english = plain(open_studio.get("/discover/methods").text)
    assert f"Cophenetic correlation: {tree.cophenetic:.2f}" in english
    assert f"2 the cut {tree.merges[-1].height:.2f} 30 + 30" in english


def test_the_radius_of_dbscan_is_told(open_studio: Studio, report: DiscoveryReport) -> None:
    assert report.distances is not None
    data = open_studio.get("/discover/methods.json").json()["distances"]
    assert (data["eps"], data["distances"]) == (report.distances.eps, list(report.distances.distances))
    assert f"Radius: {report.distances.eps:.2f}" in plain(open_studio.get("/discover/methods").text)


def test_how_each_trait_was_scaled_is_told_with_the_reason(open_studio: Studio) -> None:
    english, french = (plain(open_studio.get("/discover/preparation", one).text) for one in ("en", "fr"))
    assert "days since the last order standardised the score asks for it" in english
    assert "le score le demande" in french
    assert "No trait was left out." in english
    rows = list(csv.DictReader(open_studio.get("/discover/preparation.csv").text.splitlines()))
    assert [one["feature"] for one in rows] == ["orders", "basket value", "days since the last order"]
    assert {one["missing"] for one in rows} == {"0.0"}


def test_the_other_map_shows_the_same_people_and_warns_of_its_distances(open_studio: Studio) -> None:
    first, other = (open_studio.get(f"/discover/map.json?map={one}").json() for one in ("pca", "tsne"))
    assert first["maps"] == other["maps"] == ["pca", "tsne"]
    assert [one["cluster"] for one in first["points"]] == [one["cluster"] for one in other["points"]]
    assert (other["map"], other["explained"], other["loadings"]) == ("tsne", None, [])
    english, french = (plain(open_studio.get("/discover/map?map=tsne", one).text) for one in ("en", "fr"))
    assert "do not read how far apart groups lie" in english
    assert "ne lisez ni l’éloignement des groupes" in french
    assert open_studio.get("/discover/map?map=umap").status_code == 404
    assert open_studio.get("/discover/map").text.count('href="/discover/map?score=persona&amp;map=') == 2


def test_the_page_names_its_parts_and_they_are_reached_without_a_script(open_studio: Studio) -> None:
    page = open_studio.get("/discover").text
    for part in ("methods", "preparation", "map", "curves"):
        assert f'<a href="/discover/{part}?score=persona">' in page
        assert open_studio.get(f"/discover/{part}?score=persona").text.count("<h1") == 1


def test_programs_are_told_the_same(searched: Project, report: DiscoveryReport) -> None:
    with answering(searched, *SCOPES) as counter, Client(counter.url, counter.key) as client:
        found = client.get_clusters()
    assert (found.method, [one.method for one in found.methods]) == (
        "k_means",
        ["k_means", "ward", "hdbscan", "dbscan"],
    )
    assert found.methods[1].same["k_means"] == dict(report.methods[1].same)["k_means"]
    assert [one.people for one in found.dendrograms[0].merges][-1] == 60
    assert found.distances is not None
    assert report.distances is not None
    assert found.distances.eps == report.distances.eps
    assert found.preparation is not None
    assert found.preparation.features[2].why is not None
    assert found.preparation.features[2].why.fr == "le score le demande"
    assert [(one.method, len(one.points)) for one in found.pictures] == [("tsne", 60)]
    assert found.candidates[0].tighter_than_chance == report.candidates[0].tighter_than_chance


def test_where_k_means_alone_was_tried_the_page_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    project = two_groups(tmp_path_factory.mktemp("alone"), "    methods: [k_means]\n")
    project.discover()
    with studio(project) as found:
        assert "k-means alone was tried" in plain(found.get("/discover/methods").text)
        assert "kohort discover --map tsne" in plain(found.get("/discover/map").text)
        assert found.get("/discover/methods.json").json()["methods"] == []


def test_before_the_first_search_there_is_nothing_to_compare(tmp_path_factory: pytest.TempPathFactory) -> None:
    with studio(two_groups(tmp_path_factory.mktemp("before"))) as found:
        assert found.get("/discover/methods.json").status_code == 404
        assert found.get("/discover/preparation.json").status_code == 404
