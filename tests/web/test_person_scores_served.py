"""A person's scores by REST: the same that the project tells, disclosed as all that is known of people."""

import re
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from api_desk import Counter, answering, problem
from studio_desk import Studio, studio

from kohort.client import Client
from kohort.clock import DAY
from kohort.definitions.privacy import PrivacyDefinition
from kohort.pipeline.learning.explained.found import Driver, Drivers, Method, PersonScore
from kohort.project import Project
from kohort.web.disclosure import MASKED, Disclosure, Masking
from prediction_shop import CAUSES, segmented_shop
from small_shop import NOW

P1 = "/api/v1/people/p1/scores"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return segmented_shop(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def counter(shop: Project) -> Iterator[Counter]:
    with answering(shop, "people:read") as found:
        yield found


def test_what_is_served_is_what_the_project_tells(counter: Counter, shop: Project) -> None:
    [told] = counter.get(P1).json()["scores"]
    [score] = shop.person_scores("p1")
    assert (told["score"], told["chance"], told["band"]) == ("lapse", score.chance, score.band)
    assert (told["at"], told["model"], told["version"]) == ("2026-03-01T00:00:00.000000+00:00", 1, score.version)
    assert (told["recorded"], told["untold"]) == (True, None)
    assert score.drivers is not None
    assert [(one["features"], one["values"], one["points"], one["margin"]) for one in told["drivers"]["found"]] == [
        (list(one.features), list(one.values), one.points, one.margin) for one in score.drivers.found
    ]
    assert told["drivers"]["method"] == "exact"


def test_the_client_reads_it(counter: Counter) -> None:
    with Client(counter.url, counter.key) as client:
        [score] = client.person_scores("p1").scores
        assert client.person_scores("p1", "2025-01-01").scores == ()
    assert score.drivers is not None
    parts = sum(one.points for one in score.drivers.found)
    assert score.drivers.base + parts == pytest.approx(score.chance, abs=1e-6)


def test_now_is_computed_anew(counter: Counter, shop: Project) -> None:
    [told] = counter.get(f"{P1}?at=now").json()["scores"]
    assert (told["recorded"], told["at"]) == (False, "2026-03-01T00:00:00.000000+00:00")
    assert told["chance"] == pytest.approx(shop.person_scores("p1")[0].chance, abs=1e-6)


def test_an_answer_that_is_held_is_not_sent_again(counter: Counter) -> None:
    tag = counter.get(P1).headers["etag"]
    assert counter.get(P1, **{"if-none-match": tag}).status_code == 304


def test_who_asks_for_nobody_or_may_not_ask_is_refused(counter: Counter, shop: Project) -> None:
    assert problem(counter.get("/api/v1/people/eve/scores")) == (404, "unknown_person", "path.person")
    assert problem(counter.get(f"{P1}?at=yesterday"))[1] == "invalid_moment"
    other, _ = shop.keys.create_secret("crm", ["memberships:read"], shop.clock.now() + DAY)
    assert problem(counter.get(P1, key=other))[:2] == (403, "scope_missing")
    assert httpx.get(counter.url + P1).status_code == 401


SCORE = PersonScore(
    "churn", 0.7, "medium", NOW, 1, "0" * 64, True,
    Drivers(Method.EXACT, 0.2, None, "log-odds", (
        Driver(("orders", "nickname"), (3.0, "ada@example.org"), 0.4, None),
        Driver(("loyalty_card", "birthday: days", "loyalty_card: gold"), ("C-1", 9.0, 1.0), 0.2, None),
        Driver(("city", "note"), ("Lyon", None), -0.1, None),
    )),
)  # fmt: skip


def test_who_may_not_know_who_people_are_is_told_no_personal_value(shop: Project) -> None:
    privacy = PrivacyDefinition(personal=("loyalty_card", "birthday"))
    [told] = Masking(shop.pseudonyms, privacy).scores([SCORE, replace(SCORE, drivers=None)][:1], ["ada@example.org"])
    assert told.drivers is not None
    assert [one.values for one in told.drivers.found] == [
        (3.0, MASKED),
        (MASKED, MASKED, MASKED),
        ("Lyon", None),
    ]
    assert [one.points for one in told.drivers.found] == [0.4, 0.2, -0.1]
    assert Masking(shop.pseudonyms, privacy).scores([replace(SCORE, drivers=None)], [])[0].drivers is None
    assert Disclosure().scores([SCORE], []) == [SCORE]


@pytest.fixture(scope="module")
def pages(shop: Project) -> Iterator[Studio]:
    with studio(shop) as found:
        yield found


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            ["Chances, and what goes with them", "Chance to stop", "The model begins at", "days since the last order"],
        ),
        (
            "fr",
            ["Probabilités, et ce qui va de pair avec elles", "Risque de ne plus revenir", "Le modèle part de",
             "jours depuis la dernière commande"],
        ),
    ],
)  # fmt: skip
def test_the_page_of_a_person_shows_their_chances(
    pages: Studio, shop: Project, language: str, expected: list[str]
) -> None:
    page = pages.get("/people/p1", language).text
    part = page[page.index('id="chances"') : page.index('id="identifiers"')]
    for words in expected:
        assert words in part
    assert part.count("<svg") == 1
    [score] = shop.person_scores("p1")
    assert score.drivers is not None
    assert part.count('<th scope="row"') == len([one for one in score.drivers.found if abs(one.points) >= 0.0005])
    text = re.sub(r"<svg.*?</svg>", "", part, flags=re.DOTALL).replace("no causes", "").replace("pas des causes", "")
    assert not CAUSES.search(re.sub(r"<[^>]*>", " ", text))


def test_the_page_is_data_too(pages: Studio, shop: Project) -> None:
    told = pages.get("/people/p1.json").json()["predictions"]
    [score] = shop.person_scores("p1")
    assert [(one["score"], one["chance"], one["band"]) for one in told] == [("lapse", score.chance, score.band)]


def test_a_page_says_why_nothing_goes_with_a_chance(
    pages: Studio, shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kohort.pipeline.learning.explained.people.is_explained", lambda _: False)
    assert "entraînez-le à nouveau" in pages.get("/people/p1", "fr").text


@pytest.mark.parametrize(("language", "expected"), [("en", "have a mean chance of"), ("fr", "probabilité moyenne de")])
def test_the_page_of_a_segment_shows_what_goes_with_their_chances(
    pages: Studio, shop: Project, language: str, expected: str
) -> None:
    part = pages.get("/segments/silent/drivers", language).text
    assert expected in part
    assert part.count("<svg") == 1
    text = re.sub(r"<svg.*?</svg>", "", part, flags=re.DOTALL)
    assert not CAUSES.search(re.sub(r"<[^>]*>", " ", text))
    [found] = shop.segment_drivers("silent")
    assert text.count('<th scope="row"') == len(found.found)
    assert pages.get("/segments/one/drivers", language).text.count("<svg") == 0


def test_a_part_of_a_segment_s_page_is_data_and_a_table_too(pages: Studio, shop: Project) -> None:
    [found] = shop.segment_drivers("silent")
    [told] = pages.get("/segments/silent/drivers.json").json()["scores"]
    assert told["mean"]["estimate"] == found.mean.estimate if found.mean else None
    assert [one["members"]["estimate"] for one in told["found"]] == [one.members.estimate for one in found.found]
    assert len(pages.get("/segments/silent/drivers.csv").text.splitlines()) == 1 + len(found.found)
    assert "drivers" in pages.get("/segments/silent.json").json()["parts"]
