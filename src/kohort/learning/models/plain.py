"""A model that predicts, as plain numbers: what it is made of, checked wherever it comes from.

A score is the mean of parts (the folds of a calibration, most often one). Each part prepares the features by its
steps, adds them up to a margin in its core, and brings the margin to a probability by its link and its calibrator.
Nothing here can run: arrays, names and words of a closed list. Everything is checked on construction, so that what
scores, explains or writes SQL may trust indices and shapes.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np

from kohort.errors import UsageError
from kohort.learning.features.preparation import Preparation
from kohort.learning.models.arrays import Floats, Integers, check, finite, floats, integers, keep
from kohort.learning.models.trees import Trees

MOST_FEATURES: Final = 10_000
MOST_PARTS: Final = 100
LONGEST_NAME: Final = 1_000


class Link(StrEnum):
    """What a margin becomes: itself, the probability of which it is the log-odds, or what it is the logarithm of."""

    IDENTITY = "identity"
    LOGIT = "logit"
    LOG = "log"


class Activation(StrEnum):
    """What a hidden neuron answers to its sum."""

    IDENTITY = "identity"
    LOGISTIC = "logistic"
    RECTIFIED = "relu"
    TANH = "tanh"


@dataclass(frozen=True, eq=False)
class Linear:
    """The margin `intercept` + Σ `weights`·x, summed in the order of the columns; `weights` is of shape (columns,).

    `centre` is the mean of each prepared column over the people that explanations compare with, None if unknown.
    """

    weights: Floats
    intercept: float
    centre: Floats | None = None

    def __post_init__(self) -> None:
        keep(self, weights=floats(self.weights, "weights", 1))
        keep(self, intercept=finite(self.intercept, "intercept"))
        if self.centre is not None:
            keep(self, centre=floats(self.centre, "centre", 1))
            check(len(self.centre) == len(self.weights), "there is not one mean for each weight")

    @property
    def columns(self) -> int:
        """How many prepared columns are read."""
        return len(self.weights)


@dataclass(frozen=True, eq=False)
class Kernel:
    """A support vector machine with radial basis functions (Cortes and Vapnik 1995, Machine Learning 20:273).

    The margin is `intercept` + Σ `weights`·exp(-`gamma`·|x - vector|²) over `vectors`, of shape (vectors, columns).
    """

    vectors: Floats
    weights: Floats
    intercept: float
    gamma: float

    def __post_init__(self) -> None:
        keep(self, vectors=floats(self.vectors, "vectors", 2))
        keep(self, weights=floats(self.weights, "weights", 1))
        keep(self, intercept=finite(self.intercept, "intercept"))
        keep(self, gamma=finite(self.gamma, "gamma"))
        check(self.gamma > 0, "gamma of a kernel is not above 0")
        check(len(self.weights) == len(self.vectors), "there is not one weight for each support vector")

    @property
    def columns(self) -> int:
        """How many prepared columns are read."""
        return int(self.vectors.shape[1])


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer of neurons: `weights` of shape (inputs, neurons) and `offsets` of shape (neurons,)."""

    weights: Floats
    offsets: Floats

    def __post_init__(self) -> None:
        keep(self, weights=floats(self.weights, "weights of a layer", 2))
        keep(self, offsets=floats(self.offsets, "offsets of a layer", 1))
        check(self.weights.shape[1] == len(self.offsets), "a layer has not one offset for each neuron")


@dataclass(frozen=True, eq=False)
class Network:
    """Layers of neurons one after another; the last has one neuron, whose sum is the margin."""

    layers: tuple[Layer, ...]
    activation: Activation

    def __post_init__(self) -> None:
        check(bool(self.layers), "a network has no layer")
        for one, following in zip(self.layers, self.layers[1:], strict=False):
            check(one.weights.shape[1] == following.weights.shape[0], "layers of a network do not fit together")
        check(len(self.layers[-1].offsets) == 1, "a network has more than one output")

    @property
    def columns(self) -> int:
        """How many prepared columns are read."""
        return int(self.layers[0].weights.shape[0])


