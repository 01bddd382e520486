"""Consent: dated choices in every form that SDKs send, and what they come to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.clock import DAY
from kohort.errors import DefinitionError, RuleError
from kohort.profiles.consents import Choice, consent_course
from kohort.project import Project
from kohort.storage.connections import open_duckdb
from kohort.storage.consents import add_consents
from kohort.storage.schemas import SCHEMAS
from kohort.testing.suite.base import scaled
from small_shop import NOW, WriteLines, iso, order, tables_of

CONSENT = """\
name: shop
time_zone: UTC
identity: {unique: {email: }}
consent:
  purposes:
    ads_matching: {label: {en: Advertising, fr: Publicité}, categories: [Advertising, ad_user_data, ad_personalization]}
    analytics: {categories: [analytics_storage]}
"""
PURPOSES = {"ads": ("ads", "Advertising", "ad_user_data"), "mail": ("mail",)}


@pytest.fixture
def asking(shop: Project) -> Project:
    """A shop that asks for two purposes, with one segment."""
    for folder in ("segments", "scores"):
        for path in (shop.folder.path / folder).iterdir():
            path.unlink()
    shop.folder.settings.write_text(CONSENT, encoding="utf-8")
    segment = "segments:\n  - {name: reachable, where: consent to ads_matching and did order_completed}\n"
    (shop.folder.path / "segments" / "one.yaml").write_text(segment)
    return shop


def said(number: int, days_ago: float, context: Mapping[str, Any] | None = None, **other: Any) -> dict[str, Any]:
    """Return a message of ada's with a context, so many days before `NOW`."""
    message = {"type": "track", "event": "Visit", "messageId": f"c{number}", "userId": "ada", **other}
    return message | {"timestamp": iso(NOW - int(days_ago * DAY)), "context": context or {}}


def preferences(**categories: bool) -> dict[str, Any]:
    """Return a context in Segment's form."""
    return {"consent": {"categoryPreferences": categories}}


def record(number: int, days_ago: float, status: str, **other: Any) -> dict[str, Any]:
    """Return a record of the consent to ads_matching, as one on paper."""
    return said(number, days_ago, type="consent", purposes={"ads_matching": status}, proof="paper 7", **other)


@pytest.mark.parametrize(
    ("context", "status"),
    [
        ({}, "unknown"),
        (preferences(Advertising=True), "granted"),
        (preferences(Advertising=True, Functional=False), "granted"),
        (preferences(Functional=True), "unknown"),
        (preferences(Advertising=False), "denied"),
        ({"consentManagement": {"allowedConsentIds": ["Advertising"], "provider": "oneTrust"}}, "granted"),
        ({"consentManagement": {"allowedConsentIds": ["Advertising"], "deniedConsentIds": ["Advertising"]}}, "denied"),
        ({"consent": {"ad_user_data": "granted", "ad_personalization": "granted"}}, "granted"),
        ({"consent": {"ad_user_data": "granted", "ad_personalization": "denied"}}, "denied"),
        ({"consentMode": {"ad_user_data": "granted"}}, "granted"),
        ({"consent": {"ads_matching": "granted"}}, "granted"),
        ({"consent": {"ads_matching": "maybe"}}, "unknown"),
        ({"consent": {"categoryPreferences": {"Advertising": "yes please"}}}, "unknown"),
        ({"consent": "granted"}, "unknown"),
        ({"consent": {"categoryPreferences": {"Advertising": True}, "ads_matching": False}}, "denied"),
    ],
)
def test_every_form_of_consent_and_no_answer_is_no_consent(
    asking: Project, write_lines: WriteLines, context: dict[str, Any], status: str
) -> None:
    asking.ingest(write_lines("m.jsonl", [order("ada", 1), said(1, 1, context)]))
    assert asking.person("ada", NOW).consents_to["ads_matching"] == status
    assert asking.preview("consent to ads_matching", NOW).size == (status == "granted")


def test_a_proof_is_a_page_without_what_follows_its_address(asking: Project, write_lines: WriteLines) -> None:
    page = {"page": {"url": "https://shop.example/basket?email=ada@x.org#pay"}}
    asking.ingest(write_lines("m.jsonl", [said(1, 1, preferences(Advertising=True) | page)]))
    assert [one.proof for one in asking.person("ada", NOW).consents] == ["https://shop.example/basket"]


