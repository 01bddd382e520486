"""Traits by family, from a project's data: what is known at a moment, whatever comes later, in whatever order."""

import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from kohort.clock import DAY, MINUTE
from kohort.errors import DefinitionError, UnknownNameError
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, iso

AT = NOW - 10 * DAY
SCORES = """\
scores:
  - kind: visits
    name: visits
    site: [shop.example]
  - kind: engagement
    channels:
      email: {sent: email_sent, opened: email_opened, clicked: email_clicked}
      sms: {sent: sms_sent, replied: sms_answered}
    message: campaign
    conversion: order_completed
  - {kind: devices, name: devices}
  - kind: demographics
    birth_date: birth_date
    bands: [18, 30]
    harmonise:
      marital: {trait: status, values: {married: [marié, M], single: célibataire}}
      income_band: {trait: income, borders: [20000, 40000]}
      income_known: {trait: income, type: number}
"""
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 Version/17.2 Mobile/1 Safari/604.1"
)
GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
FAMILIES = {
    "visits": "behavioural", "visit_channel": "behavioural", "open_rate": "behavioural", "os": "technographic",
    "main_device": "technographic", "age_years": "demographic", "marital": "demographic", "income": "demographic",
    "city": "geographic", "kids": "other",
}  # fmt: skip
Line = dict[str, object]


def did(number: int, who: Mapping[str, str], event: str, minutes_ago: float, **properties: object) -> Line:
    return {
        "type": "track", "event": event, "messageId": f"m{number}", **who,
        "timestamp": iso(AT - int(minutes_ago * MINUTE)), "properties": properties,
    }  # fmt: skip


ADA, BOB, PHONE = {"userId": "ada"}, {"userId": "bob"}, {"anonymousId": "phone"}
LINES = [
    did(1, ADA, "Page Viewed", 3 * 1440, search="?utm_source=spring&utm_medium=email"),
    did(2, ADA, "Product Viewed", 3 * 1440 - 10),
    did(3, ADA, "Page Viewed", 3 * 1440 - 30, referrer="https://shop.example/"),
    did(4, ADA, "Page Viewed", 1440, referrer="https://www.google.fr/"),
    did(5, PHONE, "Page Viewed", 40, referrer="https://shop.example/", user_agent=IPHONE),
    did(6, PHONE, "Page Viewed", 20, referrer="https://www.google.fr/", user_agent=IPHONE),
    did(7, BOB, "Page Viewed", 5, user_agent=GOOGLE),
    did(8, BOB, "Order Completed", 5, total=30),
    did(10, ADA, "Email Sent", 12 * 1440, campaign="spring"),
    did(11, ADA, "Email Sent", 11 * 1440, campaign="summer"),
    did(12, PHONE, "Email Opened", 10.5 * 1440, campaign="spring"),
    did(13, BOB, "Email Sent", 12 * 1440, campaign="spring"),
    did(14, BOB, "SMS Sent", 9 * 1440),
    did(15, BOB, "SMS Answered", 9 * 1440 - 1),
    did(16, BOB, "Order Completed", 8 * 1440, total=3),
    did(17, ADA, "Email Sent", 1440, campaign="autumn"),
]


def said(number: int, who: Mapping[str, str], days_ago: float, **traits: object) -> Line:
    return {
        "type": "identify", "messageId": f"s{number}", **who, "timestamp": iso(AT - int(days_ago * DAY)),
        "traits": traits,
    }  # fmt: skip


SAID = [
    said(1, ADA | PHONE, 4, city="Paris", birth_date="1996-02-20", status=" Marié ", kids="3+", income=41_000),
    said(2, BOB, 4, birth_date="2999-01-01", status="it is complicated", kids=2),
]


