"""What single actors did and were told, read from the tables by actor: the newest first, in pages."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from kohort.clock import Moment
from kohort.storage.lookups import answer, is_any
from kohort.storage.row_index import RowIndex
from kohort.storage.tables import Tables
from kohort.storage.views import ROW_NUMBER, rows_in, stored_rows


class Place(NamedTuple):
    """Where a page of events ends: the moment and the id of its last event."""

    ts: Moment
    event_id: str


def events_of(
    tables: Tables, actors: Sequence[str], *, before: Place | None, most: int, event: str | None = None
) -> list[dict[str, Any]]:
    """Return the events of actors as they are stored, the newest first, those before a place, at most `most`.

    Only those of one `event` are read if it is named.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     events_of(Tables(Path(folder)), ["a"], before=Place(5, ""), most=10)
    []
    """
    query, parameters = _of_actors(tables, actors)
    if event is not None:
        query = query.where(exp.column("name").eq(exp.Placeholder()))
        parameters.append(event)
    if before is not None:
        earlier = exp.column("ts") < exp.Placeholder()
        same = exp.and_(exp.column("ts").eq(exp.Placeholder()), exp.column("event_id") < exp.Placeholder())
        query = query.where(exp.or_(earlier, same))
        parameters += [before.ts, before.ts, before.event_id]
    # Found first, then put in order: to look for the newest while reading would read every column of far more rows.
    newest = exp.select("*").from_("theirs").order_by(exp.column("ts").desc(), exp.column("event_id").desc())
    return _rows(tables, newest.limit(most).with_("theirs", as_=query, materialized=True), parameters)


def _of_actors(tables: Tables, actors: Sequence[str]) -> tuple[exp.Select, list[object]]:
    """Return the query of all events of actors: of large files only the rows that their index names are read."""
    index = RowIndex(tables, "events")
    indexed = set(index.large)
    parts = [_rows_at(file, places) for file, places in index.rows(actors)]
    others = [file for file in tables.files("events") if file not in indexed]
    if others or not parts:
        parts.append(rows_in(others) if others else stored_rows(tables, "events").where(exp.false()))
    stored: exp.Query = parts[0]
    for part in parts[1:]:
        stored = exp.Union(this=stored, expression=part, distinct=False, by_name=True)
    return exp.select("*").from_(stored.subquery("stored")).where(is_any("actor_id", actors)), [*actors]


def _rows_at(file: str, places: NDArray[np.int64]) -> exp.Select:
    rows = rows_in([file], numbered=True)
    numbers = [exp.Literal.number(place) for place in places.tolist()]
    kept = exp.Star(except_=[exp.to_identifier(ROW_NUMBER)])
    return exp.select(kept).from_(rows.subquery("numbered")).where(exp.column(ROW_NUMBER).isin(*numbers))


def trait_values_of(tables: Tables, actors: Sequence[str], at: Moment) -> list[dict[str, Any]]:
    """Return the rows of `trait_values` of actors that were set by `at`, the newest first."""
    query = (
        exp.select("*")
        .from_(stored_rows(tables, "trait_values").subquery("stored"))
        .where(is_any("actor_id", actors), exp.column("set_at") <= exp.Placeholder())
        .order_by(exp.column("set_at").desc(), exp.column("value_id").desc())
    )
    return _rows(tables, query, [*actors, at])


def _rows(tables: Tables, query: exp.Query, parameters: Sequence[object]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = answer(tables, query, parameters).to_pylist()
    return rows
