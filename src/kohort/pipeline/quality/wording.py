"""Measures and gates in words."""

from collections.abc import Callable, Mapping
from typing import Final

from kohort.clock import DAY, HOUR, MINUTE
from kohort.definitions.gates import History, Measure, gate_of
from kohort.storage.records import Finding, GateSaid, LoadMeasured

_UNITS: Final = ((DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes"))


def value_text(measure: Measure, value: float) -> str:
    """Return a measure as people read it.

    >>> value_text(Measure.VALIDITY, 0.9316), value_text(Measure.FRESHNESS, 36 * HOUR), value_text(Measure.VOLUME, 1e4)
    ('93.2 %', '1.5 days', '10,000')
    """
    return _TEXTS[measure](value) if measure in _TEXTS else f"{100 * value:.1f} %"


def age_text(value: float) -> str:
    """Return an age in the largest unit of which it has at least one.

    >>> age_text(90 * MINUTE), age_text(30_000_000)
    ('1.5 hours', '0.5 minutes')
    """
    unit, name = next((one for one in _UNITS if value >= one[0]), _UNITS[-1])
    return f"{value / unit:.1f} {name}"


_TEXTS: Final[Mapping[Measure, Callable[[float], str]]] = {
    Measure.FRESHNESS: age_text,
    Measure.VOLUME: lambda value: f"{value:,.0f}",
    Measure.RELIABILITY: lambda value: f"{value:.1f}",
}


def gate_text(said: GateSaid) -> str:
    """Return what came of a gate.

    >>> gate_text(GateSaid("fail if validity < 99 %", "fail", True, 0.5, 0.99))
    'validity is 50.0 %: fail if validity < 99 %'
    >>> gate_text(GateSaid("warn if volume < 50 % of mean of last 2 runs", "warn", True, 40, 47.5))
    'volume is 40 (the bound is 48): warn if volume < 50 % of mean of last 2 runs'
    """
    gate = gate_of(said.gate)
    if said.value is None or said.bound is None:
        return f"not judged, since no earlier load was measured: {said.gate}"
    bound = f" (the bound is {value_text(gate.measure, said.bound)})" if isinstance(gate.bound, History) else ""
    return f"{gate.measure} is {value_text(gate.measure, said.value)}{bound}: {said.gate}"


def gate_findings(load: LoadMeasured) -> list[Finding]:
    """Return a finding for each gate whose condition holds."""
    return [
        Finding(
            check="gate",
            source=load.source,
            subject=load.load,
            severity="error" if one.action == "fail" else "warning",
            count=1,
            share=None,
            detail=gate_text(one),
        )
        for one in load.gates
        if one.holds
    ]
