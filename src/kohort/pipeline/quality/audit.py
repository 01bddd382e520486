"""The audit of sources: where each comes from, how often, how fine, how reliable it is, and what rests on it."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import median
from typing import Final

from kohort.clock import Moment
from kohort.definitions.source import SourceDefinition
from kohort.pipeline.quality.reporting import SourceReport, source_reports
from kohort.pipeline.workspace import Workspace
from kohort.rules.nodes import Trait
from kohort.rules.parse import parse_rule
from kohort.rules.walk import nodes_of
from kohort.storage.lookups import Standing, ask
from kohort.storage.records import LoadMeasured

_FEWEST: Final = 3
_BROUGHT: Final = "SELECT DISTINCT source, name FROM events"
_SET: Final = "SELECT DISTINCT source, name FROM trait_values"


@dataclass(frozen=True)
class SourceAudit:
    """What is known of one source.

    It is declared in `file`, "" where no file of `sources/` does, and reads files that match `files`. Each record is
    one for each value of `one_per`; made of several rows if `is_grouped`. It promises to come `every` so many
    microseconds, and comes about each `usual`, None where that cannot be told. It brings `events` and `traits`, on
    which `segments` rest.
    """

    source: str
    file: str
    files: str
    one_per: tuple[str, ...]
    is_grouped: bool
    requires_consent: tuple[str, ...]
    every: int | None
    usual: int | None
    events: tuple[str, ...]
    traits: tuple[str, ...]
    segments: tuple[str, ...]
    report: SourceReport


def source_audits(workspace: Workspace, at: Moment) -> list[SourceAudit]:
    """Return the audit of each source that was measured or is declared, by name."""
    declared = {one.name: one for one in workspace.sources}
    brought = _names(Standing(workspace.tables, "events"), _BROUGHT)
    stated = _names(Standing(workspace.tables, "trait_values"), _SET)
    rests = _resting(workspace)
    return [
        _audit(one, declared.get(one.source), brought.get(one.source, ()), stated.get(one.source, ()), rests)
        for one in source_reports(workspace, at)
    ]


def _audit(
    report: SourceReport,
    declared: SourceDefinition | None,
    events: tuple[str, ...],
    traits: tuple[str, ...],
    rests: dict[str, frozenset[str]],
) -> SourceAudit:
    if declared is not None:
        names = tuple(one.name for one in declared.values)
        events, traits = ((declared.event,), ()) if declared.event else ((), names)
    return SourceAudit(
        source=report.source,
        file="" if declared is None else declared.file,
        files="" if declared is None else declared.files,
        one_per=() if declared is None else declared.group_by or declared.key,
        is_grouped=declared is not None and bool(declared.group_by),
        requires_consent=() if declared is None else declared.requires_consent,
        every=report.expected.every,
        usual=_usual(report.loads),
        events=events,
        traits=traits,
        segments=tuple(sorted(name for name, its in rests.items() if its & {*events, *traits})),
        report=report,
    )


def _usual(loads: tuple[LoadMeasured, ...]) -> int | None:
    gaps = [later.at - earlier.at for earlier, later in pairwise(loads)]
    return round(median(gaps)) if len(loads) >= _FEWEST else None


def _resting(workspace: Workspace) -> dict[str, frozenset[str]]:
    """Return of which events and traits each segment's rule speaks."""
    found = {}
    for name, sentence in workspace.in_force().sentences.items():
        nodes = list(nodes_of(parse_rule(sentence)))
        events = {str(event) for one in nodes if (event := getattr(one, "event", None))}
        found[name] = frozenset(events | {one.name for one in nodes if isinstance(one, Trait)})
    return found


@lru_cache(maxsize=4)
def _names(standing: Standing, statement: str) -> dict[str, tuple[str, ...]]:
    """Return the names that each source has brought; as long as nothing else comes, that is known."""
    found: dict[str, list[str]] = {}
    for row in ask(standing.tables, statement):
        found.setdefault(row["source"], []).append(row["name"])
    return {source: tuple(sorted(names)) for source, names in found.items()}
