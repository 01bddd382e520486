"""The studio on people: somebody found by an identifier, a page of what is known of them, and why they are where."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from studio_desk import Studio, studio

from kohort.clock import DAY
from kohort.definitions.families import Family
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, iso, order

SEGMENTS = """segments:
  - {name: busy, label: {en: Busy, fr: Actifs}, where: count of order_completed in last 7 days >= 2}
  - {name: rich, label: {en: Rich, fr: Aisés}, where: sum of order_completed.total > 100}
  - {name: waiting, where: did parcel_sent, needs: [parcel_sent]}
"""
SETTINGS = """
identity:
  unique:
    email: {trait: email, form: email}
consent:
  purposes:
    ads: {label: {en: Advertising, fr: Publicité}}
"""
HOSTILE = "\"><img src=x onerror=alert(1)>{{7*7}}'; DROP TABLE events;--"
EVIL = "=cmd|' /C calc'!A0"


def said(person: str, number: int, traits: dict[str, Any], **more: object) -> dict[str, Any]:
    moment = iso(NOW - (9 - number) * DAY)
    return {
        "type": "identify",
        "userId": person,
        "messageId": f"i{number}",
        "timestamp": moment,
        "traits": traits,
    } | more


@pytest.fixture(scope="module")
def trading(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A shop of ada, known by a device and an address, who ordered 25 times; ben; and somebody hostile."""
    folder = tmp_path_factory.mktemp("people") / "shop"
    shop = Project.create(folder, time_zone="Europe/Paris", clock=SettableClock(NOW))
    for file in (folder / "segments").iterdir():
        file.unlink()
    (folder / "segments" / "ours.yaml").write_text(SEGMENTS)
    settings = folder / "kohort.yaml"
    settings.write_text(settings.read_text() + SETTINGS)
    lines: list[dict[str, Any]] = [
        order("ada", number, days_ago=25 - number, total=number + 0.5) for number in range(25)
    ]
    lines += [order("ben", 99, days_ago=1, total=7)]
    lines += [
        said("ada", 1, {"city": "Lyon", "email": "Ada@Example.org"}, anonymousId="device 1"),
        said("ada", 2, {"city": "Paris", "visits": 1234.5, "vip": True}),
        *(said(f"desk {one}", 3, {"email": "office@example.org"}, messageId=f"d{one}") for one in range(6)),
        said(HOSTILE, 4, {HOSTILE: HOSTILE, "city": EVIL}),
        {"type": "track", "event": "Seen", "userId": HOSTILE, "messageId": "h1", "timestamp": iso(NOW - DAY)}
        | {"properties": {HOSTILE: HOSTILE, "plain": EVIL}},
        {"type": "consent", "userId": "ada", "messageId": "c1", "timestamp": iso(NOW - 5 * DAY)}
        | {"purposes": {"ads": "granted"}, "proof": "form 3 of 2026"},
        {"type": "consent", "userId": "ada", "messageId": "c2", "timestamp": iso(NOW - 4 * DAY)}
        | {"purposes": {"ads": "withdrawn"}, "proof": HOSTILE},
    ]
    path: Path = folder.parent / "lines.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    shop.ingest(path)
    list(shop.run())
    return shop


@pytest.fixture(scope="module")
def desk(trading: Project) -> Iterator[Studio]:
    with studio(trading) as found:
        yield found


@pytest.fixture(scope="module")
def ada(trading: Project) -> str:
    return f"/people/{trading.person('ada').person_id}"


@pytest.mark.parametrize("identifier", ["ada", "device 1", "Ada@Example.org", "ada@example.org", " ada "])
def test_somebody_is_found_by_each_of_their_identifiers(desk: Studio, ada: str, identifier: str) -> None:
    answer = desk.get(f"/people?identifier={identifier}")
    assert (answer.status_code, answer.headers["location"]) == (303, ada)


def test_the_own_id_finds_too_and_data_says_by_what(desk: Studio, ada: str) -> None:
    person = ada.rpartition("/")[2]
    assert desk.get(f"/people?identifier={person}").headers["location"] == ada
    found = desk.get("/people.json?identifier=ada@EXAMPLE.org").json()["found"]
    assert found == [{"person_id": person, "kind": "email", "value": "ada@example.org", "refused": ""}]


