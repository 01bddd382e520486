"""Examples of a prediction from the project's own past: what was known at each cut-off, and what happened after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from kohort.clock import DAY, Moment
from kohort.definitions.prediction import PredictionDefinition, Target
from kohort.definitions.values import ValueType
from kohort.errors import UnknownNameError, UsageError
from kohort.learning.features.table import FeatureTable
from kohort.learning.importance.results import LeftOut
from kohort.learning.prediction.examples import Examples
from kohort.learning.prediction.labels import reached_labels
from kohort.pipeline.facts import facts_until, first_seen
from kohort.pipeline.learning.computing import scores_needed
from kohort.pipeline.learning.importance import variables_of
from kohort.pipeline.learning.known import Known, known_at
from kohort.pipeline.workspace import Workspace


@dataclass(frozen=True, eq=False)
class PastExamples:
    """Examples of several cut-offs, the people of today with the same features, and the features left out.

    `waited` is how many days passed from a row's cut-off until its person did the event, or until today where that has
    not `happened`; both of shape (rows,).
    """

    examples: Examples
    cut_offs: tuple[Moment, ...]
    today: FeatureTable
    left_out: tuple[LeftOut, ...]
    waited: np.ndarray
    happened: np.ndarray


@dataclass(frozen=True, eq=False)
class Columns:
    """What is known of everyone at a moment: numbers, NaN where missing, and texts."""

    numbers: Mapping[str, np.ndarray]
    texts: Mapping[str, Sequence[str | None]]


@dataclass(frozen=True, eq=False)
class Happened:
    """Who did an event, `people` by their ids, and when, `moments`: one each time."""

    people: list[str]
    moments: list[Moment]

    def before(self, moment: Moment) -> set[str]:
        """Return who did it before a moment."""
        return {person for person, ts in zip(self.people, self.moments, strict=True) if ts < moment}


def past_examples(workspace: Workspace, definition: PredictionDefinition, at: Moment) -> PastExamples:
    """Return examples whose labels were over by `at`, and today's people; scores are computed anew at each cut-off.

    Everything about a row was known strictly before its cut-off. Raises UnknownNameError for an event or a feature that
    no data have shown.
    """
    with workspace.read_once(at) as once:
        done = happenings(once, definition, at)
        asked, cut_offs = _asked(once, definition, at)
        moments = [*cut_offs, at]
        # Where features are named, only the scores that compute one of them need to be computed at every cut-off.
        scores = scores_needed(workspace, definition.features) if definition.features else None
        tables = [known_at(once, one - 1, scores) for one in moments]
    features, left_out = columns_of(workspace, tables, definition.features, f'score "{definition.name}"')
    labelled: list[tuple[FeatureTable, np.ndarray, np.ndarray]] = []
    for cut_off, known, each in zip(cut_offs, tables, features, strict=False):
        people = _people(known, asked, cut_off)
        table = table_of(known, each, people)
        reached = reached_since(definition, done, people, cut_off, at)
        labelled.append((table, reached, np.full(len(people), cut_off, dtype=np.int64)))
    today = table_of(tables[-1], features[-1], _people(tables[-1], asked, at))
    waits = [_waits(done, table.person_ids, cut, at) for (table, _, _), cut in zip(labelled, cut_offs, strict=True)]
    waited = np.concatenate([np.zeros(0), *(days for days, _ in waits)])
    happened = np.concatenate([np.zeros(0, dtype=bool), *(did for _, did in waits)])
    return PastExamples(joined(labelled, today), tuple(cut_offs), today, tuple(left_out), waited, happened)


def counted_examples(
    workspace: Workspace, definition: PredictionDefinition, at: Moment
) -> tuple[tuple[Moment, ...], np.ndarray, np.ndarray]:
    """Return the cut-offs of `past_examples`, and of its rows the cut-off and who reached the goal; no feature is read.

    Both arrays have shape (rows,): int64, and bool. Raises as `past_examples`.
    """
    with workspace.read_once(at) as once:
        done = happenings(once, definition, at)
        asked, cut_offs = _asked(once, definition, at)
        seen = first_seen(once)
    times, reached = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=bool)]
    for cut_off in cut_offs:
        known = seen.filter(pc.less(seen.column("first_seen"), cut_off)).column("person_id").to_pylist()
        before = None if asked is None else asked.before(cut_off)
        people = [one for one in known if before is None or one in before]
        reached.append(reached_since(definition, done, people, cut_off, at))
        times.append(np.full(len(people), cut_off, dtype=np.int64))
    return tuple(cut_offs), np.concatenate(times), np.concatenate(reached)


def people_asked(workspace: Workspace, definition: PredictionDefinition, known: Known, at: Moment) -> list[str]:
    """Return whom a prediction asks about at a moment: those known, who did before what it declares as `among`."""
    return _people(known, _events(workspace, definition.among, definition, at) if definition.among else None, at)


def happenings(workspace: Workspace, definition: PredictionDefinition, at: Moment) -> Happened:
    """Return who did what a prediction foretells, by `at`."""
    return _events(workspace, definition.event, definition, at)


def reached_since(
    definition: PredictionDefinition, done: Happened, people: Sequence[str], cut_off: Moment, at: Moment
) -> np.ndarray:
    """Return who did what is foretold after a cut-off, or for a lapse did not; bool of shape (people,).

    `done` is what happened by `at`. Raises UsageError while the time of people of that cut-off is not over by then.
    """
    labels = reached_labels(
        dict.fromkeys(people, cut_off), done.people, done.moments,
        horizon=definition.within, gap=definition.gap, until=at,
    )  # fmt: skip
    if len(labels) < len(people):
        raise UsageError("nobody can say yet who did it: the time of these people is not over")
    reached: np.ndarray = np.array([labels[one] for one in people], dtype=bool)
    return reached ^ (definition.target is Target.LAPSE)


def _waits(done: Happened, people: Sequence[str], cut_off: Moment, at: Moment) -> tuple[np.ndarray, np.ndarray]:
    first: dict[str, Moment] = {}
    for person, moment in zip(done.people, done.moments, strict=True):
        if moment > cut_off:
            first.setdefault(person, moment)
    ends = np.array([first.get(person, at) for person in people], dtype=np.int64)
    return (ends - cut_off) / DAY, np.array([person in first for person in people], dtype=bool)


def _asked(
    workspace: Workspace, definition: PredictionDefinition, at: Moment
) -> tuple["Happened | None", list[Moment]]:
    """Return who did before what is declared as `among`, None for everybody, and the cut-offs when anybody had."""
    asked = _events(workspace, definition.among, definition, at) if definition.among else None
    return asked, [one for one in _cut_offs(definition, at) if asked is None or asked.before(one)]


def _cut_offs(definition: PredictionDefinition, at: Moment) -> list[Moment]:
    newest = at - definition.gap - definition.within
    return [newest - number * definition.step for number in reversed(range(definition.cut_offs))]


def _events(workspace: Workspace, event: str, definition: PredictionDefinition, at: Moment) -> Happened:
    facts = facts_until(workspace, event, {}, at, where=f'score "{definition.name}"')
    return Happened(facts.column("person_id").to_pylist(), facts.column("ts").to_pylist())


def _people(known: Known, asked: Happened | None, cut_off: Moment) -> list[str]:
    if asked is None:
        return list(known.people)
    before = asked.before(cut_off)
    return [one for one in known.people if one in before]


def columns_of(
    workspace: Workspace, tables: Sequence[Known], names: tuple[str, ...], where: str
) -> tuple[list[Columns], list[LeftOut]]:
    """Return the features of each moment: numbers as variables of importance are, texts as they were told.

    Which items of a list are looked at is decided at the first moment: what came up later was not known by then.
    `names` are the features that a declaration names, () for all; raises UnknownNameError for one that there is not.
    """
    variables, left_out = variables_of(workspace, tables)
    texts = [
        name
        for name, (_, kind) in tables[0].columns.items()
        if kind is ValueType.TEXT and not workspace.settings.privacy.is_personal(name, trait=True)
    ]
    left_out = [one for one in left_out if one.name not in texts]
    found = []
    for known, each in zip(tables, variables, strict=True):
        numbers = {one.name: one.values for one in each if one.name not in texts}
        told = {name: known.columns[name][0].to_pylist() for name in texts if name in known.columns}
        found.append(_chosen(Columns(numbers, told), names, where))
    return found, left_out


def _chosen(columns: Columns, names: tuple[str, ...], where: str) -> Columns:
    if not names:
        return columns
    for name in names:
        if name not in columns.numbers and name not in columns.texts:
            raise UnknownNameError("feature", name, (*columns.numbers, *columns.texts), where=where)
    return Columns(
        {name: columns.numbers[name] for name in names if name in columns.numbers},
        {name: columns.texts[name] for name in names if name in columns.texts},
    )


def table_of(known: Known, columns: Columns, people: Sequence[str]) -> FeatureTable:
    """Return the features of some of those known, in their order."""
    places: Mapping[str, int] = {one: place for place, one in enumerate(known.people)}
    rows = [places[one] for one in people]
    numbers = [values[rows] for values in columns.numbers.values()]
    texts = {name: tuple(told[row] for row in rows) for name, told in columns.texts.items()}
    values = np.column_stack(numbers) if numbers else np.empty((len(rows), 0))
    return FeatureTable(tuple(people), tuple(columns.numbers), values, texts)


def joined(parts: Sequence[tuple[FeatureTable, np.ndarray, np.ndarray]], like: FeatureTable) -> Examples:
    """Return the rows of several moments, each with its table, labels and times, as one; `like` is one of the tables.

    People are the groups, and rows are numbered.
    """
    people = [one for table, _, _ in parts for one in table.person_ids]
    values = [table.values for table, _, _ in parts] or [like.values[:0]]
    texts = {name: tuple(text for table, _, _ in parts for text in table.texts[name]) for name in like.texts}
    rows = tuple(str(place) for place in range(len(people)))
    table = FeatureTable(rows, like.names, np.concatenate(values), texts)
    groups = np.unique(people, return_inverse=True)[1].astype(np.int64)
    reached = np.concatenate([np.zeros(0, dtype=bool), *(one for _, one, _ in parts)])
    times = np.concatenate([np.zeros(0, dtype=np.int64), *(one for _, _, one in parts)])
    return Examples(table, reached, groups, times)
