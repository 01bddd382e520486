"""What all parts of the suite ask of an engine."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, Protocol, TypeVar

import pytest
from hypothesis import HealthCheck, settings

from kohort.clock import Moment
from kohort.engines.evaluation import Evaluation, Explanation
from kohort.engines.reference import Person, Reference
from kohort.engines.statistics import Statistics
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Rule
from kohort.testing.suite.ahead import Ahead, Question, foreseen
from kohort.testing.worlds import World

Law = TypeVar("Law", bound=Callable[..., Any])

_SUPPRESSED: Final = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.differing_executors)
_USUAL: Final = 100


class Engine(Protocol):
    """What evaluates rules on one world's data; `SqlEngine` and `KernelEngine` say what each method gives."""

    def evaluate(self, rules: dict[str, Rule], at: Moment, pinned: Statistics | None = None) -> Evaluation: ...
    def explain(self, rule: Rule, person_id: str, at: Moment, pinned: Statistics | None = None) -> Explanation: ...


class EngineCases(ABC):
    """One part of the suite; a subclass says how an engine is made.

    An engine to which each evaluation is dear sets `at_once`: so many questions of the tables are then asked together,
    before the first of them is needed, and each test still asserts its own (see `ahead`).
    """

    at_once: ClassVar[int] = 1
    _ahead: ClassVar[Ahead | None] = None

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _foreseen(cls, request: pytest.FixtureRequest) -> None:
        if cls.at_once > 1:
            cls._ahead = Ahead(foreseen(cls, request.session.items, _referred), cls.at_once)

    @abstractmethod
    def engine_of(self, world: World) -> Engine:
        """Return the engine that is held to the meaning, on the data of `world`.

        It is used before the next one is made, so one database may serve all.
        """

    def answers(
        self, everybody: Sequence[Person], catalog: Catalog, rules: dict[str, Rule], at: Moment
    ) -> dict[str, list[str]]:
        """Return the members of each rule, on which the engine and the reference agree."""
        question = Question(tuple(everybody), catalog, rules, at)
        batch = None if self._ahead is None else self._ahead.batch_of(question)
        found = self._ask(question.world) if batch is None else batch.answer(question, self._ask)
        assert found == _referred(question)
        return found

    def _ask(self, world: World) -> dict[str, list[str]]:
        return members_of(self.engine_of(world).evaluate(dict(world.rules), world.at))


def _referred(question: Question) -> dict[str, list[str]]:
    return Reference(question.people, question.catalog, question.at).evaluate(question.rules)


def members_of(evaluation: Evaluation) -> dict[str, list[str]]:
    """Return the members of each rule as plain lists."""
    return {name: members.to_pylist() for name, members in evaluation.members.items()}


def examples(usual: int) -> Callable[[Law], Law]:
    """Look at `scaled(usual)` examples."""
    return settings(max_examples=scaled(usual), deadline=None, suppress_health_check=_SUPPRESSED)


def scaled(usual: int) -> int:
    """Return `usual`, or so many times more or less as Hypothesis's profile asks for other than its own 100.

    >>> scaled(100) == settings.default.max_examples
    True
    """
    return max(1, usual * settings.default.max_examples // _USUAL)  # type: ignore[union-attr]  # always loaded
