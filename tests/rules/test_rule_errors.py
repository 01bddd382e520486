"""What a marketer reads when a rule is wrong: the problem, the place underlined, and what to do."""

import contextlib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.definitions.values import ValueType
from kohort.errors import DefinitionError, RuleError
from kohort.rules.catalog import Catalog
from kohort.rules.check import check_rule
from kohort.rules.literals import Boolean, Last, Number, Text
from kohort.rules.nodes import (
    Aggregate,
    And,
    Comparison,
    Condition,
    DaysSince,
    Exists,
    InSegment,
    Not,
    Property,
    Trait,
)
from kohort.rules.operators import Function, Occurrence, Operator
from kohort.rules.parse import parse_rule
from kohort.rules.read import read_rule, segments_of

CATALOG = Catalog(
    events={
        "order_completed": {
            "total": {ValueType.NUMBER: "total"},
            "shop": {ValueType.TEXT: "shop"},
            "mixed": {ValueType.NUMBER: "mixed_number", ValueType.TEXT: "mixed_text"},
            "tags": {ValueType.TEXT_LIST: "tags"},
        },
        "page_viewed": {},
    },
    traits={
        "clv": ValueType.NUMBER,
        "country": ValueType.TEXT,
        "subscribed": ValueType.BOOLEAN,
        "signed_up": ValueType.MOMENT,
        "interests": ValueType.TEXT_LIST,
        "home.latitude": ValueType.NUMBER,
        "home.longitude": ValueType.NUMBER,
        "work.latitude": ValueType.NUMBER,
    },
    periods={"summer sale": (date(2026, 7, 1), date(2026, 7, 31))},
    purposes={"ads": ("ads",)},
    segments={
        "vip": "clv in top 5%",
        "snake": 'in segment "tail"',
        "tail": 'not in segment "snake"',
        "broken": "clv >",
    },
)


def refused(sentence: str) -> RuleError:
    with pytest.raises(RuleError) as caught:
        read_rule(sentence, CATALOG)
    return caught.value