def test_the_latest_choice_counts_and_a_rule_sees_each_moment_as_it_was(
    asking: Project, write_lines: WriteLines
) -> None:
    told = [
        said(1, 9, preferences(Advertising=True)),
        record(2, 6, "withdrawn"),
        said(3, 3, preferences(Advertising=True), event="Segment Consent Preference Updated"),
    ]
    asking.ingest(write_lines("m.jsonl", [order("ada", 1, days_ago=10), *reversed(told)]))
    sizes = [asking.preview("consent to ads_matching", NOW - days * DAY).size for days in (10, 9, 8, 6, 5, 3, 0)]
    assert sizes == [0, 1, 1, 0, 0, 1, 1]
    found = asking.person("ada", NOW)
    assert [(one.status, one.form, one.proof) for one in found.consents] == [
        ("granted", "segment", ""),
        ("denied", "record", "paper 7"),
        ("granted", "segment", ""),
    ]
    assert asking.person("ada", NOW - 5 * DAY).consents_to == {"ads_matching": "withdrawn", "analytics": "unknown"}


def test_on_a_merge_the_most_restrictive_of_the_latest_wins_and_members_follow(
    asking: Project, write_lines: WriteLines
) -> None:
    email: dict[str, Any] = {"type": "identify", "traits": {"email": "ada@example.org"}}
    asking.ingest(write_lines("m.jsonl", [order("ada", 1, days_ago=9), said(1, 9, preferences(Advertising=True))]))
    asking.ingest(write_lines("n.jsonl", [said(2, 8, **email), record(3, 5, "denied", userId="crm-1")]))
    list(asking.run(NOW))
    assert [row["user_id"] for row in asking.members("reachable").to_pylist()] == ["ada"]
    asking.ingest(write_lines("o.jsonl", [said(4, 4, **(email | {"userId": "crm-1"}))]))
    list(asking.run(NOW + DAY))
    assert asking.members("reachable").num_rows == 0
    assert asking.members("reachable", NOW - 6 * DAY).num_rows == 1
    log = asking._workspace().tables.read("membership_log").sort_by("seq").to_pylist()
    assert [(row["change"], row["effective_at"], row["cause"]) for row in log] == [
        ("entered", NOW - 9 * DAY, "rule"),
        ("left", NOW - 5 * DAY, "history"),
    ]


def test_no_trait_can_claim_a_consent(asking: Project, write_lines: WriteLines) -> None:
    claim = {"consent to ads_matching": True}
    asking.ingest(write_lines("m.jsonl", [order("ada", 1), said(1, 1, type="identify", traits=claim)]))
    assert asking.preview("consent to ads_matching", NOW).size == 0


def test_a_rule_names_only_purposes_that_are_declared(asking: Project, write_lines: WriteLines) -> None:
    asking.ingest(write_lines("m.jsonl", [order("ada", 1)]))
    with pytest.raises(RuleError, match='unknown purpose "ads_macthing"'):
        asking.preview("consent to ads_macthing", NOW)


def test_tables_made_again_are_the_same_and_a_purpose_in_force_outlives_its_declaration(
    asking: Project, write_lines: WriteLines
) -> None:
    asking.ingest(write_lines("m.jsonl", [order("ada", 1, days_ago=9), said(1, 9, preferences(Advertising=True))]))
    list(asking.run(NOW))
    asking.folder.settings.write_text(CONSENT.replace("Advertising, ad", "Marketing, ad"), encoding="utf-8")
    list(asking.run(NOW + DAY))
    assert asking.members("reachable").num_rows == 0
    before = tables_of(asking)
    asking.rebuild()
    assert tables_of(asking) == before
    asking.folder.settings.write_text("name: shop\ntime_zone: UTC\n", encoding="utf-8")
    with pytest.raises(RuleError, match="unknown purpose"):
        asking.plan(NOW + 2 * DAY)
    (asking.folder.path / "segments" / "one.yaml").unlink()
    assert {one.step: one.state for one in asking.run(NOW + 2 * DAY)}["segments"] == "done"


