"""A rule as a sentence: the inverse of `kohort.rules.parse`."""

from dataclasses import dataclass
from typing import assert_never

from kohort.definitions.values import MICRO, format_micros
from kohort.rules.languages import VOCABULARIES, Language
from kohort.rules.literals import Boolean, Day, Duration, Last, Literal, Number, Text, Time
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
    Leaf,
    Located,
    Missing,
    Near,
    Not,
    OneOf,
    Or,
    Placed,
    Property,
    Rule,
    Score,
    Sequence,
    Stated,
    Step,
    TextTest,
    Trait,
    Value,
)
from kohort.rules.operators import Side
from kohort.rules.vocabulary import Vocabulary
from kohort.rules.windows import Calendar, FromTo, InMonth, InPeriod, Since, Window
from kohort.rules.words import event_in_sentence, name_in_sentence, quote


def print_rule(rule: Rule, language: Language = Language.EN) -> str:
    """Return the sentence of `rule`, by default in English; `parse_rule` reads it back to an equal tree.

    >>> from kohort.rules.operators import Function, Operator
    >>> orders = Aggregate(Function.COUNT, "order_completed", window=Last(7, "day"))
    >>> print_rule(Not(Comparison(orders, Operator.AT_LEAST, Number(3_000_000))))
    'not count of order_completed in last 7 days >= 3'
    """
    return _Printer(VOCABULARIES[language]).rule(rule)


def print_value(value: Value, language: Language = Language.EN) -> str:
    """Return the words for a value.

    >>> print_value(Score(Trait("clv"), 5))
    'score of clv out of 5'
    """
    return _Printer(VOCABULARIES[language]).value(value)


def print_threshold(leaf: AgainstMean | AgainstQuantile, language: Language = Language.EN) -> str:
    """Return the words for what a leaf compares with: a number of the population of its value.

    >>> from kohort.rules.operators import Operator
    >>> print_threshold(AgainstMean(Trait("clv"), Operator.MORE, 1_000_000))
    'mean + 1 std'
    """
    return _Printer(VOCABULARIES[language]).threshold(leaf)


def print_among(among: Everyone | Condition | None, language: Language = Language.EN) -> str:
    """Return the words for a population, with a space in front; for the usual one, none.

    >>> print_among(Everyone())
    ' among everyone'
    """
    return "" if among is None else _Printer(VOCABULARIES[language]).among(among)


