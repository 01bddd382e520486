"""What is told of a person's scores: chance and band, the moment, the model, and what goes with it."""

from dataclasses import dataclass
from enum import StrEnum

from kohort.clock import Moment
from kohort.learning.wording import Bilingual

Told = float | str | None
"""The value of a feature, None where nothing was known."""


class Method(StrEnum):
    """How contributions are found: exactly from the model itself, or by asking it."""

    EXACT = "exact"
    SAMPLED = "sampled"
    SHAP = "shap"
    LIME = "lime"


@dataclass(frozen=True)
class Driver:
    """What a feature goes with, or several that are read as one: their values, and what they bring.

    `points` are parts of the chance (0.1 is ten points), `margin` of the model's margin, None where that is not told.
    """

    features: tuple[str, ...]
    values: tuple[Told, ...]
    points: float
    margin: float | None


@dataclass(frozen=True)
class Drivers:
    """What goes with a score: `base` and all points add up to the chance, `base_margin` and margins to the margin.

    The base is what the model begins from: what it says of somebody like the mean, or of whom nothing is known.
    `unit` is what margins are counted in, "log-odds" mostly. `fidelity` says how much of the scores nearby a method
    tells that only comes near (R², 0 to 1), None where all adds up.
    """

    method: Method
    base: float
    base_margin: float | None
    unit: str
    found: tuple[Driver, ...]
    fidelity: float | None = None


@dataclass(frozen=True)
class PersonScore:
    """A chance between 0 and 1 that a prediction tells of a person, the band it falls in, and what goes with it.

    `at` is the moment it speaks of; `model` is the number, and `version` the SHA-256, of the model that made it.
    `recorded` says whether a run wrote it, or it was computed just now. Without `drivers`, `untold` says why.
    """

    score: str
    chance: float
    band: str
    at: Moment
    model: int
    version: str
    recorded: bool
    drivers: Drivers | None
    untold: Bilingual | None = None
