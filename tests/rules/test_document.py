"""Law: a rule comes back from JSON as the same tree, and its document is one of the published schema."""

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import HealthCheck, given, settings

from kohort.errors import DefinitionError
from kohort.rules.document import document_of, rule_of, rule_schema
from kohort.rules.nodes import Rule
from kohort.rules.parse import parse_rule
from kohort.testing.random_rules import rules
from kohort.testing.suite.base import scaled
from kohort.testing.worlds import CATALOG

PUBLISHED = Path(__file__).parents[2] / "docs" / "rules.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(rule_schema())


@settings(max_examples=scaled(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rules(CATALOG))
def test_a_rule_survives_json(rule: Rule) -> None:
    document = json.loads(json.dumps(document_of(rule)))
    assert rule_of(document) == rule
    VALIDATOR.validate(document)


def test_the_schema_is_published_as_it_is() -> None:
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == rule_schema()


def test_a_document_reads_like_its_sentence() -> None:
    sentence = "did cart then not order within 1 day and clv > 12.5 and signed_up >= 2026-01-31"
    assert document_of(parse_rule(sentence)) == {
        "type": "and",
        "parts": [
            {
                "type": "sequence",
                "steps": [
                    {"type": "step", "event": "cart"},
                    {
                        "type": "step",
                        "event": "order",
                        "within": {"type": "duration", "count": 1, "unit": "day"},
                        "negated": True,
                    },
                ],
            },
            {
                "type": "comparison",
                "value": {"type": "trait", "name": "clv"},
                "operator": ">",
                "literal": {"type": "number", "value": "12.5"},
            },
            {
                "type": "comparison",
                "value": {"type": "trait", "name": "signed_up"},
                "operator": ">=",
                "literal": {"type": "day", "date": "2026-01-31"},
            },
        ],
    }


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (None, '$: expected an object with a "type"'),
        ({"type": "nand"}, '"nand" cannot stand here; did you mean "and"?'),
        ({"type": "and", "parts": {}}, "$.parts: expected a list"),
        ({"type": "and", "parts": [{"type": "did", "event": "a"}]}, "at least two conditions"),
        ({"type": "did"}, '$: the field "event" is missing'),
        ({"type": "did", "event": 3}, "$.event: expected a text, not 3"),
        ({"type": "did", "event": "a", "wehre": None}, 'unknown field "wehre"; did you mean "where"?'),
        (
            {"type": "extreme", "value": {"type": "trait", "name": "a"}, "side": "left", "percent": "5"},
            '$.side: expected one of "top", "bottom"',
        ),
        (
            {"type": "extreme", "value": {"type": "trait", "name": "a"}, "side": "top", "percent": 5},
            "$.percent: expected a text, not 5",
        ),
        (
            {"type": "extreme", "value": {"type": "trait", "name": "a"}, "side": "top", "percent": "x"},
            '$.percent: expected a decimal in quotes such as "12.5"',
        ),
        (
            {"type": "did", "event": "a", "window": {"type": "since", "start": {"type": "day", "date": "31 May"}}},
            "$.window.start.date: expected an ISO 8601 date such as",
        ),
        (
            {"type": "did", "event": "a", "window": {"type": "last", "count": True, "unit": "day"}},
            "$.window.count: expected a whole number, not True",
        ),
    ],
)
def test_what_is_no_rule_says_where(document: object, says: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        rule_of(document)
    assert says in str(caught.value)


def test_a_document_of_any_depth_is_refused_in_words() -> None:
    document: object = {"type": "did", "event": "a"}
    for _ in range(5_000):
        document = {"type": "not", "part": document}
    with pytest.raises(DefinitionError, match="nested too deep"):
        rule_of(document)
