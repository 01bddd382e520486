"""What single actors did and were told, read from the tables by actor: the newest first, in pages."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlglot import exp

from kohort.clock import Moment
from kohort.storage.lookups import answer
from kohort.storage.tables import Tables
from kohort.storage.views import rows_of


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
    query, parameters = rows_of(tables, "events", actors)
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


def trait_values_of(tables: Tables, actors: Sequence[str], at: Moment) -> list[dict[str, Any]]:
    """Return the rows of `trait_values` of actors that were set by `at`, the newest first."""
    query, parameters = rows_of(tables, "trait_values", actors)
    query = query.where(exp.column("set_at") <= exp.Placeholder())
    query = query.order_by(exp.column("set_at").desc(), exp.column("value_id").desc())
    return _rows(tables, query, [*parameters, at])


def _rows(tables: Tables, query: exp.Query, parameters: Sequence[object]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = answer(tables, query, parameters).to_pylist()
    return rows
