"""What becomes of groups month by month, and what they foretell: in pages, in data, in the validation, by the API."""

import csv
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_desk import answering
from studio_desk import Studio, plain, studio

from cluster_shop import shop_of
from kohort.client import Client, ConflictError
from kohort.project import Project
from kohort.web.studio.fragments import HEADER
from small_shop import order

SCORE = """scores:
  - kind: clusters
    name: persona
    features: [basket_value, recency_days]
    smallest: 2
    largest: 3
    bootstraps: 5
    methods: [k_means, ward]
    seed: 1
    follow_months: 3
"""
OUTCOME = """
outcome:
  horizon: 28 days
  events:
    order_completed: {en: ordered again, fr: ont commandé à nouveau}
"""


def followed_shop(folder: Path, *, dearer_after: float, follow: bool = True) -> Project:
    """Sixty who come each fortnight, sixty who come seldom; who come often pay more in the last so many days."""
    chance = random.Random(3)  # noqa: S311 - no secret
    lines: list[object] = []
    for who in range(120):
        often = who < 60
        days, total = (chance.uniform(200, 210), (80, 120)) if often else (chance.uniform(200, 275), (5, 15))
        while days > 0:
            times = 3 if often and days < dearer_after else 1
            lines.append(order(f"p{who}", len(lines), days_ago=days, total=times * chance.uniform(*total)))
            days -= chance.uniform(10, 16) if often else chance.uniform(60, 90)
    project = shop_of(folder, lines)
    (project.folder.path / "scores" / "clusters.yaml").write_text(
        SCORE if follow else SCORE.replace("follow_months: 3", "")
    )
    settings = project.folder.settings.read_text()
    project.folder.settings.write_text(settings.replace("outcome:", "former_outcome:") + OUTCOME)
    project.discover()
    return project


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return followed_shop(tmp_path_factory.mktemp("steady"), dearer_after=0)


@pytest.fixture(scope="module")
def open_studio(steady: Project) -> Iterator[Studio]:
    with studio(steady) as found:
        yield found


def checks_of(found: Studio) -> dict[str, dict[str, object]]:
    return {one["key"]: one for one in found.get("/validation.json").json()["checks"]}


@pytest.mark.slow
def test_where_nothing_changes_the_page_says_that_the_groups_hold(open_studio: Studio) -> None:
    checks = checks_of(open_studio)
    assert [checks[one]["held"] for one in ("periods", "conversion-1", "methods", "steadiest")] == [
        "yes", "yes", "guide", "guide",
    ]  # fmt: skip
    english, french = (plain(open_studio.get("/validation", one).text) for one in ("en", "fr"))
    assert "Every one is found again, and nothing of it has moved beyond chance." in english
    assert "Chacun se retrouve, et rien n’a bougé au-delà du hasard." in french
    assert "Do the groups foretell who ordered again?" in english
    assert "Les groupes annoncent-ils ceux qui ont commandé à nouveau" in french
    assert "What was not checked" not in english


def test_drift_that_was_planted_is_named_with_its_size(tmp_path_factory: pytest.TempPathFactory) -> None:
    project = followed_shop(tmp_path_factory.mktemp("drifting"), dearer_after=59)
    with studio(project) as found:
        check = checks_of(found)["periods"]
        assert check["held"] == "no"
        text = plain(found.get("/validation", "en").text)
        assert "has moved most in basket value by +" in text
        assert "panier moyen de +" in plain(found.get("/validation", "fr").text)
        assert "basket value by +" in plain(found.get("/discover/periods", "en", **{HEADER: "1"}).text)


def test_each_check_leads_to_where_its_details_are(open_studio: Studio) -> None:
    page = open_studio.get("/validation").text
    assert 'href="/discover?score=persona#periods-heading"' in page
    discover = open_studio.get("/discover").text
    links = set(re.findall(r'href="/discover[?]score=persona#([a-z]+)-heading"', page))
    assert links == {"personas", "curves", "methods", "preparation", "periods", "conversion"}
    for part in links:
        assert f'id="{part}-heading"' in discover


