"""The quality step: every check on what the tables hold, its findings recorded."""

from collections.abc import Iterable

import duckdb
import msgspec
import numpy as np
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.normalisation import is_raw
from kohort.definitions.provenance import provenance_of
from kohort.definitions.values import MICRO, ValueType
from kohort.pipeline.columns import Names
from kohort.pipeline.facts import event_facts, traits_at
from kohort.pipeline.quality.cross_checks import cross_check
from kohort.pipeline.quality.streams import measure_streams
from kohort.pipeline.workspace import Workspace
from kohort.quality.checks import check_amounts, check_coverage, check_future, check_gaps, check_refused, check_types
from kohort.quality.outliers import DEFAULT_RULES, OutlierFinding, find_outliers
from kohort.rules.catalog import Catalog
from kohort.storage.records import Finding, FindingsRecorded

_END_OF_TIME = 2**63 - 1


def check_quality(workspace: Workspace, at: Moment) -> str:
    """Check what the tables hold as of `at`, record the findings, and return them counted, in words."""
    findings = [
        *measure_streams(workspace, workspace.clock.now()),
        *_rejected(workspace),
        *_refused(workspace),
        *check_types(Names.of(workspace.tables.read("names")).all()),
    ]
    catalog = workspace.catalog({})
    with workspace.views(catalog) as views:
        for event in sorted(catalog.events):
            findings += _event_findings(workspace, views, catalog, event, at)
        findings += _coverage(workspace, views, catalog, at)
        findings += cross_check(workspace, views, catalog, at)
    body = msgspec.json.encode(FindingsRecorded("quality", findings))
    workspace.journal.append("findings", [body], recorded_at=workspace.clock.now())
    warnings = sum(one.severity != "info" for one in findings)
    return f"{len(findings)} findings, {warnings} of them warnings"


def _rejected(workspace: Workspace) -> Iterable[Finding]:
    letters = workspace.tables.read("dead_letters")
    waiting = letters.filter(pc.is_null(letters.column("replayed_at")))
    for row in waiting.group_by("source").aggregate([([], "count_all")]).sort_by("source").to_pylist():
        detail = f"{row['count_all']:,} rows or messages were rejected; see why with: kohort dead-letters"
        yield Finding("rejected", row["source"], row["source"], "warning", row["count_all"], None, detail)


def _refused(workspace: Workspace) -> list[Finding]:
    identifiers = workspace.tables.read("identifiers")
    rows = identifiers.filter(pc.is_valid(identifiers.column("refused")))
    counted = rows.group_by(["kind", "refused"]).aggregate(
        [("value", "count_distinct"), ("actor_id", "count_distinct")]
    )
    ordered = counted.sort_by([("kind", "ascending"), ("refused", "ascending")]).to_pylist()
    return [
        check_refused(row["kind"], row["refused"], row["value_count_distinct"], row["actor_id_count_distinct"])
        for row in ordered
    ]


def _event_findings(
    workspace: Workspace, views: duckdb.DuckDBPyConnection, catalog: Catalog, event: str, at: Moment
) -> list[Finding]:
    revenue = workspace.settings.revenue
    amount = revenue[1] if revenue and revenue[0] == event else None
    known = catalog.events[event]
    wanted = {"amount": (amount, ValueType.NUMBER)} if amount and ValueType.NUMBER in known.get(amount, {}) else {}
    facts = event_facts(views, catalog, event, wanted, at=_END_OF_TIME, where="quality")
    ts = facts.column("ts").to_numpy()
    past = ts <= at
    findings = check_future(event, int((~past).sum()), len(ts))
    findings += check_gaps(event, ts[past], workspace.settings.zone.key)
    if wanted and amount:
        values = facts.column("amount").drop_null().to_numpy()
        findings += check_amounts(event, amount, values)
        findings += _outliers(f"{event}.{amount}", values / MICRO)
    return findings


def _outliers(subject: str, values: np.ndarray) -> list[Finding]:
    if not len(values):
        return []
    found = [find_outliers(subject, values, rule) for rule in DEFAULT_RULES]
    return [_outlier_finding(subject, one) for one in found if one.below + one.above]


def _outlier_finding(subject: str, found: OutlierFinding) -> Finding:
    count = found.below + found.above
    method = f"{found.rule.method} on the {found.rule.scale} scale"
    detail = (
        f"{count:,} of {found.present:,} {subject} ({100 * found.share:.1f} %) are beyond {found.fences.low:,.2f} to "
        f"{found.fences.high:,.2f} ({method}); they are kept"
    )
    return Finding(f"outlier ({method})", "events", subject, "info", count, found.share, detail)


def _coverage(workspace: Workspace, views: duckdb.DuckDBPyConnection, catalog: Catalog, at: Moment) -> list[Finding]:
    """Look at what sources say of people; computed scores speak for themselves."""
    computed = {score.name for score in workspace.scores}
    sources = views.execute("SELECT DISTINCT name, source FROM trait_values").fetchall()
    told = {name for name, source in sources if provenance_of(source).name not in computed} & catalog.traits.keys()
    stated = sorted(name for name in told if not is_raw(name, told))
    if not stated:
        return []
    traits = traits_at(views, [(name, catalog.traits[name]) for name in stated], at=at)
    # By place, since data may call a trait person_id as well.
    columns = zip(stated, traits.columns[1:], strict=True)
    known = {name: traits.num_rows - column.null_count for name, column in columns}
    return check_coverage(traits.num_rows, known)