def project_of(folder: Path, lines: Iterable[object], scores: str = SCORES) -> Project:
    folder.mkdir()
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    for part in ("segments", "scores"):
        for file in (project.folder.path / part).iterdir():
            file.unlink()
    (project.folder.path / "scores" / "ours.yaml").write_text(scores)
    (folder / "lines.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    project.ingest(folder / "lines.jsonl")
    for outcome in project.run(AT):
        assert outcome.state in {"done", "skipped"}, outcome
    return project


def held(project: Project, person: str) -> dict[str, str]:
    """Return what a person's traits come to that scores wrote."""
    scores = {one.name for one in project.score_definitions}
    return {one.name: str(one.value) for one in project.traits(person, AT) if one.source in scores}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return project_of(tmp_path_factory.mktemp("families") / "shop", [*LINES, *SAID])


def test_visits_are_those_of_a_person_on_all_of_their_devices(shop: Project) -> None:
    traits = held(shop, "ada")
    assert traits["visits"] == "3"
    assert traits["visit_minutes"] == "16.666667"
    assert traits["site_minutes"] == "50"
    assert (traits["pages_per_visit"], traits["bounce_share"]) == ("1.666667", "0.333333")
    assert traits["last_visit_days"] == "0.013889"
    assert (traits["visit_channel"], traits["visit_search_share"]) == ("search", "0.666667")
    assert (traits["visit_email_share"], traits["visit_direct_share"]) == ("0.333333", "0")
    assert held(shop, "bob")["visit_channel"] == "direct"


def test_an_answer_finds_its_message_and_a_rate_is_drawn_towards_everybodys(shop: Project) -> None:
    ada, bob = held(shop, "ada"), held(shop, "bob")
    assert (ada["messages_sent"], ada["messages_opened"]) == ("2", "1")
    assert ada["open_rate"] == "0.361111", "(1 + 10 / 3) / 12: the message of yesterday has not had its time"
    assert bob["open_rate"] == "0.30303"
    assert (ada.get("preferred_channel"), bob["preferred_channel"]) == (None, "sms"), "an e-mail is answered by a click"
    assert (bob["messages_converted"], bob["contact_conversion_rate"]) == ("2", "0.583333")
    assert float(bob["engagement_index"]) > float(ada["engagement_index"])


def test_devices_are_those_of_people_and_a_bot_is_only_named(shop: Project) -> None:
    ada, bob = held(shop, "ada"), held(shop, "bob")
    assert (ada["devices"], ada["main_device"], ada["os"], ada["mobile_share"]) == ("1", "iPhone", "iOS", "1")
    assert (bob["devices"], bob["bot"], bob.get("os")) == ("0", "Googlebot", None)


def test_told_words_mean_what_is_declared_and_what_is_unknown_is_counted(shop: Project) -> None:
    ada, bob = held(shop, "ada"), held(shop, "bob")
    assert (ada["age_years"], ada["age_band"]) == ("29", "18 to under 30"), "the birthday came on 20 February"
    assert (ada["generation"], ada["marital"], ada["income_band"]) == ("Millennials", "married", "40000 and over")
    assert not {"age_years", "age_band", "generation", "marital", "income_band"} & bob.keys()
    unknown = {one.subject: (one.count, one.share) for one in shop.findings() if one.check == "unknown"}
    assert unknown["age_years"] == unknown["marital"] == (1, 0.5)


def test_a_trait_told_in_two_types_is_shown_as_each_was_told(shop: Project) -> None:
    kids = {person: next(one for one in shop.traits(person, AT) if one.name == "kids") for person in ("ada", "bob")}
    assert [(str(one.value), one.type) for one in kids.values()] == [("3+", "text"), ("2", "number")]


def test_every_trait_of_a_person_says_its_family_and_so_does_the_taxonomy(shop: Project) -> None:
    families = {one.name: str(one.family) for one in shop.traits("ada", AT)}
    assert {one: families.get(one) for one in FAMILIES} == FAMILIES
    known = {one.name: str(one.family) for one in shop.taxonomy().traits}
    assert {one: known.get(one) for one in FAMILIES} == FAMILIES


def test_who_never_visited_has_no_trait_of_visits(tmp_path: Path) -> None:
    project = project_of(tmp_path / "a", [*LINES, did(9, {"userId": "eve"}, "Order Completed", 5, total=1)])
    assert not held(project, "eve"), "and nobody told anything of them"


@pytest.mark.parametrize("seed", range(2))
def test_neither_the_future_nor_the_order_of_arrival_changes_anything(shop: Project, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    future = [
        one | {"messageId": f"later{number}", "timestamp": iso(AT + chance.randrange(1, 9 * DAY))}
        for number, one in enumerate(chance.sample([*LINES, *SAID], 6))
    ]
    lines = [*LINES, *SAID, *future]
    chance.shuffle(lines)
    other = project_of(tmp_path / "other", lines)
    for person in ("ada", "bob"):
        assert held(other, person) == held(shop, person)


def test_people_merged_are_their_events_joined(shop: Project, tmp_path: Path) -> None:
    one = project_of(tmp_path / "one", [{**line, **ADA} if "anonymousId" in line else line for line in [*LINES, *SAID]])
    assert held(one, "ada") == held(shop, "ada")


def test_two_scores_of_a_kind_have_a_prefix_and_no_trait_is_told_by_two(tmp_path: Path) -> None:
    other = "  - {kind: visits, name: orders, events: order_completed, pages: order_completed, prefix: order_}\n"
    project = project_of(tmp_path / "a", LINES, f"scores:\n  - {{kind: visits}}\n{other}")
    traits = held(project, "bob")
    assert (traits["visits"], traits["order_visits"]) == ("1", "2")
    with pytest.raises(
        DefinitionError, match=r'"orders": the trait bounce_share is told by visits already; give .* prefix'
    ):
        project_of(tmp_path / "b", LINES, f"scores:\n  - {{kind: visits}}\n{other.replace(', prefix: order_', '')}")


def test_a_score_can_be_renamed(tmp_path: Path) -> None:
    project = project_of(tmp_path / "a", LINES, "scores: [{kind: visits}]")
    (project.folder.path / "scores" / "ours.yaml").write_text("scores: [{kind: visits, name: web}]")
    renamed = Project(project.folder.path, clock=SettableClock(NOW))
    assert [one.state for one in renamed.run(AT) if one.step == "score web"] == ["done"]
    assert {one.source for one in renamed.traits("bob", AT) if one.name == "visits"} == {"web"}


def test_a_property_that_no_event_has_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"page_viewed.*chanel"):
        project_of(tmp_path / "a", LINES, "scores: [{kind: visits, events: page_viewed, channel: chanel}]")


def test_a_score_waits_for_its_data(tmp_path: Path) -> None:
    project = project_of(tmp_path / "a", LINES, "scores: [{kind: visits, events: [app_opened], pages: [app_opened]}]")
    (step,) = [one for one in project.run(AT) if one.step == "score visits"]
    assert (step.state, step.detail) == ("skipped", "needs app_opened, which no data have shown yet")
