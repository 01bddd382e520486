"""When each rule of a plan turns true and false for each person."""

from collections.abc import Iterator, Mapping

import numpy as np

from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.engines.bits import mask_of, packed
from kohort.engines.columns import Block
from kohort.engines.context import Context
from kohort.engines.criteria import confined
from kohort.engines.plan import Algebra, Plan
from kohort.engines.statistics import Statistics, population_rule, population_term
from kohort.engines.texts import TextQuestion, matching_texts, questions_in
from kohort.engines.timelines.conditions import condition_course
from kohort.engines.timelines.courses import Course, Points, Stretch
from kohort.engines.timelines.values import Sources
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Basic


def timelines(
    plan: Plan, block: Block, stretch: Stretch, catalog: Catalog, statistics: Statistics | None = None
) -> dict[str, Course]:
    """Return for each rule of `plan` when it holds for each person of `block`, exact to the microsecond.

    A person is a member only from `first_seen` on. What is known up to the end of the stretch counts, each event from
    its own time on. `statistics` must have all the terms of the plan, and hold for the whole of the stretch: raises
    KeyError for one that is missing.

    >>> from kohort.engines.columns import Rows
    >>> from kohort.engines.plan import build_plan
    >>> from kohort.rules.parse import parse_rule
    >>> catalog = Catalog(events={"order": {}})
    >>> plan = build_plan({"new": parse_rule("did order in last 5 seconds")}, catalog)
    >>> block = Block(np.array([1]), {"order": Rows(np.zeros(1, np.int32), np.array([3_000_000]))}, {})
    >>> course = timelines(plan, block, Stretch(0, 9_000_000), catalog)["new"]
    >>> list(zip(course.moments.tolist(), course.holds.tolist()))
    [(0, False), (3000000, True), (8000000, False)]
    """
    context = Context(catalog, stretch.until, texts_of(plan, block, catalog))
    sources = Sources(block, context, Statistics() if statistics is None else statistics, stretch)
    courses = {condition: condition_course(condition, sources) for condition in plan.conditions}
    return {name: _rule_course(plan.alone(name, catalog), courses, block, stretch) for name in plan.rules}


def _rule_course(plan: Plan, courses: Mapping[Basic, Course], block: Block, stretch: Stretch) -> Course:
    its = [courses[condition] for condition in plan.conditions]
    everybody = np.arange(block.size, dtype=np.int64)
    points = Points.of(
        block.size,
        np.concatenate([everybody, *(course.people for course in its)]),
        np.concatenate([block.first_seen, *(course.moments for course in its)]),
        stretch,
    )
    algebra = Algebra(plan)
    for stage in plan.stages:
        for condition in stage:
            bits = packed(courses[condition].at(points.people, points.moments))
            among = population_rule(population_term(condition))
            algebra.learn(condition, bits if among is None else confined(condition, bits, algebra.of(among)))
    ((_, rule),) = plan.rules.items()
    member = mask_of(algebra.of(rule), len(points.people))
    return Course.of(points, member & (points.moments >= block.first_seen[points.people]))


def texts_of(plan: Plan, block: Block, catalog: Catalog) -> dict[TextQuestion, tuple[str, ...]]:
    """Return the answers to the plan's questions about texts, from the texts that the block's columns hold."""
    answers = {}
    for question in questions_in(plan.conditions):
        texts = list(dict.fromkeys(_held(question, block, catalog)))
        answers[question] = matching_texts(question, texts)
    return answers


def _held(question: TextQuestion, block: Block, catalog: Catalog) -> Iterator[str]:
    if question.event is None:
        tables, subject, column = block.traits, question.name, VALUE_COLUMNS[ValueType.TEXT]
    else:
        tables, subject = block.events, question.event
        column = catalog.events[question.event][question.name][ValueType.TEXT]
    if subject in tables and column in tables[subject].columns:
        yield from tables[subject].columns[column].dictionary