@pytest.mark.parametrize(("language", "words"), [("en", "Nobody has this identifier"), ("fr", "Personne n’a cet")])
def test_nobody_is_an_answer_and_what_was_asked_is_text(desk: Studio, language: str, words: str) -> None:
    answer = desk.get("/people", language)
    assert "Nobody is listed" in answer.text or "Personne n’est listé" in answer.text
    page = desk.get("/people?identifier=%3Cscript%3Ealert(1)%3C/script%3E", language).text
    assert words in page
    assert "<script>alert" not in page
    assert desk.get("/people.json?identifier=ad").json()["found"] == [], "only exact identifiers find"


def test_an_address_that_too_many_share_finds_them_all_and_says_why(desk: Studio) -> None:
    page = desk.get("/people?identifier=office@example.org")
    assert page.status_code == 200
    assert "Several people have it" in page.text
    found = desk.get("/people.json?identifier=office@example.org").json()["found"]
    assert len(found) == 6
    assert {one["refused"] for one in found} == {"over the limit"}
    person = desk.get(f"/people/{found[0]['person_id']}", "fr").text
    assert "trop de monde le partage" in person
    rows = list(csv.DictReader(desk.get("/people.csv?identifier=office@example.org").text.splitlines()))
    assert [row["person_id"] for row in rows] == [one["person_id"] for one in found]


def test_a_page_holds_what_is_known(desk: Studio, ada: str) -> None:
    page = desk.get(f"{ada}.json").json()
    traits = {one["name"]: one for one in page["traits"]}
    assert {name: one["value"] for name, one in traits.items() if one["source"] == "segment"} == {
        "city": "Paris",
        "email": "Ada@Example.org",
        "visits": "1234.5",
        "vip": "true",
    }
    order_of_families = [str(one) for one in Family]
    families = [one["family"] for one in page["traits"]]
    assert families == sorted(families, key=order_of_families.index)
    assert (traits["orders"]["source"], traits["orders"]["family"]) == ("behaviour", "transactional")
    assert (traits["evening_share"]["family"], traits["city"]["family"]) == ("behavioural", "geographic")
    assert traits["city"]["source"] == "segment"
    assert traits["city"]["set_at"] == iso(NOW - 7 * DAY).replace("+00:00", ".000000+00:00")
    assert {one["name"]: one["kind"] for one in page["scores"]} == {"rfm": "rfm"}
    assert [(one["name"], one["inside"], one["entered_at"]) for one in page["segments"]] == [
        ("busy", True, "2026-02-05T00:00:00.000000+00:00"),
        ("rich", True, "2026-02-18T00:00:00.000000+00:00"),
    ], "what cannot be evaluated yet is not in force"
    assert page["person"]["consents_to"] == {"ads": "withdrawn"}
    assert [one["status"] for one in page["person"]["consents"]] == ["granted", "withdrawn"]


@pytest.mark.parametrize(
    ("language", "headings", "computed"),
    [
        ("en", ["Geographic", "Transactional", "Behavioural", "Other traits"], "Computed by behaviour"),
        ("fr", ["Géographie", "Achats", "Comportement", "Autres traits"], "Calculés par behaviour"),
    ],
)
def test_traits_stand_under_their_families_in_a_fixed_order(
    desk: Studio, ada: str, language: str, headings: list[str], computed: str
) -> None:
    page = desk.get(ada, language).text
    assert re.findall(r'<h3 id="family-\w+">([^<]+)</h3>', page) == headings
    assert page.count(computed) == 2, "what is bought, and when"
    assert ">email<" in page[page.index(headings[-1]) :]


def test_the_timeline_comes_by_page_and_by_event(desk: Studio, ada: str) -> None:
    first = desk.get(f"{ada}.json").json()
    second = desk.get(f"{ada}.json?before={first['next_cursor']}").json()
    totals = [one["properties"]["total"] for one in first["events"] + second["events"]]
    assert totals == [f"{number}.5" for number in reversed(range(25))]
    assert second["next_cursor"] is None
    assert desk.get(f"{ada}.json?event=seen").json()["events"] == []
    assert 'rel="next"' in desk.get(ada).text
    assert "No event of this kind." in desk.get(f"{ada}?event=seen").text
    assert desk.get(f"{ada}?before=nonsense").status_code == 422


