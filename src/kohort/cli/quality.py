"""How good each source is: its scores, their trend over loads, what its gates say, and its worst rows."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from kohort.cli.output import Format, out, show_rows
from kohort.clock import Moment
from kohort.definitions.gates import DIMENSIONS, Measure
from kohort.pipeline.quality.reporting import SourceReport
from kohort.pipeline.quality.wording import gate_text, value_text
from kohort.storage.records import LoadMeasured

ShowMoment = Callable[[Moment | None], str]

_COLUMNS: Final = ["source", "reliability", "trend", *map(str, DIMENSIONS), "loads", "gates"]
_NARROW: Final = ["source", "reliability", "trend", "lacks most", "loads", "gates"]
_LOADS: Final = ["load", "at", "records", "rejected", "repeats", "reliability", "stopped"]
_STEPS: Final = "▁▂▃▄▅▆▇█"
_BEST: Final = 100


def show_sources(reports: Sequence[SourceReport], form: Format, moment: ShowMoment) -> None:
    """Show a line a source."""
    if form is Format.JSON:
        rows = [plain(one, moment) for one in reports]
        show_rows(rows, list(rows[0]) if rows else [], form)
        return
    show_rows([_line(one) for one in reports], _NARROW if form is Format.TABLE else _COLUMNS, form)


def show_source(report: SourceReport, form: Format, moment: ShowMoment) -> None:
    """Show all that is known of one source."""
    latest = report.latest
    if form is not Format.TABLE or latest is None:
        show_sources([report], form, moment)
        return
    total = "not measured" if report.reliability is None else f"{report.reliability:.1f} of {_BEST}"
    out.print(f"{report.source}: reliability {total}, last load {latest.load} at {moment(latest.at)}", markup=False)
    out.print()
    show_rows([_dimension(report, one) for one in DIMENSIONS], ["dimension", "measured", "score"], form)
    for said in latest.gates:
        mark = "–" if said.holds is None else ("✗" if said.holds else "✓")
        out.print(f"{mark} {gate_text(said)}", markup=False)
    worst = next((one for one in reversed(report.loads) if one.worst), None)
    if worst is not None:
        out.print()
        out.print(f"worst rows of {worst.load}", markup=False)
        rows = [{"line": one.line, "problems": one.problems, "why": "; ".join(one.reasons)} for one in worst.worst]
        show_rows(rows, ["line", "problems", "why"], form)
    out.print()
    show_rows([_load(one, moment) for one in reversed(report.loads)], _LOADS, form)


def plain(report: SourceReport, moment: ShowMoment) -> dict[str, object]:
    """Return a report as JSON."""
    return {
        "source": report.source,
        "reliability": report.reliability,
        "scores": {str(name): score for name, score in report.scores.items()},
        "missing": [str(one) for one in report.missing],
        "overdue": report.is_overdue,
        "loads": [
            {
                **_load(one, moment),
                "measures": one.measures,
                "scores": one.scores,
                "gates": [msgspec.to_builtins(gate) for gate in one.gates],
                "worst": [msgspec.to_builtins(row) for row in one.worst],
            }
            for one in report.loads
        ],
    }


def trend(values: Sequence[float | None]) -> str:
    """Return numbers from 0 to 100 as bars, the newest last.

    >>> trend([0, 50, None, 100])
    '▁▅·█'
    """
    last = len(_STEPS) - 1
    return "".join("·" if one is None else _STEPS[min(int(one / _BEST * len(_STEPS)), last)] for one in values)


def _line(report: SourceReport) -> dict[str, object]:
    latest = report.loads[-1] if report.loads else None
    held = [] if latest is None else [one for one in latest.gates if one.holds]
    scores = {str(one): f"{100 * report.scores[one]:.1f} %" if one in report.scores else None for one in DIMENSIONS}
    gates = "stopped" if latest is not None and latest.stopped else f"{len(held)} hold" if held else ""
    return {
        "source": report.source,
        "reliability": None if report.reliability is None else round(report.reliability, 1),
        "trend": trend([one.reliability for one in report.loads]),
        **scores,
        "lacks most": f"{worst}: {scores[worst]}" if (worst := _worst(report)) else "",
        "loads": len(report.loads),
        "gates": gates,
    }


def _worst(report: SourceReport) -> str:
    """Return the dimension of which a source lacks most, "" where it lacks nothing."""
    lacking = {str(one): score for one, score in report.scores.items() if score < 1}
    return min(lacking, key=lambda name: lacking[name], default="")


def _dimension(report: SourceReport, dimension: Measure) -> dict[str, object]:
    latest = report.latest
    value = None if latest is None else latest.measures.get(dimension)
    if dimension is Measure.FRESHNESS and report.age is not None:
        value = report.age
    score = report.scores.get(dimension)
    return {
        "dimension": str(dimension),
        "measured": "" if value is None else value_text(dimension, value),
        "score": "not measured" if score is None else f"{100 * score:.1f} %",
    }


def _load(load: LoadMeasured, moment: ShowMoment) -> dict[str, object]:
    return {
        "load": load.load,
        "at": moment(load.at),
        "records": load.records,
        "rejected": load.rejected,
        "repeats": load.repeats,
        "reliability": None if load.reliability is None else round(load.reliability, 1),
        "stopped": load.stopped,
    }