@dataclass(frozen=True)
class _Printer:
    """Prints in the words of one language."""

    vocabulary: Vocabulary

    def word(self, terminal: str) -> str:
        return self.vocabulary.word(terminal)

    def rule(self, rule: Rule) -> str:
        match rule:
            case And():
                return f" {self.word('AND')} ".join(self.inside(part, And, Or) for part in rule.parts)
            case Or():
                return f" {self.word('OR')} ".join(self.inside(part, Or) for part in rule.parts)
            case Not():
                return f"{self.word('NOT')} {self.inside(rule.part, And, Or)}"
            case _:
                return self.leaf(rule)

    def inside(self, part: Condition, *weaker: type[Condition]) -> str:
        return f"({self.rule(part)})" if isinstance(part, weaker) else self.rule(part)

    def leaf(self, leaf: Leaf) -> str:  # noqa: PLR0911 - one answer a node
        match leaf:
            case Did():
                return f"{self.word('DID')} {self.happened(leaf)}{self.window(leaf.window)}"
            case Sequence():
                return self.sequence(leaf)
            case Near() | InPolygon() | InCell():
                return self.located(leaf)
            case Anniversary():
                words = self.vocabulary.lasting("next_days", leaf.days, "day")
                return f"{self.word('ANNIVERSARY_OF')} {self.value(leaf.value)} {words}"
            case ConsentTo():
                return f"{self.word('CONSENT_TO')} {name_in_sentence(leaf.purpose)}"
            case InSegment():
                return f"{self.word('IN_SEGMENT')} {_quoted(leaf.name)}"
            case _:
                return f"{self.value(leaf.value)} {self.predicate(leaf)}"

    def happened(self, one: Did | Step) -> str:
        where = "" if one.where is None else f" {self.word('WHERE')} {self.inside(one.where, And, Or)}"
        return event_in_sentence(one.event) + where

    def located(self, leaf: Located) -> str:
        point = name_in_sentence(leaf.point)
        match leaf:
            case Near():
                named = f"{self.word('DISTANCE_FROM')} {point} {self.word('TO')}"
                words = self.word("DISTANCE_TO") if leaf.point == DEFAULT_POINT else named
                place = _place(leaf.latitude, leaf.longitude)
                return f"{words} {place} {leaf.operator} {format_micros(leaf.distance)} {leaf.unit}"
            case InPolygon():
                corners = ", ".join(_place(corner.latitude, corner.longitude) for corner in leaf.corners)
                return f"{point} {self.word('IN_POLYGON')} ({corners})"
            case InCell():
                return f"{point} {self.word('IN_CELL')} {_quoted(leaf.cell)}"
            case _:
                assert_never(leaf)

    def sequence(self, sequence: Sequence) -> str:
        first, *later = sequence.steps
        words = [self.word("DID"), self.happened(first)]
        if isinstance(sequence.window, Last):
            words.append(self.lasting("sequence_window", sequence.window))
        elif sequence.window is not None:
            words.append(self.window_words(sequence.window))
        for step in later:
            words += [self.word("THEN"), *([self.word("NOT")] if step.negated else []), self.happened(step)]
            if step.within is not None:
                words += [self.word("WITHIN"), self.duration(step.within)]
        if sequence.limit is not None:
            words += [self.word("ALL_WITHIN"), self.duration(sequence.limit)]
        return " ".join(words)

    def lasting(self, template: str, duration: Duration) -> str:
        return self.vocabulary.lasting(template, duration.count, duration.unit)

    def duration(self, duration: Duration) -> str:
        return f"{duration.count} {self.vocabulary.unit(duration.unit, duration.count)}"

    def predicate(self, leaf: Stated | Placed) -> str:  # noqa: PLR0911 - one answer a node
        match leaf:
            case Comparison():
                return f"{leaf.operator} {self.literal(leaf.literal)}"
            case Between():
                return self.between(leaf.low, leaf.high)
            case Exists():
                return self.word("EXISTS")
            case Missing():
                return self.word("IS_MISSING")
            case TextTest():
                case = f" {self.word('IGNORING_CASE')}" if leaf.ignoring_case else ""
                return f"{self.word(leaf.operator.name)} {_quoted(leaf.text.value)}{case}"
            case OneOf():
                return f"{self.word('IS_ONE_OF')} ({', '.join(_quoted(text.value) for text in leaf.texts)})"
            case Includes():
                return f"{self.word('INCLUDES')} {_quoted(leaf.text.value)}"
            case AgainstMean() | AgainstQuantile():
                among = "" if leaf.among is None else self.among(leaf.among)
                return f"{leaf.operator} {self.threshold(leaf)}{among}"
            case Extreme():
                side = self.vocabulary.templates["top" if leaf.side is Side.TOP else "bottom"]
                among = "" if leaf.among is None else self.among(leaf.among)
                return side.format(percent=format_micros(leaf.percent)) + among
            case _:
                assert_never(leaf)

    def threshold(self, leaf: AgainstMean | AgainstQuantile) -> str:
        match leaf:
            case AgainstMean(deviations=0):
                return self.word("MEAN")
            case AgainstMean():
                sign = "+" if leaf.deviations > 0 else "-"
                return f"{self.word('MEAN')} {sign} {format_micros(abs(leaf.deviations))} {self.word('STD')}"
            case AgainstQuantile():
                median = 2 * leaf.quantile == MICRO
                return self.word("MEDIAN") if median else f"{self.word('QUANTILE')} {format_micros(leaf.quantile)}"
            case _:
                assert_never(leaf)

    def among(self, among: Everyone | Condition) -> str:
        named = self.word("EVERYONE") if isinstance(among, Everyone) else self.inside(among, And, Or)
        return f" {self.word('AMONG')} {named}"

    def value(self, value: Value) -> str:
        match value:
            case Trait() | Property():
                return name_in_sentence(value.name)
            case Aggregate():
                subject = event_in_sentence(value.event, value.property)
                function = self.word(f"{value.function.name}_OF")
                return f"{function} {subject}{self.where(value.where)}{self.window(value.window)}"
            case DaysSince():
                since = self.word(f"DAYS_SINCE_{value.occurrence.name}")
                return f"{since} {event_in_sentence(value.event)}{self.where(value.where)}"
            case Score():
                return self.score(value)
            case _:
                assert_never(value)

    def score(self, score: Score) -> str:
        place = f"{self.word('SCORE_OF')} {self.value(score.value)} {self.word('OUT_OF')} {score.levels}"
        reverse = f" {self.word('REVERSED')}" if score.reversed else ""
        match score.among:
            case None:
                among = ""
            case Everyone() | InSegment():
                among = self.among(score.among)
            case _:
                among = f" {self.word('AMONG')} ({self.rule(score.among)})"
        return place + reverse + among

    def where(self, where: Condition | None) -> str:
        return "" if where is None else f" {self.word('WHERE')} {self.rule(where)}"

    def window(self, window: Window | None) -> str:
        return "" if window is None else f" {self.window_words(window)}"

    def window_words(self, window: Window) -> str:
        match window:
            case Last():
                return self.lasting("last_window", window)
            case Calendar():
                return self.word(window.name.name)
            case Since():
                return f"{self.word('SINCE')} {self.literal(window.start)}"
            case FromTo():
                return self.between(window.low, window.high)
            case InMonth():
                month = self.vocabulary.months[window.month - 1]
                return self.vocabulary.templates["month_window"].format(month=month)
            case InPeriod():
                return f"{self.word('IN_PERIOD')} {_quoted(window.name)}"
            case _:
                assert_never(window)

    def between(self, low: Literal, high: Literal) -> str:
        return f"{self.word('BETWEEN')} {self.literal(low)} {self.word('AND')} {self.literal(high)}"

    def literal(self, literal: Literal) -> str:
        match literal:
            case Number():
                return format_micros(literal.micros)
            case Text():
                return _quoted(literal.value)
            case Boolean():
                return self.word("TRUE" if literal.value else "FALSE")
            case Day():
                return literal.date.isoformat()
            case Time():
                return literal.time.isoformat()
            case _:
                assert_never(literal)


def _place(latitude: int, longitude: int) -> str:
    return f"({format_micros(latitude)}, {format_micros(longitude)})"


def _quoted(text: str) -> str:
    return quote(text, '"')
