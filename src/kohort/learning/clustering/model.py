"""A cluster model: parameters that give any person their cluster, today or later."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from kohort.errors import CorruptionError, ProjectError, UsageError
from kohort.learning.clustering.methods.assigners import Assigner, Centroids, Labels, Vectors, assigner_of
from kohort.learning.features.preparation import Preparation
from kohort.learning.features.table import FeatureTable

_FORMAT: Final = "kohort.cluster-model/3"


@dataclass(frozen=True)
class ClusterModel:
    """A preparation of features, what assigns its points to clusters, the clusters' names, and the seed.

    >>> import numpy as np
    >>> from kohort.learning.features.preparation import fit_preparation
    >>> table = FeatureTable(("a", "b", "c"), ("orders",), np.array([[1.0], [2.0], [9.0]]))
    >>> model = ClusterModel(fit_preparation(table), Centroids(((1.0,), (-1.0,))), ("many", "few"), seed=1)
    >>> model.assign(table).tolist()
    [1, 1, 0]
    >>> ClusterModel.from_json(model.to_json()) == model
    True
    """

    preparation: Preparation
    assigner: Assigner
    names: tuple[str, ...]
    seed: int

    @property
    def centroids(self) -> Vectors:
        """The centroids, one tuple per cluster; raises UsageError if clusters have none."""
        if not isinstance(self.assigner, Centroids):
            raise UsageError(
                f"clusters of this model have no centroids: people are assigned by {self.assigner.kind}; "
                "for clusters with centroids set in the score: methods: [k_means]"
            )
        return self.assigner.centroids

    @property
    def digest(self) -> str:
        """The SHA-256 of the parameters in canonical JSON, in hexadecimal: the model's version."""
        return hashlib.sha256(json.dumps(self._record(), sort_keys=True, allow_nan=False).encode()).hexdigest()

    def assign(self, table: FeatureTable) -> Labels:
        """Return the number of each person's cluster, int64 of shape (people,); nobody's depends on who else is there.

        Raises UnknownNameError if `table` lacks a feature of the model.
        """
        return self.assigner.assign(self.preparation.apply(table))

    def to_json(self) -> str:
        """Return the model with its format and digest as JSON."""
        record = {"format": _FORMAT, "digest": self.digest, **self._record()}
        return json.dumps(record, sort_keys=True, allow_nan=False)

    def _record(self) -> dict[str, Any]:
        record = asdict(self)
        record["assigner"]["kind"] = self.assigner.kind
        return record

    @classmethod
    def from_json(cls, text: str) -> "ClusterModel":
        """Read what `to_json` wrote.

        Raises ProjectError if it is no such model or of another version, CorruptionError if the digest does not match.
        """
        try:
            record = json.loads(text)
            if record["format"] != _FORMAT:
                raise ProjectError(f"cluster model of format {record['format']!r}; this version reads {_FORMAT!r}")
            assigner = assigner_of(record["assigner"]["kind"], record["assigner"])
            preparation = Preparation.from_record(record["preparation"])
            model = cls(preparation, assigner, tuple(record["names"]), int(record["seed"]))
        except (ValueError, TypeError, KeyError) as error:
            raise ProjectError(f"a stored cluster model cannot be read ({error}); run `kohort discover`") from error
        if model.digest != record["digest"]:
            raise CorruptionError("a stored cluster model does not match its digest; run `kohort discover` again")
        return model
