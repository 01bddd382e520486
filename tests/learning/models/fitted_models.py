"""Small fitted estimators of each kind, and people to score: many on a threshold, many with something missing."""

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from lightgbm import LGBMClassifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC
from threadpoolctl import threadpool_limits
from xgboost import XGBClassifier

Makers = dict[str, Callable[[], Any]]
NAMES = ("orders", "days", "basket", "visits")

TREES: Makers = {
    "forest": lambda: RandomForestClassifier(8, max_depth=5, random_state=0),
    "extra trees": lambda: ExtraTreesClassifier(8, max_depth=5, random_state=0),
    "histogram": lambda: HistGradientBoostingClassifier(max_iter=12, max_leaf_nodes=8, random_state=0),
    "lightgbm": lambda: LGBMClassifier(n_estimators=12, num_leaves=8, verbose=-1, n_jobs=1, random_state=0),
}
FILLED_TREES: Makers = {
    "gradient": lambda: GradientBoostingClassifier(n_estimators=12, random_state=0),
    "lightgbm without missing": TREES["lightgbm"],
}
OTHERS: Makers = {
    "logistic": LogisticRegression,
    "network": lambda: MLPClassifier((6, 4), max_iter=15, random_state=0),
    "network of tanh": lambda: MLPClassifier(5, max_iter=15, activation="tanh", random_state=0),
    "machine": lambda: CalibratedClassifierCV(SVC(), cv=2),
    "linear machine": lambda: CalibratedClassifierCV(LinearSVC(), method="isotonic", cv=2),
}
MISSING_TOO: Makers = {
    "calibrated forest": lambda: CalibratedClassifierCV(TREES["forest"](), method="isotonic", cv=2),
    "calibrated histogram": lambda: CalibratedClassifierCV(TREES["histogram"](), ensemble=False, cv=2),
    "pipeline": lambda: make_pipeline(SimpleImputer(add_indicator=True), StandardScaler(), LogisticRegression()),
    "chosen": lambda: make_pipeline(
        SimpleImputer(strategy="median"), SelectKBest(k=2), MinMaxScaler(), CalibratedClassifierCV(SVC(), cv=2)
    ),
    "robust": lambda: make_pipeline(SimpleImputer(), RobustScaler(), FILLED_TREES["gradient"]()),
}
ALL = {**TREES, **FILLED_TREES, **OTHERS, **MISSING_TOO}
TAKE_MISSING = {*TREES, *MISSING_TOO}


@cache
def people(count: int = 500, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return features, shape (count, 4), an eighth missing, and labels; many values are alike."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(count, len(NAMES))).round(1)
    labels = values[:, 0] + values[:, 1] * values[:, 2] + random.normal(size=count) > 0.3
    values[random.random(values.shape) < 0.125] = np.nan
    return values, labels.astype(int)


@cache
def fitted(name: str) -> Any:
    """Return the estimator of that name, fitted once."""
    values, labels = people()
    with threadpool_limits(1), warnings.catch_warnings():
        # A network need not have learnt all that it could.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return ALL[name]().fit(values if name in TAKE_MISSING else np.nan_to_num(values), labels)


@cache
def boosted_by_xgboost() -> Any:
    return XGBClassifier(n_estimators=10, max_depth=3, n_jobs=1, random_state=0).fit(*people())
