"""What the conditions of a plan need to know of the data before they are plain questions, looked up in a store."""

from dataclasses import dataclass
from typing import Any, Protocol

from kohort.clock import Moment
from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.engines.context import Context
from kohort.engines.plan import Plan
from kohort.engines.sql.dialects import dialect_of
from kohort.engines.sql.statements import distinct_values, earliest_event
from kohort.engines.sql.store import Store
from kohort.engines.texts import TextQuestion, matching_texts, place_of, questions_in
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Anniversary
from kohort.rules.windows import InMonth, is_anniversary


class Lookups(Protocol):
    """Where the values come from: the data themselves, or what was kept of them."""

    def values(self, event: str | None, name: str, type_: ValueType) -> list[Any]:
        """Return at least the distinct values that a property of `event`, or with None a trait, has had."""

    def first_event(self) -> Moment | None:
        """Return the moment of the first event of all, None if there is none."""


@dataclass(frozen=True)
class LiveLookups:
    """Looks in the relations of `store`, as of `at`."""

    store: Store
    catalog: Catalog
    at: Moment

    def values(self, event: str | None, name: str, type_: ValueType) -> list[Any]:
        """Return the distinct values set or done at a time ≤ `at`."""
        held = held_in(self.catalog, event, name, type_)
        statement = distinct_values(dialect_of(self.store.dialect), event, name, held, self.at)
        found: list[Any] = self.store.fetch(statement.text, statement.values)["value"].to_pylist()
        return found

    def first_event(self) -> Moment | None:
        """Return the moment of the first event of all, None if there is none."""
        statement = earliest_event(dialect_of(self.store.dialect))
        (first,) = self.store.fetch(statement.text, statement.values)["first_ts"].to_pylist()
        return first if first is None else int(first)


def held_in(catalog: Catalog, event: str | None, name: str, type_: ValueType) -> str:
    """Return the column that holds the values of a property of `event`, or with None of a trait.

    >>> held_in(Catalog(traits={"plan": ValueType.TEXT}), None, "plan", ValueType.TEXT)
    'text'
    """
    return VALUE_COLUMNS[type_] if event is None else catalog.events[event][name][type_]


def context_of(plan: Plan, catalog: Catalog, at: Moment, lookups: Lookups) -> Context:
    """Return what the conditions of `plan` need to know of the data."""
    questions: dict[tuple[str | None, str], list[TextQuestion]] = {}
    for question in questions_in(plan.conditions):
        questions.setdefault((question.event, question.name), []).append(question)
    answers: dict[TextQuestion, tuple[str, ...]] = {}
    for (event, name), its in questions.items():
        texts = lookups.values(event, name, ValueType.TEXT)
        answers |= {question: matching_texts(question, texts) for question in its}
    earliest = at
    if any(isinstance(getattr(feature.measure, "window", None), InMonth) for feature in plan.features):
        first = lookups.first_event()
        earliest = at if first is None else min(first, at)
    anniversaries = {
        condition: tuple(
            moment
            for moment in lookups.values(*place_of(condition.value), ValueType.MOMENT)
            if is_anniversary(moment, at, condition.days, catalog.zone)
        )
        for condition in plan.conditions
        if isinstance(condition, Anniversary)
    }
    return Context(catalog, at, answers, anniversaries, earliest)
