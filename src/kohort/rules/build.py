"""The grammar's productions as nodes of the tree: one method each, called by the parser as it reads."""

from collections.abc import Callable
from collections.abc import Sequence as Listed
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar

from lark import Token, Transformer

from kohort.clock import DAY
from kohort.definitions.values import micros_of
from kohort.errors import MisplacedError, RefusalError
from kohort.rules.cells import cell_in_sentence
from kohort.rules.literals import Boolean, Day, Duration, Last, Literal, Node, Number, Span, Text, Time
from kohort.rules.nodes import (
    DEFAULT_POINT,
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
    Valued,
)
from kohort.rules.operators import Function, LengthUnit, Occurrence, Operator, Side, TextOperator
from kohort.rules.polygons import Corner
from kohort.rules.vocabulary import Vocabulary
from kohort.rules.windows import Calendar, FromTo, InMonth, InPeriod, Named, Since, Window
from kohort.rules.words import parts_of_name, unquote

Children = Listed[Any]  # tokens, nodes, predicates, and None for an optional part that is not there
N = TypeVar("N")

_MEDIAN = "0.5"


@dataclass(frozen=True)
class Predicate:
    """What is said of a value, before the value in front of it is known."""

    of: Callable[[Any, Span], Valued]
    span: Span


@dataclass(frozen=True)
class Ends:
    """`between A and B`: a predicate of the value in front, or a window of it."""

    low: Literal
    high: Literal
    span: Span

    def window(self) -> FromTo:
        """Return the window from the one date or time to the other."""
        if not (isinstance(self.low, Day | Time) and isinstance(self.high, Day | Time)):
            raise MisplacedError(RefusalError("a window stands between two dates or times"), self.span)
        return FromTo(self.low, self.high, span=self.span)


