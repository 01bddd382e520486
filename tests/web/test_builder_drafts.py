"""Law: a rule is the same after it was cards; and what is still to be filled in is told by its place."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from kohort.collection.acceptance import RequestRefusedError
from kohort.rules.languages import Language
from kohort.rules.nodes import Rule
from kohort.rules.parse import parse_rule
from kohort.testing.random_rules import rules
from kohort.testing.suite.base import scaled
from kohort.testing.worlds import CATALOG
from kohort.web.studio.builder.drafts import Card, Group, Step, sent_of
from kohort.web.studio.builder.reading import draft_of
from kohort.web.studio.builder.writing import written


@settings(max_examples=scaled(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rules(CATALOG))
def test_a_rule_survives_being_cards(rule: Rule) -> None:
    draft = msgspec.json.decode(msgspec.json.encode(draft_of(rule)), type=Group)
    assert written(draft, Language.EN) == (rule, [])


@pytest.mark.parametrize(
    "sentence",
    [
        'name = ""',
        r'name is one of ("", "a\nb", "\\", "\\n")',
        r'name = "\"quoted\""',
        "not (not did order)",
        "(did a and did b) and did c",
        'score of clv out of 5 among (country = "FR") >= 4',
        "did a within the last 7 days then not b then c within 2 hours all within 3 days",
        "count of order where not (total > 5 or coupon exists) between 2026-01-01 and 2026-03-31T09:30 >= 2",
        "clv > mean - 0.5 std among everyone",
    ],
)
def test_what_is_seldom_survives_too(sentence: str) -> None:
    rule = parse_rule(sentence)
    assert written(draft_of(rule), Language.EN) == (rule, [])


def gaps(*cards: Card | Group) -> list[tuple[str, str]]:
    rule, problems = written(Group(cards=cards), Language.EN)
    assert rule is None
    return [(one.path, one.field) for one in problems]


def test_what_is_missing_is_told_by_its_place() -> None:
    assert gaps() == [("", "")]
    assert gaps(Card("did")) == [("0", "event")]
    assert gaps(Card("count", {"event": "order"})) == [("0", "test")]
    assert gaps(Card("count", {"event": "order", "test": ">="}), Card("trait")) == [("0", "literal"), ("1", "trait")]
    assert gaps(Card("did", {"event": "a"}, where=Group())) == [("0.where", "")]
    assert gaps(Group(cards=(Card("did", {"event": "a"}), Card("sum", {"event": "a", "test": "exists"})))) == [
        ("0.1", "property")
    ]
    assert gaps(Card("sequence", steps=(Step({"event": "a"}), Step()))) == [("0.steps.1", "event")]
    assert gaps(Card("trait", {"trait": "clv", "test": "top", "percent": "5", "population": "rule"})) == [
        ("0.among", "")
    ]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"test": ">=", "as": "number", "literal": "many"}, "literal"),
        ({"test": ">=", "as": "moment", "literal": "31/01/2026"}, "literal"),
        ({"test": "matches", "text": "("}, "text"),
        ({"test": "top", "percent": "500"}, "percent"),
        ({"test": "quantile", "quantile": "2"}, "quantile"),
        ({"test": "anniversary", "days": "1000"}, "days"),
        ({"test": "exists", "levels": "1"}, "levels"),
    ],
)
def test_what_makes_no_sense_is_told_by_its_field(fields: dict[str, str], where: str) -> None:
    assert gaps(Card("trait", {"trait": "clv"} | fields)) == [("0", where)]


def test_a_refusal_is_in_the_language_of_the_page() -> None:
    draft = Group(cards=(Card("trait", {"trait": "clv", "test": "exists", "levels": "1"}),))
    assert written(draft, Language.FR)[1][0].text == "un score est sur 2 à 100"


def test_french_hands_may_write_a_comma() -> None:
    card = Card("trait", {"trait": "clv", "test": ">", "as": "number", "literal": "12,5"})
    assert written(Group(cards=(card,)), Language.FR)[0] == parse_rule("clv > 12.5")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"draft": {"type": "card"}}',
        b'{"draft": {"type": "group", "cards": [{"type": "card", "kind": "__import__"}]}}',
        b'{"draft": {"type": "group", "cards": [{"type": "card", "kind": "did", "fields": {"event": 1}}]}}',
        b'{"edit": {"do": "run", "path": ""}}',
        b'{"draft": ' + b'{"type": "group", "cards": [' * 20_000,
        b" " * 1_000_001,
    ],
)
def test_what_is_no_draft_is_refused(body: bytes) -> None:
    with pytest.raises(RequestRefusedError):
        sent_of(body)
