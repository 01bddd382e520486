"""People who may be one, in the studio and by the API: side by side, merged, kept apart, taken back."""

import csv
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from api_desk import answering, problem
from studio_desk import Studio, plain, studio

from kohort.clock import DAY
from kohort.definitions.identity import USER
from kohort.profiles.identity import actor_id_of
from kohort.project import Project
from kohort.testing.clock import SettableClock
from segment_shop import written
from small_shop import NOW, iso

SETTINGS = """\
name: shop
time_zone: UTC
duplicates:
  traits: {given: first_name, surname: last_name, birth: born, postcode: postal_code}
"""
NAMES = ("first_name", "last_name", "born", "postal_code")
PEOPLE = {
    "ada": ("Thibault", "Lefèvre", "1980-05-14", "69003"),
    "bob": ("Thibaud", "LEFEBVRE", "1980-05-14", "69003"),
    "cid": ("Léonie", "Hautecloque", "2001-02-03", "75007"),
    "dan": ("Barnabé", "Hautecloque", "2001-02-03", "75007"),
    "eve": ("Maud", "<b>Kermarec</b>", "1963-07-30", "29200"),
}
ADA, BOB, CID, DAN = (actor_id_of(USER, user) for user in ("ada", "bob", "cid", "dan"))


@pytest.fixture(scope="module")
def trading(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("duplicates")
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    project.folder.settings.write_text(SETTINGS)
    lines = [
        {
            "type": "identify",
            "messageId": f"i-{user}",
            "userId": user,
            "timestamp": iso(NOW - DAY),
            "traits": dict(zip(NAMES, told, strict=True)),
        }
        for user, told in PEOPLE.items()
    ]
    project.ingest(written(folder, "people.jsonl", lines))
    return project


@pytest.fixture(scope="module")
def open_studio(trading: Project) -> Iterator[Studio]:
    with studio(trading) as found:
        assert "Nobody has looked yet" in plain(found.get("/duplicates").text)
        assert found.get("/duplicates.json").json() == {"found": None}
        trading.proposals()
        yield found


def pairs(found: Studio) -> list[set[str]]:
    return [{one["left"], one["right"]} for one in found.get("/duplicates.json").json()["found"]["proposals"]]


def send(found: Studio, left: str, right: str, decision: str) -> httpx.Response:
    return found.send("/duplicates", {"csrf": "csrf", "left": left, "right": right, "decision": decision})


def test_people_are_compared_side_by_side_in_both_languages(open_studio: Studio) -> None:
    english, french = (open_studio.get("/duplicates", one).text for one in ("en", "fr"))
    assert '<mark dir="auto">Lefèvre</mark>' in english
    assert "<mark" not in english.split("1980-05-14")[0][-20:]
    assert "2 pairs to decide." in plain(english)
    assert "2 paires à décider." in plain(french)
    assert "famille" in plain(french)
    rows = list(csv.DictReader(open_studio.get("/duplicates.csv").text.splitlines()))
    assert [{row["left"], row["right"]} for row in rows] == [{ADA, BOB}, {CID, DAN}]
    assert [(row["sure"], row["family"]) for row in rows] == [("True", "False"), ("False", "True")]


def test_what_is_decided_holds_and_is_taken_back(open_studio: Studio, trading: Project) -> None:
    assert send(open_studio, ADA, BOB, "merge").status_code == 303
    assert trading.person("bob").person_id == trading.person("ada").person_id
    assert pairs(open_studio) == [{CID, DAN}]
    assert send(open_studio, CID, DAN, "apart").status_code == 303
    assert pairs(open_studio) == []
    page = plain(open_studio.get("/duplicates?outcome=kept%20apart").text)
    assert "Nothing is left to decide." in page
    assert "They stay two people" in page
    decided = open_studio.get("/duplicates.json").json()["found"]["decided"]
    assert [(one["change"], {one["left"], one["right"]}) for one in decided] == [
        ("split", {CID, DAN}),
        ("merge", {ADA, BOB}),
    ]
    for one in decided:
        assert send(open_studio, one["left"], one["right"], "undo").status_code == 303
    assert pairs(open_studio) == [{ADA, BOB}, {CID, DAN}]
    assert trading.person("bob").person_id != trading.person("ada").person_id
    assert send(open_studio, "nobody", BOB, "merge").status_code == 422
    assert send(open_studio, ADA, BOB, "marry").status_code == 422


def test_who_may_look_may_not_decide(trading: Project) -> None:
    with studio(trading, "people:read") as found:
        assert "They are one" not in found.get("/duplicates").text
        assert send(found, ADA, BOB, "merge").status_code == 403
    with studio(trading, "people:pseudonymised") as found:
        assert found.get("/duplicates").status_code == 403


def test_the_api_pages_and_decides_once(trading: Project, open_studio: Studio) -> None:
    with answering(trading, "people:read", "people:write") as counter:
        first = counter.get("/api/v1/duplicates?limit=1").json()
        assert (first["total"], {first["proposals"][0]["left"], first["proposals"][0]["right"]}) == (2, {ADA, BOB})
        told = {one["trait"]: (one["left"], one["right"]) for one in first["proposals"][0]["traits"]}
        assert set(told["last_name"]) == {"Lefèvre", "LEFEBVRE"}
        second = counter.get(f"/api/v1/duplicates?limit=1&cursor={first['next_cursor']}").json()
        assert (second["proposals"][0]["family"], second["next_cursor"], second["decided"]) == (True, None, [])
        asked = {"left": "ada", "right": "bob", "decision": "merge", "reason": "same street"}
        answers = [counter.post("/api/v1/duplicates", asked, **{"idempotency-key": "once"}).json() for _ in range(2)]
        assert answers == [{"outcome": "merged"}] * 2
        assert counter.post("/api/v1/duplicates", asked).json() == {"outcome": "as they were"}
        assert counter.get("/api/v1/duplicates").json()["decided"][0]["reason"] == "same street"
        assert counter.post("/api/v1/duplicates", asked | {"decision": "undo"}).json() == {"outcome": "taken back"}
        wrong = counter.post("/api/v1/duplicates", asked | {"left": "nobody"})
        assert problem(wrong) == (422, "unknown_person", "body.left")


def test_before_anybody_has_looked_the_api_says_how(tmp_path: Path) -> None:
    with answering(Project.create(tmp_path / "shop"), "people:read") as counter:
        assert problem(counter.get("/api/v1/duplicates")) == (409, "not_searched", None)
