"""What a file in `scores/` declares of missing and unusual values: which traits are repaired, how, and under what name.

A repaired value never replaces one that was told. It is a trait of its own beside it, named by a suffix.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar

from kohort.definitions.fields import Fields

Kind = TypeVar("Kind", bound=StrEnum)

FILLED: Final = "_filled"
MISSING: Final = "_missing"
OUTLIER: Final = "_outlier"
CAPPED: Final = "_capped"
TRIMMED: Final = "_trimmed"
SUFFIXES: Final = (FILLED, MISSING, OUTLIER, CAPPED, TRIMMED)
"""What stands behind a trait's name in those that repairing it writes."""


class ImputationMethod(StrEnum):
    """How a missing value is made."""

    MEAN = "mean"
    MEDIAN = "median"
    MODE = "mode"
    CONSTANT = "constant"
    KNN = "knn"
    MICE = "mice"

    @property
    def is_model(self) -> bool:
        """Whether it looks at who lacks the value: at their other traits."""
        return self in {ImputationMethod.KNN, ImputationMethod.MICE}


class Drawing(StrEnum):
    """Where a value drawn by mice comes from: somebody with nearly the same prediction, or the normal distribution."""

    MATCHING = "matching"
    NORMAL = "normal"


class DetectionMethod(StrEnum):
    """How an unusual value, or person, is found."""

    IQR = "iqr"
    Z_SCORE = "z-score"
    ROBUST = "robust z-score"
    BOUNDS = "bounds"
    FOREST = "isolation forest"
    LOF = "lof"

    @property
    def has_fences(self) -> bool:
        """Whether it says between which limits the values of one trait are usual; else it looks at all traits."""
        return self not in {DetectionMethod.FOREST, DetectionMethod.LOF}


class Treatment(StrEnum):
    """What is done with values that are flagged."""

    KEEP = "keep"
    CAP = "cap"
    EXCLUDE = "exclude"


REACHES: Final[Mapping[DetectionMethod, float]] = {
    DetectionMethod.IQR: 1.5,
    DetectionMethod.Z_SCORE: 3.0,
    DetectionMethod.ROBUST: 3.5,
    DetectionMethod.FOREST: 0.6,
    DetectionMethod.LOF: 1.5,
}
"""How far is too far, by default: in interquartile ranges, in deviations, and as the score that a model gives."""


@dataclass(frozen=True)
class ImputationDefinition:
    """Traits whose missing values are filled by `method`.

    Traits written, for each of `traits`: `{trait}_filled`, the value as told, else the imputed one, which is marked;
    and `{trait}_missing`, 1 where it was missing, else 0. The methods knn and mice look at `predictors` too, numbers
    all of them. `constant` is the value of the method constant, as text. `neighbours` and `donors` (0: everybody) are
    those of knn, `draws`, `rounds` and `drawing` those of mice.
    """

    name: str
    traits: tuple[str, ...]
    method: ImputationMethod
    predictors: tuple[str, ...] = ()
    constant: str = ""
    neighbours: int = 5
    donors: int = 0
    draws: int = 10
    rounds: int = 5
    drawing: Drawing = Drawing.MATCHING
    seed: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The traits that are looked at, those to fill first."""
        return (*self.traits, *(one for one in self.predictors if one not in self.traits))


@dataclass(frozen=True)
class OutliersDefinition:
    """Traits whose unusual values are flagged by each of `methods`.

    Traits written, for each of `traits`: `{trait}_outlier`, the reasons, for those who are flagged; for those whom a
    method finds by all traits, `{name}_outlier`. The method `by` decides who is treated: to cap writes
    `{trait}_capped`, every value within the fences, those that were moved marked; to exclude writes `{trait}_trimmed`,
    without the flagged values. `bounds` are plausible limits by trait, either of them possibly infinite; `reaches`
    tells how far is too far, by method; `logarithmic` whether fences are found on the logarithmic scale.
    """

    name: str
    traits: tuple[str, ...]
    methods: tuple[DetectionMethod, ...]
    treatment: Treatment = Treatment.KEEP
    by: DetectionMethod = DetectionMethod.IQR
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    reaches: Mapping[DetectionMethod, float] = field(default_factory=lambda: REACHES)
    logarithmic: bool = False
    seed: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The traits that are looked at."""
        return self.traits


def repaired_trait(name: str) -> str:
    """Return the trait that a repaired one speaks of; itself, if it is none.

    >>> repaired_trait("income_capped_filled"), repaired_trait("income")
    ('income', 'income')
    """
    for suffix in SUFFIXES:
        if name.endswith(suffix) and name != suffix:
            return repaired_trait(name.removesuffix(suffix))
    return name


