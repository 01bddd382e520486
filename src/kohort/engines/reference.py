"""The meaning of rules in plain, slow, obvious Python: what every engine is held to.

It shares with the engines how a rule is read, and nothing of how it is run: values are exact fractions, and
every definition stands here as the rule language states it.
"""

from collections.abc import Callable, Mapping
from collections.abc import Sequence as Listed
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cached_property
from math import asin, cos, dist, isqrt, radians, sin
from typing import assert_never
from unicodedata import normalize

from kohort.clock import DAY, Moment, datetime_of
from kohort.definitions.values import LARGEST_MICROS, MICRO, ValueType
from kohort.engines.texts import matching_texts, question_of
from kohort.rules.catalog import Catalog
from kohort.rules.check import check_rule
from kohort.rules.geography import EARTH_RADIUS, cell_of
from kohort.rules.literals import Boolean, Day, Last, Literal, Number, Text, Time, type_of
from kohort.rules.nodes import (
    AgainstMean,
    AgainstQuantile,
    Aggregate,
    And,
    Anniversary,
    Asked,
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
    Step,
    TextTest,
    Trait,
    Value,
)
from kohort.rules.operators import Function, Occurrence, Operator, Side, TextOperator
from kohort.rules.read import segments_of
from kohort.rules.windows import Calendar, FromTo, InMonth, InPeriod, Named, Since, Window

Plain = Fraction | int | str | bool | tuple[str, ...]
Finder = Callable[[ValueType], Plain | None]


@dataclass(frozen=True)
class Typed:
    """A value with its type: a number as an exact fraction, a moment as microseconds, a list as a tuple."""

    type: ValueType
    value: Plain


@dataclass(frozen=True)
class Event:
    """Something that a person did."""

    event_id: str
    name: str
    ts: Moment
    properties: Mapping[str, Typed] = field(default_factory=dict)


@dataclass(frozen=True)
class TraitValue:
    """A trait set, or with None removed, at a time."""

    name: str
    value_id: str
    set_at: Moment
    value: Typed | None


@dataclass(frozen=True)
class ConsentChoice:
    """What one of a person's actors chose of a category, in a banner or another form, and from when."""

    actor: str
    form: str
    category: str
    effective_at: Moment
    granted: bool


@dataclass(frozen=True)
class Person:
    """A person with the whole of their history, merged actors included."""

    person_id: str
    first_seen: Moment
    events: tuple[Event, ...] = ()
    traits: tuple[TraitValue, ...] = ()
    choices: tuple[ConsentChoice, ...] = ()


