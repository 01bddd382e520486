"""Who may not know who people are: pseudonyms everywhere, personal values masked, and no way around."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pyarrow as pa
import pytest
from accounts_desk import Browser, guarded, holder
from api_desk import problem
from test_who_may_what import ROWS

from kohort.clock import DAY
from kohort.governance.roles import Role
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, WriteLines, iso, made_once, order

SEGMENTS = """segments:
  - name: buyers
    label: {en: Buyers}
    where: did order_completed in last 30 days
    tests: [{in: canary-user-ada}, {size: {at_least: 1}}]
  - {name: gmailers, label: {en: Gmail}, where: 'email ends with ".org"'}
"""
CANARIES = ("canary", "lovelace", "example.org", "+33612345678", "192.0.2.77", "12 rue")
TRAITS = {
    "email": "canary.ada@example.org", "firstName": "Ada", "last_name": "Lovelace", "phone": "+33612345678",
    "address": {"street": "12 rue du Lac", "city": "Lyon"}, "loyalty_card": "canary-card", "plan": "gold",
    "note": "call canary.ada@example.org", "nickname": "canary-user-ada the second",
}  # fmt: skip
PEOPLE = "/api/v1/people"
PARTS = ("", "/moves", "/apart", "/checks", "/members")
INSIGHTS = [f"/segments/buyers{part}{form}" for part in PARTS for form in ("", ".json")]


@made_once
def trading(shop: Project, write_lines: WriteLines) -> Project:
    """A shop whose people leave canaries in every field that says who they are."""
    for file in (shop.folder.path / "segments").iterdir():
        file.unlink()
    (shop.folder.path / "segments" / "ours.yaml").write_text(SEGMENTS)
    settings = shop.folder.settings
    besides = "privacy: {personal: [loyalty_card]}\napi: {rate: 10000}\n"  # what is asked comes faster than people ask
    settings.write_text(settings.read_text() + besides)
    lines: list[dict[str, Any]] = [
        {
            "type": "identify", "userId": "canary-user-ada", "anonymousId": "canary-device", "messageId": "canary-m",
            "timestamp": iso(NOW - 5 * DAY), "traits": TRAITS,
        }
    ]  # fmt: skip
    for number in range(3):
        bought: dict[str, Any] = order("canary-user-ada", number, days_ago=4 - number)
        more = {"coupon": "SAVE", "email": "canary@example.org", "page": "/?u=canary%40example.org", "ip": "192.0.2.77"}
        lines.append({**bought, "messageId": f"canary {number}", "properties": {**bought["properties"], **more}})
    lines.append(order("canary-user-ben", 9))
    shop.ingest(write_lines("lines.jsonl", lines))
    list(shop.run())
    return shop


@pytest.fixture
def url(trading: Project) -> Iterator[str]:
    with guarded(trading) as found:
        yield found


def signed_in(url: str, project: Project, role: Role) -> Browser:
    holder(project, role.value.replace("_", "-"), role)
    found = Browser(url)
    found.sign_in(role.value.replace("_", "-"))
    return found


@pytest.fixture
def analyst(url: str, trading: Project) -> Browser:
    return signed_in(url, trading, Role.ANALYST)


@pytest.fixture
def marketer(url: str, trading: Project) -> Browser:
    return signed_in(url, trading, Role.MARKETER)


def pseudonym(analyst: Browser, trading: Project) -> str:
    """Return the pseudonym of ada, by the one thing that tells her from ben."""
    members = analyst.get("/api/v1/segments/gmailers/members").json()["members"]
    assert len(members) == 1
    found: str = members[0]["person_id"]
    return found


def test_no_answer_to_an_analyst_says_who_somebody_is(analyst: Browser, trading: Project) -> None:
    person = pseudonym(analyst, trading)
    stream = f"{analyst.url}/api/v1/memberships/stream?since=0"
    answers = [
        analyst.get(path)
        for path in (
            "/api/v1/segments", "/api/v1/segments/buyers", "/api/v1/segments/buyers/definition",
            "/api/v1/segments/buyers/history", "/api/v1/segments/buyers/members",
            "/api/v1/segments/buyers/members.csv?raw=true", "/api/v1/segments/buyers/members.arrow",
            f"{PEOPLE}/{person}", f"{PEOPLE}/{person}/events", f"{PEOPLE}/{person}/events?limit=1",
            f"{PEOPLE}/{person}/traits", f"{PEOPLE}/{person}/segments", "/api/v1/taxonomy", "/api/v1/overlap",
            f"/api/v1/segments/buyers/explanation?person={person}", "/api/v1/traits/plan/values",
            "/api/v1/events/order_completed/properties/coupon/values", "/api/v1/traits/note/values",
            "/api/v1/events/order_completed/properties/page/values",
            *INSIGHTS,
        )
    ]  # fmt: skip
    answers.append(analyst._sent("POST", "/api/v1/previews", {**same(analyst)}, json.dumps(preview('plan = "gold"'))))
    with httpx.stream("GET", stream, headers={"cookie": analyst_cookie(analyst)}, timeout=60) as following:
        heard = next(chunk for chunk in following.iter_bytes() if b"data: " in chunk)
    assert all(one.status_code == 200 for one in answers), [(one.url, one.text) for one in answers if one.is_error]
    ids = {row["person_id"] for row in trading.members("buyers").to_pylist()}
    for content in [*(one.content for one in answers), heard]:
        told = content.decode(errors="replace").lower()
        assert not [one for one in (*CANARIES, *ids) if one in told], told


@pytest.mark.slow
@pytest.mark.parametrize("role", [Role.ANALYST, Role.VIEWER])
def test_no_route_that_they_may_ask_names_anybody(url: str, trading: Project, role: Role) -> None:
    browser = signed_in(url, trading, role)
    known = trading.person("canary-user-ada").person_id
    person, ids = trading.pseudonyms.of(known), {row["person_id"] for row in trading.members("buyers").to_pylist()}
    asked = [
        re.sub("(people/|person=)ada", rf"\g<1>{person}", row.asked or row.path)
        for row in ROWS
        if row.method == "GET" and not row.path.endswith("/stream")
    ]
    opened = 0
    for path in asked:
        for language in ("en", "fr"):
            answer = browser.get(path, language)
            opened += answer.status_code == 200
            told = answer.text.lower()
            assert not [one for one in (*CANARIES, *ids) if one in told], (path, told)
    assert opened > 60


def same(browser: Browser) -> dict[str, str]:
    return {"sec-fetch-site": "same-origin", "x-csrf-token": browser.csrf, "content-type": "application/json"}


def analyst_cookie(browser: Browser) -> str:
    return f"__Host-kohort={browser.session}"


def preview(where: str) -> dict[str, object]:
    return {"where": where, "sample": 5}


def test_a_pseudonym_is_stable_and_finds_the_person_again(analyst: Browser, trading: Project) -> None:
    person = pseudonym(analyst, trading)
    assert person == pseudonym(analyst, trading)
    found = analyst.get(f"{PEOPLE}/{person}").json()
    assert found["person_id"] == person
    assert {one["kind"] for one in found["identifiers"]} >= {"user_id", "anonymous_id"}
    listed = analyst.get("/api/v1/segments/buyers/members").json()["members"]
    members = {one["person_id"]: one["user_id"] for one in listed}
    assert members[person] in {one["value"] for one in found["identifiers"]}
    csv = analyst.get("/api/v1/segments/buyers/members.csv?raw=true").text
    assert {line.split(",")[0] for line in csv.splitlines()[1:]} == set(members)
    with pa.ipc.open_stream(analyst.get("/api/v1/segments/buyers/members.arrow").content) as stream:
        assert stream.read_all().column("person_id").to_pylist() == list(members)


def test_what_is_not_personal_is_told_and_what_is_is_masked(analyst: Browser, trading: Project) -> None:
    person = pseudonym(analyst, trading)
    traits = {one["name"]: one["value"] for one in analyst.get(f"{PEOPLE}/{person}/traits").json()["traits"]}
    assert traits["plan"] == "gold"
    masked = {name for name, value in traits.items() if value == "•••"}
    assert masked >= {
        "address.city", "address.street", "email", "firstName", "last_name", "loyalty_card", "nickname", "note",
        "phone",
    }  # fmt: skip
    event = analyst.get(f"{PEOPLE}/{person}/events").json()["events"][0]["properties"]
    assert (event["coupon"], event["email"], event["page"], event["ip"]) == ("SAVE", "•••", "•••", "•••")
    explained = analyst.get(f"/api/v1/segments/gmailers/explanation?person={person}").json()
    assert (explained["holds"], explained["value"]) == (True, "•••")
    assert {one["value"] for one in explained["facts"]} == {"•••"}


def test_pages_go_on_from_a_sealed_cursor(analyst: Browser, trading: Project) -> None:
    seen, path = [], "/api/v1/segments/buyers/members?limit=1"
    page = analyst.get(path).json()
    while True:
        seen += [one["person_id"] for one in page["members"]]
        if page["next_cursor"] is None:
            break
        page = analyst.get(f"{path}&cursor={page['next_cursor']}").json()
    assert len(seen) == len(set(seen)) == 2
    person, events = pseudonym(analyst, trading), []
    page = analyst.get(f"{PEOPLE}/{person}/events?limit=2").json()
    events += page["events"]
    page = analyst.get(f"{PEOPLE}/{person}/events?limit=2&cursor={page['next_cursor']}").json()
    events += page["events"]
    assert len({one["event_id"] for one in events}) == 3


@pytest.mark.parametrize(
    "by", ["canary-user-ada", "canary-device", "ID", "pn_", "pn_AAAA", "pn_é", "EVENT", "IDENTIFIER"]
)
def test_an_analyst_finds_nobody_by_what_they_are_called(analyst: Browser, trading: Project, by: str) -> None:
    known = {
        "ID": trading.person("canary-user-ada").person_id,
        "EVENT": trading.pseudonyms.of("canary-user-ada", "event"),
        "IDENTIFIER": trading.pseudonyms.of("canary-user-ada", "identifier"),
    }
    asked = known.get(by, by)
    answer = analyst.get(f"{PEOPLE}/{asked}")
    assert problem(answer) == (404, "unknown_person", "path.person")
    answer = analyst.get(f"/api/v1/segments/buyers/explanation?person={asked}")
    assert problem(answer) == (422, "unknown_person", "query.person")


def test_a_person_who_is_no_more_is_not_named_by_the_refusal(analyst: Browser, trading: Project) -> None:
    gone = trading.pseudonyms.of("canary-gone")
    answer = analyst.get(f"{PEOPLE}/{gone}")
    assert answer.status_code == 404
    assert "canary" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/traits/email/values", "/api/v1/traits/loyalty_card/values", "/api/v1/traits/firstName/values",
        "/api/v1/events/order_completed/properties/email/values",
    ],
)  # fmt: skip
def test_an_analyst_reads_no_list_of_personal_values(analyst: Browser, marketer: Browser, path: str) -> None:
    assert problem(analyst.get(path))[:2] == (403, "personal_data")
    assert marketer.get(path).status_code == 200


def test_a_rule_about_who_somebody_is_names_nobody(analyst: Browser) -> None:
    where = 'email = "canary.ada@example.org"'
    for sample, status in ((5, 403), (0, 200)):
        body = json.dumps({"where": where, "sample": sample})
        assert analyst._sent("POST", "/api/v1/previews", same(analyst), body).status_code == status


def test_a_cursor_of_somebody_who_sees_people_is_none_of_an_analysts(analyst: Browser, marketer: Browser) -> None:
    path = "/api/v1/segments/buyers/members?limit=1"
    cursor = marketer.get(path).json()["next_cursor"]
    assert problem(analyst.get(f"{path}&cursor={cursor}")) == (422, "invalid_cursor", "query.cursor")


def test_a_marketer_sees_people_in_the_clear(marketer: Browser, trading: Project) -> None:
    found = marketer.get(f"{PEOPLE}/canary-user-ada").json()
    assert found["person_id"] == trading.person("canary-user-ada").person_id
    traits = {one["name"]: one["value"] for one in marketer.get(f"{PEOPLE}/canary-user-ada/traits").json()["traits"]}
    assert traits["email"] == TRAITS["email"]
    assert "canary" in marketer.get("/api/v1/segments/buyers/definition").text


def test_a_viewer_gets_counts_and_nobody(url: str, trading: Project) -> None:
    viewer = signed_in(url, trading, Role.VIEWER)
    answers = [
        viewer.get(f"/api/v1/{path}")
        for path in ("segments", "segments/buyers", "segments/buyers/definition", "segments/buyers/history", "taxonomy")
    ]
    assert all(one.status_code == 200 for one in answers)
    assert not [one for one in answers if "canary" in one.text]
    body = json.dumps(preview("did order_completed"))
    assert viewer._sent("POST", "/api/v1/previews", same(viewer), body).status_code == 403


def test_a_key_that_is_bound_to_pseudonyms_gets_them_too(url: str, trading: Project, clock: SettableClock) -> None:
    scopes = ["memberships:read", "segments:write", "people:pseudonymised"]
    plain, _ = trading.keys.create_secret("lab", scopes, clock.now() + DAY)
    shown = {"authorization": f"Bearer {plain}"}
    members = httpx.get(f"{url}/api/v1/segments/buyers/members", headers=shown).json()["members"]
    assert all(one["person_id"].startswith("pn_") and one["user_id"].startswith("pn_") for one in members)
    (trading.folder.path / "segments" / "ours.yaml").write_text(SEGMENTS.replace("last 30 days", "last 3 days"))
    plan = httpx.post(f"{url}/api/v1/plans", json={}, headers=shown)
    assert plan.status_code == 200
    assert "canary" not in plan.text


def test_two_projects_have_no_pseudonym_in_common(trading: Project, tmp_path: Any, clock: SettableClock) -> None:
    other = Project.create(tmp_path / "other", clock=clock)
    assert trading.pseudonyms.of("ada") != other.pseudonyms.of("ada")
    assert other.pseudonyms.text_of(trading.pseudonyms.of("ada")) is None
    assert Project(trading.folder.path).pseudonyms.of("ada") == trading.pseudonyms.of("ada")
