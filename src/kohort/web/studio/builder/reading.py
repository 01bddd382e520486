"""From a rule to a draft."""

from typing import assert_never

from kohort.definitions.values import format_micros
from kohort.rules.literals import Boolean, Day, Duration, Last, Literal, Number, Text, Time
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
    Leaf,
    Located,
    Measure,
    Missing,
    Near,
    Not,
    OneOf,
    Or,
    Property,
    Rule,
    Score,
    Sequence,
    Stated,
    Step,
    TextTest,
    Trait,
    Valued,
)
from kohort.rules.operators import Occurrence
from kohort.rules.windows import Calendar, FromTo, InMonth, InPeriod, Since, Window
from kohort.web.studio.builder import drafts
from kohort.web.studio.builder.drafts import Card, Group, Part
from kohort.web.studio.builder.lines import as_lines, in_field

Fields = dict[str, str]


def draft_of(rule: Rule) -> Group:
    """Return a rule as cards in a group; `writing` reads the same rule from it.

    >>> from kohort.rules.parse import parse_rule
    >>> draft_of(parse_rule("not did order")).cards[0].negated
    True
    """
    return _group(rule) if isinstance(rule, And | Or) else Group(cards=(_part(rule),))


def _group(rule: And | Or) -> Group:
    return Group("all" if isinstance(rule, And) else "any", cards=tuple(map(_part, rule.parts)))


def _part(rule: Condition) -> Part:
    if isinstance(rule, And | Or):
        return _group(rule)
    if not isinstance(rule, Not):
        return _card(rule)
    if isinstance(rule.part, And | Or):
        group = _group(rule.part)
        return Group(group.join, negated=True, cards=group.cards)
    if isinstance(rule.part, Not):
        return Group(negated=True, cards=(_part(rule.part),))
    return _card(rule.part, negated=True)


def _card(leaf: Leaf, *, negated: bool = False) -> Card:
    match leaf:
        case Did():
            fields = {"event": leaf.event} | _window(leaf.window)
            return Card("did", fields, negated, where=_where(leaf.where))
        case Sequence():
            fields = _window(leaf.window) | _length("limit", leaf.limit)
            return Card("sequence", fields, negated, steps=tuple(map(_step, leaf.steps)))
        case InSegment():
            return Card("segment", {"segment": leaf.name}, negated)
        case ConsentTo():
            return Card("consent", {"purpose": leaf.purpose}, negated)
        case Near() | InPolygon() | InCell():
            return _located(leaf, negated)
        case _:
            return _valued(leaf, negated)


def _located(leaf: Located, negated: bool) -> Card:
    point = {"point": leaf.point}
    match leaf:
        case Near():
            place = {"latitude": format_micros(leaf.latitude), "longitude": format_micros(leaf.longitude)}
            distance = {"distance": format_micros(leaf.distance), "unit": leaf.unit.value}
            return Card("near", point | place | distance | {"operator": leaf.operator.value}, negated)
        case InPolygon():
            corners = (f"{format_micros(one.latitude)}, {format_micros(one.longitude)}" for one in leaf.corners)
            return Card("polygon", point | {"corners": "\n".join(corners)}, negated)
        case InCell():
            return Card("cell", point | {"cell": leaf.cell}, negated)
        case _:
            assert_never(leaf)


def _step(step: Step) -> drafts.Step:
    return drafts.Step({"event": step.event} | _length("within", step.within), step.negated, _where(step.where))


def _valued(leaf: Valued, negated: bool) -> Card:
    value, among = leaf.value, getattr(leaf, "among", None)
    fields = _test(leaf)
    if isinstance(value, Score):
        fields |= {"levels": str(value.levels), "reversed": "yes" if value.reversed else ""}
        among, value = value.among, value.value
    fields["population"] = "" if among is None else "everyone" if isinstance(among, Everyone) else "rule"
    asked = None if among is None or isinstance(among, Everyone) else draft_of(among)
    kind, its, where = _value(value)
    return Card(kind, drafts.without_gaps(its | fields), negated, _where(where), asked)


def _value(value: Measure | Property) -> tuple[drafts.Kind, Fields, Condition | None]:
    match value:
        case Trait():
            return "trait", {"trait": value.name}, None
        case Property():
            return "property", {"property": value.name}, None
        case Aggregate():
            fields = {"event": value.event, "property": value.property or ""} | _window(value.window)
            return value.function.value, fields, value.where
        case DaysSince():
            kind: drafts.Kind = "since_first" if value.occurrence is Occurrence.FIRST else "since_last"
            return kind, {"event": value.event}, value.where
        case _:
            assert_never(value)


def _test(leaf: Valued) -> Fields:
    match leaf:
        case AgainstMean():
            return {"test": "mean", "operator": leaf.operator.value, "deviations": format_micros(leaf.deviations)}
        case AgainstQuantile():
            return {"test": "quantile", "operator": leaf.operator.value, "quantile": format_micros(leaf.quantile)}
        case Extreme():
            return {"test": leaf.side.value, "percent": format_micros(leaf.percent)}
        case Anniversary():
            return {"test": "anniversary", "days": str(leaf.days)}
        case _:
            return _stated(leaf)


def _stated(leaf: Stated) -> Fields:  # noqa: PLR0911 - one answer a kind
    match leaf:
        case Comparison():
            return {"test": leaf.operator.value} | _literal("literal", leaf.literal)
        case Between():
            return {"test": "between"} | _literal("low", leaf.low) | _literal("high", leaf.high)
        case Exists():
            return {"test": "exists"}
        case Missing():
            return {"test": "missing"}
        case TextTest():
            case = {"ignoring_case": "yes" if leaf.ignoring_case else ""}
            return {"test": leaf.operator.value, "text": in_field(leaf.text.value)} | case
        case OneOf():
            return {"test": "one of", "texts": as_lines([one.value for one in leaf.texts])}
        case Includes():
            return {"test": "includes", "text": in_field(leaf.text.value)}
        case _:
            assert_never(leaf)


def _literal(name: str, literal: Literal) -> Fields:
    match literal:
        case Number():
            return {"as": "number", name: format_micros(literal.micros)}
        case Text():
            return {"as": "text", name: in_field(literal.value)}
        case Boolean():
            return {"as": "boolean", name: "true" if literal.value else "false"}
        case Day() | Time():
            return {"as": "moment", name: _moment(literal)}
        case _:
            assert_never(literal)


def _moment(literal: Day | Time) -> str:
    return literal.date.isoformat() if isinstance(literal, Day) else literal.time.isoformat()


def _window(window: Window | None) -> Fields:  # noqa: PLR0911 - one answer a kind
    match window:
        case None:
            return {}
        case Last():
            return {"window": "last"} | _length("window", window)
        case Calendar():
            return {"window": window.name.value}
        case Since():
            return {"window": "since", "window_low": _moment(window.start)}
        case FromTo():
            return {"window": "between", "window_low": _moment(window.low), "window_high": _moment(window.high)}
        case InMonth():
            return {"window": "month", "window_month": str(window.month)}
        case InPeriod():
            return {"window": "period", "window_period": window.name}
        case _:
            assert_never(window)


def _length(name: str, length: Duration | None) -> Fields:
    return {} if length is None else {f"{name}_count": str(length.count), f"{name}_unit": length.unit}


def _where(where: Condition | None) -> Group | None:
    return None if where is None else draft_of(where)