@dataclass(frozen=True)
class Reference:
    """Evaluates rules over plain histories as of a moment.

    >>> from kohort.rules.parse import parse_rule
    >>> ada = Person("ada", 0, (Event("1", "order", ts=5),))
    >>> Reference((ada,), Catalog(events={"order": {}}), at=5).evaluate({"buyers": parse_rule("did order")})
    {'buyers': ['ada']}
    """

    people: Listed[Person]
    catalog: Catalog
    at: Moment

    def evaluate(self, rules: Mapping[str, Rule]) -> dict[str, list[str]]:
        """Return the sorted ids of the members of each rule; raises what `read_rule` raises."""
        checked = {name: check_rule(rule, self.catalog) for name, rule in rules.items()}
        return {
            name: sorted(person.person_id for person in self.existing if self.holds(rule, person))
            for name, rule in checked.items()
        }

    @cached_property
    def existing(self) -> list[Person]:
        """The people who exist at the moment."""
        return [person for person in self.people if person.first_seen <= self.at]

    def holds(self, rule: Rule, person: Person) -> bool:  # noqa: C901, PLR0911 - one answer a node
        """Return whether `rule` is true of `person`."""
        match rule:
            case And():
                return all(self.holds(part, person) for part in rule.parts)
            case Or():
                return any(self.holds(part, person) for part in rule.parts)
            case Not():
                return not self.holds(rule.part, person)
            case InSegment():
                return self.holds(segments_of([rule], self.catalog)[rule.name], person)
            case ConsentTo():
                return self.consents(person, rule.purpose)
            case Did():
                return bool(self.matching(person, rule.event, rule.where, rule.window))
            case Near() | InPolygon() | InCell():
                return self.is_located(rule, person)
            case Sequence():
                begins = self.matching(person, rule.steps[0].event, rule.steps[0].where, rule.window)
                return any(self.goes_on(rule, 1, person, first.ts, first.ts) for first in begins)
            case AgainstMean() | AgainstQuantile():
                threshold = self.threshold(rule)
                value = self.value(rule.value, person, ValueType.NUMBER)
                return threshold is not None and _compare(value, rule.operator, threshold, threshold)
            case Extreme():
                return self.is_extreme(rule, person)
            case Comparison() | Between() | Exists() | Missing() | TextTest() | OneOf() | Includes() | Anniversary():
                return self.asked(rule, lambda type_: self.value(rule.value, person, type_))
            case _:
                assert_never(rule)

    def consents(self, person: Person, purpose: str) -> bool:
        """Return whether all actors that were asked consent, by the form that spoke last, in all of its categories."""
        told = [
            one
            for one in person.choices
            if one.category in self.catalog.purposes[purpose] and one.effective_at <= self.at
        ]
        return bool(told) and all(
            self.agrees([one for one in told if one.actor == actor]) for actor in {one.actor for one in told}
        )

    def agrees(self, told: Listed[ConsentChoice]) -> bool:
        """Return whether an actor consents who told this."""
        last = max(one.effective_at for one in told)
        for form in {one.form for one in told if one.effective_at == last}:
            for category in {one.category for one in told if one.form == form}:
                choices = [one for one in told if (one.form, one.category) == (form, category)]
                latest = max(one.effective_at for one in choices)
                if not all(one.granted for one in choices if one.effective_at == latest):
                    return False
        return True

    def is_located(self, condition: Located, person: Person) -> bool:
        """Look where a person is, if anywhere on Earth."""
        latitude, longitude = (self.trait(trait, person, ValueType.NUMBER) for trait in condition.coordinates)
        if not (isinstance(latitude, Fraction) and isinstance(longitude, Fraction)):
            return False
        if not (abs(latitude) <= 90 and abs(longitude) <= 180):  # noqa: PLR2004 - degrees
            return False
        match condition:
            case Near():
                return _is_near(condition, latitude, longitude)
            case InPolygon():
                return _is_inside(condition, latitude, longitude)
            case InCell():
                return cell_of(float(latitude), float(longitude), condition.cell) == condition.cell
            case _:
                assert_never(condition)

    def goes_on(self, sequence: Sequence, place: int, person: Person, begin: Moment, last: Moment) -> bool:
        """Return whether the steps from `place` on can follow what was done at `last`, begun at `begin`."""
        later = sequence.steps[place:]
        done = next((number for number, step in enumerate(later) if not step.negated), None)
        if done is None:
            return all(self.never(step, person, last) for step in later)
        for event in self.matching(person, later[done].event, later[done].where, None):
            within = later[done].within
            if (
                event.ts > last
                and (within is None or event.ts <= last + within.length)
                and (sequence.limit is None or event.ts <= begin + sequence.limit.length)
                and not any(
                    last < other.ts < event.ts
                    for step in later[:done]
                    for other in self.matching(person, step.event, step.where, None)
                )
                and self.goes_on(sequence, place + done + 1, person, begin, event.ts)
            ):
                return True
        return False

    def never(self, step: Step, person: Person, last: Moment) -> bool:
        """Return whether a step was not done in (last, last + D], and the time to do it has run out."""
        if step.within is None:
            raise TypeError("a step that was not done at the end has its time; rules are checked when they are built")
        end = last + step.within.length
        done = self.matching(person, step.event, step.where, None)
        return self.at >= end and not any(last < event.ts <= end for event in done)

    def asked(self, condition: Asked, found: Finder) -> bool:  # noqa: PLR0911 - one answer a node
        """Return whether a condition holds of a value, which `found` gives in the type that is asked for."""
        match condition:
            case Comparison():
                first, last = self.ends(condition.literal)
                return _compare(found(type_of(condition.literal)), condition.operator, first, last)
            case Between():
                value = found(type_of(condition.low))
                first, last = self.ends(condition.low)[0], self.ends(condition.high)[1]
                return _compare(value, Operator.AT_LEAST, first, first) and _compare(
                    value, Operator.AT_MOST, last, last
                )
            case Exists():
                return any(found(type_) is not None for type_ in ValueType)
            case Missing():
                return all(found(type_) is None for type_ in ValueType)
            case TextTest():
                text = found(ValueType.TEXT)
                return isinstance(text, str) and _text_holds(condition, text)
            case OneOf():
                return found(ValueType.TEXT) in [text.value for text in condition.texts]
            case Anniversary():
                moment = found(ValueType.MOMENT)
                return isinstance(moment, int) and self.comes_round(moment, condition.days)
            case Includes():
                texts = found(ValueType.TEXT_LIST)
                return isinstance(texts, tuple) and condition.text.value in texts
            case _:
                assert_never(condition)

    def comes_round(self, moment: Moment, days: int) -> bool:
        """Return whether one of today and the next days is the moment's day of the year, in a later year."""
        born, today = (datetime_of(one, self.catalog.zone).date() for one in (moment, self.at))
        for day in (today + timedelta(days=number) for number in range(days + 1)):
            leap_day = (born.month, born.day) == (2, 29) and (day.month, day.day) == (2, 28)
            same = (born.month, born.day) == (day.month, day.day)
            if day.year > born.year and (same or (leap_day and (day + timedelta(days=1)).month == 3)):  # noqa: PLR2004 - March
                return True
        return False

    def ends(self, literal: Literal) -> tuple[Plain, Plain]:
        """Return the first and last value that `literal` means: two only of a day."""
        match literal:
            case Number():
                return Fraction(literal.micros, MICRO), Fraction(literal.micros, MICRO)
            case Text() | Boolean():
                return literal.value, literal.value
            case Day() | Time():
                return literal.moments(self.catalog.zone)
            case _:
                assert_never(literal)

    def value(self, value: Value, person: Person, type_: ValueType) -> Plain | None:
        """Return a person's value if it is there in `type_`."""
        match value:
            case Trait():
                return self.trait(value, person, type_)
            case Aggregate():
                return self.aggregate(value, person, type_)
            case DaysSince() if type_ is ValueType.NUMBER:
                times = [event.ts for event in self.matching(person, value.event, value.where, None)]
                seen = max(times, default=None) if value.occurrence is Occurrence.LAST else min(times, default=None)
                return None if seen is None else Fraction(self.at - seen, DAY)
            case Score() if type_ is ValueType.NUMBER:
                return self.score(value, person)
            case _:
                return None

    def trait(self, trait: Trait, person: Person, type_: ValueType) -> Plain | None:
        """Return the latest value set at a time ≤ t, ties by value id, if it is of the trait's own type."""
        if type_ is not self.catalog.traits[trait.name]:
            return None
        known = [one for one in person.traits if one.name == trait.name and one.set_at <= self.at]
        latest = max(known, key=lambda one: (one.set_at, one.value_id), default=None)
        return _typed(None if latest is None else latest.value, type_)

    def aggregate(self, aggregate: Aggregate, person: Person, type_: ValueType) -> Plain | None:  # noqa: PLR0911 - one answer a node
        """Return the aggregate of the matching events' values."""
        events = self.matching(person, aggregate.event, aggregate.where, aggregate.window)
        if aggregate.property is None:
            return Fraction(len(events)) if type_ is ValueType.NUMBER else None
        events = [event for event in events if aggregate.property in event.properties]
        found = [event.properties[aggregate.property] for event in events]
        match aggregate.function:
            case Function.FIRST | Function.LAST:
                ordered = sorted(events, key=lambda event: (event.ts, event.event_id))
                of_type = [
                    one for event in ordered if (one := _typed(event.properties[aggregate.property], type_)) is not None
                ]
                if not of_type:
                    return None
                return of_type[0] if aggregate.function is Function.FIRST else of_type[-1]
            case _ if type_ is not ValueType.NUMBER:
                return None
            case Function.COUNT:
                return Fraction(len(found))
            case Function.DISTINCT:
                return Fraction(len({one for typed in found for one in _elements(typed)}))
            case function:
                return _numeric(function, [one.value for one in found if isinstance(one.value, Fraction)])

    def matching(self, person: Person, name: str, where: Condition | None, window: Window | None) -> list[Event]:
        """Return the person's events called `name` in the window, or ever up to t, of which `where` holds."""
        return [
            event
            for event in person.events
            if event.name == name
            and event.ts <= self.at
            and (window is None or self.in_window(event.ts, window))
            and (where is None or self.where_holds(where, event))
        ]

    def in_window(self, moment: Moment, window: Window) -> bool:  # noqa: C901, PLR0911 - one answer a window
        """Return whether a moment ≤ t lies in a window: in (t − D, t], or on the right days of the calendar."""
        today, day = datetime_of(self.at, self.catalog.zone).date(), datetime_of(moment, self.catalog.zone).date()
        match window:
            case Last():
                return moment > self.at - window.length
            case Since():
                return moment >= window.start.moments(self.catalog.zone)[0]
            case FromTo():
                first, last = window.low.moments(self.catalog.zone)[0], window.high.moments(self.catalog.zone)[1]
                return first <= moment <= last
            case InMonth():
                return day.month == window.month
            case InPeriod():
                first_day, last_day = self.catalog.periods[window.name]
                return first_day <= day <= last_day
            case Calendar(name=Named.TODAY):
                return day == today
            case Calendar(name=Named.YESTERDAY):
                return (today - day).days == 1
            case Calendar(name=Named.THIS_WEEK):
                return day.isocalendar()[:2] == today.isocalendar()[:2]
            case Calendar(name=Named.THIS_MONTH):
                return (day.year, day.month) == (today.year, today.month)
            case Calendar():
                return day.year == today.year

    def where_holds(self, where: Condition, event: Event) -> bool:  # noqa: PLR0911 - one answer a node
        """Return whether a `where` is true of an event."""
        match where:
            case And():
                return all(self.where_holds(part, event) for part in where.parts)
            case Or():
                return any(self.where_holds(part, event) for part in where.parts)
            case Not():
                return not self.where_holds(where.part, event)
            case Comparison(value=Property(name=name)) | Between(value=Property(name=name)):
                return self.asked(where, lambda type_: _typed(event.properties.get(name), type_))
            case Exists(value=Property(name=name)) | Missing(value=Property(name=name)):
                return self.asked(where, lambda type_: _typed(event.properties.get(name), type_))
            case TextTest(value=Property(name=name)) | OneOf(value=Property(name=name)):
                return self.asked(where, lambda type_: _typed(event.properties.get(name), type_))
            case Includes(value=Property(name=name)):
                return self.asked(where, lambda type_: _typed(event.properties.get(name), type_))
            case _:
                raise TypeError("a where compares properties; rules are checked before they are evaluated")

    def in_population(self, measure: Measure, person: Person) -> Fraction | None:
        """Return the person's number if they belong to the population of `measure`."""
        value = self.value(measure, person, ValueType.NUMBER)
        if isinstance(measure, Aggregate) and not self.matching(person, measure.event, measure.where, measure.window):
            return None
        return value if isinstance(value, Fraction) else None

    def placed(self, measure: Measure, among: Everyone | Condition | None, person: Person) -> Fraction | None:
        """Return the person's number if they belong to the population of `measure` that `among` names."""
        if isinstance(among, Everyone):
            value = self.value(measure, person, ValueType.NUMBER)
            return value if isinstance(value, Fraction) else None
        if among is not None and not self.holds(among, person):
            return None
        return self.in_population(measure, person)

    def population(self, measure: Measure, among: Everyone | Condition | None) -> list[Fraction]:
        """Return the numbers of a population."""
        values = [self.placed(measure, among, person) for person in self.existing]
        return [value for value in values if value is not None]

    def is_extreme(self, rule: Extreme, person: Person) -> bool:
        """Return whether the share of people with a strictly greater (or smaller) value is below q %."""
        value, population = self.placed(rule.value, rule.among, person), self.population(rule.value, rule.among)
        if value is None:
            return False
        ahead = [other for other in population if (other > value if rule.side is Side.TOP else other < value)]
        return Fraction(len(ahead), len(population)) < Fraction(rule.percent, 100 * MICRO)

    def score(self, score: Score, person: Person) -> Fraction | None:
        """Return 1 + ⌊n · L / N⌋ with L the number of people with a strictly smaller (reversed: greater) value."""
        value, population = self.placed(score.value, score.among, person), self.population(score.value, score.among)
        if value is None:
            return None
        beaten = [other for other in population if (other > value if score.reversed else other < value)]
        return Fraction(1 + score.levels * len(beaten) // len(population))

    def threshold(self, rule: AgainstMean | AgainstQuantile) -> Fraction | None:
        """Return mean + k std, or a quantile, rounded half-even to 10⁻⁶, or for durations to a microsecond."""
        values = self.population(rule.value, rule.among)
        unit = DAY if isinstance(rule.value, DaysSince) else MICRO
        found = (
            _quantile(values, rule.quantile) if isinstance(rule, AgainstQuantile) else _mean(values, rule.deviations)
        )
        if found is None or abs(round(found * unit)) > LARGEST_MICROS:
            return None
        return Fraction(round(found * unit), unit)


def _is_near(near: Near, latitude: Fraction, longitude: Fraction) -> bool:
    """Compare the angle between two directions from the centre of the Earth, as unit vectors, times its radius."""
    here = _direction(float(latitude), float(longitude))
    there = _direction(near.latitude / MICRO, near.longitude / MICRO)
    metres = 2 * EARTH_RADIUS * asin(min(1.0, dist(here, there) / 2))
    return _compare(Fraction(metres), near.operator, Fraction(near.metres), Fraction(near.metres))


def _is_inside(polygon: InPolygon, latitude: Fraction, longitude: Fraction) -> bool:
    """Count the edges to the north of a point: they enclose it if their number is odd."""
    corners = [(Fraction(one.latitude, MICRO), Fraction(one.longitude, MICRO)) for one in polygon.corners]
    to_the_north = 0
    for (north, east), (other_north, other_east) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if not min(east, other_east) <= longitude <= max(east, other_east):
            continue
        if east == other_east:
            if min(north, other_north) <= latitude <= max(north, other_north):
                return True
            continue
        met = north + (longitude - east) * (other_north - north) / (other_east - east)
        if met == latitude:
            return True
        if met > latitude and longitude != max(east, other_east):
            to_the_north += 1
    return to_the_north % 2 == 1


def _direction(latitude: float, longitude: float) -> tuple[float, float, float]:
    phi, theta = radians(latitude), radians(longitude)
    return cos(phi) * cos(theta), cos(phi) * sin(theta), sin(phi)


def _mean(values: list[Fraction], deviations: int) -> Fraction | None:
    """Return mean + k std of the sample; k is `deviations` in micros."""
    if not values or (len(values) == 1 and deviations):
        return None
    mean = sum(values, Fraction()) / len(values)
    if not deviations:
        return mean
    variance = sum(((value - mean) ** 2 for value in values), Fraction()) / (len(values) - 1)
    return mean + Fraction(deviations, MICRO) * _square_root(variance)


def _quantile(values: list[Fraction], quantile: int) -> Fraction | None:
    """Return the quantile of type 7: the place (n − 1) q among the sorted values, between two of them linearly."""
    if not values:
        return None
    ordered = sorted(values)
    place = Fraction((len(values) - 1) * quantile, MICRO)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _text_holds(test: TextTest, text: str) -> bool:
    """Return the answer to a question about a text, both sides in NFC and, ignoring case, case-folded."""
    if test.operator is TextOperator.MATCHES:
        return bool(matching_texts(question_of(replace(test, value=Trait("any"))), [text]))
    found, wanted = (normalize("NFC", one) for one in (text, test.text.value))
    if test.ignoring_case:
        found, wanted = (normalize("NFC", normalize("NFD", one).casefold()) for one in (found, wanted))
    match test.operator:
        case TextOperator.CONTAINS:
            return found.find(wanted) >= 0
        case TextOperator.STARTS_WITH:
            return found[: len(wanted)] == wanted
        case _:
            return found[len(found) - len(wanted) :] == wanted if len(wanted) <= len(found) else False


def _compare(value: Plain | None, operator: Operator, first: Plain, last: Plain) -> bool:  # noqa: PLR0911 - one answer an operator
    """Compare with what lasts from `first` to `last`; a missing value compares false."""
    if value is None:
        return False
    match operator:
        case Operator.EQUAL:
            return bool(first <= value <= last)  # type: ignore[operator]  # both are of the type that was asked for
        case Operator.DIFFERENT:
            return not first <= value <= last  # type: ignore[operator]  # as above
        case Operator.LESS:
            return bool(value < first)  # type: ignore[operator]  # as above
        case Operator.AT_MOST:
            return bool(value <= last)  # type: ignore[operator]  # as above
        case Operator.MORE:
            return bool(value > last)  # type: ignore[operator]  # as above
        case Operator.AT_LEAST:
            return bool(value >= first)  # type: ignore[operator]  # as above


def _typed(typed: Typed | None, type_: ValueType) -> Plain | None:
    return typed.value if typed is not None and typed.type is type_ else None


def _elements(typed: Typed) -> list[tuple[ValueType, Plain]]:
    if isinstance(typed.value, tuple):
        return [(typed.type, one) for one in typed.value]
    return [(typed.type, typed.value)]


def _numeric(function: Function, numbers: list[Fraction]) -> Fraction | None:
    match function:
        case Function.SUM:
            total = sum(numbers, Fraction())
            return total if abs(total * MICRO) <= LARGEST_MICROS else None
        case Function.MEAN:
            return Fraction(round(sum(numbers, Fraction()) / len(numbers) * MICRO), MICRO) if numbers else None
        case Function.MIN:
            return min(numbers, default=None)
        case _:
            return max(numbers, default=None)


def _square_root(value: Fraction) -> Fraction:
    """Return √value: exactly where it is rational, else to 150 digits."""
    numerator, denominator = isqrt(value.numerator), isqrt(value.denominator)
    if (numerator**2, denominator**2) == (value.numerator, value.denominator):
        return Fraction(numerator, denominator)
    with localcontext(prec=150):
        return Fraction((Decimal(value.numerator) / Decimal(value.denominator)).sqrt())