Core = Linear | Trees | Kernel | Network


@dataclass(frozen=True, eq=False)
class Fill:
    """What is missing takes `values`, of shape (columns,), NaN where a column stays as it is.

    For each of `indicated` (columns) one more column follows, 1 where it was missing, else 0.
    """

    values: Floats
    indicated: Integers

    def __post_init__(self) -> None:
        keep(self, values=floats(self.values, "values to fill", 1, missing=True))
        keep(self, indicated=integers(self.indicated, "indicated columns", len(self.values)))


@dataclass(frozen=True, eq=False)
class Scale:
    """(x - `centre`) / `spread`, all of shape (columns,)."""

    centre: Floats
    spread: Floats

    def __post_init__(self) -> None:
        keep(self, centre=floats(self.centre, "centres", 1))
        keep(self, spread=floats(self.spread, "spreads", 1))
        check(self.centre.shape == self.spread.shape, "a scaling has not one spread for each centre")
        check(bool((self.spread != 0).all()), "a scaling divides by 0")


@dataclass(frozen=True, eq=False)
class Stretch:
    """x·`factor` + `offset`, all of shape (columns,)."""

    factor: Floats
    offset: Floats

    def __post_init__(self) -> None:
        keep(self, factor=floats(self.factor, "factors", 1))
        keep(self, offset=floats(self.offset, "offsets", 1))
        check(self.factor.shape == self.offset.shape, "a stretch has not one offset for each factor")


@dataclass(frozen=True, eq=False)
class Choose:
    """The columns at these places only, in their order."""

    places: Integers
    of: int

    def __post_init__(self) -> None:
        keep(self, places=integers(self.places, "chosen columns", self.of))


Step = Fill | Scale | Stretch | Choose


@dataclass(frozen=True)
class Sigmoid:
    """1 / (1 + exp(`slope`·s + `offset`)) of a score s (Platt 1999, equation 1)."""

    slope: float
    offset: float

    def __post_init__(self) -> None:
        keep(self, slope=finite(self.slope, "slope"))
        keep(self, offset=finite(self.offset, "offset"))


@dataclass(frozen=True)
class OddsSigmoid:
    """1 / (1 + exp(-(`slope`·l + `intercept`))) of the log-odds l of a probability.

    Both probabilities, before and after, are kept `edge` away from 0 and 1: nothing is certain.
    """

    slope: float
    intercept: float
    edge: float

    def __post_init__(self) -> None:
        keep(self, slope=finite(self.slope, "slope"))
        keep(self, intercept=finite(self.intercept, "intercept"))
        check(0 < self.edge < 0.5, "the edge of log-odds is not between 0 and 0.5")  # noqa: PLR2004 - half is no edge


@dataclass(frozen=True, eq=False)
class Isotonic:
    """Straight lines between knots, level before and after them; `scores` rise strictly, `values` go one way."""

    scores: Floats
    values: Floats

    def __post_init__(self) -> None:
        keep(self, scores=floats(self.scores, "scores of knots", 1))
        keep(self, values=floats(self.values, "values of knots", 1))
        check(len(self.scores) > 0 and len(self.scores) == len(self.values), "knots have not one value for each score")
        check(bool((np.diff(self.scores) > 0).all()), "scores of knots do not rise")
        steps = np.diff(self.values)
        check(bool((steps >= 0).all() or (steps <= 0).all()), "values of knots go up and down")


Calibrator = Sigmoid | OddsSigmoid | Isotonic


@dataclass(frozen=True, eq=False)
class Part:
    """One scorer: steps, core, link, and a calibrator of its margin (`of_margin`) or of what the link makes of it."""

    core: Core
    link: Link
    steps: tuple[Step, ...] = ()
    calibrator: Calibrator | None = None
    of_margin: bool = False


