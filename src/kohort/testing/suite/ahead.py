"""The questions of a suite's tables, asked many at once: for an engine to which each plan is dear.

Each test keeps its name and its own assertion. What changes is when the engine is asked: the tests are gone through
once with the reference in the engine's place, to learn what they will ask; then their people stand side by side in one
world, and one evaluation answers for all. That is sound since nobody's membership depends on anybody else, unless a
rule compares with a population: such a question is asked beside others about the very same people only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kohort.clock import Moment
from kohort.engines.plan import build_plan
from kohort.engines.reference import Person
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Rule
from kohort.testing.worlds import World

Answers = dict[str, list[str]]


@dataclass(frozen=True)
class Question:
    """Who is a member of each of `rules`, of these people."""

    people: tuple[Person, ...]
    catalog: Catalog
    rules: Mapping[str, Rule]
    at: Moment

    @property
    def world(self) -> World:
        """The world in which it is asked alone."""
        actors = {one.event_id: person.person_id for person in self.people for one in person.events}
        return World(self.people, actors, self.catalog, self.rules, self.at)


@dataclass
class Batch:
    """Questions that one evaluation answers; `found` are the answers, once there are any.

    >>> from kohort.rules.parse import parse_rule
    >>> rules = {"all": parse_rule("not clv = 1")}
    >>> old, new = (Question((Person("ada", seen),), Catalog(), rules, 5) for seen in (0, 9))
    >>> batch = Batch([old, new])
    >>> [one.person_id for one in batch.world().people], list(batch.world().rules)
    (['0 ada', '1 ada'], ['0 all', '1 all'])
    >>> batch.answer(new, lambda world: {"0 all": ["0 ada"], "1 all": ["0 ada"]})
    {'all': []}
    """

    questions: list[Question]
    found: Answers = field(default_factory=dict)

    def world(self) -> World:
        """Return the world that holds the people of all questions, each apart, and asks for all their rules."""
        people: list[Person] = []
        rules: dict[str, Rule] = {}
        for place, its in enumerate(self._crowds()):
            for person in its:
                events = tuple(replace(one, event_id=f"{place} {one.event_id}") for one in person.events)
                people.append(replace(person, person_id=f"{place} {person.person_id}", events=events))
        for number, one in enumerate(self.questions):
            rules |= {f"{number} {name}": rule for name, rule in one.rules.items()}
        first = self.questions[0]
        return Question(tuple(people), first.catalog, rules, first.at).world

    def answer(self, question: Question, ask: Callable[[World], Answers]) -> Answers:
        """Return the answer to one of the questions; `ask` is called with the world of all of them, once."""
        if not self.found:
            self.found = ask(self.world())
        number, mark = self.questions.index(question), f"{self._crowds().index(question.people)} "
        return {
            name: [one.removeprefix(mark) for one in self.found[f"{number} {name}"] if one.startswith(mark)]
            for name in question.rules
        }

    def _crowds(self) -> list[tuple[Person, ...]]:
        crowds: list[tuple[Person, ...]] = []
        for one in self.questions:
            if one.people not in crowds:
                crowds.append(one.people)
        return crowds


class NotATable(Exception):  # noqa: N818 - no error: the test asks something else
    """Raised where a test, gone through to learn its questions, asks for an engine of its own."""


class Ahead:
    """The questions of some tests, in batches of at most `at_once`."""

    def __init__(self, questions: Sequence[Question], at_once: int) -> None:
        self._batches: list[Batch] = []
        for one in questions:
            compares = bool(build_plan(one.rules, one.catalog).terms)
            for batch in self._batches:
                first = batch.questions[0]
                beside = first.people == one.people or not (compares or build_plan(first.rules, first.catalog).terms)
                if beside and len(batch.questions) < at_once and (first.catalog, first.at) == (one.catalog, one.at):
                    batch.questions.append(one)
                    break
            else:
                self._batches.append(Batch([one]))

    def batch_of(self, question: Question) -> Batch | None:
        """Return the batch of a question; None if it was not foreseen."""
        return next((one for one in self._batches if question in one.questions), None)


def foreseen(suite: type[Any], items: Sequence[Any], reference: Callable[[Question], Answers]) -> list[Question]:
    """Return what the tests `items` of the class `suite` will ask, as they are gone through with `reference`."""
    questions: list[Question] = []

    def ask(_: object, people: Sequence[Person], catalog: Catalog, rules: dict[str, Rule], at: Moment) -> Answers:
        questions.append(Question(tuple(people), catalog, rules, at))
        return reference(questions[-1])

    def refuse(_: object, world: World) -> None:
        raise NotATable(world)

    learning = type(f"{suite.__name__}Ahead", (suite,), {"answers": ask, "engine_of": refuse})()
    for item in items:
        test = getattr(learning, item.originalname)
        if item.cls is suite and not getattr(test, "is_hypothesis_test", False):
            try:
                test(**(item.callspec.params if hasattr(item, "callspec") else {}))
            except NotATable:
                continue
    return questions
