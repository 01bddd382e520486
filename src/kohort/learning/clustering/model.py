"""A cluster model: parameters that give any person their cluster, today or later."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from kohort.errors import CorruptionError, ProjectError
from kohort.learning.clustering.kmeans import Labels
from kohort.learning.clustering.nearest import nearest_in_order
from kohort.learning.features.preparation import Preparation
from kohort.learning.features.table import FeatureTable

_FORMAT: Final = "kohort.cluster-model/2"


@dataclass(frozen=True)
class ClusterModel:
    """A preparation of features, centroids among its points (one tuple per cluster), their names, and the seed.

    >>> from kohort.learning.features.preparation import fit_preparation
    >>> table = FeatureTable(("a", "b", "c"), ("orders",), np.array([[1.0], [2.0], [9.0]]))
    >>> model = ClusterModel(fit_preparation(table), ((1.0,), (-1.0,)), ("many", "few"), seed=1)
    >>> model.assign(table).tolist()
    [1, 1, 0]
    >>> ClusterModel.from_json(model.to_json()) == model
    True
    """

    preparation: Preparation
    centroids: tuple[tuple[float, ...], ...]
    names: tuple[str, ...]
    seed: int

    @property
    def digest(self) -> str:
        """The SHA-256 of the parameters in canonical JSON, in hexadecimal: the model's version."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, allow_nan=False).encode()).hexdigest()

    def assign(self, table: FeatureTable) -> Labels:
        """Return the number of each person's cluster, int64 of shape (people,); nobody's depends on who else is there.

        Raises UnknownNameError if `table` lacks a feature of the model.
        """
        return nearest_in_order(self.preparation.apply(table), np.array(self.centroids))

    def to_json(self) -> str:
        """Return the model with its format and digest as JSON."""
        return json.dumps({"format": _FORMAT, "digest": self.digest, **asdict(self)}, sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "ClusterModel":
        """Read what `to_json` wrote.

        Raises ProjectError if it is no such model or of another version, CorruptionError if the digest does not match.
        """
        try:
            record = json.loads(text)
            if record["format"] != _FORMAT:
                raise ProjectError(f"cluster model of format {record['format']!r}; this version reads {_FORMAT!r}")
            centroids = tuple(tuple(map(float, centroid)) for centroid in record["centroids"])
            model = cls(
                Preparation.from_record(record["preparation"]), centroids, tuple(record["names"]), int(record["seed"])
            )
        except (ValueError, TypeError, KeyError) as error:
            raise ProjectError(f"a stored cluster model cannot be read ({error}); run `kohort discover`") from error
        if model.digest != record["digest"]:
            raise CorruptionError("a stored cluster model does not match its digest; run `kohort discover` again")
        return model
