"""What is expected of the data of a source: how often they come, what they must have, and the gates of a load."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from kohort.clock import parse_duration
from kohort.definitions.fields import Fields
from kohort.definitions.gates import DIMENSIONS, Gate, Measure, gate_of
from kohort.errors import DefinitionError, did_you_mean, shorten

WEIGHTS: Final[Mapping[Measure, float]] = MappingProxyType(
    {
        Measure.FRESHNESS: 0.10,
        Measure.VOLUME: 0.10,
        Measure.COMPLETENESS: 0.25,
        Measure.VALIDITY: 0.25,
        Measure.UNIQUENESS: 0.15,
        Measure.CONSISTENCY: 0.15,
    }
)
"""How much each dimension counts in the reliability of a source, unless `kohort.yaml` says otherwise."""


@dataclass(frozen=True)
class SourceQuality:
    """What is expected of one source.

    `every` is how often it comes, in microseconds, None for not declared. `expects` names the properties or traits that
    each record should have; none means all that the source maps. `gates` are judged in their order.
    """

    every: int | None = None
    expects: tuple[str, ...] = ()
    gates: tuple[Gate, ...] = ()


NOTHING_EXPECTED: Final = SourceQuality()


@dataclass(frozen=True)
class QualitySettings:
    """What `kohort.yaml` says of quality: weights, and what is expected of sources that have no file in `sources/`."""

    weights: Mapping[Measure, float] = field(default_factory=lambda: WEIGHTS)
    sources: Mapping[str, SourceQuality] = field(default_factory=dict)


def source_quality_of(fields: Fields | None) -> SourceQuality:
    """Read the section `quality:` of a source; raises DefinitionError.

    >>> fields = Fields({"every": "1 day", "gates": ["fail if validity < 99 %"]}, "sources/crm.yaml", "quality")
    >>> source_quality_of(fields).gates[0].text
    'fail if validity < 99 %'
    """
    if fields is None:
        return NOTHING_EXPECTED
    every = fields.build("every", parse_duration) if fields.value("every") is not None else None
    found = SourceQuality(every, fields.texts("expects", default=()), _gates(fields))
    fields.refuse_unknown()
    return found


def quality_settings_of(fields: Fields | None) -> QualitySettings:
    """Read the section `quality:` of `kohort.yaml`; raises DefinitionError.

    >>> quality_settings_of(Fields({"weights": {"freshness": 0}}, "kohort.yaml", "quality")).weights["validity"]
    0.25
    """
    if fields is None:
        return QualitySettings()
    weights, sources = fields.inner("weights"), fields.inner("sources")
    found = QualitySettings(
        WEIGHTS if weights is None else _weights(weights),
        {} if sources is None else {name: source_quality_of(sources.inner(name)) for name in sources.names()},
    )
    fields.refuse_unknown()
    return found


def _gates(fields: Fields) -> tuple[Gate, ...]:
    found = []
    for text in fields.texts("gates", default=()):
        try:
            found.append(gate_of(text))
        except ValueError as error:
            raise DefinitionError(f"{fields.place('gates')}: {error}") from error
    return tuple(found)


def _weights(fields: Fields) -> Mapping[Measure, float]:
    for name in fields.names():
        if name not in DIMENSIONS:
            hint = did_you_mean(name, [*DIMENSIONS])
            raise DefinitionError(f'{fields.place(name)}: unknown dimension "{shorten(name)}"; {hint}')
    weights: dict[Measure, float] = {one: fields.number(one, default=WEIGHTS[one]) for one in DIMENSIONS}
    for name, weight in weights.items():
        if not (math.isfinite(weight) and weight >= 0):
            raise fields.wrong(name, "a number that is not below 0", weight)
    if not any(weights.values()):
        raise DefinitionError(f"{fields.place('')}: at least one weight must be above 0")
    return weights
