"""Errors of tagging: events that have fallen silent, and those that come in an order that makes no sense."""

from collections.abc import Iterator
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from kohort.clock import HOUR, WEEK, Moment, format_moment
from kohort.collection.segment_lines import SEGMENT
from kohort.pipeline.workspace import Workspace
from kohort.quality.cross_checks.orders import WITHIN, History, find_broken_orders
from kohort.quality.cross_checks.silence import HOURS_BACK, MOST_WEEKS, Occurrences, find_silence
from kohort.quality.cross_checks.wording import broken_order_finding, impossible_order_finding, silence_finding
from kohort.storage.records import Finding

_MOST_EVENTS: Final = 50
"""How many events, the most frequent, are looked at for orders that are usual."""


def tagging_errors(workspace: Workspace, views: duckdb.DuckDBPyConnection, at: Moment) -> Iterator[Finding]:
    """Yield the events that have fallen silent, those without what must come before, and orders that are broken."""
    yield from _silent(workspace, views, at)
    yield from _impossible(workspace, views, at)
    yield from _broken(views, at)


def _silent(workspace: Workspace, views: duckdb.DuckDBPyConnection, at: Moment) -> Iterator[Finding]:
    """Look at what each source sends; what of it is known up to when it was last loaded, or now if it never ends."""
    loaded = {SEGMENT, *(one.name for one in workspace.sources)}
    ends: dict[str, Moment] = {}
    spans = _grouped(views, at, exp.Min(this=exp.column("ts")), exp.Max(this=exp.column("ts")))
    for source, _, _, last in spans:
        ends[source] = max(ends.get(source, last), last) if source in loaded else at
    found: dict[str, dict[str, Occurrences]] = {}
    for source, event, first, _ in spans:
        found.setdefault(source, {})[event] = Occurrences(np.zeros(HOURS_BACK, np.int64), first, ends[source])
    for source, end in ends.items():
        for event, age, count in _hourly(views, source, end):
            found[source][event].hourly[age] = count
    for source in sorted(found):
        for one in find_silence(found[source]):
            yield silence_finding(source, one, format_moment(ends[source], workspace.settings.zone))


def _grouped(views: duckdb.DuckDBPyConnection, at: Moment, *columns: exp.Expr) -> list[tuple[str, str, int, int]]:
    query = (
        exp.select("source", "name", *columns)
        .from_("events")
        .where(exp.column("ts") <= exp.Placeholder())
        .group_by("source", "name")
        .order_by("source", "name")
    )
    return views.execute(query.sql(dialect="duckdb"), [at]).fetchall()


def _hourly(views: duckdb.DuckDBPyConnection, source: str, end: Moment) -> list[tuple[str, int, int]]:
    """Return each event of a source, and how often it came in each of the hours before `end`, by their number."""
    before = exp.Paren(this=exp.Sub(this=exp.Literal.number(end), expression=exp.column("ts")))
    age = exp.IntDiv(this=before, expression=exp.Literal.number(HOUR))
    query = (
        exp.select("name", age.as_("age"), exp.Count(this=exp.Star()))
        .from_("events")
        .where(
            exp.column("source").eq(exp.Placeholder()),
            exp.column("ts") <= exp.Placeholder(),
            exp.column("ts") > exp.Placeholder(),
        )
        .group_by("name", exp.column("age"))
    )
    return views.execute(query.sql(dialect="duckdb"), [source, end, end - HOURS_BACK * HOUR]).fetchall()


def _impossible(workspace: Workspace, views: duckdb.DuckDBPyConnection, at: Moment) -> Iterator[Finding]:
    """Look for events that came to people who never had what tracking.yaml says comes before."""
    for key, event in workspace.plan.events.items():
        for before in event.after:
            first = (
                exp.select("person_id", exp.Min(this=exp.column("ts")).as_("first"))
                .from_("events")
                .where(exp.column("name").eq(exp.Placeholder()))
                .group_by("person_id")
            )
            late = exp.or_(exp.column("first").is_(exp.null()), exp.column("first") > exp.column("ts"))
            counted = exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=late))
            query = (
                exp.select(exp.Count(this=exp.Star()), counted)
                .from_("events")
                .join(first.subquery("firsts"), using=["person_id"], join_type="left")
                .where(exp.column("name").eq(exp.Placeholder()), exp.column("ts") <= exp.Placeholder())
            )
            total, count = views.execute(query.sql(dialect="duckdb"), [before, key, at]).fetchall()[0]
            if count:
                yield impossible_order_finding(key, before, count, total)


def _broken(views: duckdb.DuckDBPyConnection, at: Moment) -> Iterator[Finding]:
    """Look for orders that were usual up to the newest event, and are no longer."""
    recent = exp.and_(exp.column("ts") <= exp.Placeholder(), exp.column("ts") > exp.Placeholder())
    start = at - (MOST_WEEKS + 1) * WEEK - WITHIN
    counting = (
        exp.select("name", exp.Max(this=exp.column("ts")))
        .from_("events")
        .where(recent)
        .group_by("name")
        .order_by(exp.Count(this=exp.Star()).desc(), "name")
        .limit(_MOST_EVENTS)
    )
    spans = views.execute(counting.sql(dialect="duckdb"), [at, start]).fetchall()
    if len(spans) < 2:  # noqa: PLR2004 - an order has two
        return
    person = exp.Anonymous(this="hash", expressions=[exp.column("person_id")])
    half = exp.BitwiseRightShift(this=person, expression=exp.Literal.number(1))  # of 64 bits without a sign
    query = (
        exp.select(exp.cast(half, "BIGINT").as_("person"), "ts", "name")
        .from_("events")
        .where(recent, exp.column("name").isin(*(exp.Placeholder() for _ in spans)))
        .order_by("person", "ts")
    )
    names = tuple(name for name, _ in spans)
    rows = views.sql(query.sql(dialect="duckdb"), params=[at, start, *names]).to_arrow_table()
    codes = pc.index_in(rows.column("name"), value_set=pa.array(names, pa.string()))
    history = History(
        rows.column("person").to_numpy(), rows.column("ts").to_numpy(), codes.to_numpy().astype(np.int64), names
    )
    for one in find_broken_orders(history, max(last for _, last in spans)):
        yield broken_order_finding(one)
