"""The Python face: ordinary functions and operators give the tree that the sentence gives."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import reduce
from typing import Any, assert_never

import pytest
from hypothesis import HealthCheck, given, settings

import kohort
from kohort import (
    anniversary,
    consent_to,
    count,
    days_since_first,
    days_since_last,
    did,
    distance_to,
    distinct_of,
    event_property,
    everyone,
    first_of,
    from_to,
    in_cell,
    in_month,
    in_period,
    in_segment,
    last_of,
    max_of,
    mean,
    mean_of,
    median,
    min_of,
    quantile,
    score,
    since,
    std,
    sum_of,
    this_month,
    this_year,
    today,
    trait,
    within_polygon,
    yesterday,
)
from kohort.definitions.values import decimal_of
from kohort.errors import DefinitionError, RuleError, UsageError
from kohort.project import Project
from kohort.rules.amounts import Plain
from kohort.rules.expressions import RuleExpression, Threshold, ValueExpression
from kohort.rules.literals import Boolean, Day, Duration, Last, Literal, Node, Number, Text, Time
from kohort.rules.nodes import (
    AgainstMean,
    AgainstQuantile,
    Aggregate,
    And,
    Anniversary,
    Between,
    Comparison,
    Condition,
    ConsentTo,
    DaysSince,
    Did,
    Everyone,
    Exists,
    Extreme,
    InCell,
    Includes,
    InPolygon,
    InSegment,
    Missing,
    Near,
    Not,
    OneOf,
    Or,
    Property,
    Rule,
    Score,
    Sequence,
    TextTest,
    Trait,
    Value,
)
from kohort.rules.operators import Function, Occurrence, Operator, Side
from kohort.rules.parse import parse_rule
from kohort.testing.random_rules import rules
from kohort.testing.suite.base import scaled
from kohort.testing.worlds import CATALOG
from small_shop import WriteLines, order

TOTAL = event_property("total")
A = trait("a").exists()
EMAIL = trait("email")
CART_ABANDONED = (
    "did add_to_cart within the last 7 days then not order_completed within 1 day "
    "and not did order_completed in last 7 days"
)
ABANDONED = did("add_to_cart", last="7 days").then_not("order_completed", within="1 day") & ~did(
    "order_completed", last="7 days"
)
PARIS_TIME = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("sentence", "built"),
    [
        (
            "count of order_completed in last 7 days >= 1 and count of email_opened in last 7 days >= 3",
            (count("order_completed", last="7 days") >= 1) & (count("email_opened", last="7 days") >= 3),
        ),
        (
            "sum of order_completed.total in last 90 days > mean + 1 std",
            sum_of("order_completed", "total", last="90 days") > mean + 1 * std,
        ),
        ("clv in top 5%", trait("clv").in_top(5)),
        ("days since last order_completed < 7", days_since_last("order_completed") < 7),
        (
            "did add_to_cart then not order_completed within 1 day",
            did("add_to_cart").then_not("order_completed", within="1 day"),
        ),
        (
            "count of order_completed where total > 50 in last 30 days between 2 and 5",
            count("order_completed", where=TOTAL > 50, last="30 days").between(2, 5),
        ),
        ('country = "FR" and not in segment "vip"', (trait("country") == "FR") & ~in_segment("vip")),
        ("anniversary of birth_date in next 7 days", anniversary(trait("birth_date"), in_next="7 days")),
        ("distance to (48.8566, 2.3522) < 5 km", distance_to(48.8566, 2.3522) < "5 km"),
        ("distance from home to (48.8566, 2.3522) >= 500 m", distance_to(48.8566, 2.3522, point="home") >= "500 m"),
        (
            "location within polygon ((48.8, 2.3), (48.9, 2.3), (48.9, 2.4))",
            within_polygon([(48.8, 2.3), (48.9, 2.3), (48.9, 2.4)]),
        ),
        ('home in cell "881fb46625fffff"', in_cell("881FB46625FFFFF", point="home")),
        (
            "did add_to_cart in last 7 days and not did order_completed yesterday",
            did("add_to_cart", last="7 days") & ~did("order_completed", during=yesterday),
        ),
        (CART_ABANDONED, ABANDONED),
        (
            "did a where x = 1 then b within 2 hours then not c then d all within 7 days",
            did("a", where=event_property("x") == 1)
            .then("b", within="2 hours")
            .then_not("c")
            .then("d")
            .all_within("7 days"),
        ),
        (
            'did order_completed where (total > 50 and shop = "Paris") today',
            did("order_completed", where=(TOTAL > 50) & (event_property("shop") == "Paris"), during=today),
        ),
        (
            "a exists and b exists or not c is missing",
            trait("a").exists() & trait("b").exists() | ~trait("c").is_missing(),
        ),
        ("(a exists or b exists) and c exists", (A | trait("b").exists()) & trait("c").exists()),
        ("not not a exists", ~~A),
        ('email contains "x" ignoring case', EMAIL.contains("x", ignoring_case=True)),
        (
            'email starts with "x" or email ends with "y"',
            EMAIL.starts_with("x") | EMAIL.ends_with("y"),
        ),
        ('email matches "^[a-c]+@"', EMAIL.matches("^[a-c]+@")),
        ('country is one of ("FR", "BE")', trait("country").one_of("FR", "BE")),
        ('interests includes "golf"', trait("interests").includes("golf")),
        ("subscribed = true and clv != 2.5", (trait("subscribed") == True) & (trait("clv") != Decimal("2.5"))),  # noqa: E712
        ("signed_up >= 2026-01-31", trait("signed_up") >= date(2026, 1, 31)),
        ("signed_up < 2026-01-31T09:30:00+01:00", trait("signed_up") < datetime(2026, 1, 31, 9, 30, tzinfo=PARIS_TIME)),
        ("clv < 5", trait("clv") < 5),
        ("clv < median among everyone", trait("clv") < median.among(everyone)),
        ("clv > mean", mean < trait("clv")),
        ("clv <= mean - 0.5 std", trait("clv") <= mean - 0.5 * std),
        ("clv = mean + 1.5 std", trait("clv") == mean + std * Decimal("1.5")),
        ('clv >= quantile 0.9 among country = "FR"', trait("clv") >= quantile(0.9).among(trait("country") == "FR")),
        ("clv in bottom 0.5% among everyone", trait("clv").in_bottom(0.5, among=everyone)),
        (
            'score of days since first a out of 5 reversed among in segment "vip" >= 4',
            score(days_since_first("a"), 5, reversed=True, among=in_segment("vip")) >= 4,
        ),
        ("distinct of a.x this year > 1", distinct_of("a", "x", during=this_year) > 1),
        ("first of a.x since 2026-01-01 exists", first_of("a", "x", during=since(date(2026, 1, 1))).exists()),
        (
            "last of a.x between 2026-01-01 and 2026-03-31 = 3",
            last_of("a", "x", during=from_to(date(2026, 1, 1), date(2026, 3, 31))) == 3,
        ),
        ("max of a.x in December > 3", max_of("a", "x", during=in_month(12)) > 3),
        ('min of a.x in period "sale" > 3', min_of("a", "x", during=in_period("sale")) > 3),
        (
            "mean of a.x this month > 3 and did a yesterday",
            (mean_of("a", "x", during=this_month) > 3) & did("a", during=yesterday),
        ),
        ("count of a.x > 3", count("a", "x") > 3),
    ],
)
def test_python_builds_what_the_sentence_says(sentence: str, built: RuleExpression) -> None:
    assert built.rule == parse_rule(sentence)
    assert str(built) == sentence


@settings(max_examples=scaled(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rules(CATALOG))
def test_every_rule_can_be_built_in_python(rule: Rule) -> None:
    assert rebuilt(rule).rule == flat(rule)


def flat(node: Any) -> Any:
    """Return a rule with no `and` directly inside an `and`, no `or` in an `or`: Python's operators make one of them."""
    match node:
        case And() | Or():
            kind = type(node)
            parts = [flat(part) for part in node.parts]
            return kind(tuple(one for part in parts for one in (part.parts if isinstance(part, kind) else (part,))))
        case tuple():
            return tuple(flat(one) for one in node)
        case Node():
            return replace(node, **{one.name: flat(getattr(node, one.name)) for one in fields(node)})
        case _:
            return node