@pytest.mark.parametrize(
    ("sentence", "underlined", "says"),
    [
        ("", "", "the rule ends too early; expected a condition"),
        ("clv >", "", "the rule ends too early; expected a value"),
        ("cuont of page_viewed > 3", "of", 'did you mean "count of"?'),
        ("clv > 3 adn country exists", "adn", 'did you mean "and"?'),
        ("clv betwen 3 and 4", "betwen", 'did you mean "between"?'),
        ("count of page_viewed in lats 7 days > 3", "in", "last 7 days"),
        ("count of page_viewed in last 7 dyas > 3", "dyas", 'did you mean "days"?'),
        ("count of page_viewed in last 7 months > 3", "in last 7 months", "a month or a year has no fixed length"),
        ("count of page_viewed in last 1 year > 3", "in last 1 year", "a month or a year has no fixed length"),
        ("count of page_viewed in last 0 days > 3", "in last 0 days", "a window of no length holds nothing"),
        ("count of page_viewed in last 1.5 days > 3", "in last 1.5 days", "expected a whole number"),
        ("count of page_viewed in last 999999999 weeks > 3", "in last 999999999 weeks", "more than 100 years"),
        ("sum of order_completed > 3", "sum of order_completed", "sum of order_completed.total"),
        ("did order_completed.total", "did order_completed.total", "without a property"),
        ("country = FR", "FR", 'text stands in double quotes: "FR"'),
        ("country = 'FR'", "'", "text stands in double quotes"),
        ('country = "FR', '"', "not closed"),
        ("`clv > 3", "`", "not closed"),
        (r'country = "\d"', r'"\d"', "means nothing"),
        (r'country = "\ud800"', r'"\ud800"', "half a character"),
        ("clv ≥ 3", "≥", "write >="),
        ("clv > 3; DROP TABLE people", ";", "no sign of the rule language"),
        ("(clv > 3", "", 'expected ")"'),
        ("clv > 3)", ")", "does not fit here"),
        ("clv in top 0%", "clv in top 0%", "more than 0%"),
        ("clv in bottom 101%", "clv in bottom 101%", "at most 100%"),
        ("score of clv out of 1 > 1", "score of clv out of 1", "out of 2 to 100"),
        ("score of score of clv out of 5 out of 5 > 1", "score of clv out of 5", "already is a place"),
        ("score of clv out of 5 in top 5%", "score of clv out of 5", "already is a place"),
        ("clv > 9999999999999", "9999999999999", "larger than Kohort can hold"),
        ("signed_up > 2026-02-30", "2026-02-30", "the calendar has no 2026-02-30"),
        ("signed_up > 9999-12-31", "9999-12-31", "the last day of the calendar"),
        ("clv between 3 and true", "clv between 3 and true", "of different types"),
        ("cvl > 3", "cvl", 'unknown trait "cvl"'),
        ("cvl > 3", "cvl", 'did you mean "clv"?'),
        ("order_completed > 3", "order_completed", "count of order_completed >= 1"),
        ("did order_complete", "did order_complete", 'did you mean "order_completed"?'),
        ("sum of order_completed.totl > 3", "sum of order_completed.totl", 'did you mean "total"?'),
        ("did order_completed where shp exists", "shp", 'did you mean "shop"?'),
        ("did order_completed where country exists", "country", "unknown property of order_completed"),
        ('in segment "vpi"', 'in segment "vpi"', 'did you mean "vip"?'),
        ("clv > 3\nand country > 3", "3", "country is a text; it cannot be compared with a number"),
        ('clv = "3"', '"3"', "write the number without quotes"),
        ("country = 3", "3", "write the text in double quotes"),
        ('signed_up > "2026-01-31"', '"2026-01-31"', "without quotes"),
        ("clv > 2026-01-31", "2026-01-31", "clv is a number; it cannot be compared with a moment"),
        ("clv = true", "true", "clv is a number; it cannot be compared with a boolean"),
        ('country > "FR"', '"FR"', "can only be = or != to a text"),
        ('country between "A" and "B"', '"A"', "can only be = or != to a text"),
        ('interests = "golf"', '"golf"', "interests is a list of text"),
        ("country in top 5%", "country", "needs a number, but country is a text"),
        ("score of country out of 5 > 3", "country", "needs a number"),
        ("last of order_completed.shop > mean", "last of order_completed.shop", "needs a number"),
        ("sum of order_completed.shop > 3", "sum of order_completed.shop", "only numbers have a sum"),
        ("last of order_completed.mixed = true", "true", "is a number or a text"),
        ('did order_completed where total = "50"', '"50"', "write the number without quotes"),
        ('clv contains "3"', '"3"', "clv is a number; this is asked of a text only"),
        ('interests contains "golf"', '"golf"', 'interests includes "golf"'),
        ('country includes "golf"', '"golf"', 'country = "FR"'),
        ('interests = "golf"', '"golf"', 'interests includes "golf"'),
        ('country matches "(?=F)"', '"(?=F)"', "only (…) and (?:…) are groups"),
        ('country matches "(F)\\\\1"', '"(F)', "outside RE2"),
        ('country contians "F"', "contians", 'did you mean "contains"?'),
        ('country contains "F" ignoring cas', "ignoring", "ignoring case"),
        ("country is one of ()", ")", 'a "text" in double quotes'),
        ('did page_viewed in period "sumer sale"', 'in period "sumer sale"', 'did you mean "summer sale"?'),
        ("did page_viewed in Decembre", "in", "a month"),
        ("did page_viewed between 3 and 4", "between 3 and 4", "between two dates"),
        ("did page_viewed between 2026-02-01 and 2026-01-01", "between", "ends before it begins"),
        ("clv between 2026-01-01 and 2026-02-01 > 3", "between", "only a value over events has a window"),
        (
            "count of page_viewed today between 2026-01-01 and 2026-02-01 > 3",
            "between 2026-01-01 and 2026-02-01",
            "has a window already",
        ),
        ("did page_viewed then not order_completed", "did page_viewed", "needs its time, such as within 1 day"),
        (
            "did page_viewed then not page_viewed within 1 day then page_viewed",
            "did page_viewed",
            "has no time of its own",
        ),
        ("did page_viewed all within 3 days", "did page_viewed", "2 to 10 steps"),
        ("did page_viewed then not page_viewed within 1 day all within 3 days", "did", "two steps that were done"),
        ("did page_viewed then order_complete", "then order_complete", 'did you mean "order_completed"?'),
        ("did page_viewed then page_viewed within 1 month", "1 month", "a month or a year has no fixed length"),
        ("did page_viewed than page_viewed", "than", 'did you mean "then"?'),
        ("anniversary of clv in next 7 days", "clv", "clv is a number; this is asked of a moment only"),
        ("anniversary of signed_up in next 3 hours", "in next 3 hours", "write days or weeks"),
        ("anniversary of signed_up in next 400 days", "anniversary of", "1 to 366 days"),
        ("distance to (48.8566, 2.3522) < 5 km", "distance to", '"location" is no point'),
        ("distance to (98, 2) < 5 km", "distance to", "from -90 to 90"),
        ("distance to (48, 2) = 5 km", "distance to", "compared with <, <=, > or >="),
        ("distance to (48, 2) < 5 miles", "miles", '"km" or "m"'),
        ("distance from hme to (48, 2) < 5 km", "distance from", 'did you mean "home"?'),
        ("within polygon ((1, 1), (2, 2), (1, 2))", "within polygon", '"location" is no point'),
        ("home within polygon (1, 1)", "1", 'expected "("'),
        ("home within polygon ((1, 1), (2, 2))", "home within polygon", "3 to 1,000 corners"),
        (
            f"home within polygon ({', '.join(['(1, 1)'] * 1_001)})",
            "home within polygon",
            "3 to 1,000 corners",
        ),
        ("home within polygon ((1, 1), (2, 2), (91, 2))", "91, 2", "from -90 to 90"),
        ("home within polygon ((1, 170), (2, -170), (2, 170))", "home", "on each side of the antimeridian"),
        ('home in cell "881fb46625ffff"', 'home in cell "881fb46625ffff"', "15 hexadecimal digits"),
        ("home in cell 8", "8", 'expected a "text" in double quotes'),
        ("home in cel", "in", '"in cell"'),
        ("clv > quantile 90", "clv > quantile 90", "from 0 to 1"),
        ("clv > mean among", "", "ends too early"),
        ("clv in top 5% among cuontry exists", "cuontry", 'did you mean "country"?'),
        ("score of clv out of 5 among country exists > 3", "country", "expected a condition"),
        ("not " * 16 + "clv > 3", "not " * 16 + "clv > 3", "nested more than 16 deep"),
        (" or ".join(["clv > 3"] * 501), "clv > 3", "more than 500 conditions"),
        ("x" * 100_001, "x", "longer than 100,000 characters"),
    ],
)
def test_the_place_is_underlined_and_the_way_out_is_shown(sentence: str, underlined: str, says: str) -> None:
    error = refused(sentence)
    assert says in str(error)
    assert error.sentence[error.start : error.end].startswith(underlined)


