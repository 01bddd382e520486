"""Scoring people by plain models, against the library that trained them: CPU seconds of the same run, and who differs.

    python benchmarks/scoring.py [people features]

One value in fifty is missing. Then the cost of scoring one person live, by the names of their features, and of telling
what each feature brings to somebody's score, where that is exact.
"""

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
from lightgbm import LGBMClassifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

from kohort.learning.models.conversion.convert import plain_model
from kohort.learning.models.explanation.contributions import contributions
from kohort.learning.models.plain import PlainModel
from kohort.learning.models.scoring import score_of, scores

Result = TypeVar("Result")
LEARNT_FROM = 20_000
LIVE = 2_000
SAMPLED = {"network of 32"}
"""Models without exact contributions."""


def population(people: int, features: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    values = random.standard_t(3, (people, features))
    values[random.random(values.shape) < 0.02] = np.nan
    known = np.nan_to_num(values)
    odds = known[:, 0] + known[:, 1] * known[:, 2] - 0.5 * np.abs(known[:, 3]) - 2
    return values, (odds + random.logistic(size=people) > 0).astype(int)


def estimators() -> Iterator[tuple[str, Any]]:
    yield "logistic", make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
    yield "network of 32", make_pipeline(SimpleImputer(), StandardScaler(), MLPClassifier(32, max_iter=20))
    yield "forest 100, depth 8", RandomForestClassifier(100, max_depth=8, n_jobs=1, random_state=0)
    yield "gradient boosting 100, depth 3", make_pipeline(SimpleImputer(), GradientBoostingClassifier(random_state=0))
    yield "histogram boosting 100", HistGradientBoostingClassifier(random_state=0)
    yield "histogram boosting, 5 calibrated", CalibratedClassifierCV(HistGradientBoostingClassifier(random_state=0))
    yield "LightGBM 100, 31 leaves", LGBMClassifier(verbose=-1, n_jobs=1, random_state=0)
    yield "XGBoost 100, depth 6", XGBClassifier(n_jobs=1, random_state=0)


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    start = time.process_time()
    return work(), time.process_time() - start


def main() -> None:
    people, features = map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (1_000_000, 20)
    values, labels = population(people, features)
    names = [f"feature {one}" for one in range(features)]
    print(f"{people:,} people, {features} features; CPU seconds")
    print(f"{'model':34}{'library':>9}{'Kohort':>9}{'ratio':>7}{'difference':>12}{'live, µs':>10}{'explained, µs':>15}")
    for name, estimator in estimators():
        estimator.fit(values[:LEARNT_FROM], labels[:LEARNT_FROM])
        model = plain_model(estimator, names, background=values[:LEARNT_FROM])
        scores(model, values[:10])
        ours, our_seconds = timed(lambda model=model: scores(model, values))
        theirs, their_seconds = timed(lambda estimator=estimator: estimator.predict_proba(values)[:, 1])
        people_live = [dict(zip(names, row, strict=True)) for row in values[:LIVE].tolist()]
        _, live = timed(lambda model=model, live=people_live: [score_of(model, one) for one in live])
        apart, ratio = np.abs(ours - theirs).max(), their_seconds / our_seconds
        spent = f"{1e6 * explaining(model, values[:LIVE]) / LIVE:15.0f}" if name not in SAMPLED else ""
        print(
            f"{name:34}{their_seconds:9.2f}{our_seconds:9.2f}{ratio:7.1f}{apart:12.1e}{1e6 * live / LIVE:10.0f}{spent}"
        )


def explaining(model: PlainModel, values: np.ndarray) -> float:
    contributions(model, values[:2])
    return timed(lambda: contributions(model, values))[1]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
