"""What sources send without end is measured at each run: all that has come since the one before.

It was acknowledged when it came, so that no gate can stop it; what a gate says of it is a finding.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import pyarrow.compute as pc
from sqlglot import exp

from kohort.clock import DAY, HOUR, MINUTE, Moment
from kohort.collection.segment_lines import SEGMENT
from kohort.pipeline.quality.loads import expected_of, loads_of, measured
from kohort.pipeline.quality.wording import gate_findings
from kohort.pipeline.workspace import Workspace
from kohort.quality.measures import LoadCounts
from kohort.storage.lookups import answer, ask
from kohort.storage.records import Finding, LoadMeasured
from kohort.storage.views import stored_events

RUN: Final = "run"
"""What the load of a stream is called."""
AHEAD: Final = 5 * MINUTE
"""By how much the time of an event may be later than when it came: clocks differ."""

_SOURCES: Final = "SELECT DISTINCT source FROM events WHERE received_at > ? AND received_at <= ?"
_CAME: Final = """
SELECT count(*) AS events, min(received_at) AS oldest, max(received_at) AS newest,
    count(*) FILTER (ts > received_at + ?) AS ahead
FROM events WHERE source = ? AND received_at > ? AND received_at <= ?
"""
_REFUSED: Final = """
SELECT field, count(*) AS count FROM dead_letters WHERE source = ? AND recorded_at > ? AND recorded_at <= ?
GROUP BY field ORDER BY count DESC, field
"""
_VALUES: Final = 2
"""The person and the time of an event, which can be wrong."""


def measure_streams(workspace: Workspace, at: Moment) -> list[Finding]:
    """Record what each source that is none of files has sent since it was measured last; return what gates say."""
    last = _last_measured(workspace)
    came = ask(workspace.tables, _SOURCES, [min(last.values(), default=0), at])
    files = {SEGMENT, *(one.name for one in workspace.sources)}
    declared = workspace.settings.quality.sources.keys()
    known = ({row["source"] for row in came} | last.keys() | declared) - files
    found = [_measured(workspace, source, last.get(source), at) for source in sorted(known)]
    told = [one for one in found if one is not None]
    if told:
        workspace.journal.append("load", [msgspec.json.encode(one) for one in told], recorded_at=at)
    return [finding for one in told for finding in gate_findings(one)]


def _last_measured(workspace: Workspace) -> dict[str, Moment]:
    rows = workspace.tables.read("quality_loads")
    runs = rows.filter(pc.equal(rows.column("load"), RUN)).group_by("source").aggregate([("at", "max")])
    return dict(zip(runs.column("source").to_pylist(), runs.column("at_max").to_pylist(), strict=True))


def _measured(workspace: Workspace, source: str, last: Moment | None, at: Moment) -> LoadMeasured | None:
    since = 0 if last is None else last
    (came,) = ask(workspace.tables, _CAME, [AHEAD, source, since, at])
    refused = ask(workspace.tables, _REFUSED, [source, since, at])
    expected, before = expected_of(workspace, source), loads_of(workspace.tables, source)
    rejected = sum(row["count"] for row in refused)
    known = [came["newest"], *(one.newest for one in before)]
    newest = max((one for one in known if one is not None), default=None)
    records = came["events"] + rejected
    if not records and (expected.every is None or newest is None or at - newest <= expected.every):
        return None
    cells, filled = _filled(workspace, source, expected.expects, since, at)
    begins = since or came["oldest"] or at
    counts = LoadCounts(
        records=records,
        rejected=rejected,
        repeats=None,
        cells=cells + rejected * len(expected.expects),
        filled=filled if expected.expects and records else None,
        values=records * _VALUES,
        wrong=came["ahead"] + rejected * _VALUES,
        newest=newest,
        days=max(at - begins, HOUR) / DAY,
    )
    faults = [("rejected", row["field"] or "", row["count"]) for row in refused]
    faults += [("clock ahead", "timestamp", came["ahead"])] if came["ahead"] else []
    found = measured(workspace, source, RUN, at, counts, before)
    return msgspec.structs.replace(found, faults=faults)


def _filled(workspace: Workspace, source: str, expects: Sequence[str], since: Moment, at: Moment) -> tuple[int, int]:
    """Return how many values were expected, such as "order_completed.total" of each order, and how many were there."""
    catalog = workspace.catalog({})
    cells = filled = 0
    for one in expects:
        event, _, name = one.partition(".")
        columns = [exp.column(column, quoted=True) for column in catalog.events.get(event, {}).get(name, {}).values()]
        is_there = exp.or_(*(exp.Not(this=exp.Is(this=column, expression=exp.null())) for column in columns))
        count = exp.Count(this=exp.Star())
        query = exp.select(
            count.as_("cells"),
            exp.Filter(this=count, expression=exp.Where(this=is_there if columns else exp.false())).as_("filled"),
        ).from_(stored_events(workspace.tables, catalog).subquery("stored"))
        its = exp.and_(
            exp.column("name").eq(exp.Placeholder()),
            exp.column("source").eq(exp.Placeholder()),
            exp.GT(this=exp.column("received_at"), expression=exp.Placeholder()),
            exp.LTE(this=exp.column("received_at"), expression=exp.Placeholder()),
        )
        (row,) = answer(workspace.tables, query.where(its), [event, source, since, at]).to_pylist()
        cells, filled = cells + row["cells"], filled + row["filled"]
    return cells, filled