def test_a_whole_message_reads_well() -> None:
    assert str(refused("country = FR and clv > 3")) == (
        'FR does not fit here; expected a value (a number, "text" in double quotes, true, false, '
        'or a date such as 2026-01-31), "mean", "median" or "quantile 0.9"\n'
        "  country = FR and clv > 3\n"
        "            ^^\n"
        'text stands in double quotes: "FR"'
    )


def test_of_a_long_line_only_the_part_around_the_place_is_shown() -> None:
    error = refused("clv > 3 or " * 400 + "cvl > 3")
    assert len(max(str(error).splitlines(), key=len)) < 200
    assert error.sentence[error.start : error.end] == "cvl"


def test_control_characters_are_not_sent_to_the_terminal() -> None:
    assert "\x1b" not in str(refused('clv > 3 \x1b[31m "'))


@pytest.mark.parametrize(
    ("sentence", "path"),
    [
        ('in segment "snake"', '"snake" → "tail" → "snake"'),
        ('clv > 3 or not in segment "tail"', '"tail" → "snake" → "tail"'),
    ],
)
def test_segments_in_a_circle_are_refused_with_the_path(sentence: str, path: str) -> None:
    assert f"segments refer to each other in a circle: {path}" in str(refused(sentence))


def test_a_segment_that_contains_itself_is_refused() -> None:
    with pytest.raises(RuleError, match='circle: "me" → "me"'):
        read_rule('in segment "me"', Catalog(segments={"me": 'in segment "me"'}))


