"""How the parts of a plain model stand in its document: structures of lists, numbers and words, each with its kind."""

from dataclasses import asdict, fields
from typing import Any, Final

import msgspec
import numpy as np

from kohort.learning.features.encoding import LevelCodes, OneHot
from kohort.learning.features.preparation import Preparation
from kohort.learning.features.scaling import ColumnScaling, DroppedColumn
from kohort.learning.models import plain, trees
from kohort.learning.models.arrays import check
from kohort.learning.models.plain import Activation, Link, PlainModel


class _Record(msgspec.Struct, forbid_unknown_fields=True, tag_field="kind"):
    """A structure with the fields of what it stands for, which it names by its kind."""


class Linear(_Record, tag="linear"):
    """See `plain.Linear`."""

    weights: list[float]
    intercept: float
    centre: list[float] | None


class Trees(_Record, tag="trees"):
    """See `trees.Trees`."""

    roots: list[int]
    feature: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    missing_left: list[bool]
    value: list[float]
    weight: list[float]
    columns: int
    base: float
    divisor: float
    narrow: bool
    shares: bool


class Kernel(_Record, tag="kernel"):
    """See `plain.Kernel`."""

    vectors: list[list[float]]
    weights: list[float]
    intercept: float
    gamma: float


class Layer(msgspec.Struct, forbid_unknown_fields=True):
    """See `plain.Layer`."""

    weights: list[list[float]]
    offsets: list[float]


class Network(_Record, tag="network"):
    """See `plain.Network`."""

    layers: list[Layer]
    activation: Activation


class Fill(_Record, tag="fill"):
    """See `plain.Fill`; None in the place of NaN."""

    values: list[float | None]
    indicated: list[int]


class Scale(_Record, tag="scale"):
    """See `plain.Scale`."""

    centre: list[float]
    spread: list[float]


class Stretch(_Record, tag="stretch"):
    """See `plain.Stretch`."""

    factor: list[float]
    offset: list[float]


class Choose(_Record, tag="choose"):
    """See `plain.Choose`."""

    places: list[int]
    of: int


class Sigmoid(_Record, tag="sigmoid"):
    """See `plain.Sigmoid`."""

    slope: float
    offset: float


class OddsSigmoid(_Record, tag="odds_sigmoid"):
    """See `plain.OddsSigmoid`."""

    slope: float
    intercept: float
    edge: float


class Isotonic(_Record, tag="isotonic"):
    """See `plain.Isotonic`."""

    scores: list[float]
    values: list[float]


class Part(msgspec.Struct, forbid_unknown_fields=True):
    """See `plain.Part`."""

    core: Linear | Trees | Kernel | Network
    link: Link
    steps: list[Fill | Scale | Stretch | Choose]
    calibrator: Sigmoid | OddsSigmoid | Isotonic | None
    of_margin: bool


class PreparationRecord(msgspec.Struct, forbid_unknown_fields=True):
    """See `Preparation`; its reduction is read by itself."""

    columns: tuple[ColumnScaling, ...]
    dropped: tuple[DroppedColumn, ...]
    codes: tuple[LevelCodes, ...]
    one_hots: tuple[OneHot, ...]
    reduction: dict[str, Any] | None


class Model(msgspec.Struct, forbid_unknown_fields=True):
    """See `plain.PlainModel`."""

    names: list[str]
    parts: list[Part]
    missing: bool
    preparation: PreparationRecord | None


_KINDS: Final = (
    (plain.PlainModel, Model),
    (plain.Part, Part),
    (plain.Linear, Linear),
    (trees.Trees, Trees),
    (plain.Kernel, Kernel),
    (plain.Network, Network),
    (plain.Layer, Layer),
    (plain.Fill, Fill),
    (plain.Scale, Scale),
    (plain.Stretch, Stretch),
    (plain.Choose, Choose),
    (plain.Sigmoid, Sigmoid),
    (plain.OddsSigmoid, OddsSigmoid),
    (plain.Isotonic, Isotonic),
)
"""What stands for what; both have the same fields."""
_RECORDS: Final[dict[type, type]] = dict(_KINDS)
_PLAIN: Final[dict[type, type]] = {record: kind for kind, record in _KINDS}


def written(model: PlainModel) -> bytes:
    """Return a model as JSON: the same bytes for the same model."""
    return msgspec.json.encode(_record(model))


def read(body: bytes) -> PlainModel:
    """Return the model that JSON describes.

    Raises msgspec.ValidationError for other fields or types than a model's, TypeError or KeyError for those of its
    preparation, UsageError for what is no model.
    """
    model: PlainModel = _plain(msgspec.json.decode(body, type=Model))
    return model


def _record(value: Any) -> Any:
    if isinstance(value, Preparation):
        return msgspec.convert(asdict(value), PreparationRecord)
    if type(value) in _RECORDS:
        return _RECORDS[type(value)](**{one.name: _record(getattr(value, one.name)) for one in fields(value)})
    if isinstance(value, np.ndarray):
        missing = value.dtype == np.float64 and bool(np.isnan(value).any())
        return [None if one != one else one for one in value.tolist()] if missing else value.tolist()  # noqa: PLR0124
    return [_record(one) for one in value] if isinstance(value, tuple) else value


def _plain(value: Any) -> Any:
    if type(value) in _PLAIN:
        kind = _PLAIN[type(value)]
        return kind(**{one.name: _plain(getattr(value, one.name)) for one in fields(kind)})
    if isinstance(value, PreparationRecord):
        return _preparation(value)
    if isinstance(value, list):
        if not value or isinstance(value[0], str | msgspec.Struct):
            return tuple(map(_plain, value))
        return np.array([np.nan if one is None else one for one in value]) if None in value else value
    return value


def _preparation(record: PreparationRecord) -> Preparation:
    scales = [one for column in record.columns for one in (column.spread, column.unit)]
    check(all(one > 0 for one in scales), "a preparation divides by 0")
    check(all(len(one.levels) == len(one.codes) for one in record.codes), "levels have not one code each")
    reduced = Preparation.from_record(
        {"columns": (), "dropped": (), "codes": (), "one_hots": (), "reduction": record.reduction}
    )
    return Preparation(record.columns, record.dropped, record.codes, record.one_hots, reduced.reduction)
