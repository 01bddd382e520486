"""What a file in `scores/` declares of a prediction: a chance for each person to do something, or to stop."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from kohort.clock import DAY, parse_duration
from kohort.definitions.fields import Fields
from kohort.definitions.retraining import NEVER, RetrainingDefinition, retraining_of

MODELS: Final = ("logistic", "random_forest", "gradient_boosting", "lightgbm", "xgboost", "svm", "neural_network")
"""The families of models that a prediction may compare, the plainest first."""
USUAL_MODELS: Final = ("logistic", "gradient_boosting")
"""Those that are compared unless others are named."""
_FEWEST_CUT_OFFS: Final = 2
_LEVELS: Final = ("low", "medium", "high")


class Target(StrEnum):
    """What is foretold: to stop (`lapse`), to do an event (`buys`), or to do it after another (`reacts`)."""

    LAPSE = "lapse"
    BUYS = "buys"
    REACTS = "reacts"


@dataclass(frozen=True)
class PredictionDefinition:
    """The chance of each person to do `event` `within` microseconds, or for a lapse not to.

    It is learnt from `cut_offs` moments of the past, `every` microseconds apart; what happens in the `gap` after one is
    neither known nor counted. Only people who did `among` before are asked about ("" for everybody): those who bought
    may lapse, those who received a campaign may react. `features` are traits, all by default; `rule` is the trait of
    the obvious rule. `retrain` says when a new model is proposed.

    Traits written: `{name}`, a chance from 0 to 1, and `{name}_band`; with `dates` also `{name}_next`, the moment by
    which half of such people do the event, and `{name}_next_low` and `_high`, between which eight of ten do.
    """

    name: str
    target: Target
    event: str
    within: int
    among: str = ""
    gap: int = 0
    every: int = 0
    cut_offs: int = 4
    features: tuple[str, ...] = ()
    rule: str = ""
    models: tuple[str, ...] = USUAL_MODELS
    balance: str = "none"
    bands: tuple[float, ...] = (0.5, 0.8)
    costs: tuple[float, float] | None = None
    dates: bool = False
    seed: int = 0
    retrain: RetrainingDefinition = NEVER

    @property
    def traits(self) -> tuple[str, ...]:
        """The names of the traits written, the chance first."""
        return self.name, f"{self.name}_band", *(self.moments if self.dates else ())

    @property
    def moments(self) -> tuple[str, str, str]:
        """The names of the traits that say when."""
        return f"{self.name}_next", f"{self.name}_next_low", f"{self.name}_next_high"

    @property
    def step(self) -> int:
        """How far cut-offs lie apart: as far as a label reaches, unless declared."""
        return self.every or self.within

    @property
    def band_names(self) -> tuple[str, ...]:
        """What bands are called, the lowest first: `low`, `medium` and `high` where there are three.

        >>> PredictionDefinition("churn", Target.LAPSE, "order_completed", 9, bands=(0.3,)).band_names
        ('low', 'high')
        """
        if len(self.bands) < len(_LEVELS):
            return ("low", "medium", "high") if len(self.bands) > 1 else ("low", "high")
        return tuple(f"band {number}" for number in range(1, len(self.bands) + 2))


def prediction_of(fields: Fields) -> PredictionDefinition:
    """Read a score of the kind `prediction`; raises DefinitionError with the field of what is wrong."""
    target = fields.text("target")
    if target not in tuple(Target):
        raise fields.wrong("target", "one of " + ", ".join(Target), target)
    event = fields.text("event")
    usual = {Target.LAPSE: event, Target.BUYS: ""}.get(Target(target))
    definition = PredictionDefinition(
        name=fields.text("name", default=target),
        target=Target(target),
        event=event,
        within=fields.build("within", parse_duration),
        among=fields.text("among", default=usual),
        gap=0 if fields.value("gap") is None else fields.build("gap", parse_duration),
        every=0 if fields.value("every") is None else fields.build("every", parse_duration),
        cut_offs=fields.integer("cut_offs", default=4),
        features=fields.texts("features", default=()),
        rule=fields.text("rule", default=""),
        models=fields.texts("models", default=USUAL_MODELS),
        balance=fields.text("balance", default="none"),
        bands=_bands(fields),
        costs=costs_of(fields),
        dates=_dates(fields),
        seed=fields.integer("seed", default=0),
        retrain=retraining_of(fields.inner("retrain")),
    )
    _check(fields, definition)
    return definition


def _check(fields: Fields, definition: PredictionDefinition) -> None:
    if definition.within < DAY:
        raise fields.wrong("within", "a day or more", fields.value("within"))
    if definition.cut_offs < _FEWEST_CUT_OFFS:
        raise fields.wrong(
            "cut_offs", "2 or more: one at least to learn from, and one to judge by", definition.cut_offs
        )
    check_models(fields, definition.models)
    if definition.balance not in ("none", "weights", "smote"):
        raise fields.wrong("balance", "none, weights or smote", definition.balance)


def check_models(fields: Fields, models: tuple[str, ...]) -> None:
    """Raise DefinitionError unless families of models are known, one at least, each once."""
    if not models or not set(models) <= set(MODELS) or len(set(models)) < len(models):
        raise fields.wrong("models", "of " + ", ".join(MODELS) + ", each once", ", ".join(models))


def _numbers(fields: Fields, name: str, expected: str) -> tuple[float, ...] | None:
    written = fields.value(name)
    if written is None:
        return None
    if not isinstance(written, list) or not all(
        isinstance(one, int | float) and not isinstance(one, bool) for one in written
    ):
        raise fields.wrong(name, expected, written)
    return tuple(float(one) for one in written)


def _dates(fields: Fields) -> bool:
    written = fields.value("dates") or False
    if not isinstance(written, bool):
        raise fields.wrong("dates", "true or false", written)
    return written


def _bands(fields: Fields) -> tuple[float, ...]:
    expected = "numbers that rise between 0 and 1, such as [0.5, 0.8]"
    bands = _numbers(fields, "bands", expected)
    if bands is None:
        return (0.5, 0.8)
    if not bands or not _rise((0.0, *bands, 1.0)):
        raise fields.wrong("bands", expected, fields.value("bands"))
    return bands


def costs_of(fields: Fields) -> tuple[float, float] | None:
    """Return what errors cost, one missed and one taken for nothing, None where nothing is said of it."""
    expected = "what one missed costs and what one taken for nothing costs, such as [20, 1]"
    costs = _numbers(fields, "costs", expected)
    if costs is None:
        return None
    match costs:
        case (missed, needless) if missed > 0 and needless > 0:
            return missed, needless
    raise fields.wrong("costs", expected, fields.value("costs"))


def _rise(values: Sequence[float]) -> bool:
    return all(one < other for one, other in pairwise(values))
