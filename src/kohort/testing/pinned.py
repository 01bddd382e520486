"""The reference with the population's numbers of another moment: what holds between two epochs."""

from collections.abc import Sequence as Listed
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from kohort.clock import Moment
from kohort.engines.reference import Person, Reference
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Condition, Everyone, Exists, Extreme, Measure, Missing, Rule, Score


@dataclass(frozen=True)
class PinnedReference(Reference):
    """Evaluates as of `at`, with the populations as they were as of `epoch`."""

    epoch: Reference

    @classmethod
    def of(cls, people: Listed[Person], catalog: Catalog, at: Moment, epoch: Moment) -> "PinnedReference":
        """Return the reference for the moment `at` under the statistics of the moment `epoch`."""
        return cls(people, catalog, at, Reference(people, catalog, epoch))

    def population(self, measure: Measure, among: Everyone | Condition | None) -> list[Fraction]:
        """Return the numbers of a population at the epoch."""
        return self.epoch.population(measure, among)

    def holds(self, rule: Rule, person: Person) -> bool:
        """Return whether `rule` is true of `person`; a score exists for whoever has its value."""
        match rule:
            case Exists(value=Score() as score) | Missing(value=Score() as score):
                return (self.placed(score.value, score.among, person) is not None) == isinstance(rule, Exists)
            case _:
                return super().holds(rule, person)

    def is_extreme(self, rule: Extreme, person: Person) -> bool:
        """Return whether the person would be among the top or bottom at the epoch; nobody is of an empty one."""
        return bool(self.population(rule.value, rule.among)) and super().is_extreme(rule, person)

    def score(self, score: Score, person: Person) -> Fraction | None:
        """Return the score among the population of the epoch; its highest for whoever exceeds all of it."""
        found: Any = super().score(score, person) if self.population(score.value, score.among) else None
        return None if found is None else min(found, Fraction(score.levels))