def test_a_source_that_requires_consent_stores_nothing_without_it(asking: Project, write_lines: WriteLines) -> None:
    asking.folder.settings.write_text(CONSENT + "  required: {segment: [analytics]}\n", encoding="utf-8")
    granted = {"consent": {"analytics_storage": "granted"}}
    refused = {"consent": {"analytics_storage": "denied", "ad_user_data": "denied"}}
    messages = [
        said(1, 9, userId="eve"),
        said(2, 9, refused, userId="eve"),
        said(3, 8, granted, userId="bob"),
        said(4, 7, userId="bob"),
        said(5, 8.5, userId="bob"),
        said(6, 6, refused, userId="bob"),
        said(7, 5, userId="bob"),
    ]
    result = asking.ingest(write_lines("m.jsonl", messages[:4]))
    assert (result.accepted, result.withheld) == (2, 2)
    result = asking.ingest(write_lines("n.jsonl", messages[4:]))
    assert (result.accepted, result.withheld) == (1, 3)
    rows = asking.sql("SELECT user_id, ts FROM events JOIN people USING (person_id) ORDER BY ts").to_pylist()
    assert [(row["user_id"], row["ts"].day) for row in rows] == [("bob", 21), ("bob", 22)]
    assert asking.status().people == 1
    assert asking.person("bob", NOW).consents_to == {"ads_matching": "denied", "analytics": "withdrawn"}
    again = asking.ingest(write_lines("n.jsonl", messages[4:]))
    assert (again.accepted, again.known, again.withheld) == (0, 1, 3)


def test_a_mapped_source_may_require_consent(asking: Project, tmp_path: Path, write_lines: WriteLines) -> None:
    source = "name: tills\nfiles: tills*.csv\nevent: till_paid\nperson: customer\ntime: day\nrequires_consent: [{}]\n"
    (asking.folder.path / "sources").mkdir(exist_ok=True)
    path = asking.folder.path / "sources" / "tills.yaml"
    path.write_text(source.format("analytics"))
    asking.ingest(write_lines("m.jsonl", [said(1, 9, {"consent": {"analytics_storage": "granted"}})]))
    tills = tmp_path / "tills.csv"
    tills.write_text("customer,day\nada,2026-02-25\nbob,2026-02-25\n")
    result = asking.ingest(tills)
    assert (result.accepted, result.withheld) == (1, 1)
    path.write_text(source.format("analytic"))
    with pytest.raises(DefinitionError, match='unknown purpose "analytic"; did you mean "analytics"'):
        asking.ingest(tills)


CHOICES = st.builds(
    Choice,
    st.sampled_from("abc"),
    st.sampled_from(("banner", "paper")),
    st.sampled_from(("Advertising", "ad_user_data", "mail", "Other")),
    st.integers(0, 5),
    st.booleans(),
)


@settings(max_examples=scaled(60))
@given(st.lists(CHOICES, max_size=12), st.permutations("abc"))
def test_the_relation_says_what_the_meaning_says(choices: list[Choice], people: list[str]) -> None:
    person_of = dict(zip("abc", (people[0], people[0], people[1]), strict=True))
    rows = [
        {"actor_id": one.actor, "form": one.form, "category": one.category, "effective_at": one.effective_at,
         "granted": one.granted, "event_id": str(number), "recorded_at": 0, "source": "", "proof": ""}
        for number, one in enumerate(choices)
    ]  # fmt: skip
    with open_duckdb() as connection:
        connection.register("consent_choices", pa.Table.from_pylist(rows, schema=SCHEMAS["consent_choices"]))
        actors = [{"actor_id": actor, "person_id": person, "first_seen": 0} for actor, person in person_of.items()]
        connection.register("actors", pa.Table.from_pylist(actors, schema=SCHEMAS["actors"]))
        add_consents(connection, PURPOSES)
        found = set(connection.execute("SELECT person_id, purpose, since, granted FROM consent_status").fetchall())
    assert found == {
        (person, purpose, moment, granted)
        for person in set(person_of.values())
        for purpose, categories in PURPOSES.items()
        for moment, granted in consent_course([c for c in choices if person_of[c.actor] == person], categories)
    }
