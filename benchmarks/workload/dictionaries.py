"""The peer of the live engine: a dictionary a person, and the segments that speak of an event decided anew at each.

Nothing happens when time passes: whoever no longer has a recent event stays in until the next one. Thresholds of the
population are fixed numbers.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kohort.clock import DAY, Moment
from kohort.definitions.values import MICRO
from kohort.engines.columns import NO_CODE, Rows
from kohort.rules.literals import Boolean, Number, Text
from kohort.rules.nodes import (
    AgainstMean,
    Aggregate,
    And,
    Comparison,
    Condition,
    DaysSince,
    Extreme,
    Not,
    Or,
    Rule,
    Sequence,
    Trait,
    leaves,
)
from kohort.rules.operators import Function, Operator
from workload.population import CATEGORIES, TRAIT_COLUMNS
from workload.stream import Stream

THRESHOLD = 500 * MICRO
Row = tuple[int, str, Moment, str, int]
Ask = Callable[["Someone", Moment], bool]


@dataclass
class Someone:
    """A person's events by name and category: moments in order, and amounts; and their traits."""

    moments: dict[tuple[str, str | None], list[Moment]] = field(default_factory=dict)
    amounts: dict[str, list[int]] = field(default_factory=dict)
    traits: dict[str, object] = field(default_factory=dict)
    segments: set[int] = field(default_factory=set)


class DictionaryLoop:
    """People who are told events one after another."""

    def __init__(self, rules: Mapping[str, Rule], stream: Stream) -> None:
        self._asks = [ask_of(rule) for rule in rules.values()]
        self._dependents: dict[str, list[int]] = {}
        for number, rule in enumerate(rules.values()):
            for event in {event for leaf in leaves(rule) for event in events_of(leaf)}:
                self._dependents.setdefault(event, []).append(number)
        self._people: dict[int, Someone] = {}
        self._begin(stream)

    def _begin(self, stream: Stream) -> None:
        """Take in the histories of those who are told something later."""
        told = {int(person) for rows in stream.later.values() for person in rows.people}
        self._people = {person: Someone() for person in told}
        for start, block in zip(stream.warm.starts(), stream.warm.blocks, strict=True):
            for trait, rows in block.traits.items():
                column, dictionary = rows.columns[TRAIT_COLUMNS[trait][0]], TRAIT_COLUMNS[trait][1]
                for person, value in zip((rows.people + start).tolist(), column.values.tolist(), strict=True):
                    if person in told:
                        self._people[person].traits[trait] = dictionary[value] if dictionary else value
            for name, rows in block.events.items():
                for row in rows_of(name, Rows(rows.people + start, rows.ts, rows.columns), told):
                    self._take(row)

    def rows(self, events: Mapping[str, Rows]) -> list[Row]:
        """Return a micro-batch as plain rows in the order of time."""
        return sorted((row for name, rows in events.items() for row in rows_of(name, rows)), key=lambda row: row[2])

    def tell(self, rows: list[Row]) -> None:
        """Decide anew, event by event, the segments that speak of it."""
        for row in rows:
            someone = self._take(row)
            for number in self._dependents.get(row[1], ()):
                if self._asks[number](someone, row[2]):
                    someone.segments.add(number)
                else:
                    someone.segments.discard(number)

    def _take(self, row: Row) -> Someone:
        person, name, moment, category, amount = row
        someone = self._people[person]
        someone.moments.setdefault((name, None), []).append(moment)
        someone.moments.setdefault((name, category), []).append(moment)
        someone.amounts.setdefault(name, []).append(amount)
        return someone


def rows_of(name: str, rows: Rows, told: set[int] | None = None) -> list[Row]:
    """Return the rows of an event, of the people in `told` only if that is given."""
    codes = rows.columns["category"].values.tolist()
    amounts = rows.columns["total"].values.tolist() if "total" in rows.columns else [0] * len(codes)
    return [
        (person, name, moment, CATEGORIES[code] if code != NO_CODE else "", amount)
        for person, moment, code, amount in zip(rows.people.tolist(), rows.ts.tolist(), codes, amounts, strict=True)
        if told is None or person in told
    ]


def events_of(leaf: Condition) -> set[str]:
    match leaf:
        case Sequence(steps=steps):
            return {step.event for step in steps}
        case Comparison(value=Aggregate(event=event) | DaysSince(event=event)):
            return {event}
        case AgainstMean(value=Aggregate(event=event)) | Extreme(value=Aggregate(event=event)):
            return {event}
        case _:
            return set()


def ask_of(rule: Condition) -> Ask:  # noqa: PLR0911 - one answer a kind
    """Return what decides a rule."""
    match rule:
        case And() | Or():
            parts, every = [ask_of(part) for part in rule.parts], isinstance(rule, And)
            return lambda one, now: (all if every else any)(part(one, now) for part in parts)
        case Not():
            part = ask_of(rule.part)
            return lambda one, now: not part(one, now)
        case Sequence():
            return sequence_ask(rule)
        case Comparison(value=Trait(name=name)):
            return trait_ask(name, rule)
        case Comparison(value=DaysSince(event=event), operator=operator, literal=Number(micros=micros)):
            length = micros * (DAY // MICRO)
            return lambda one, now: recent(one, event, now, length, operator)
        case Comparison(value=Aggregate() as value, literal=Number(micros=micros)):
            return aggregate_ask(value, micros)
        case AgainstMean(value=Aggregate() as value) | Extreme(value=Aggregate() as value):
            return aggregate_ask(value, THRESHOLD)
        case _:
            raise TypeError(f"the workload has no {rule}")


def aggregate_ask(value: Aggregate, least: int) -> Ask:
    category = getattr(getattr(value.where, "literal", None), "value", None)
    key, length = (value.event, category), value.window.length
    if value.function is Function.COUNT:

        def count(one: Someone, now: Moment) -> bool:
            moments = one.moments.get(key, ())
            return (len(moments) - bisect_right(moments, now - length)) * MICRO >= least

        return count

    def total(one: Someone, now: Moment) -> bool:
        moments = one.moments.get((value.event, None), ())
        return sum(one.amounts.get(value.event, ())[bisect_right(moments, now - length) :]) >= least

    return total


def recent(one: Someone, event: str, now: Moment, length: int, operator: Operator) -> bool:
    moments = one.moments.get((event, None))
    if not moments:
        return False
    return now - moments[-1] < length if operator is Operator.LESS else now - moments[-1] > length


def trait_ask(name: str, rule: Comparison) -> Ask:
    match rule.literal:
        case Text(value=wanted) | Boolean(value=wanted):
            return lambda one, _: one.traits.get(name) == wanted
        case Number(micros=least):
            return lambda one, _: one.traits.get(name, -1) >= least  # type: ignore[operator]  # an age
        case _:
            raise TypeError(f"the workload has no {rule}")


def sequence_ask(sequence: Sequence) -> Ask:
    """Return what decides `A within the last W then B within D then not C within E`."""
    first, second, never = ((step.event, None) for step in sequence.steps)
    within, wait = (step.within.length for step in sequence.steps[1:])
    window = sequence.window.length

    def done(one: Someone, now: Moment) -> bool:
        begins, absent = one.moments.get(first, []), one.moments.get(never, [])
        for end in reversed(one.moments.get(second, [])):
            if end <= now - window - within:
                return False
            begin = bisect_right(begins, end - 1) - 1
            if begin < 0 or begins[begin] < end - within or begins[begin] <= now - window or end + wait > now:
                continue
            if bisect_right(absent, end + wait) == bisect_right(absent, end):
                return True
        return False

    return done
