"""What the house says in English is known again on a page: each reason for a rejection has its French."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kohort.clock import parse_moment
from kohort.collection.segment_messages import Reader, read_message
from kohort.definitions.tracking import tracking_plan_of
from kohort.rules.languages import Language
from kohort.web.studio.formats import Formats
from kohort.web.studio.said import known_again, said

UTC = ZoneInfo("UTC")
FRENCH = Formats(Language.FR, UTC)
COLLECTION = Path(__file__).parents[2] / "src" / "kohort" / "collection"
SAYING = ("segment_messages.py", "flattening.py", "acceptance.py", "consents.py")
"""The modules that say why an event is rejected."""
REFUSING = {"Breach": 1, "_RefusedError": 1, "Remark": 2}
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
            if isinstance(reason, ast.Constant):
                yield f"{name}:{node.lineno}", str(reason.value)
            elif isinstance(reason, ast.JoinedStr):
                parts = (str(one.value) if isinstance(one, ast.Constant) else "7" for one in reason.values)
                yield f"{name}:{node.lineno}", "".join(parts)


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


def test_what_is_not_known_stays_as_it_is() -> None:
    for text in ("", "nobody says this", "%(name)s", "x" * 100_000):
        assert said(text, FRENCH) == text