def rebuilt(rule: Condition) -> RuleExpression:  # noqa: C901, PLR0911, PLR0912 - one answer a node
    """Return a rule built anew with the words of Python only."""
    match rule:
        case And():
            first, *others = (rebuilt(part) for part in rule.parts)
            return reduce(operator.and_, others, first)
        case Or():
            first, *others = (rebuilt(part) for part in rule.parts)
            return reduce(operator.or_, others, first)
        case Not():
            return ~rebuilt(rule.part)
        case InSegment():
            return in_segment(rule.name)
        case Did():
            return did(rule.event, where=where(rule.where), during=rule.window)
        case Sequence():
            return sequence(rule)
        case Near():
            far = distance_to(decimal_of(rule.latitude), decimal_of(rule.longitude), point=rule.point)
            return COMPARED[rule.operator](far, f"{decimal_of(rule.distance)} {rule.unit}")
        case InPolygon():
            corners = [(decimal_of(corner.latitude), decimal_of(corner.longitude)) for corner in rule.corners]
            return within_polygon(corners, point=rule.point)
        case InCell():
            return in_cell(rule.cell, point=rule.point)
        case Anniversary():
            return anniversary(value(rule.value), in_next=f"{rule.days} days")
        case Comparison():
            return COMPARED[rule.operator](value(rule.value), plain(rule.literal))
        case Between():
            return value(rule.value).between(plain(rule.low), plain(rule.high))
        case Exists():
            return value(rule.value).exists()
        case Missing():
            return value(rule.value).is_missing()
        case TextTest():
            asked = getattr(value(rule.value), rule.operator.value.replace(" ", "_"))
            found: RuleExpression = asked(rule.text.value, ignoring_case=rule.ignoring_case)
            return found
        case OneOf():
            return value(rule.value).one_of(*(text.value for text in rule.texts))
        case Includes():
            return value(rule.value).includes(rule.text.value)
        case AgainstMean():
            far_from = mean + decimal_of(rule.deviations) * std
            return COMPARED[rule.operator](value(rule.value), among(far_from, rule.among))
        case AgainstQuantile():
            return COMPARED[rule.operator](value(rule.value), among(quantile(decimal_of(rule.quantile)), rule.among))
        case Extreme():
            placed = value(rule.value)
            place = placed.in_top if rule.side is Side.TOP else placed.in_bottom
            return place(decimal_of(rule.percent), among=population(rule.among))
        case ConsentTo():
            return consent_to(rule.purpose)
        case _:
            assert_never(rule)


