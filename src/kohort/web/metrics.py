"""Measurements as Prometheus reads them: counters and gauges of this process, and those that another has written.

The format is https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"

Kind = Literal["counter", "gauge"]


class Family(msgspec.Struct, frozen=True):
    """All values of one measurement: its name, kind, what it is, the names of its labels, (labels, value) pairs."""

    name: str
    kind: Kind
    words: str
    labels: tuple[str, ...]
    values: list[tuple[tuple[str, ...], float]]


class Metric:
    """One measurement of this process, by labels.

    >>> metric = Metric("kohort_events_received_total", "counter", "Events.", ("source",))
    >>> metric.add("web", by=2)
    >>> metric.add("web")
    >>> metric.family().values
    [(('web',), 3)]
    """

    def __init__(self, name: str, kind: Kind, words: str, labels: tuple[str, ...] = ()) -> None:
        self._name, self._kind, self._words, self._labels = name, kind, words, labels
        # Without labels there is one value, and it is there from the start.
        self._values: dict[tuple[str, ...], float] = {} if labels else {(): 0}

    def add(self, *labels: str, by: float = 1) -> None:
        """Count `by` more."""
        self._values[labels] = self._values.get(labels, 0) + by

    def set(self, value: float, *labels: str) -> None:
        """Say what a value is now."""
        self._values[labels] = value

    def replace(self, values: Iterable[tuple[tuple[str, ...], float]]) -> None:
        """Say what all values are now; those not named are gone."""
        self._values = dict(values)

    def family(self) -> Family:
        """Return the values as they are now."""
        return Family(self._name, self._kind, self._words, self._labels, list(self._values.items()))


def exposition(families: Iterable[Family]) -> bytes:
    r"""Return measurements as text.

    >>> family = Family("up", "gauge", "Whether it is.", ("name",), [(('a "b"',), 1)])
    >>> exposition([family]).decode()
    '# HELP up Whether it is.\n# TYPE up gauge\nup{name="a \\"b\\""} 1\n'
    """
    lines: list[str] = []
    for one in families:
        lines += [f"# HELP {one.name} {_escaped(one.words)}", f"# TYPE {one.name} {one.kind}"]
        lines += [f"{one.name}{_labels(one.labels, given)} {_number(value)}" for given, value in one.values]
    return ("\n".join(lines) + "\n").encode()


def _labels(names: Sequence[str], values: Sequence[str]) -> str:
    pairs = [f'{name}="{_quoted(value)}"' for name, value in zip(names, values, strict=True)]
    return "{" + ",".join(pairs) + "}" if pairs else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', '\\"')


def _number(value: float) -> str:
    return repr(int(value)) if value == int(value) else repr(value)
