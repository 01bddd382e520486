"""Which variables matter for a goal of the project: people before a split in time, and what they did after it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import DAY, Moment
from kohort.definitions.values import MICRO, ValueType
from kohort.learning.importance.results import Fault, LeftOut
from kohort.learning.importance.study import study_of
from kohort.learning.importance.variables import REST, Snapshot, Variable, category_of, coded
from kohort.pipeline.facts import facts_until, revenue_of
from kohort.pipeline.learning.goals import Goal, ImportanceDocument
from kohort.pipeline.learning.kept_documents import keep_document
from kohort.pipeline.learning.known import Known, known_at
from kohort.pipeline.workspace import Workspace
from kohort.storage.records import ImportanceStudied

_ITEMS: Final = 10
_FEWEST: Final = 10
_SEED: Final = 2001


def study_importance(
    workspace: Workspace, goal: Goal, at: Moment, progress: Callable[[int, int], None] | None = None
) -> ImportanceDocument:
    """Find which variables matter for a goal up to `at`, and keep what was found.

    People and traits are those of the split, `at` minus the horizon, and scores are computed anew as of then; the
    forest learns on the split one horizon before. Raises UnknownNameError for an event that no data have shown,
    UsageError where there are too few people.
    """
    splits = (at - goal.horizon, at - 2 * goal.horizon)
    tables = [known_at(workspace, split) for split in splits]
    goals = [_reached(workspace, goal, split) for split in splits]
    variables, left_out = variables_of(workspace, tables)
    now, before = (
        Snapshot(
            tuple(each),
            np.array([reached.get(person, 0.0) for person in table.people]),
            is_amount=goal.event is None,
        )
        for each, table, reached in zip(variables, tables, goals, strict=True)
    )
    study = study_of(now, before, seed=_SEED, progress=progress)
    study = replace(study, left_out=(*study.left_out, *left_out))
    document = ImportanceDocument(goal, at, splits[0], study)
    keep_document(workspace, "study", document, lambda file: ImportanceStudied(goal.name, at, file))
    return document


def _reached(workspace: Workspace, goal: Goal, split: Moment) -> dict[str, float]:
    """Return who reaches the goal in the horizon after a split, and how far."""
    until = split + goal.horizon
    if goal.event is None:
        spent = revenue_of(workspace, until, after=split)
        return {person: max(0, micros) / MICRO for person, micros in spent.items()}
    facts = facts_until(workspace, goal.event, {}, until, where="kohort.yaml, outcome")
    after = facts.filter(pc.greater(facts.column("ts"), split)).column("person_id")
    return dict.fromkeys(after.to_pylist(), 1.0)


def variables_of(workspace: Workspace, tables: Sequence[Known]) -> tuple[list[list[Variable]], list[LeftOut]]:
    """Return the variables of each table, categories alike in all, and those that are nobody's business."""
    found: list[list[Variable]] = [[] for _ in tables]
    out = []
    for name in tables[0].columns:
        if workspace.settings.privacy.is_personal(name, trait=True):
            out.append(LeftOut(name, Fault.PERSONAL, 1.0))
            continue
        whole = list(_of_all(name, tables))
        if not whole:
            out.append(LeftOut(name, Fault.IDENTIFYING, 1.0))
        start = 0
        for place, table in enumerate(tables):
            people = np.arange(start, start + len(table.people))
            found[place] += [one.of(people) for one in whole]
            start += len(table.people)
    return found, out


def _of_all(name: str, tables: Sequence[Known]) -> Iterator[Variable]:
    """Yield the variables that a trait is, of the people of all tables one after the other."""
    kind = tables[0].columns[name][1]
    columns = [one.columns[name][0] for one in tables]
    match kind:
        case ValueType.NUMBER:
            yield Variable(name, _numbers(name, tables))
        case ValueType.MOMENT:
            yield Variable(days_named(name), _numbers(name, tables))
        case ValueType.BOOLEAN:
            yield Variable(name, _numbers(name, tables), ("no", "yes"))
        case ValueType.TEXT_LIST:
            yield from _items(name, [one.to_pylist() for one in columns])
        case ValueType.TEXT:
            # What there is to tell apart is that of now: who was there before would be counted twice.
            category = category_of(name, columns[0].to_pylist(), fewest=_FEWEST)
            if category is not None and category.categories is not None:
                texts = [text for one in columns for text in one.to_pylist()]
                yield Variable(name, coded(texts, category.categories), category.categories)


def _items(name: str, lists: Sequence[Sequence[Sequence[str] | None]]) -> Iterator[Variable]:
    """Yield whether each of the most frequent items of a list is in it; missing where there is no list."""
    texts = [item for one in lists[0] if one for item in {*one}]
    category = category_of(name, texts, most=_ITEMS, fewest=_FEWEST)
    items = () if category is None else category.categories or ()
    for item in items:
        if item == REST:
            continue
        yield Variable(item_named(name, item), np.concatenate([holding(item, one) for one in lists]), ("no", "yes"))


def _numbers(name: str, tables: Sequence[Known]) -> np.ndarray:
    return np.concatenate([numbers_told(one, name) for one in tables])


def days_named(trait: str) -> str:
    """Return what the variable of a moment is called."""
    return f"{trait}: days"


def item_named(trait: str, item: str) -> str:
    """Return what the variable of an item of a list is called."""
    return f"{trait}: {item}"


def numbers_told(known: Known, trait: str) -> np.ndarray:
    """Return a number, a yes or no, or a moment as days ago, float64 of shape (people,), NaN where it is not known."""
    column, kind = known.columns[trait]
    if kind is ValueType.BOOLEAN:
        column = column.cast(pa.int64())
    values: np.ndarray = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    if kind is ValueType.NUMBER:
        return values / MICRO
    return (known.at - values) / DAY if kind is ValueType.MOMENT else values


def holding(item: str, lists: Sequence[Sequence[str] | None]) -> np.ndarray:
    """Return whether each list holds an item, float64 of shape (people,), NaN where there is no list."""
    return np.array([np.nan if one is None else float(item in one) for one in lists], dtype=np.float64)