COMPARED: Mapping[Operator, Callable[[Any, Any], RuleExpression]] = {
    Operator.EQUAL: operator.eq,
    Operator.DIFFERENT: operator.ne,
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.MORE: operator.gt,
    Operator.AT_LEAST: operator.ge,
}


def sequence(rule: Sequence) -> RuleExpression:
    first, *later = rule.steps
    built = did(first.event, where=where(first.where), during=rule.window)
    for step in later:
        go_on = built.then_not if step.negated else built.then
        built = go_on(step.event, where=where(step.where), within=length(step.within))
    return built if rule.limit is None else built.all_within(f"{rule.limit.count} {rule.limit.unit}s")


def value(node: Value) -> ValueExpression:
    match node:
        case Trait():
            return trait(node.name)
        case Property():
            return event_property(node.name)
        case Aggregate():
            word = "count" if node.function is Function.COUNT else f"{node.function}_of"
            window = {"last": length(node.window)} if isinstance(node.window, Last) else {"during": node.window}
            found: ValueExpression = getattr(kohort, word)(node.event, node.property, where=where(node.where), **window)
            return found
        case DaysSince():
            since_when = days_since_first if node.occurrence is Occurrence.FIRST else days_since_last
            return since_when(node.event, where=where(node.where))
        case Score():
            return score(value(node.value), node.levels, reversed=node.reversed, among=population(node.among))
        case _:
            assert_never(node)


def where(condition: Condition | None) -> RuleExpression | None:
    return None if condition is None else rebuilt(condition)


def among(threshold: Threshold, population_: Everyone | Condition | None) -> Threshold:
    named = population(population_)
    return threshold if named is None else threshold.among(named)


def population(among_: Everyone | Condition | None) -> RuleExpression | Everyone | None:
    return rebuilt(among_) if among_ is not None and not isinstance(among_, Everyone) else among_


def length(duration: Duration | None) -> str | None:
    return None if duration is None else f"{duration.count} {duration.unit}s"