def imputation_of(fields: Fields) -> ImputationDefinition:
    """Read a score of the kind `imputation`; raises DefinitionError.

    >>> document = {"name": "fill", "traits": "age", "method": "median"}
    >>> imputation_of(Fields(document, "scores/fill.yaml")).traits
    ('age',)
    """
    method = _choice(fields, "method", ImputationMethod)
    found = ImputationDefinition(
        name=fields.text("name", default="fill"),
        traits=fields.texts("traits"),
        method=method,
        predictors=fields.texts("predictors", default=()),
        constant=fields.text("constant", default=""),
        neighbours=_at_least(fields, "neighbours", 1, 5),
        donors=_at_least(fields, "donors", 0, 0),
        draws=_at_least(fields, "draws", 2, 10),
        rounds=_at_least(fields, "rounds", 1, 5),
        drawing=_choice(fields, "drawing", Drawing, Drawing.MATCHING),
        seed=_at_least(fields, "seed", 0, 0),
    )
    if (method is ImputationMethod.CONSTANT) != bool(found.constant):
        raise fields.wrong("constant", "a value for the method constant, and for no other", fields.value("constant"))
    if found.predictors and not method.is_model:
        raise fields.wrong("predictors", f"none: the method {method} looks at the trait alone", found.predictors)
    if method.is_model and len(found.columns) == 1:
        raise fields.wrong("predictors", f"a trait or more that the method {method} finds the value from", None)
    return found


def outliers_of(fields: Fields) -> OutliersDefinition:
    """Read a score of the kind `outliers`; raises DefinitionError.

    >>> document = {"name": "odd", "traits": ["age"], "methods": ["bounds"], "bounds": {"age": {"from": 0, "to": 120}}}
    >>> outliers_of(Fields(document, "scores/odd.yaml")).bounds
    {'age': (0.0, 120.0)}
    """
    traits = fields.texts("traits")
    usual = tuple(one.value for one in (DetectionMethod.IQR, DetectionMethod.Z_SCORE, DetectionMethod.ROBUST))
    methods = tuple(_known(fields, "methods", one, DetectionMethod) for one in fields.texts("methods", default=usual))
    bounds = _bounds(fields, traits)
    if bool(bounds) != (DetectionMethod.BOUNDS in methods):
        raise fields.wrong("bounds", "limits by trait for the method bounds, and for no other", fields.value("bounds"))
    treatment = _choice(fields, "treatment", Treatment, Treatment.KEEP)
    by = _choice(fields, "by", DetectionMethod, methods[0])
    if by not in methods:
        raise fields.wrong("by", "one of the methods: " + ", ".join(methods), by)
    if treatment is Treatment.CAP and not by.has_fences:
        raise fields.wrong("by", "a method with limits to cap at (iqr, z-score, robust z-score or bounds)", by)
    scale = fields.text("scale", default="raw")
    if scale not in {"raw", "log"}:
        raise fields.wrong("scale", "raw or log", scale)
    return OutliersDefinition(
        name=fields.text("name", default="outliers"),
        traits=traits,
        methods=methods,
        treatment=treatment,
        by=by,
        bounds=bounds,
        reaches=_reaches(fields, methods),
        logarithmic=scale == "log",
        seed=_at_least(fields, "seed", 0, 0),
    )


def _bounds(fields: Fields, traits: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    inner = fields.inner("bounds")
    found: dict[str, tuple[float, float]] = {}
    for name in inner.names() if inner else ():
        limits = inner.inner(name) if inner else None
        if limits is None or name not in traits:
            raise fields.wrong("bounds", "from and to, or either, of traits among: " + ", ".join(traits), name)
        low, high = limits.number("from", default=float("-inf")), limits.number("to", default=float("inf"))
        if low > high:
            raise limits.wrong("to", f"a number from {low:g} on", high)
        limits.refuse_unknown()
        found[name] = low, high
    return found


def _reaches(fields: Fields, methods: tuple[DetectionMethod, ...]) -> Mapping[DetectionMethod, float]:
    inner, found = fields.inner("reach"), dict(REACHES)
    for name in inner.names() if inner else ():
        method = _known(fields, "reach", name, DetectionMethod)
        reach = inner.number(name) if inner else 0.0
        if method not in methods or method not in REACHES or reach <= 0:
            raise fields.wrong("reach", "a number above zero for methods that are used, bounds excepted", name)
        found[method] = reach
    return found


def _choice(fields: Fields, name: str, kinds: type[Kind], default: Kind | None = None) -> Kind:
    return _known(fields, name, fields.text(name, None if default is None else default.value), kinds)


def _known(fields: Fields, name: str, text: str, kinds: type[Kind]) -> Kind:
    if text not in set(kinds):
        raise fields.wrong(name, "one of " + ", ".join(kinds), text)
    return kinds(text)


def _at_least(fields: Fields, name: str, least: int, default: int) -> int:
    value = fields.integer(name, default=default)
    if value < least:
        raise fields.wrong(name, f"a whole number from {least} on", value)
    return value