def test_the_error_of_another_segment_names_it() -> None:
    assert str(refused('in segment "broken"')).startswith('in segment "broken": the rule ends too early')


def test_more_than_sixteen_segments_inside_one_another_are_refused() -> None:
    chain = {f"s{number}": f'in segment "s{number + 1}"' for number in range(16)}
    short = Catalog(traits={"clv": ValueType.NUMBER}, segments={**chain, "s16": "clv > 3"})
    assert len(segments_of([InSegment("s1")], short)) == 16
    for order in (["s0"], ["s16", "s8", "s0"]):
        with pytest.raises(DefinitionError, match="more than 16 segments"):
            segments_of([InSegment(name) for name in order], short)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (Comparison(Property("total"), Operator.MORE, Number(1)), "stands in a where only"),
        (Exists(Aggregate(Function.COUNT, "order_completed", None, Exists(Trait("clv")))), "its own event only"),
        (Exists(DaysSince(Occurrence.LAST, "order_completed", InSegment("vip"))), "its own event only"),
        (
            Exists(DaysSince(Occurrence.LAST, "order_completed", Exists(DaysSince(Occurrence.LAST, "page_viewed")))),
            "its own event only",
        ),
        (Comparison(Trait("clv"), Operator.EQUAL, Boolean(value=True)), "cannot be compared with a boolean"),
    ],
)
def test_a_rule_built_in_python_is_checked_too(rule: Condition, says: str) -> None:
    with pytest.raises(RuleError, match=says):
        check_rule(rule, CATALOG)


def test_declarations_refuse_what_makes_no_rule() -> None:
    for build in (
        lambda: And((Exists(Trait("a")),)),
        lambda: Trait(""),
        lambda: Text("\ud800"),
        lambda: Number(2**63),
        lambda: Last(0, "day"),
        lambda: Last(1, "fortnight"),
        lambda: Aggregate(Function.MEAN, "order_completed"),
    ):
        with pytest.raises(DefinitionError):
            build()


def test_depth_and_size_count_those_of_a_where() -> None:
    where: Condition = Exists(Property("total"))
    for _ in range(14):
        where = Not(where)
    Exists(Aggregate(Function.COUNT, "order_completed", None, where))
    with pytest.raises(DefinitionError, match="nested more than 16 deep"):
        Not(Exists(Aggregate(Function.COUNT, "order_completed", None, where)))


def test_a_word_of_the_language_may_be_a_name() -> None:
    catalog = Catalog(traits=dict.fromkeys(("count", "score", "last", "top", "days", "where"), ValueType.NUMBER))
    for name in catalog.traits:
        written = f"`{name}`" if name == "where" else name
        assert read_rule(f"{written} > 3", catalog) == parse_rule(f"`{name}` > 3")


FRAGMENTS = (
    *("clv >", "mean", "+ 1 std", "and", "not", "did order_completed", "where", "(", "total > 50", "or", "shop exists"),
    *(")", "in last", "7", "days", "count of", "sum of", "score of", "out of 5", "reversed", "between", "is missing"),
    *("in top", "%", "in segment", "days since last", '"vip"', '"', "true", "2026-01-31", "2026-13-01", "`a b`", "`"),
    *("'", "\\", ".", "-", ";", "≥", "\0", "é"),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(" ".join) | st.text(max_size=30))
def test_whatever_is_written_is_a_rule_or_a_rule_error(sentence: str) -> None:
    with contextlib.suppress(RuleError):
        assert check_rule(read_rule(sentence, CATALOG), CATALOG)
