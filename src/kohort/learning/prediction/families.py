"""The families of models that learn chances, with what may be set of each; libraries load when a family is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from kohort.errors import UnknownNameError
from kohort.imports import needing_extra
from kohort.learning.prediction.results import Settings

Make = Callable[[dict[str, Any], int], Any]


@dataclass(frozen=True)
class Parameter:
    """What may be set: its `usual` value and its range; `by_ratio` ones are searched on a logarithmic scale."""

    name: str
    usual: float
    low: float
    high: float
    by_ratio: bool = False
    whole: bool = False

    def proper(self, value: float) -> float:
        """Return a value as the family takes it.

        >>> Parameter("depth", 6, 2, 12, whole=True).proper(3.7)
        4
        """
        return round(value) if self.whole else float(value)


@dataclass(frozen=True)
class Family:
    """One way to learn; `most_rows` is how many it learns from at most: of more a sample is drawn.

    `make` takes settings and a seed and returns an estimator whose fit takes a weight for each row.
    """

    key: str
    make: Make
    parameters: tuple[Parameter, ...]
    most_rows: int = 1_000_000

    @property
    def usual(self) -> Settings:
        """The settings without any search."""
        return {one.name: one.proper(one.usual) for one in self.parameters}

    def estimator(self, settings: Settings, *, seed: int) -> Any:
        """Return an estimator that has learnt nothing yet; raises MissingExtraError if its library is missing."""
        return self.make(dict(settings), seed)


def _logistic(settings: dict[str, Any], seed: int) -> Any:
    return LogisticRegression(C=settings["C"], max_iter=2_000, random_state=seed)


def _forest(settings: dict[str, Any], seed: int) -> Any:
    return RandomForestClassifier(
        n_estimators=100, min_samples_leaf=settings["min_samples_leaf"], max_features=settings["max_features"],
        random_state=seed, n_jobs=1,
    )  # fmt: skip


def _svm(settings: dict[str, Any], seed: int) -> Any:
    return SVC(C=settings["C"], gamma="scale", random_state=seed)


def _boosting(settings: dict[str, Any], seed: int) -> Any:
    return HistGradientBoostingClassifier(
        **settings, max_iter=120, max_bins=64, min_samples_leaf=20, early_stopping=False, random_state=seed
    )


def _xgboost(settings: dict[str, Any], seed: int) -> Any:
    with needing_extra("boost", "XGBoost"):
        from xgboost import XGBClassifier
    return XGBClassifier(
        **settings, n_estimators=150, tree_method="hist", min_child_weight=5, nthread=1, random_state=seed
    )


def _lightgbm(settings: dict[str, Any], seed: int) -> Any:
    with needing_extra("boost", "LightGBM"):
        from lightgbm import LGBMClassifier
    return LGBMClassifier(
        **settings, n_estimators=150, min_child_samples=20, num_threads=1, deterministic=True, force_row_wise=True,
        random_state=seed, verbosity=-1,
    )  # fmt: skip


def _network(settings: dict[str, Any], seed: int) -> Any:
    return MLPClassifier(
        (32, 16), alpha=settings["alpha"], learning_rate_init=settings["learning_rate_init"], early_stopping=True,
        n_iter_no_change=20, max_iter=500, random_state=seed,
    )  # fmt: skip


_RATE: Final = Parameter("learning_rate", 0.05, 0.01, 0.3, by_ratio=True)
FAMILIES: Final[Mapping[str, Family]] = {
    one.key: one
    for one in (
        Family("logistic", _logistic, (Parameter("C", 1.0, 0.001, 100.0, by_ratio=True),)),
        Family(
            "random_forest",
            _forest,
            (
                Parameter("min_samples_leaf", 5, 1, 50, by_ratio=True, whole=True),
                Parameter("max_features", 0.3, 0.1, 1.0),
            ),
            most_rows=200_000,
        ),
        Family("gradient_boosting", _boosting, (_RATE, Parameter("max_leaf_nodes", 8, 2, 63, by_ratio=True, whole=True),
                                                Parameter("l2_regularization", 1.0, 0.01, 100.0, by_ratio=True))),
        Family("lightgbm", _lightgbm, (_RATE, Parameter("num_leaves", 8, 2, 63, by_ratio=True, whole=True),
                                       Parameter("reg_lambda", 1.0, 0.01, 100.0, by_ratio=True))),
        Family("xgboost", _xgboost, (_RATE, Parameter("max_depth", 3, 1, 8, whole=True),
                                     Parameter("reg_lambda", 1.0, 0.01, 100.0, by_ratio=True))),
        Family("svm", _svm, (Parameter("C", 1.0, 0.01, 100.0, by_ratio=True),), most_rows=5_000),
        Family("neural_network", _network, (Parameter("alpha", 0.01, 0.0001, 1.0, by_ratio=True),
                                            Parameter("learning_rate_init", 0.003, 0.0005, 0.02, by_ratio=True)),
               most_rows=100_000),
    )
}  # fmt: skip
"""The families by name, the plainest first: of those that do as well the first is taken."""
USUAL: Final = ("logistic", "random_forest", "gradient_boosting")
"""The families that are compared unless others are named; they need no further library."""


def family_of(key: str) -> Family:
    """Return a family by name; raises UnknownNameError with the nearest one.

    >>> family_of("logistic").usual
    {'C': 1.0}
    """
    if key not in FAMILIES:
        raise UnknownNameError("model", key, FAMILIES)
    return FAMILIES[key]
