"""Few columns instead of many, along curves: an auto-encoder (Hinton and Salakhutdinov 2006, Science 313:504).

A network is trained to give back its input through a narrow middle; the middle is the embedding. Principal components
can only be flat, so where people lie on a curved surface this needs fewer columns. Where they do not, it costs more
and says less: `kohort.learning.clustering.reductions` compares both.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from kohort.errors import UsageError
from kohort.learning.features.products import sums_in_order
from kohort.learning.features.table import Points

WIDTHS: Final = (32, 16)
"""Neurons of the hidden layers before the middle; after it they come in the opposite order."""
MOST_LEARNT_FROM: Final = 20_000
_FEWEST: Final = 50
_EPOCHS: Final = 300
_PATIENCE: Final = 10
_BETTER: Final = 1e-4
_RATE: Final = 0.01
_HELD_OUT: Final = 0.1
_BATCHES: Final = 20
_SMALLEST_BATCH, _LARGEST_BATCH = 20, 200


@dataclass(frozen=True)
class Layer:
    """One layer of neurons: `weights` has one tuple per input with a number per neuron, `offsets` one per neuron."""

    weights: tuple[tuple[float, ...], ...]
    offsets: tuple[float, ...]

    def apply(self, points: Points) -> Points:
        """Return what the neurons answer to `points`, shape (people, inputs): shape (people, neurons)."""
        return sums_in_order(points, np.array(self.weights), np.array(self.offsets))


@dataclass(frozen=True)
class AutoEncoder:
    """The layers of a trained network: `encoder` from columns to components, `decoder` back; tanh between layers.

    `explained` is the share of the variance of people held out of training that the network gives back; `epochs` is
    how often it saw everyone.
    """

    encoder: tuple[Layer, ...]
    decoder: tuple[Layer, ...]
    explained: float
    epochs: int
    method: str = "autoencoder"

    @property
    def components(self) -> int:
        """How many columns are left."""
        return len(self.encoder[-1].offsets)

    def apply(self, points: Points) -> Points:
        """Return the embedding of `points`, shape (people, columns): shape (people, components), from -1 to 1."""
        for layer in self.encoder:
            points = np.tanh(layer.apply(points))
        return points

    def inverse(self, reduced: Points) -> Points:
        """Return the points, shape (people, columns), that the network makes of an embedding."""
        for layer in self.decoder[:-1]:
            reduced = np.tanh(layer.apply(reduced))
        return self.decoder[-1].apply(reduced)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "AutoEncoder":
        """Build from decoded JSON; raises TypeError or KeyError if fields are missing or unknown."""
        return cls(**{**record, "encoder": _layers(record["encoder"]), "decoder": _layers(record["decoder"])})


def fit_autoencoder(points: Points, *, components: int, seed: int) -> AutoEncoder:
    """Train an auto-encoder on `points`, shape (people, columns).

    Two hidden layers of 32 and 16 neurons on either side of the middle, tanh, squared error, Adam (Kingma and Ba
    2015) at a rate of 0.01, in some twenty batches. Training ends when the error of a tenth of people, held out, has
    not fallen for ten epochs, after 300 at the latest. At most `MOST_LEARNT_FROM` people, drawn by `seed`, are learnt
    from; one thread, so that the same seed gives the same embedding.

    Raises UsageError for fewer than 50 people, or as many components as columns.

    >>> turn = np.linspace(0, 4, 400)
    >>> curve = np.column_stack([np.cos(turn), np.sin(turn)])
    >>> found = fit_autoencoder(curve, components=1, seed=0)
    >>> found.apply(curve).shape, found.explained > 0.95
    ((400, 1), True)
    """
    # Seconds to load, which whoever only applies what was learnt need not wait for.
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415
    from sklearn.neural_network import MLPRegressor  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    people, columns = points.shape
    if people < _FEWEST or not 1 <= components < columns:
        raise UsageError(
            f"an auto-encoder needs {_FEWEST} people and fewer components than columns; "
            f"got {people} people, {components} components and {columns} columns"
        )
    drawn = np.random.default_rng(seed).permutation(people)[:MOST_LEARNT_FROM]
    network = MLPRegressor(
        hidden_layer_sizes=(*WIDTHS, components, *reversed(WIDTHS)),
        activation="tanh",
        learning_rate_init=_RATE,
        batch_size=int(np.clip(len(drawn) // _BATCHES, _SMALLEST_BATCH, _LARGEST_BATCH)),
        max_iter=_EPOCHS,
        early_stopping=True,
        validation_fraction=_HELD_OUT,
        n_iter_no_change=_PATIENCE,
        tol=_BETTER,
        random_state=seed,
    )
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # The last epoch allowed is a way to end.
        network.fit(points[drawn], points[drawn])
    layers = tuple(
        Layer(tuple(map(tuple, weights.tolist())), tuple(offsets.tolist()))
        for weights, offsets in zip(network.coefs_, network.intercepts_, strict=True)
    )
    middle = len(WIDTHS) + 1
    return AutoEncoder(layers[:middle], layers[middle:], float(network.best_validation_score_), int(network.n_iter_))


def _layers(records: list[dict[str, Any]]) -> tuple[Layer, ...]:
    return tuple(Layer(tuple(map(tuple, one["weights"])), tuple(one["offsets"])) for one in records)
