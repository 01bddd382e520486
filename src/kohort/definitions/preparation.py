"""What a clusters score declares of its features: scaling, encoding of texts, selection, reduction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from kohort.definitions.fields import Fields
from kohort.errors import DefinitionError, UnknownNameError

_PICTURES: Final = {"tsne": "t-SNE", "umap": "UMAP"}


class Scaling(StrEnum):
    """How a number comes onto the scale that all features share; see `kohort.learning.features.scaling`."""

    AUTOMATIC = "automatic"
    LOG = "log"
    YEO_JOHNSON = "yeo_johnson"
    ROBUST = "robust"
    STANDARD = "standard"
    MIN_MAX = "min_max"


class Encoding(StrEnum):
    """How a text becomes numbers; see `kohort.learning.features.encoding`."""

    ONE_HOT = "one_hot"
    ORDINAL = "ordinal"
    FREQUENCY = "frequency"


class Reduction(StrEnum):
    """How many columns become few; see `kohort.learning.features.components` and `.autoencoder`."""

    PCA = "pca"
    AUTOENCODER = "autoencoder"


@dataclass(frozen=True)
class EncodingDefinition:
    """How one text feature becomes numbers; `order` has the levels of an ordinal one, the lowest first."""

    method: Encoding = Encoding.ONE_HOT
    order: tuple[str, ...] = ()


@dataclass(frozen=True)
class SelectionDefinition:
    """Which numbers are left out: beyond each limit, a share of people or a correlation, from 0 to 1.

    `missing`: of people without a value. `constant`: of people who share one value. `correlation`: Spearman's with a
    feature that is kept. `noise`: leave out also features without two modes that go with no other feature.
    """

    missing: float = 0.6
    constant: float = 0.99
    correlation: float = 0.95
    noise: bool = False


@dataclass(frozen=True)
class ReductionDefinition:
    """Into how many `components` the columns are brought; PCA may keep a share of `variance` instead.

    Both None is a share of 0.9 for PCA; an auto-encoder needs a number.
    """

    method: Reduction
    components: int | None = None
    variance: float | None = None


@dataclass(frozen=True)
class PreparationDefinition:
    """How features become points: `scaling` of numbers and `scalings` by feature, `encodings` of texts by feature.

    No `selection` leaves out only what cannot tell people apart; no `reduction` keeps every column.

    >>> PreparationDefinition(scalings={"revenue": Scaling.LOG}).scaling_of("revenue").value
    'log'
    """

    scaling: Scaling = Scaling.AUTOMATIC
    scalings: Mapping[str, Scaling] = field(default_factory=dict)
    encodings: Mapping[str, EncodingDefinition] = field(default_factory=dict)
    selection: SelectionDefinition | None = None
    reduction: ReductionDefinition | None = None

    def scaling_of(self, feature: str) -> Scaling:
        """Return the scaling of one feature."""
        return self.scalings.get(feature, self.scaling)

    def encoding_of(self, feature: str) -> EncodingDefinition:
        """Return the encoding of one text feature, one-hot unless declared."""
        return self.encodings.get(feature, EncodingDefinition())


def preparation_of(fields: Fields, features: Sequence[str]) -> PreparationDefinition:
    """Read how a clusters score prepares its `features`.

    Raises DefinitionError with the field of what is wrong, UnknownNameError for a feature that the score has not.
    """
    each = fields.inner("scaling") if isinstance(fields.value("scaling"), Mapping) else None
    scalings = {name: _scaling(each, name) for name in each.names() if name != "default"} if each else {}
    encodings = fields.inner("encoding")
    definition = PreparationDefinition(
        scaling=_scaling(each, "default") if each else _scaling(fields, "scaling"),
        scalings=scalings,
        encodings={name: _encoding(encodings, name) for name in encodings.names()} if encodings else {},
        selection=_selection(fields.inner("selection")),
        reduction=_reduction(fields.inner("reduction")),
    )
    for where, names in (("scaling", scalings), ("encoding", definition.encodings)):
        for name in names:
            if name not in features:
                raise UnknownNameError("feature", name, features, where=str(fields.place(f"{where}.{name}")))
    return definition


def _scaling(fields: Fields, name: str) -> Scaling:
    written = fields.text(name, default=Scaling.AUTOMATIC)
    if written not in tuple(Scaling):
        raise fields.wrong(name, "one of " + ", ".join(Scaling), written)
    return Scaling(written)


def _encoding(fields: Fields, name: str) -> EncodingDefinition:
    written = fields.value(name)
    if isinstance(written, list):
        order = fields.texts(name)
        if len(set(order)) < max(len(order), 2):
            raise fields.wrong(name, "two levels or more in their order, each once", written)
        return EncodingDefinition(Encoding.ORDINAL, order)
    if written not in (Encoding.ONE_HOT, Encoding.FREQUENCY):
        raise fields.wrong(name, "one_hot, frequency, or the list of its levels from low to high", written)
    return EncodingDefinition(Encoding(str(written)))


def _selection(fields: Fields | None) -> SelectionDefinition | None:
    if fields is None:
        return None
    usual = SelectionDefinition()
    noise = fields.value("noise") or False
    if not isinstance(noise, bool):
        raise fields.wrong("noise", "true or false", noise)
    selection = SelectionDefinition(
        missing=_share(fields, "missing", usual.missing),
        constant=_share(fields, "constant", usual.constant),
        correlation=_share(fields, "correlation", usual.correlation),
        noise=noise,
    )
    fields.refuse_unknown()
    return selection


def _reduction(fields: Fields | None) -> ReductionDefinition | None:
    if fields is None:
        return None
    written = fields.text("method")
    if written in _PICTURES:
        raise DefinitionError(
            f"{fields.place('method')}: {_PICTURES[written]} cannot place people of another day, so that no model may "
            f"stand on it; it is for pictures: take pca or autoencoder here"
        )
    if written not in tuple(Reduction):
        raise fields.wrong("method", "one of " + ", ".join(Reduction), written)
    components = None if fields.value("components") is None else fields.integer("components")
    variance = None if fields.value("variance") is None else _share(fields, "variance", None)
    if components is not None and components < 1:
        raise fields.wrong("components", "a number from 1", components)
    if components is not None and variance is not None:
        raise fields.wrong("variance", "nothing beside components", variance)
    if written == Reduction.AUTOENCODER and components is None:
        raise fields.wrong("components", "how many columns the auto-encoder shall leave", components)
    fields.refuse_unknown()
    return ReductionDefinition(Reduction(written), components, variance)


def _share(fields: Fields, name: str, default: float | None) -> float:
    share = fields.number(name, default)
    if not 0 < share <= 1:
        raise fields.wrong(name, "a number above 0 and up to 1", share)
    return share