def plain(literal: Literal) -> Plain:
    match literal:
        case Number():
            return decimal_of(literal.micros)
        case Text() | Boolean():
            return literal.value
        case Day():
            return literal.date
        case Time():
            return literal.time
        case _:
            assert_never(literal)


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: trait("clv") > 3 and trait("clv") < 5, "combine conditions with & | ~"),
        (lambda: 3 < trait("clv") < 5, r"write .between\(low, high\)"),
        (lambda: operator.gt(trait("clv"), trait("age")), "a value is compared with a number, a text"),
        (lambda: trait("clv") == None, "not with None"),  # noqa: E711 - that is the point
        (lambda: trait("clv") > Decimal("nan"), "no number that Kohort can hold"),
        (lambda: trait("clv") > 10**30, "larger than Kohort can hold"),
        (lambda: trait("clv").in_top(0), "more than 0%"),
        (lambda: trait("") > 3, "a name cannot be empty"),
        (lambda: trait("clv") > quantile(90), "from 0 to 1"),
        (lambda: trait("clv") > median + 1 * std, "standard deviations are counted from the mean"),
        (lambda: score(score(trait("clv"), 5), 5), "has a place in the population"),
        (lambda: score(trait("clv"), 5).in_top(5), "has a place in the population"),
        (lambda: count("a", last="0 days"), "a window of no length"),
        (lambda: count("a", last="-1 days"), 'expected a length of time such as "7 days"'),
        (lambda: count("a", last="1.5 days"), "write a whole number"),
        (lambda: count("a", last="7 moons"), "is no length of time"),
        (lambda: count("a", last="1 month"), "a month or a year has no fixed length"),
        (lambda: count("a", last="1 day", during=today), "give last or during, not both"),
        (lambda: did("a").then_not("b").rule, "needs its time, such as within 1 day"),
        (lambda: distance_to(91, 0) < "5 km", "from -90 to 90"),
        (lambda: distance_to(0, 0) < "5 miles", 'write "5 km" or "500 m"'),
        (lambda: in_cell("x"), "no H3 cell"),
        (lambda: within_polygon([(0, 0), (1, 1)]), "3 to 1,000 corners"),
        (lambda: anniversary(trait("a"), in_next="3 hours"), "write days or weeks"),
        (lambda: in_month(13), "the months 1 to 12"),
        (lambda: trait("a").matches("(?=x)"), "has no"),
        (lambda: since("2026-01-01"), "a date or a datetime"),  # type: ignore[arg-type]  # that is the point
    ],
)
def test_what_makes_no_rule_is_refused_where_it_is_built(build: Callable[[], object], says: str) -> None:
    with pytest.raises((UsageError, DefinitionError), match=says):
        build()


def test_nodes_stay_equal_as_declarations_are() -> None:
    assert (trait("a") == 1).rule == (trait("a") == 1).rule
    assert (trait("a") == 1) == (trait("a") == 1)
    assert (trait("a") == 1) != (trait("a") == 2)
    with pytest.raises(TypeError, match="unhashable"):
        hash(trait("a"))


def test_a_rule_built_in_python_can_be_previewed(shop: Project, write_lines: WriteLines) -> None:
    shop.ingest(write_lines("orders.jsonl", [order("ada", 1), order("ada", 2), order("bob", 3, days_ago=40)]))
    often = count("order_completed", last="30 days") >= 2
    found = shop.preview(often)
    assert (found.sentence, found.size, found.population) == (str(often), 1, 2)
    assert shop.preview(often.rule) == shop.preview(str(often)) == found
    with pytest.raises(RuleError, match='did you mean "order_completed"'):
        shop.preview(count("order_complete") >= 2)


def test_other_names_of_an_event_come_from_the_tracking_plan(shop: Project, write_lines: WriteLines) -> None:
    shop.folder.tracking.write_text("events: {order_completed: {aliases: [Purchase]}}", encoding="utf-8")
    shop.ingest(write_lines("orders.jsonl", [order("ada", 1), {**order("bob", 2), "event": "Purchase"}]))
    for rule in ("did Purchase", "did `Purchase`", did("Purchase"), "did order_completed"):
        found = shop.preview(rule)
        assert (found.sentence, found.size) == ("did order_completed", 2)


def test_kohort_offers_every_word() -> None:
    for word in kohort.__all__:
        assert getattr(kohort, word) is not None
    with pytest.raises(AttributeError, match="it offers"):
        _ = kohort.cuont