def test_months_are_a_heat_map_a_chart_and_their_numbers(open_studio: Studio, steady: Project) -> None:
    document = steady.cluster_studies().periods
    assert document is not None
    report = document.report
    assert report is not None
    page = open_studio.get("/discover/periods", "fr", **{HEADER: "1"}).text
    assert page.count("<svg") == 2
    assert "se retrouve" in plain(page)
    data = open_studio.get("/discover/periods.json").json()["found"]
    assert data["is_silent"]
    assert [one["active"]["estimate"] for one in data["cohorts"]] == [one.active.estimate for one in report.cohorts]
    rows = list(csv.DictReader(open_studio.get("/discover/periods.csv").text.splitlines()))
    assert {one["fate"] for one in rows} == {"persists"}
    assert len(rows) == 2 * len(report.names)


def test_conversion_is_told_by_group_and_by_lift(open_studio: Studio, steady: Project) -> None:
    document = steady.cluster_studies().conversion
    assert document is not None
    [found] = document.conversions
    assert found.power is not None
    page = open_studio.get("/discover/conversion", "fr", **{HEADER: "1"}).text
    assert page.count("<svg") == 2
    [told] = open_studio.get("/discover/conversion.json").json()["found"]["outcomes"]
    assert [one["captured"]["estimate"] for one in told["groups"]["lift"]] == [
        one.captured.estimate for one in found.power.groups.lift
    ]
    assert told["groups"]["lift"][4]["lift"]["low"] > 1.2, "half of the people are the group that comes back"
    rows = list(csv.DictReader(open_studio.get("/discover/conversion.csv").text.splitlines()))
    report = steady.discovery()
    assert report is not None
    assert [one["cluster"] for one in rows] == [one.en for one in found.names]
    assert {one.en for one in found.names} == {card.name.en for card in report.personas}


def test_the_api_and_its_client_tell_the_same(steady: Project) -> None:
    studies = steady.cluster_studies()
    assert studies.periods is not None
    assert studies.periods.report is not None
    with answering(steady, "segments:read") as counter, Client(counter.url, counter.key) as client:
        found, foretold = client.get_cluster_periods(), client.get_cluster_foretelling("persona")
        assert found.is_silent
        assert [one.name for one in found.periods] == list(found.months[1:])
        assert [one.jaccard.estimate for one in found.periods[0].fates] == [
            one.jaccard.estimate for one in studies.periods.report.periods[0].fates
        ]
        [outcome] = foretold.outcomes
        assert outcome.groups is not None
        assert outcome.groups.area.low is not None
        assert outcome.groups.area.low > 0.7
        assert len(outcome.groups.lift) == 10


def test_what_nobody_asked_and_what_cannot_be_said_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    project = followed_shop(tmp_path_factory.mktemp("young"), dearer_after=0, follow=False)
    scores = project.folder.path / "scores" / "clusters.yaml"
    project.discover()
    with answering(project, "segments:read") as counter, Client(counter.url, counter.key) as client:
        with pytest.raises(ConflictError, match="kohort clusters periods"):
            client.get_cluster_periods()
        with pytest.raises(ConflictError, match="kohort clusters conversion"):
            client.get_cluster_foretelling()
    with studio(project) as found:
        assert found.get("/validation.json").json()["unasked"] == [
            "kohort clusters periods", "kohort clusters conversion",
        ]  # fmt: skip
        assert "kohort clusters periods" in plain(found.get("/discover/periods").text)
        scores.write_text(SCORE.replace("bootstraps: 5", "bootstraps: 6"))
        settings = project.folder.settings.read_text()
        project.folder.settings.write_text(settings.replace("horizon: 28 days", "horizon: 900 days"))
        project.discover()
        told = found.get("/validation.json").json()
        assert told["unasked"] == []
        assert any("nobody had its features before the split" in one for one in told["lacks"])
        french = plain(found.get("/validation", "fr").text)
        assert "personne n’avait ses caractéristiques avant la coupure" in french
