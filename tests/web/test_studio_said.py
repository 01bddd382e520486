"""What the house says in English is known again on a page: each reason for a rejection has its French."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kohort.clock import DAY, parse_moment
from kohort.collection.segment_messages import Reader, read_message
from kohort.definitions.expectation import Expectation
from kohort.definitions.guards import Guards
from kohort.definitions.tracking import tracking_plan_of
from kohort.rules.languages import Language
from kohort.segments.expectations import Found, outcome_of
from kohort.segments.guards import Effect, broken_guards
from kohort.web.api.models.sources import Source
from kohort.web.studio.formats import Formats
from kohort.web.studio.retelling import retold
from kohort.web.studio.said import known_again, said

UTC = ZoneInfo("UTC")
FRENCH = Formats(Language.FR, UTC)
COLLECTION = Path(__file__).parents[2] / "src" / "kohort" / "collection"
WEBHOOKS = ("webhooks/translation.py", "webhooks/deliveries.py", "webhooks/letters.py", "webhooks/signing.py")
SAYING = ("segment_messages.py", "flattening.py", "acceptance.py", "consents.py", *WEBHOOKS)
"""The modules that say why an event, or a delivery, is rejected."""
REFUSING = {"Breach": 1, "_RefusedError": 1, "Remark": 2, "UnreadableError": 1, "Doubt": 1}
"""By what they say it, and which argument the reason is."""


def reasons() -> Iterator[tuple[str, str]]:
    """Yield the place and the words of each reason; where a value is, stands 7."""
    for name in SAYING:
        for node in ast.walk(ast.parse((COLLECTION / name).read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSING):
                continue
            place = REFUSING[node.func.id]
            if len(node.args) <= place:
                continue
            reason = node.args[place]
            # Why a delivery is not believed is told after a word for programs.
            code = f"{ast.literal_eval(node.args[0])}: " if node.func.id == "Doubt" else ""
            if isinstance(reason, ast.Constant):
                yield f"{name}:{node.lineno}", code + str(reason.value)
            elif isinstance(reason, ast.JoinedStr):
                parts = (str(one.value) if isinstance(one, ast.Constant) else "7" for one in reason.values)
                yield f"{name}:{node.lineno}", code + "".join(parts)


def test_every_reason_in_the_sources_is_known_again() -> None:
    found = list(reasons())
    assert len(found) > 20, "the look finds them"
    assert [(place, text) for place, text in found if known_again(text) is None] == []


@pytest.mark.parametrize(
    "event",
    [
        "{",
        "[]",
        '{"type": "trak"}',
        '{"type": "track"}',
        '{"type": "track", "userId": 1.5}',
        '{"type": "track", "userId": "' + "x" * 201 + '"}',
        '{"type": "track", "userId": "u\\u0000"}',
        '{"type": "track", "userId": "u"}',
        '{"type": "track", "userId": "u", "event": "!!"}',
        '{"type": "track", "userId": "u", "event": "' + "x" * 201 + '"}',
        '{"type": "track", "userId": "u", "event": "Order", "timestamp": "soon"}',
        '{"type": "track", "userId": "u", "event": "Order", "timestamp": "2026-01-01"}',
        '{"type": "track", "userId": "u", "event": "Order", "properties": 5}',
        '{"type": "track", "userId": "u", "event": "A", "properties": {"' + "x" * 201 + '": 5}}',
        '{"type": "track", "userId": "u", "event": "A", "properties": {"a": "\\u0000"}}',
        '{"type": "track", "userId": "u", "event": "A", "properties": {"a": ' + "[" * 40 + "]" * 40 + "}}",
        json.dumps({"type": "identify", "userId": "u", "traits": {f"t{one}": 1 for one in range(1_001)}}),
        '{"type": "alias", "userId": "u"}',
        '{"type": "group", "userId": "u"}',
        '{"type": "consent", "userId": "u"}',
        '{"type": "consent", "userId": "u", "purposes": {"ads": "maybe"}}',
        '{"type": "consent", "userId": "u", "purposes": {"ads": "granted"}, "proof": 5}',
        json.dumps({"type": "identify", "userId": "u", "traits": {"t": "x" * 40_000}}),
    ],
)
def test_what_reading_refuses_is_said_in_french(event: str) -> None:
    plan = tracking_plan_of({"events": {"order": {"properties": {"total": {"type": "number", "required": True}}}}}, "t")
    breach = read_message(event.encode(), Reader("web", plan, UTC, parse_moment("2026-03-01", UTC))).breach
    assert breach is not None
    assert said(breach.reason, FRENCH) != breach.reason
    assert said(breach.reason, Formats(Language.EN, UTC)) == breach.reason


def test_values_are_put_where_the_other_language_has_them() -> None:
    text = 'expected one of track, page, got "trak"; did you mean "track"?'
    assert said(text, FRENCH).replace("\u202f", " ") == (
        "attendu : un type parmi track, page, reçu : « trak » ; vouliez-vous dire « track » ?"
    )
    assert said("the event has 40,000 bytes, and at most 32,768 are accepted", FRENCH).replace("\u202f", " ") == (
        "l’événement fait 40 000 octets, et au plus 32 768 sont acceptés"
    )


def test_what_guard_rails_find_is_said_in_french() -> None:
    limits = {"smallest": 20, "broadest": 0.1, "change": 0.25, "alike": 0.9, "empty_for": 30 * DAY}
    guards = Guards(limits, frozenset())
    told = {
        said(one.words, FRENCH).replace("\u202f", " ")
        for effect in (Effect(1_000, 1_300, 300, 0, empty=31 * DAY), Effect(4, 1, 0, 3))
        for one in broken_guards({"vip": effect}, 2_000, [("vip", "new", 0.95)], {"vip": guards})
    }
    assert told == {
        "personne dedans depuis 31 jours, plus que 30",
        "1 personne, moins que 20",
        "65,0 % de toutes les personnes, plus que 10 %",
        "300 entreraient, plus que 25 % de 1 000",
        "3 sortiraient, plus que 25 % de 4",
        "presque le même que « new » (Jaccard 0,95, plus que 0,9)",
    }


@pytest.mark.parametrize(
    ("test", "french"),
    [
        (Expectation("size", least=5), "2"),
        (Expectation("share", least=0.5), "66,67 % (2 sur 3)"),
        (Expectation("in", "ada"), "dedans"),
        (Expectation("in", "cid"), "dehors"),
        (Expectation("in", "dan"), "personne n’est connu par cet identifiant"),
        (Expectation("out", "eve"), "pas encore une personne à ce moment"),
        (Expectation("disjoint_from", "new"), "1 personnes dans les deux"),
        (Expectation("subset_of", "new"), "1 personnes sur 2 en dehors"),
        (Expectation("subset_of", "cart"), "« cart » ne peut pas encore être évalué"),
    ],
)
def test_what_tests_find_is_said_in_french(test: Expectation, french: str) -> None:
    bits = {"vip": np.array([0b011], np.uint8), "new": np.array([0b110], np.uint8)}
    places = {"ada": 0, "ben": 1, "cid": 2, "dan": None, "eve": 3}
    verdict = outcome_of("vip", test, Found(bits, np.array([0b111], np.uint8), places))
    assert said(verdict.found, FRENCH).replace("\u202f", " ") == french


def test_the_data_of_a_page_says_the_same_and_leaves_what_people_wrote() -> None:
    plan = Source.model_validate(
        {
            **dict.fromkeys(Source.model_fields),
            "name": "in", "kind": "messages", "file": "", "declares": "", "files": "", "requires_consent": [],
            "events": 1, "traits": 0, "rejected": 1, "dead_letters": 1,
            "reasons": [{"field": "in", "reason": "one of userId and anonymousId is required", "count": 1}],
        }
    )  # fmt: skip
    told = retold(plan, FRENCH)
    assert (told.name, told.reasons[0].field) == ("in", "in")
    assert told.reasons[0].reason == "userId ou anonymousId est nécessaire"
    assert retold(plan, Formats(Language.EN, UTC)) is plan


def test_what_is_not_known_stays_as_it_is() -> None:
    for text in ("", "nobody says this", "%(name)s", "x" * 100_000):
        assert said(text, FRENCH) == text
