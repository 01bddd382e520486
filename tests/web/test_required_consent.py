"""A source that requires consent, at the collector: what does not tell of it never reaches the disk."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from collector_desk import Desk, serving
from hypothesis import given
from hypothesis import strategies as st

from kohort.collection.consents import choices_in, consent_alone
from kohort.definitions.collecting import CollectLimits
from kohort.errors import DefinitionError
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, iso, tables_of

SETTINGS = """\
name: shop
time_zone: UTC
consent:
  purposes:
    ads: {categories: [Advertising, ad_user_data, ad_personalization]}
    analytics: {categories: [Analytics, analytics_storage]}
  required: {web: [analytics]}
"""
SECRET = "canary-5d1e"  # noqa: S105 - a word to look for on the disk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = SettableClock(NOW)
    project = Project.create(tmp_path / "shop", clock=clock)
    key, _ = project.keys.create_write("web")
    project.folder.settings.write_text(SETTINGS)
    with serving(project, clock, CollectLimits(event=2_000), key) as one:
        yield one


def visit(number: int, context: object = None, user: str = "ada", **more: Any) -> dict[str, Any]:
    event = {"type": "track", "event": "Visit", "userId": user, "messageId": f"m{number}", "timestamp": iso(NOW)}
    return event | {"properties": {"note": SECRET}, "context": context} | more


def preferences(**categories: bool) -> dict[str, Any]:
    return {"consent": {"categoryPreferences": categories}}


def on_disk(desk: Desk, word: str) -> bool:
    desk.project.keep_up()
    return any(word.encode() in path.read_bytes() for path in desk.project.folder.path.rglob("*") if path.is_file())


CONTEXTS: list[tuple[object, bool]] = [
    (None, False),
    ({}, False),
    ("granted", False),
    ({"consent": "granted"}, False),
    (preferences(Analytics=True), True),
    (preferences(Analytics=False), False),
    (preferences(Advertising=True), False),
    ({"consent": {"categoryPreferences": {"Analytics": "yes please"}}}, False),
    ({"consentManagement": {"allowedConsentIds": ["Analytics"]}}, True),
    ({"consentManagement": {"allowedConsentIds": ["Analytics"], "deniedConsentIds": ["Analytics"]}}, False),
    ({"consent": {"analytics_storage": "granted"}}, True),
    ({"consentMode": {"analytics_storage": "granted"}}, True),
    ({"consent": {"analytics_storage": "denied"}, "consentMode": {"analytics_storage": "granted"}}, False),
    ({"consent": {"analytics": "granted"}}, True),
    ({"consent": {"analytics": True, "analytics_storage": "denied"}}, False),
    ({"consent": {"analytics": "maybe"}}, False),
]


def test_each_form_of_consent_is_read_and_whatever_is_no_yes_is_none(desk: Desk) -> None:
    for number, (context, granted) in enumerate(CONTEXTS):
        answer = desk.send("/v1/track", visit(number, context))
        assert answer.status_code == 200, answer.text
        answered = {"success": True} if granted else {
            "success": True, "code": "consent_required", "stored": 0, "withheld": 1
        }  # fmt: skip
        assert (context, answer.json()) == (context, answered)
    rows = desk.rows("select event_id from events")
    assert {row["event_id"] for row in rows} == {f"m{number}" for number, one in enumerate(CONTEXTS) if one[1]}
    assert sum(one.withheld for one in desk.told) == sum(not granted for _, granted in CONTEXTS)
    assert {one.message for one in desk.told if one.withheld} == {"not stored, for want of consent to analytics"}


def test_of_what_is_withheld_nothing_reaches_the_disk(desk: Desk) -> None:
    refusing = {**preferences(Analytics=False), "traits": {"email": SECRET}, "ip": SECRET}
    page = {"page": {"url": "https://shop.example/basket?who=" + SECRET, "title": SECRET}}
    hidden = {"consent": {"analytics_storage": "denied", "note": SECRET, "categoryPreferences": {"Ads": SECRET}}}
    record = visit(4, refusing | page, type="consent", purposes={"analytics": "withdrawn"}, traits={"a": SECRET})
    for event in (visit(1), visit(2, refusing | page), visit(3, hidden), record, {"type": "page", "name": SECRET}):
        desk.send("/v1/batch", {"batch": [event], "context": {"ip": SECRET, "traits": {"email": SECRET}}})
    query = {"writeKey": desk.key, "event": "Visit", "userId": "ada", "properties.note": SECRET}
    httpx.get(f"{desk.url}/pixel/v1/track", params=query)
    desk.send("/v1/track", visit(5, note=SECRET * 300))
    assert desk.rows("select * from events") == []
    assert desk.project.dead_letters().num_rows == 0, "what is refused is not kept either"
    assert not on_disk(desk, SECRET)
    assert on_disk(desk, "withdrawn"), "or nothing could have been found"


def test_what_a_withheld_message_says_of_consent_is_kept_and_so_a_withdrawal_counts(desk: Desk) -> None:
    desk.send("/v1/track", visit(1, preferences(Analytics=True, Advertising=True), timestamp=iso(NOW - 5)))
    desk.project.keep_up()
    assert desk.project.person("ada", NOW).consents_to == {"ads": "granted", "analytics": "granted"}
    refusing = {"consent": {"categoryPreferences": {"Analytics": False, "Advertising": False}}}
    answer = desk.send("/v1/track", visit(2, {**refusing, "page": {"url": "https://shop.example/p?q=1"}}))
    assert answer.json()["withheld"] == 1
    assert [row["event_id"] for row in desk.rows("select event_id from events")] == ["m1"]
    found = desk.project.person("ada", NOW)
    assert found.consents_to == {"ads": "withdrawn", "analytics": "withdrawn"}
    assert {(one.form, one.proof) for one in found.consents} == {("segment", ""), ("segment", "https://shop.example/p")}
    desk.send("/v1/track", visit(2, preferences(Analytics=True), timestamp=iso(NOW + 5)))
    assert len(desk.rows("select * from events")) == 2, "the event may come again once there is consent"
    before = tables_of(desk.project)
    desk.project.rebuild()
    assert tables_of(desk.project) == before


def test_each_event_of_a_batch_is_judged_with_what_holds_for_all(desk: Desk) -> None:
    granted = preferences(Analytics=True)
    batch = [visit(1), visit(2, preferences(Analytics=False)), {"type": "track", "userId": "ada"}, visit(3, {})]
    answer = desk.send("/v1/batch", {"batch": batch, "context": granted})
    assert (answer.status_code, answer.json()["stored"], answer.json()["withheld"]) == (400, 2, 1)
    assert answer.json()["message"].startswith("1 of 4 events refused, 2 stored")
    assert {row["event_id"] for row in desk.rows("select event_id from events")} == {"m1", "m3"}
    assert desk.project.dead_letters().num_rows == 1, "the refused one had consent"
    letter = desk.project.dead_letters().to_pylist()[0]
    assert (letter["line"], letter["field"]) == (3, "/event")
    answer = desk.send("/v1/batch", {"batch": [visit(4), visit(5, granted)]})
    assert answer.json() == {"success": True, "code": "consent_required", "stored": 1, "withheld": 1}


def test_the_same_refusal_sent_again_is_known(desk: Desk) -> None:
    for _ in range(3):
        desk.send("/v1/track", visit(1, preferences(Analytics=False)))
    assert len(desk.rows("select * from consent_choices")) == 1


def test_another_source_is_left_alone_and_one_that_nobody_knows_is_refused(desk: Desk) -> None:
    other, _ = desk.project.keys.create_write("app")
    assert httpx.post(f"{desk.url}/v1/track", json=visit(1), auth=(other, "")).json() == {"success": True}
    assert desk.stored() == 1
    desk.project.folder.settings.write_text(SETTINGS.replace("web:", "wbe:"))
    with pytest.raises(DefinitionError, match='"wbe"; make its key first, or did you mean "web"'):
        desk.project.withholding()


ANSWERS = st.sampled_from([True, False, "granted", "denied", "withdrawn", "maybe", 1, None])
NAMES = st.sampled_from(["Analytics", "analytics_storage", "ads", "ad_storage", "x" * 300, "categoryPreferences"])
TOLD = st.dictionaries(NAMES, ANSWERS | st.dictionaries(NAMES, ANSWERS), max_size=4)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "consent": TOLD | ANSWERS,
            "consentMode": TOLD,
            "consentManagement": st.dictionaries(
                st.sampled_from(["allowedConsentIds", "deniedConsentIds"]), st.lists(NAMES, max_size=3)
            ),
            "page": st.dictionaries(st.just("url"), st.sampled_from(["https://a.example/?q", 5])),
            "ip": st.just(SECRET),
        },
    )
)
def test_consent_alone_tells_the_same_and_nothing_else(context: dict[str, Any]) -> None:
    alone = consent_alone({"context": context})
    told = choices_in({"context": context})
    assert choices_in({"context": alone}) == told
    assert choices_in({"context": {**context, **alone}}) == told, "said of the whole batch as well"
    assert alone == {} if told is None else SECRET not in json.dumps(alone)