@dataclass(frozen=True, eq=False)
class PlainModel:
    """A model over the features `names`, in that order: the mean of its parts.

    `missing` is whether it takes NaN. Where there is a `preparation`, `names` are the columns that it makes of a table.
    Raises UsageError for parts that do not fit the names, no part, too many, or names that cannot be told apart.

    >>> tenth = Linear(np.array([0.1]), -1.0)
    >>> model = PlainModel(("orders",), (Part(tenth, Link.LOGIT),))
    >>> model.probability, model.missing
    (True, False)
    """

    names: tuple[str, ...]
    parts: tuple[Part, ...]
    missing: bool = False
    preparation: Preparation | None = None

    def __post_init__(self) -> None:
        fits = self.preparation is None or self.preparation.names == self.names
        check(fits, "its features are not those that its preparation makes")
        check(0 < len(self.names) <= MOST_FEATURES, f"a model reads 1 to {MOST_FEATURES:,} features")
        check(len(set(self.names)) == len(self.names), "a model names a feature twice")
        for name in self.names:
            check(0 < len(name) <= LONGEST_NAME and "\0" not in name, "a feature has no name that can be stored")
        check(0 < len(self.parts) <= MOST_PARTS, f"a model has 1 to {MOST_PARTS} parts")
        for part in self.parts:
            columns = len(sources(part, len(self.names)))
            check(columns == part.core.columns, f"a part reads {part.core.columns} columns, its steps make {columns}")
        check(len({is_probability(part) for part in self.parts}) == 1, "parts of a model are of different units")

    @property
    def features(self) -> tuple[str, ...]:
        """The features that must be known of a person: those of the preparation where there is one."""
        return self.names if self.preparation is None else self.preparation.features

    @property
    def probability(self) -> bool:
        """Whether scores are probabilities."""
        return is_probability(self.parts[0])


def calibrated_by(model: PlainModel, calibrator: Calibrator) -> PlainModel:
    """Return a model of one part with a calibrator of its probability, in the place of any that it has.

    A margin without a probability of its own, such as that of a support vector machine, passes the logistic first.
    Raises UsageError for a mean of several parts, or of numbers that are no margins.

    >>> machine = PlainModel(("orders",), (Part(Kernel([[0.0]], [1.0], 0.5, 2.0), Link.IDENTITY),))
    >>> calibrated_by(machine, OddsSigmoid(1.0, 0.0, 1e-6)).parts[0].link
    <Link.LOGIT: 'logit'>
    """
    check(len(model.parts) == 1, "a mean of several parts is calibrated in each")
    (part,) = model.parts
    plain = replace(part, calibrator=None, of_margin=False)
    if isinstance(part.core, Kernel | Linear) and part.link is Link.IDENTITY:
        plain = replace(plain, link=Link.LOGIT)
    check(is_probability(plain), "a number in some unit is calibrated to a probability")
    return replace(model, parts=(replace(plain, calibrator=calibrator),))


def is_probability(part: Part) -> bool:
    """Return whether the score of a part is a probability: by its link, by a calibrator, or as shares of trees are."""
    trees = isinstance(part.core, Trees) and part.core.shares
    return part.calibrator is not None or part.link is Link.LOGIT or trees


def sources(part: Part, features: int) -> tuple[int, ...]:
    """Return for each column that the core of a part reads the feature that it comes from.

    Raises UsageError if a step is for another number of columns.

    >>> fill = Fill(np.array([0.0, 1.0]), np.array([1]))
    >>> sources(Part(Linear(np.ones(3), 0.0), Link.LOGIT, (fill,)), 2)
    (0, 1, 1)
    """
    columns = list(range(features))
    for step in part.steps:
        match step:
            case Fill():
                _fits(len(step.values), columns)
                columns += [columns[place] for place in step.indicated.tolist()]
            case Scale():
                _fits(len(step.centre), columns)
            case Stretch():
                _fits(len(step.factor), columns)
            case Choose():
                _fits(step.of, columns)
                columns = [columns[place] for place in step.places.tolist()]
    return tuple(columns)


def _fits(of_step: int, columns: list[int]) -> None:
    if of_step != len(columns):
        raise UsageError(f"this is no model: a step is for {of_step} columns, there are {len(columns)}; train it again")
