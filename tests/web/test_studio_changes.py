"""Changes in the studio: looked at first, then put in force exactly so, or refused."""

import re
from collections.abc import Iterator

import httpx
import pytest
from studio_desk import EVERY_RIGHT, Studio, studio

from kohort.project import Project
from small_shop import WriteLines, made_once, order

BEFORE = (
    "segments:\n  - {name: buyers, label: {en: Buyers, fr: Acheteurs}, where: did order_completed in last 5 days}\n"
)
AFTER = "segments:\n  - {name: buyers, label: {en: Buyers, fr: Acheteurs}, where: did order_completed}\n"


@made_once
def trading(shop: Project, write_lines: WriteLines) -> Project:
    """A shop whose file says another rule than the one that is in force."""
    for file in (shop.folder.path / "segments").iterdir():
        file.unlink()
    ours = shop.folder.path / "segments" / "ours.yaml"
    ours.write_text(BEFORE)
    shop.ingest(write_lines("o.jsonl", [order("ada", 1, days_ago=2), order("ben", 2, days_ago=9)]))
    list(shop.run())
    ours.write_text(AFTER)
    return shop


@pytest.fixture
def open_studio(trading: Project) -> Iterator[Studio]:
    with studio(trading) as found:
        yield found


def apply(found: Studio, page: str, **fields: str) -> httpx.Response:
    (token,) = re.findall(r'name="token" value="([^"]+)"', page)
    return httpx.post(
        f"{found.url}/changes",
        data={"csrf": EVERY_RIGHT.csrf, "token": token, **fields},
        headers={"accept": "text/html", "sec-fetch-site": "same-origin"},
        timeout=60,
    )


def sizes(project: Project) -> dict[str, int | None]:
    return {one.name: one.size for one in project.segments()}


def test_a_plan_says_what_would_change_in_the_language_of_the_page(open_studio: Studio, trading: Project) -> None:
    page = open_studio.get("/changes", "fr").text
    assert "Acheteurs" in page
    assert '<del class="rule" dir="auto">a fait order_completed dans les 5 derniers jours</del>' in page
    assert '<ins class="rule" dir="auto">a fait order_completed</ins>' in page
    data = open_studio.get("/changes.json").json()["changes"]
    assert [(one["segment"], one["size_before"], one["size_after"], one["entering"]) for one in data] == [
        ("buyers", 1, 2, 1)
    ]
    assert sizes(trading) == {"buyers": 1}, "looking changes nothing"


def test_exactly_what_was_looked_at_comes_into_force(open_studio: Studio, trading: Project) -> None:
    answer = apply(open_studio, open_studio.get("/changes").text)
    assert (answer.status_code, answer.headers["location"]) == (303, "/changes?applied=true")
    assert sizes(trading) == {"buyers": 2}
    assert "Nothing: what is in force is what the files say." in open_studio.get("/changes?applied=true").text


def test_what_has_changed_since_is_not_applied(open_studio: Studio, trading: Project) -> None:
    page = open_studio.get("/changes").text
    (trading.folder.path / "segments" / "ours.yaml").write_text(AFTER.replace("did order", "not did order"))
    answer = apply(open_studio, page)
    assert answer.status_code == 409
    assert "look at a new one" in answer.text
    assert sizes(trading) == {"buyers": 1}


def test_a_guard_rail_stops_what_is_not_made_despite_it(trading: Project) -> None:
    file = trading.folder.path / "segments" / "ours.yaml"
    file.write_text(AFTER.replace("}\n", ", guards: {broadest: 50 %, stop: [broadest]}}\n"))
    with studio(trading) as found:
        page = found.get("/changes").text
        assert "A larger share of the population than its guard rail allows." in page
        assert apply(found, page).status_code == 409
        assert apply(found, page, despite="broadest", reason="all shall have it").status_code == 303
    assert sizes(trading) == {"buyers": 2}


def test_going_back_is_a_plan_too(open_studio: Studio, trading: Project) -> None:
    apply(open_studio, open_studio.get("/changes").text)
    page = open_studio.get("/changes?segment=buyers").text
    assert "Going back to what was in force before." in page
    assert apply(open_studio, page).status_code == 303
    assert sizes(trading) == {"buyers": 1}


def test_who_may_not_see_people_sees_numbers_only(trading: Project) -> None:
    with studio(trading, "segments:read") as found:
        page = found.get("/changes").text
        assert "ben" not in page
        assert "Apply exactly this" not in page
        assert found.get("/changes.json").json()["changes"][0]["entering_sample"] == []


def test_a_token_that_we_did_not_give_is_refused(open_studio: Studio) -> None:
    data = {"csrf": EVERY_RIGHT.csrf, "token": "eJw="}
    answer = httpx.post(f"{open_studio.url}/changes", data=data, headers={"sec-fetch-site": "same-origin"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_token")
