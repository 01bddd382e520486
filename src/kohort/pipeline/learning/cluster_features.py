"""The table that clusters are found on: people's traits at one moment, or each person's at a moment of their own.

What comes after a person's cut-off is never read for their row. Labels, where a table is to be judged by what people
do later, come from strictly after it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kohort.clock import Moment, datetime_of, moment_of
from kohort.definitions.clusters import ClustersDefinition, CutOffDefinition
from kohort.definitions.score import ScoreDefinition
from kohort.definitions.values import MICRO, ValueType
from kohort.errors import DefinitionError, UnknownNameError, UsageError
from kohort.learning.features.table import FeatureTable, Texts
from kohort.learning.importance.results import Fault, LeftOut
from kohort.learning.importance.screening import screened
from kohort.learning.importance.variables import Snapshot, Variable, category_of
from kohort.learning.personas.categories import CategoricalTrait
from kohort.learning.prediction.labels import reached_labels
from kohort.pipeline.facts import facts_until, traits_at
from kohort.pipeline.learning.computing import scores_needed, with_scores
from kohort.pipeline.learning.known import known_at
from kohort.pipeline.workspace import Workspace
from kohort.storage.schemas import ARROW_TYPES


@dataclass(frozen=True, eq=False)
class ClusterFeatures:
    """The features of people, in the order of their ids, traits that describe them, and each person's cut-off.

    Everything about somebody was known strictly before their cut-off, or, where the score declares none, by the
    moment that was asked for, which then is the cut-off of all.
    """

    table: FeatureTable
    profile: list[CategoricalTrait]
    cut_offs: tuple[Moment, ...]


def features_of(workspace: Workspace, definition: ClustersDefinition, at: Moment) -> ClusterFeatures:
    """Return the features of everybody who has any up to `at`, by the definition's cut-off if it declares one.

    A text feature describes people too. Raises UsageError if nobody has a feature, UnknownNameError for a trait that
    no data have shown, DefinitionError for a feature that is neither number nor text.
    """
    return _features(workspace, definition, at, [])


def features_now(workspace: Workspace, definition: ClustersDefinition, at: Moment) -> ClusterFeatures:
    """Return the same with what scores read from events computed anew as of `at`, as if a run had just been.

    Nothing is recorded. Traits that other scores write are those of the last run. Raises as `features_of` does.
    """
    return _features(workspace, definition, at, scores_needed(workspace, definition.features))


def _features(
    workspace: Workspace, definition: ClustersDefinition, at: Moment, anew: Sequence[ScoreDefinition]
) -> ClusterFeatures:
    kinds = _kinds(workspace, definition)
    if definition.as_of is None:
        catalog = workspace.catalog({})
        with workspace.views(catalog) as views:
            traits = traits_at(views, list(kinds.items()), at=at)
        traits = with_scores(workspace, traits, anew, at)
        cut_offs = dict.fromkeys(traits.column("person_id").to_pylist(), at)
    else:
        cut_offs = own_cut_offs(workspace, definition.as_of, at)
        traits = _traits_before(workspace, definition, kinds, cut_offs)
    known = np.zeros(traits.num_rows, dtype=bool)
    for name in definition.features:
        known |= traits.column(name).is_valid().to_numpy()
    traits = traits.filter(pa.array(known))
    if not traits.num_rows:
        raise UsageError(f'score "{definition.name}": nobody has its features at that moment; run first: kohort run')
    return _table(traits, definition, kinds, cut_offs)


def own_cut_offs(workspace: Workspace, definition: CutOffDefinition, at: Moment) -> dict[str, Moment]:
    """Return each person's cut-off, of those who have reached it by `at`.

    It is the start of the day, in the project's time zone, on which the time after their first event ends: people of
    one day share a cut-off, and nobody's is later than declared. Raises UnknownNameError for an unknown event.
    """
    facts = facts_until(workspace, definition.event, {}, at, where="as_of")
    first = facts.group_by("person_id").aggregate([("ts", "min")])
    zone = workspace.settings.zone
    days = {
        person: datetime_of(moment + definition.after, zone).date()
        for person, moment in zip(
            first.column("person_id").to_pylist(), first.column("ts_min").to_pylist(), strict=True
        )
    }
    starts = {day: moment_of(datetime(day.year, day.month, day.day, tzinfo=zone)) for day in set(days.values())}
    return {person: starts[day] for person, day in sorted(days.items()) if starts[day] <= at}


def reached_after(
    workspace: Workspace, event: str, cut_offs: Mapping[str, Moment], *, horizon: int, gap: int = 0, at: Moment
) -> dict[str, bool]:
    """Return whether people did `event` within `horizon` after their cut-off and a `gap`, both in microseconds.

    An event at the very cut-off, or at the end of the gap, is not after it. People whose window is not over by `at`
    are left out: they may still do it. Raises UnknownNameError for an unknown event.
    """
    facts = facts_until(workspace, event, {}, at, where="labels")
    people, moments = facts.column("person_id").to_pylist(), facts.column("ts").to_pylist()
    return reached_labels(cut_offs, people, moments, horizon=horizon, gap=gap, until=at)


def telling_features(table: FeatureTable, reached: npt.NDArray[np.bool_]) -> tuple[LeftOut, ...]:
    """Return the features that alone tell who reaches a goal, with an AUC or association of 0.98: they know of it.

    `reached`, bool of shape (people,), is of the people of `table`. Nothing that was known before does so (Kaufman et
    al. 2012, ACM TKDD 6:15).

    >>> people, goal = tuple(map(str, range(60))), np.tile([False, True], 30)
    >>> refunds = FeatureTable(people, ("refunds",), np.where(goal, 7.0, 0.0)[:, None])
    >>> [(one.name, one.value) for one in telling_features(refunds, goal)]
    [('refunds', 1.0)]
    """
    variables = [Variable(name, table.column(name)) for name in table.names]
    variables += [found for name, texts in table.texts.items() if (found := category_of(name, texts))]
    snapshot = Snapshot(tuple(variables), reached.astype(np.float64), is_amount=False)
    return tuple(one for one in screened(snapshot)[1] if one.fault is Fault.LEAKING)


def _kinds(workspace: Workspace, definition: ClustersDefinition) -> dict[str, ValueType]:
    catalog = workspace.catalog({})
    for name in (*definition.features, *definition.profile):
        if name not in catalog.traits:
            raise UnknownNameError("trait", name, catalog.traits, where=f'score "{definition.name}"')
    for name in definition.features:
        if catalog.traits[name] not in (ValueType.NUMBER, ValueType.TEXT):
            raise DefinitionError(
                f'score "{definition.name}": the feature {name} should be a number or a text '
                f"and is a {catalog.traits[name]}"
            )
    return {name: catalog.traits[name] for name in dict.fromkeys((*definition.features, *definition.profile))}


def _traits_before(
    workspace: Workspace,
    definition: ClustersDefinition,
    kinds: Mapping[str, ValueType],
    cut_offs: Mapping[str, Moment],
) -> pa.Table:
    """Return traits as `traits_at` does, each person's as of just before their cut-off: once for each day."""
    schema = pa.schema([("person_id", pa.string()), *((name, ARROW_TYPES[kinds[name]]) for name in kinds)])
    parts = [schema.empty_table()]
    scores = scores_needed(workspace, kinds)
    for moment in sorted(set(cut_offs.values())):
        known = known_at(workspace, moment - 1, scores)
        missing = [name for name in kinds if name not in known.columns]
        if missing:
            raise DefinitionError(
                f'score "{definition.name}": nobody knows {missing[0]} as of a moment of the past; leave it out of the '
                f"features, or leave out as_of"
            )
        mine = pa.array([place for place, person in enumerate(known.people) if cut_offs.get(person) == moment])
        columns = [pa.array(known.people, pa.string()), *(known.columns[name][0] for name in kinds)]
        parts.append(pa.table(columns, names=schema.names).take(mine.cast(pa.int64())).cast(schema))
    return pa.concat_tables(parts).sort_by([("person_id", "ascending")])


def _table(
    traits: pa.Table, definition: ClustersDefinition, kinds: Mapping[str, ValueType], cut_offs: Mapping[str, Moment]
) -> ClusterFeatures:
    people = tuple(traits.column("person_id").to_pylist())
    names = tuple(name for name in definition.features if kinds[name] is ValueType.NUMBER)
    texts = {name: _texts(traits.column(name)) for name in definition.features if name not in names}
    values = [traits.column(name).cast(pa.float64()).to_numpy() / MICRO for name in names]
    table = FeatureTable(people, names, np.column_stack(values) if values else np.empty((len(people), 0)), texts)
    described = dict.fromkeys((*texts, *definition.profile))
    profile = [CategoricalTrait(name, _texts(traits.column(name))) for name in described]
    return ClusterFeatures(table, profile, tuple(cut_offs[person] for person in people))


def _texts(column: pa.ChunkedArray) -> Texts:
    return tuple(None if value is None else str(value) for value in column.to_pylist())
