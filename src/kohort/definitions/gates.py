"""Gates: what a source's load must measure up to, as people write it: "fail if completeness < 95 %"."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kohort.clock import parse_duration
from kohort.errors import did_you_mean, shorten


class Measure(StrEnum):
    """What is measured of a load; each but the last is a dimension of the last."""

    FRESHNESS = "freshness"
    VOLUME = "volume"
    COMPLETENESS = "completeness"
    VALIDITY = "validity"
    UNIQUENESS = "uniqueness"
    CONSISTENCY = "consistency"
    RELIABILITY = "reliability"


DIMENSIONS: Final = tuple(one for one in Measure if one is not Measure.RELIABILITY)


class Action(StrEnum):
    """What happens where a gate's condition holds: a load that fails reaches no profile."""

    FAIL = "fail"
    WARN = "warn"


class Summary(StrEnum):
    """What is taken of the loads before, as one number."""

    MEAN = "mean"
    MEDIAN = "median"
    LOWEST = "lowest"
    HIGHEST = "highest"


@dataclass(frozen=True)
class History:
    """A share of what the last `runs` loads measured, as one number by `summary`."""

    share: float
    summary: Summary
    runs: int


@dataclass(frozen=True)
class Gate:
    """If a load's `measure` is `comparison` the bound, `action`.

    A bound is a number, or one `History`. Freshness is an age in microseconds, volume a number of records, reliability
    one from 0 to 100; all others are shares from 0 to 1. `text` is what was written.
    """

    action: Action
    measure: Measure
    comparison: str
    bound: float | History
    text: str


_GATE: Final = re.compile(
    r"(?P<action>\w+)\s+if\s+(?P<measure>\w+)\s*(?P<comparison><=|>=|<|>)\s*(?P<bound>.+)", re.ASCII
)
_HISTORY: Final = re.compile(
    r"(?:(?P<share>\d{1,4}(?:\.\d{1,3})?)\s*%\s+of\s+)?(?:the\s+)?(?P<summary>\w+)\s+of\s+(?:the\s+)?last\s+"
    r"(?P<runs>\d{1,3})\s+(?:runs|loads)",
    re.ASCII,
)
_NUMBER: Final = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*(%?)", re.ASCII)
_MOST_RUNS: Final = 100
_WHOLE: Final = 100
_EXAMPLE: Final = 'write such as "fail if completeness < 95 %" or "warn if volume < 50 % of median of last 7 runs"'


def gate_of(text: str) -> Gate:
    """Read a gate.

    Raises ValueError with what is wrong, and the nearest known word.

    >>> gate = gate_of("warn if volume < 50 % of median of last 7 runs")
    >>> gate.bound
    History(share=0.5, summary=<Summary.MEDIAN: 'median'>, runs=7)
    >>> gate_of("fail if freshness > 2 days").bound == 2 * 86_400_000_000
    True
    >>> gate_of("fail if completness < 95 %")
    Traceback (most recent call last):
    ValueError: unknown measure "completness"; did you mean "completeness"?
    """
    text = " ".join(text.split())
    found = _GATE.fullmatch(text)
    if found is None:
        raise ValueError(f'"{shorten(text)}" is no gate; {_EXAMPLE}')
    action = Action(_known(found["action"], "action", [*Action]))
    measure = Measure(_known(found["measure"], "measure", [*Measure]))
    return Gate(action, measure, found["comparison"], _bound(measure, found["bound"]), text)


def _known(word: str, what: str, known: list[str]) -> str:
    if word not in known:
        raise ValueError(f'unknown {what} "{shorten(word)}"; {did_you_mean(word, known)}')
    return word


def _bound(measure: Measure, text: str) -> float | History:
    history = _HISTORY.fullmatch(text)
    if history is not None:
        runs = int(history["runs"])
        if not 0 < runs <= _MOST_RUNS:
            raise ValueError(f"a gate looks at the last 1 to {_MOST_RUNS} runs, not at {runs}")
        summary = Summary(_known(history["summary"], "summary", [*Summary]))
        return History(float(history["share"] or 100) / 100, summary, runs)
    if measure is Measure.FRESHNESS:
        return parse_duration(text)
    number = _NUMBER.fullmatch(text)
    if number is None:
        raise ValueError(f'"{shorten(text)}" is nothing that {measure} can be compared with; {_EXAMPLE}')
    value, unit = float(number[1]), number[2]
    if measure is Measure.VOLUME:
        expected, is_right = 'a number of records, or such as "50 % of median of last 7 runs"', not unit
    elif measure is Measure.RELIABILITY:
        expected, is_right = "a number from 0 to 100, without %", not unit and value <= _WHOLE
    else:
        expected, is_right = "a share from 0 % to 100 %", bool(unit) and value <= _WHOLE
    if not is_right:
        raise ValueError(f"{measure} is compared with {expected}, not with {shorten(text)}")
    return value / _WHOLE if unit else value
