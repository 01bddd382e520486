"""What a clusters score declares of its features: how they come onto one scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from kohort.definitions.fields import Fields
from kohort.errors import UnknownNameError


class Scaling(StrEnum):
    """How a number comes onto the scale that all features share; see `kohort.learning.features.scaling`."""

    AUTOMATIC = "automatic"
    LOG = "log"
    YEO_JOHNSON = "yeo_johnson"
    ROBUST = "robust"
    STANDARD = "standard"
    MIN_MAX = "min_max"


@dataclass(frozen=True)
class PreparationDefinition:
    """How features become points: `scaling` for all numbers, `scalings` by feature where it differs.

    >>> PreparationDefinition(scalings={"revenue": Scaling.LOG}).scaling_of("revenue").value
    'log'
    """

    scaling: Scaling = Scaling.AUTOMATIC
    scalings: Mapping[str, Scaling] = field(default_factory=dict)

    def scaling_of(self, feature: str) -> Scaling:
        """Return the scaling of one feature."""
        return self.scalings.get(feature, self.scaling)


def preparation_of(fields: Fields, features: Sequence[str]) -> PreparationDefinition:
    """Read how a clusters score prepares its `features`.

    Raises DefinitionError with the field of what is wrong, UnknownNameError for a feature that the score has not.
    """
    each = fields.inner("scaling") if isinstance(fields.value("scaling"), Mapping) else None
    if each is None:
        return PreparationDefinition(_scaling(fields, "scaling"))
    scalings = {name: _scaling(each, name) for name in each.names() if name != "default"}
    for name in scalings:
        if name not in features:
            raise UnknownNameError("feature", name, features, where=str(each.place(name)))
    return PreparationDefinition(_scaling(each, "default"), scalings)


def _scaling(fields: Fields, name: str) -> Scaling:
    written = fields.text(name, default=Scaling.AUTOMATIC)
    if written not in tuple(Scaling):
        raise fields.wrong(name, "one of " + ", ".join(Scaling), written)
    return Scaling(written)
