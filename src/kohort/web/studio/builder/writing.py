"""From a draft to a rule, and what is still wrong with it, field by field."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, TypeVar

from kohort.definitions.values import micros_of
from kohort.errors import DefinitionError
from kohort.rules.languages import Language, said
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
    Step,
    TextTest,
    Trait,
    Value,
)
from kohort.rules.operators import Function, LengthUnit, Occurrence, Operator, Side, TextOperator
from kohort.rules.polygons import Corner
from kohort.rules.windows import Calendar, FromTo, InMonth, InPeriod, Named, Since, Window
from kohort.web.studio.builder import drafts
from kohort.web.studio.builder.drafts import AGGREGATES, Card, Group, Part
from kohort.web.studio.builder.lines import of_field, of_lines
from kohort.web.studio.navigation import marked as _

T = TypeVar("T")
_DAY: Final = len("2026-01-31")
_OPERATORS: Final = frozenset(one.value for one in Operator)
_TEXT_TESTS: Final = frozenset(one.value for one in TextOperator)
_SIDES: Final = frozenset(one.value for one in Side)
_CALENDAR: Final = frozenset(one.value for one in Named)
_ANOTHER: Final = _("choose another")


@dataclass(frozen=True)
class Problem:
    """What is wrong with a field of the card at a path; `text` is to be translated unless it comes from a rule."""

    path: str
    field: str
    text: str


class _Gap(Exception):  # noqa: N818 - it never leaves this module
    """A part cannot be read; why has been noted."""


def written(draft: Group, language: Language) -> tuple[Rule | None, list[Problem]]:
    """Return the rule of a draft; or None, and what is wrong with it, in the order of the cards.

    >>> from kohort.web.studio.builder.drafts import Card
    >>> rule, problems = written(Group(cards=(Card("did"), Card("segment", {"segment": "vip"}))), Language.EN)
    >>> rule, [(one.path, one.field) for one in problems]
    (None, [('0', 'event')])
    """
    writer = _Writer(language)
    try:
        rule = writer.group(draft, "")
    except _Gap:
        rule = None
    return (None if writer.problems else rule), writer.problems


@dataclass
class _Writer:
    language: Language
    problems: list[Problem] = field(default_factory=list)

    def group(self, group: Group, path: str) -> Condition:
        if not group.cards:
            raise self.gap(path, "", _("add a condition"))
        parts, gaps = [], 0
        for number, one in enumerate(group.cards):
            try:
                parts.append(self.part(one, under(path, number)))
            except _Gap:
                gaps += 1
        if gaps:
            raise _Gap
        if len(parts) == 1:
            whole: Condition = parts[0]
        else:
            join = And if group.join == "all" else Or
            whole = self.made(path, lambda: join(tuple(parts)))
        return self.made(path, lambda: Not(whole)) if group.negated else whole

    def part(self, part: Part, path: str) -> Condition:
        if isinstance(part, Group):
            return self.group(part, path)
        condition = self.card(part, path)
        return self.made(path, lambda: Not(condition)) if part.negated else condition

    def card(self, card: Card, path: str) -> Condition:
        match card.kind:
            case "did":
                event, where, window = self.text(card, path, "event"), self.where(card, path), self.window(card, path)
                return self.made(path, lambda: Did(event, where, window))
            case "sequence":
                return self.sequence(card, path)
            case "segment":
                return self.made(path, lambda: InSegment(self.text(card, path, "segment")))
            case "consent":
                return self.made(path, lambda: ConsentTo(self.text(card, path, "purpose")))
            case "near" | "polygon" | "cell":
                return self.located(card, path)
            case _:
                return self.valued(card, path)

    def sequence(self, card: Card, path: str) -> Condition:
        window = self.window(card, path)
        steps = [self.step(one, f"{path}.steps.{number}") for number, one in enumerate(card.steps)]
        limit = self.length(card, path, "limit")
        return self.made(path, lambda: Sequence(tuple(steps), window, limit))

    def step(self, step: drafts.Step, path: str) -> Step:
        as_card = Card("did", step.fields, where=step.where)
        event, where = self.text(as_card, path, "event"), self.where(as_card, path)
        within = self.length(as_card, path, "within")
        return self.made(path, lambda: Step(event, where, within, step.negated))

    def located(self, card: Card, path: str) -> Condition:
        point = self.text(card, path, "point")
        if card.kind == "cell":
            return self.made(path, lambda: InCell(point, self.text(card, path, "cell").strip()), "cell")
        if card.kind == "polygon":
            corners = [self.corner(line, path) for line in self.text(card, path, "corners").splitlines() if line]
            return self.made(path, lambda: InPolygon(point, tuple(corners)), "corners")
        latitude, longitude = (self.micros(card, path, name) for name in ("latitude", "longitude"))
        distance = self.micros(card, path, "distance")
        operator = self.one_of(card, path, "operator", Operator, Operator.LESS)
        unit = self.one_of(card, path, "unit", LengthUnit, LengthUnit.KILOMETRE)
        return self.made(path, lambda: Near(point, latitude, longitude, operator, distance, unit), "distance")

    def corner(self, line: str, path: str) -> Corner:
        latitude, comma, longitude = line.partition(",")
        if not comma:
            raise self.gap(path, "corners", _("write each corner as latitude, longitude"))
        values = [
            self.read(path, "corners", text.strip(), micros_of, _("write a number")) for text in (latitude, longitude)
        ]
        return self.made(path, lambda: Corner(*values), "corners")

    def valued(self, card: Card, path: str) -> Condition:
        measure = self.measure(card, path)
        test, among = card.field("test"), self.among(card, path)
        if test in {"mean", "quantile", *_SIDES}:
            if isinstance(measure, Property):
                raise self.gap(path, "test", _ANOTHER)
            return self.placed(card, path, measure, among)
        value: Value = measure
        if card.field("levels"):
            if isinstance(measure, Property):
                raise self.gap(path, "levels", _ANOTHER)
            its, levels = measure, self.whole(card, path, "levels")
            value = self.made(path, lambda: Score(its, levels, card.field("reversed") == "yes", among), "levels")
        return self.stated(card, path, value)

    def measure(self, card: Card, path: str) -> Measure | Property:
        match card.kind:
            case "trait":
                return self.made(path, lambda: Trait(self.text(card, path, "trait")))
            case "property":
                return self.made(path, lambda: Property(self.text(card, path, "property")))
            case "since_first" | "since_last":
                occurrence = Occurrence.FIRST if card.kind == "since_first" else Occurrence.LAST
                event, where = self.text(card, path, "event"), self.where(card, path)
                return self.made(path, lambda: DaysSince(occurrence, event, where))
            case kind if kind in AGGREGATES:
                event, where, window = self.text(card, path, "event"), self.where(card, path), self.window(card, path)
                name = card.field("property") or None
                if name is None and kind != "count":
                    raise self.gap(path, "property", _("choose a property"))
                return self.made(path, lambda: Aggregate(Function(kind), event, name, where, window))
            case _:
                raise self.gap(path, "kind", _ANOTHER)

    def stated(self, card: Card, path: str, value: Value) -> Condition:  # noqa: PLR0911 - one answer a kind
        test = card.field("test")
        if test in _OPERATORS:
            literal = self.literal(card, path, "literal")
            return self.made(path, lambda: Comparison(value, Operator(test), literal))
        if test in _TEXT_TESTS:
            text, ignoring = Text(of_field(self.text(card, path, "text"))), card.field("ignoring_case") == "yes"
            return self.made(path, lambda: TextTest(value, TextOperator(test), text, ignoring), "text")
        match test:
            case "between":
                low, high = self.literal(card, path, "low"), self.literal(card, path, "high")
                return self.made(path, lambda: Between(value, low, high), "high")
            case "exists":
                return self.made(path, lambda: Exists(value))
            case "missing":
                return self.made(path, lambda: Missing(value))
            case "one of":
                texts = tuple(Text(one) for one in of_lines(self.text(card, path, "texts")))
                return self.made(path, lambda: OneOf(value, texts), "texts")
            case "includes":
                text = Text(of_field(self.text(card, path, "text")))
                return self.made(path, lambda: Includes(value, text), "text")
            case "anniversary":
                days = self.whole(card, path, "days")
                return self.made(path, lambda: Anniversary(value, days), "days")
            case _:
                raise self.gap(path, "test", _("choose what is asked of it"))

    def placed(self, card: Card, path: str, value: Measure, among: Everyone | Condition | None) -> Condition:
        test = card.field("test")
        if test in _SIDES:
            percent = self.micros(card, path, "percent")
            return self.made(path, lambda: Extreme(value, Side(test), percent, among), "percent")
        operator = self.one_of(card, path, "operator", Operator, Operator.MORE)
        if test == "mean":
            deviations = self.micros(card, path, "deviations") if card.field("deviations") else 0
            return self.made(path, lambda: AgainstMean(value, operator, deviations, among), "deviations")
        quantile = self.micros(card, path, "quantile")
        return self.made(path, lambda: AgainstQuantile(value, operator, quantile, among), "quantile")

    def literal(self, card: Card, path: str, name: str) -> Literal:
        text = self.text(card, path, name)
        match card.field("as"):
            case "text":
                return self.made(path, lambda: Text(of_field(text)), name)
            case "boolean":
                return Boolean(text == "true")
            case "moment":
                return self.day_or_time(path, name, text)
            case _:
                return self.made(path, lambda: Number(self.micros(card, path, name)), name)

    def day_or_time(self, path: str, name: str, text: str) -> Day | Time:
        if len(text) == _DAY:
            day = self.read(path, name, text, date.fromisoformat, _("write a date such as 2026-01-31"))
            return self.made(path, lambda: Day(day), name)
        time = self.read(path, name, text, datetime.fromisoformat, _("write a date such as 2026-01-31"))
        return self.made(path, lambda: Time(time), name)

    def window(self, card: Card, path: str) -> Window | None:  # noqa: PLR0911 - one answer a kind
        kind = card.field("window")
        if kind in _CALENDAR:
            return Calendar(Named(kind))
        match kind:
            case "":
                return None
            case "last":
                count, unit = self.whole(card, path, "window_count"), card.field("window_unit") or "day"
                return self.made(path, lambda: Last(count, unit), "window_count")
            case "since":
                return Since(self.day_or_time(path, "window_low", self.text(card, path, "window_low")))
            case "between":
                low, high = (
                    self.day_or_time(path, one, self.text(card, path, one)) for one in ("window_low", "window_high")
                )
                return FromTo(low, high)
            case "month":
                month = self.whole(card, path, "window_month")
                return self.made(path, lambda: InMonth(month), "window_month")
            case "period":
                return self.made(path, lambda: InPeriod(self.text(card, path, "window_period")))
            case _:
                raise self.gap(path, "window", _ANOTHER)

    def length(self, card: Card, path: str, name: str) -> Duration | None:
        if not card.field(f"{name}_count"):
            return None
        count, unit = self.whole(card, path, f"{name}_count"), card.field(f"{name}_unit") or "day"
        return self.made(path, lambda: Duration(count, unit), f"{name}_count")

    def where(self, card: Card, path: str) -> Condition | None:
        return None if card.where is None else self.group(card.where, f"{path}.where")

    def among(self, card: Card, path: str) -> Everyone | Condition | None:
        match card.field("population"):
            case "everyone":
                return Everyone()
            case "rule":
                return self.group(card.among or Group(), f"{path}.among")
            case _:
                return None

    def text(self, card: Card, path: str, name: str) -> str:
        """Return a field that must be filled in."""
        found = card.field(name)
        if not found:
            raise self.gap(path, name, _("fill this in"))
        return found

    def whole(self, card: Card, path: str, name: str) -> int:
        return self.read(path, name, self.text(card, path, name).strip(), int, _("write a whole number"))

    def micros(self, card: Card, path: str, name: str) -> int:
        text = self.text(card, path, name).strip().replace(",", ".")
        return self.read(path, name, text, micros_of, _("write a number"))

    def one_of(self, card: Card, path: str, name: str, kind: Callable[[str], T], default: T) -> T:
        text = card.field(name)
        return self.read(path, name, text, kind, _ANOTHER) if text else default

    def read(self, path: str, name: str, text: str, reader: Callable[[str], T], otherwise: str) -> T:
        try:
            return reader(text)
        except ValueError as error:
            raise self.gap(path, name, otherwise) from error

    def made(self, path: str, make: Callable[[], T], name: str = "") -> T:
        """Return what is made; a node says by itself what it refuses."""
        try:
            return make()
        except DefinitionError as error:
            raise self.gap(path, name, said(self.language, error)) from error

    def gap(self, path: str, name: str, text: str) -> _Gap:
        self.problems.append(Problem(path, name, text))
        return _Gap()


def under(path: str, number: int) -> str:
    """Return the path of a group's part; the whole has the path "".

    >>> under("", 1), under("1.where", 0)
    ('1', '1.where.0')
    """
    return f"{path}.{number}" if path else str(number)