def test_why_and_why_not_are_told_as_a_tree(desk: Studio, ada: str, trading: Project) -> None:
    page = desk.get(f"{ada}?segment=rich").text
    assert "sum of order_completed.total &gt; 100" in page
    assert "value 312.5" in page
    assert "In since 18 February 2026, 01:00." in page
    french = desk.get(f"{ada}?segment=rich", "fr").text.replace("\u202f", " ").replace("\xa0", " ")
    assert "somme de order_completed.total &gt; 100" in french
    assert "valeur 312,5" in french
    assert "Dans le segment depuis le 18 février 2026, 01:00." in french
    ben = f"/people/{trading.person('ben').person_id}"
    found = desk.get(f"{ben}.json?segment=busy").json()["explanation"]
    assert (found["holds"], found["value"], found["facts_in_all"]) == (False, "1", 1)
    assert found["outlook"]["single_change"] == {"event": "order_completed", "times": 1, "properties": {}}
    assert "Would change it now: one more order_completed." in desk.get(f"{ben}?segment=busy").text


def test_a_person_or_segment_that_is_not_there_says_so_in_both_languages(desk: Studio, ada: str) -> None:
    answer = desk.get("/people/eve", "fr")
    assert answer.status_code == 404
    assert "personne n’est connu sous" in answer.text
    assert desk.get("/people/eve.json").json()["where"] == "path.person"
    assert desk.get(f"{ada}?segment=nowhere").status_code == 422


def test_the_table_is_the_timeline(desk: Studio, ada: str) -> None:
    rows = list(csv.DictReader(desk.get(f"{ada}.csv").text.splitlines()))
    assert len(rows) == 20
    assert json.loads(rows[0]["properties"]) == {"total": "24.5"}
    assert rows[0]["at"] == "2026-02-28T00:00:00.000000+00:00"


def test_hostile_values_are_text_everywhere(desk: Studio, trading: Project) -> None:
    person = trading.person(HOSTILE).person_id
    for language in ("en", "fr"):
        page = desk.get(f"/people/{person}", language).text
        assert "<img" not in page.partition("<main")[2]
        assert "&lt;img src=x onerror=alert(1)&gt;{{7*7}}" in page
        assert "DROP TABLE events" in page
    data = desk.get(f"/people/{person}.json").json()
    assert {one["name"]: one["value"] for one in data["traits"]} == {HOSTILE: HOSTILE, "city": EVIL}
    proofs = [one["proof"] for one in desk.get("/people/ada.json").json()["person"]["consents"]]
    assert proofs == ["form 3 of 2026", HOSTILE]


def test_numbers_and_times_are_written_as_the_reader_does(desk: Studio, ada: str) -> None:
    assert "1,234.5" in desk.get(ada).text
    french = desk.get(ada, "fr").text
    assert "1\u202f234,5" in french
    assert "oui" in french
    assert "de segment, depuis le 22 février 2026, 01:00" in french


def test_who_may_not_see_people_is_told_so(trading: Project, ada: str) -> None:
    with studio(trading, "segments:read") as found:
        for path in ("/people", ada, f"{ada}.json", f"{ada}.csv"):
            assert found.get(path).status_code == 403


def test_an_analyst_sees_a_person_and_not_who_it_is(trading: Project, ada: str) -> None:
    with studio(trading, "people:pseudonymised") as found:
        assert found.get(ada).status_code == 404, "a person id is no way in"
        assert found.get("/people.json?identifier=ada").json()["found"] == []
        assert "A pseudonym" in found.get("/people").text
        pseudonym = trading.pseudonyms.of(ada.rpartition("/")[2], "person")
        assert found.get(f"/people?identifier={pseudonym}").headers["location"] == f"/people/{pseudonym}"
        page = found.get(f"/people/{pseudonym}?segment=rich", "fr").text
        data = found.get(f"/people/{pseudonym}.json").json()
        older = found.get(f"/people/{pseudonym}.json?before={data['next_cursor']}").json()
    for text in (page, json.dumps(data)):
        assert "Ada@Example.org" not in text
        assert "device 1" not in text
        assert ada.rpartition("/")[2] not in text
    assert "somme de order_completed.total" in page
    assert {one["name"]: one["value"] for one in data["traits"]}["city"] == "Paris"
    assert [one["properties"]["total"] for one in older["events"]] == ["4.5", "3.5", "2.5", "1.5", "0.5"]
