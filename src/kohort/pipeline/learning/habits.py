"""What people usually do it through, and when: read from their events."""

from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from kohort.clock import Moment
from kohort.definitions.values import ValueType
from kohort.learning.personas.categories import CategoricalTrait
from kohort.learning.personas.habits import CHANNEL, SOURCE, moments, usual
from kohort.pipeline.facts import traits_at
from kohort.pipeline.workspace import Workspace
from kohort.profiles.grouping import local_times
from kohort.rules.catalog import Catalog

_MOST_CATEGORIES: Final = 50
_TOLD: Final = ("preferred_channel", "visit_channel")
"""Traits of scores of engagement and visits that tell a habit already."""


def habits_of(workspace: Workspace, person_ids: tuple[str, ...], at: Moment) -> list[CategoricalTrait]:
    """Return the usual channel, source, weekday and time of day of people, of what they did up to `at`.

    What they did are the events of `revenue` in kohort.yaml where it is set, else all events. The channel is the
    property `channel` of these, and what scores tell of channels. What is the same for everybody, or has more than 50
    categories, is left out.
    """
    catalog = workspace.catalog({})
    with workspace.views(catalog) as views:
        acts = _acts(workspace, views, catalog, person_ids, at)
        told = [(name, kind) for name in _TOLD if (kind := catalog.traits.get(name)) is ValueType.TEXT]
        traits = traits_at(views, told, at=at) if told else None
    person = acts.column("person").to_numpy()
    hours, weekdays = local_times(acts.column("ts").to_numpy(), str(workspace.settings.zone))
    habits = [*moments(person, weekdays, hours, len(person_ids))]
    habits += [_usual(name, person, acts.column(name), len(person_ids)) for name in (SOURCE, CHANNEL)]
    if traits is not None:
        where = pc.index_in(pa.array(person_ids, pa.string()), value_set=traits.column("person_id").combine_chunks())
        habits += [CategoricalTrait(name, tuple(traits.column(name).take(where).to_pylist())) for name, _ in told]
    return [one for one in habits if 1 < len(set(one.categories) - {None}) <= _MOST_CATEGORIES]


def _acts(
    workspace: Workspace,
    views: duckdb.DuckDBPyConnection,
    catalog: Catalog,
    person_ids: tuple[str, ...],
    at: Moment,
) -> pa.Table:
    """Return what people did: person (their place in `person_ids`), ts, source and channel."""
    views.register("asked", pa.table({"person_id": list(person_ids), "person": np.arange(len(person_ids))}))
    revenue = workspace.settings.revenue
    events = [revenue[0]] if revenue is not None and revenue[0] in catalog.events else list(catalog.events)
    columns = {
        catalog.events[event][CHANNEL][ValueType.TEXT]
        for event in events
        if ValueType.TEXT in catalog.events[event].get(CHANNEL, {})
    }
    told = [exp.column(one, "events", quoted=True) for one in sorted(columns)]
    channel = exp.Coalesce(this=told[0], expressions=told[1:]) if told else exp.cast(exp.null(), "VARCHAR")
    query = (
        exp.select("person", "ts", exp.column("source", "events").as_(SOURCE), channel.as_(CHANNEL))
        .from_("events")
        .join("asked", using=["person_id"])
        .where(exp.column("ts") <= exp.Placeholder(), exp.column("name").isin(*(exp.Placeholder() for _ in events)))
    )
    return views.sql(query.sql(dialect="duckdb"), params=[at, *events]).to_arrow_table()


def _usual(name: str, person: np.ndarray, texts: pa.ChunkedArray, people: int) -> CategoricalTrait:
    categories = sorted(set(pc.unique(texts).to_pylist()) - {None})
    if not categories or len(categories) > _MOST_CATEGORIES:
        return CategoricalTrait(name, (None,) * people)
    codes = pc.fill_null(pc.index_in(texts, value_set=pa.array(categories, pa.string())), -1).to_numpy()
    return usual(name, person, codes.astype(np.int64), categories, people)