class Builder(Transformer[Token, Any]):
    """Builds nodes bottom-up; what a node's declaration refuses becomes a RuleError at its place."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        self._vocabulary = vocabulary

    def start(self, children: Children) -> Rule:
        """Return the rule itself."""
        rule: Rule = children[0]
        return rule

    def any_of(self, children: Children) -> Or:
        """Build `a or b`."""
        return _built(children, lambda span: Or(_nodes(children), span=span))

    def all_of(self, children: Children) -> And:
        """Build `a and b`."""
        return _built(children, lambda span: And(_nodes(children), span=span))

    def negation(self, children: Children) -> Not:
        """Build `not a`."""
        return _built(children, lambda span: Not(children[1], span=span))

    def valued(self, children: Children) -> Valued:
        """Build a value with what is said of it."""
        value, said = children
        if isinstance(said, Ends):
            return _built(children, lambda span: Between(value, said.low, said.high, span=span))
        build: Callable[[Any, Span], Valued] = said.of
        return _built(children, lambda span: build(value, span))

    def windowed(self, children: Children) -> Valued:
        """Build a value over a window between two dates, with what is said of it."""
        value, ends, said = children
        found: Valued = self.valued([_in_window(value, ends), said])
        return found

    def compare(self, children: Children) -> Predicate:
        """Read `>= 3`."""
        operator, literal = children
        return _said(children, lambda value, span: Comparison(value, Operator(operator), literal, span=span))

    def from_to(self, children: Children) -> Ends:
        """Read `between 2 and 5`."""
        _, low, _, high = children
        return Ends(low, high, _span(children))

    def existence(self, children: Children) -> Predicate:
        """Read `exists`, `is missing`."""
        node = Exists if children[0].type == "EXISTS" else Missing
        return _said(children, lambda value, span: node(value, span=span))

    def text_test(self, children: Children) -> Predicate:
        """Read `contains "x" ignoring case`."""
        operator, text, ignoring = children
        asked = TextOperator[operator.type]
        wanted = _text(text)
        if asked is TextOperator.MATCHES:
            _built([text], lambda span: TextTest(Trait("x"), asked, wanted, span=span))
        return _said(children, lambda value, span: TextTest(value, asked, wanted, ignoring is not None, span=span))

    def one_of(self, children: Children) -> Predicate:
        """Read `is one of ("a", "b")`."""
        texts = tuple(_text(token) for token in children if token.type == "TEXT")
        return _said(children, lambda value, span: OneOf(value, texts, span=span))

    def includes(self, children: Children) -> Predicate:
        """Read `includes "x"`."""
        wanted = _text(children[1])
        return _said(children, lambda value, span: Includes(value, wanted, span=span))

    def against_mean(self, children: Children) -> Predicate:
        """Read `> mean + 1 std among …`."""
        operator, _, sign, number, _, among = children

        def build(value: Measure, span: Span) -> AgainstMean:
            deviations = 0 if number is None else _micros(number)
            return AgainstMean(value, Operator(operator), -deviations if sign == "-" else deviations, among, span=span)

        return _placed(children, build)

    def against_quantile(self, children: Children) -> Predicate:
        """Read `> median among …`, `> quantile 0.9`."""
        operator, *_, among = children
        numbers = [one for one in children if isinstance(one, Token) and one.type == "NUMBER"]
        written = numbers[0] if numbers else _MEDIAN
        return _placed(
            children,
            lambda value, span: AgainstQuantile(value, Operator(operator), _micros(written), among, span=span),
        )

    def extreme(self, children: Children) -> Predicate:
        """Read `in top 5% among …`."""
        side = Side.TOP if _token(children, "IN_TOP") else Side.BOTTOM
        percent = _token(children, "NUMBER")
        return _placed(children, lambda value, span: Extreme(value, side, _micros(percent), children[-1], span=span))

    def among(self, children: Children) -> Everyone | Condition:
        """Return the population that is named."""
        population: Everyone | Condition = children[1]
        return population

    def everyone(self, children: Children) -> Everyone:
        """Build the widest population."""
        return Everyone(span=_span(children))

    def did(self, children: Children) -> Did | Sequence:
        """Build `did event where … in last …`, and what came then."""
        _, name, where, *rest = children
        window = _window([one for one in rest if isinstance(one, Ends | Window)])
        steps = [one for one in rest if isinstance(one, Step)]
        limit = next((one for one in rest if type(one) is Duration), None)
        if not steps and limit is None:
            return _built(children, lambda span: Did(_only_event(name), where, window, span=span))
        first = _built([name], lambda span: Step(_only_event(name), where, span=span))
        return _built(children, lambda span: Sequence((first, *steps), window, limit, span=span))

    def step(self, children: Children) -> Step:
        """Build `then not event where … within 1 day`."""
        _, negated, name, where, *rest = children
        return _built(children, lambda span: Step(_only_event(name), where, rest[-1], negated is not None, span=span))

    def duration(self, children: Children) -> Duration:
        """Build `7 days`."""
        return _built(children, lambda span: Duration(*self._length(children), span=span))

    def in_segment(self, children: Children) -> InSegment:
        """Build `in segment "name"`."""
        return _built(children, lambda span: InSegment(unquote(children[1]), span=span))

    def consent_to(self, children: Children) -> ConsentTo:
        """Build `consent to ads_matching`."""
        return _built(children, lambda span: ConsentTo(".".join(parts_of_name(children[1])), span=span))

    def anniversary(self, children: Children) -> Anniversary:
        """Build `anniversary of birth_date in next 7 days`."""
        _, value, days = children
        return _built(children, lambda span: Anniversary(value, days.length // DAY, span=span))

    def next_days(self, children: Children) -> Duration:
        """Read `in next 7 days`."""
        return _built(children, lambda span: self._days(children, span))

    def _days(self, children: Children, span: Span) -> Duration:
        found = Duration(*self._length(children), span=span)
        if found.length % DAY:
            raise RefusalError("an anniversary is a day: write days or weeks")
        return found

    def near(self, children: Children) -> Near:
        """Build `distance to (48.8566, 2.3522) < 5 km`."""
        *_, latitude, longitude, operator, distance, unit = children
        point = _point(_token(children, "NAME"))

        def build(span: Span) -> Near:
            numbers = [_micros(one) for one in (latitude, longitude, distance)]
            return Near(point, numbers[0], numbers[1], Operator(operator), numbers[2], LengthUnit(unit), span=span)

        return _built(children, build)

    def in_polygon(self, children: Children) -> InPolygon:
        """Build `location within polygon ((48.8, 2.3), …)`."""
        corners = tuple(child for child in children if isinstance(child, Corner))
        return _built(children, lambda span: InPolygon(_point(children[0]), corners, span=span))

    def corner(self, children: Children) -> Corner:
        """Build `(48.8, 2.3)`."""
        return _built(children, lambda span: Corner(*(_micros(one) for one in children), span=span))

    def in_cell(self, children: Children) -> InCell:
        """Build `location in cell "881fb46625fffff"`."""
        name, _, text = children
        return _built(children, lambda span: InCell(_point(name), cell_in_sentence(unquote(text)), span=span))

    def trait(self, children: Children) -> Trait:
        """Build a trait from its name."""
        return _built(children, lambda span: Trait(".".join(parts_of_name(children[0])), span=span))

    def property(self, children: Children) -> Property:
        """Build a property, in a `where`, from its name."""
        return _built(children, lambda span: Property(".".join(parts_of_name(children[0])), span=span))

    def aggregate(self, children: Children) -> Aggregate:
        """Build `sum of event.property where … in last …`."""
        function, name, where, *windows = children

        def build(span: Span) -> Aggregate:
            event, *path = parts_of_name(name)
            word = Function[function.type.removesuffix("_OF")]
            return Aggregate(word, event, ".".join(path) if path else None, where, _window(windows), span=span)

        return _built(children, build)

    def days_since(self, children: Children) -> DaysSince:
        """Build `days since last event where …`."""
        words, name, where = children
        occurrence = Occurrence.FIRST if words.type == "DAYS_SINCE_FIRST" else Occurrence.LAST
        return _built(children, lambda span: DaysSince(occurrence, _only_event(name), where, span=span))

    def score(self, children: Children) -> Score:
        """Build `score of value out of 5 reversed among …`."""
        _, value, ends, _, number, reverse, among = children
        _refuse_score(value)
        measure = value if ends is None else _in_window(value, ends)
        return _built(children, lambda span: Score(measure, _whole(number), reverse is not None, among, span=span))

    score_among = among

    def last_window(self, children: Children) -> Last:
        """Build `in last 7 days`."""
        return _built(children, lambda span: Last(*self._length(children), span=span))

    def _length(self, children: Children) -> tuple[int, str]:
        number, unit = _token(children, "NUMBER"), _token(children, "UNIT")
        return 1 if number is None else _whole(number), self._vocabulary.unit_of[str(unit).lower()]

    def calendar_window(self, children: Children) -> Calendar:
        """Build `today`, `this month`."""
        return _built(children, lambda span: Calendar(Named[children[0].type], span=span))

    def since_window(self, children: Children) -> Since:
        """Build `since 2026-01-31`."""
        return _built(children, lambda span: Since(children[1], span=span))

    def month_window(self, children: Children) -> InMonth:
        """Build `in December`."""
        return _built(children, lambda span: InMonth(self._vocabulary.month_of[children[-1].lower()], span=span))

    def period_window(self, children: Children) -> InPeriod:
        """Build `in period "summer sale"`."""
        name = children[1]
        text = unquote(name) if name.type == "TEXT" else ".".join(parts_of_name(name))
        return _built(children, lambda span: InPeriod(text, span=span))

    def where(self, children: Children) -> Condition:
        """Return the conditions of a `where`."""
        condition: Condition = children[1]
        return condition

    def number(self, children: Children) -> Number:
        """Build `12.5`."""
        return _built(children, lambda span: Number(_micros(children[0]), span=span))

    def text(self, children: Children) -> Text:
        """Build `"FR"`."""
        return _text(children[0])

    def boolean(self, children: Children) -> Boolean:
        """Build `true`, `false`."""
        return _built(children, lambda span: Boolean(children[0].type == "TRUE", span=span))

    def time(self, children: Children) -> Day | Time:
        """Build `2026-01-31`, `2026-01-31T09:30:00+01:00`."""
        return _built(children, lambda span: _time(str(children[0]), span))


def _built(children: Children, build: Callable[[Span], N]) -> N:
    """Build a node; what its declaration refuses becomes an error at the place of `children`."""
    span = _span(children)
    try:
        return build(span)
    except MisplacedError:
        raise
    except RefusalError as error:
        raise MisplacedError(error, span) from error


def _said(children: Children, of: Callable[[Any, Span], Valued]) -> Predicate:
    return Predicate(of, _span(children))


def _placed(children: Children, of: Callable[[Any, Span], Valued]) -> Predicate:
    """Read a predicate that places a value in the population, which no score can be once more."""

    def build(value: Value, span: Span) -> Valued:
        _refuse_score(value)
        return of(value, span)

    return Predicate(build, _span(children))


def _span(children: Children) -> Span:
    spans = [_span_of(child) for child in children if child is not None]
    return spans[0][0], spans[-1][1]


def _span_of(child: Token | Node | Predicate | Ends) -> Span:
    if isinstance(child, Token):
        return child.start_pos or 0, child.end_pos or 0
    return child.span or (0, 0)


def _token(children: Children, terminal: str) -> Token | None:
    return next((child for child in children if isinstance(child, Token) and child.type == terminal), None)


def _point(name: Token | None) -> str:
    return DEFAULT_POINT if name is None else ".".join(parts_of_name(name))


def _nodes(children: Children) -> tuple[Condition, ...]:
    return tuple(child for child in children if not isinstance(child, Token))


def _text(token: Token) -> Text:
    return _built([token], lambda span: Text(unquote(token), span=span))


def _window(windows: Children) -> Window | None:
    found = windows[0] if windows else None
    return found.window() if isinstance(found, Ends) else found


def _in_window(value: Value, ends: Ends) -> Aggregate:
    if not isinstance(value, Aggregate):
        raise MisplacedError(RefusalError("only a value over events has a window"), ends.span)
    if value.window is not None:
        raise MisplacedError(RefusalError("the value has a window already"), ends.span)
    return replace(value, window=ends.window(), span=(_span_of(value)[0], ends.span[1]))


def _time(written: str, span: Span) -> Day | Time:
    try:
        if "T" in written:
            return Time(datetime.fromisoformat(written), span=span)
        return Day(date.fromisoformat(written), span=span)
    except ValueError as error:
        raise RefusalError("the calendar has no {written}", written=written) from error


def _micros(number: object) -> int:
    try:
        return micros_of(str(number))
    except ValueError as error:
        raise RefusalError("the number is larger than Kohort can hold; write one below 9,000,000,000,000") from error


def _whole(token: Token) -> int:
    if not token.isdecimal() or len(token) > 9:  # noqa: PLR2004 - what any count of units needs
        raise RefusalError("expected a whole number, not {written}", written=token[:20])
    return int(token)


def _only_event(name: Token) -> str:
    event, *path = parts_of_name(name)
    if path:
        raise RefusalError("an event stands here alone, without a property; a name with a dot stands in backticks")
    return event


def _refuse_score(value: Value) -> None:
    if isinstance(value, Score):
        raise MisplacedError(RefusalError("a score already is a place in the population"), value.span or (0, 0))
