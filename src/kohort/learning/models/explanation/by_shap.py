"""Contributions by the library shap, to compare with: asked in a process of its own, since it brings pandas.

`python -m kohort.learning.models.explanation.by_shap` is that process: a model, a person and people to compare with
come in as JSON, and contributions go out.
"""

import subprocess
import sys
from importlib.util import find_spec
from typing import Final

import msgspec
import numpy as np

from kohort.errors import MissingExtraError, StorageError
from kohort.learning.models.arrays import Floats
from kohort.learning.models.explanation.contributions import Contributions, Unit, features_of
from kohort.learning.models.plain import PlainModel
from kohort.learning.models.records import read, written
from kohort.learning.models.scoring import scores

_LONGEST: Final = 600
_ROUNDS: Final = 10
_SEED: Final = 0


class _Asked(msgspec.Struct):
    model: msgspec.Raw
    person: list[float | None]
    others: list[list[float | None]]


class _Told(msgspec.Struct):
    base: float
    brought: list[float]


def shap_contributions(model: PlainModel, values: Floats, others: Floats) -> Contributions:
    """Return what shap's permutation explainer says of the one person of `values`, against `others`, in points.

    They add up to the score; unlike the exact ones they are sampled, and compare with those people instead of with the
    way of the training data. Raises MissingExtraError without the extra `[explain]`, StorageError if the process fails.
    """
    if find_spec("shap") is None:
        raise MissingExtraError("explain", "explaining by SHAP")
    asked = _Asked(msgspec.Raw(written(model)), _plain(values)[0], _plain(others))
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", __name__],
        input=msgspec.json.encode(asked),
        capture_output=True,
        timeout=_LONGEST,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise StorageError(
            f"the process that asks shap ended with: {lines[-1] if lines else done.returncode}; try again"
        )
    told = msgspec.json.decode(done.stdout, type=_Told)
    brought = np.zeros((1, len(model.features)))
    for column, place in enumerate(features_of(model)):
        brought[0, place] += told.brought[column]
    return Contributions(tuple((name,) for name in model.features), told.base, brought, Unit.SCORE)


def _plain(rows: Floats) -> list[list[float | None]]:
    return [[None if np.isnan(one) else one for one in row] for row in rows.tolist()]


def _array(rows: list[list[float | None]]) -> Floats:
    return np.array([[np.nan if one is None else one for one in row] for row in rows], dtype=np.float64)


def _main() -> None:
    import shap  # noqa: PLC0415 - with pandas, which only this process needs

    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=_Asked)
    model, others = read(bytes(asked.model)), _array(asked.others)
    masker = shap.maskers.Independent(others, max_samples=len(others))
    explainer = shap.explainers.Permutation(lambda rows: scores(model, rows), masker, seed=_SEED)
    found = explainer(_array([asked.person]), max_evals=_ROUNDS * (2 * len(model.names) + 1), silent=True)
    told = _Told(float(np.ravel(found.base_values)[0]), np.asarray(found.values)[0].tolist())
    sys.stdout.write(msgspec.json.encode(told).decode())


if __name__ == "__main__":
    _main()
