"""Look-alikes of a seed, against the loops that a data scientist writes: CPU seconds of the same run, and how good.

    python benchmarks/lookalikes.py [people features]

One person in twenty is alike, and half of those are the seed; one value in fifty is missing. All sides begin with the
features in memory and end with a likeness of everybody outside by models that did not know them, and with intervals of
the AUC and of the hidden members in the first tenth. How good each is is told by those alike outside, whom nobody was
told of.

The peers are scikit-learn: five folds of a logistic regression that is calibrated by three folds inside, and bagging of
positive and unlabelled people (Mordelet and Vert 2014, Pattern Recognition Letters 37:201), 100 models of the seed
against as many others, as `pulearn` does it. Both take intervals from 100 bootstrap resamples by its metrics.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from kohort.learning.features.table import FeatureTable
from kohort.learning.lookalike.quality import quality_of_trained
from kohort.learning.lookalike.results import LookalikeQuality
from kohort.learning.prediction.contest import Plan
from kohort.learning.prediction.examples import Examples
from kohort.learning.prediction.study import train

Result = TypeVar("Result")
RESAMPLES = 100
BAGS = 100


def population(people: int, features: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the features, who is alike, and who of them is the seed."""
    random = np.random.default_rng(0)
    alike = random.random(people) < 0.05
    values = random.standard_t(5, (people, features)) + 0.6 * alike[:, None] * (np.arange(features) < features // 2)
    values[random.random(values.shape) < 0.02] = np.nan
    return values, alike, alike & (random.random(people) < 0.5)


def kohort(values: np.ndarray, seed: np.ndarray) -> tuple[np.ndarray, LookalikeQuality]:
    """Return the likeness of everybody, by a model that did not know them, and how good it is."""
    people = np.arange(len(seed))
    names = tuple(f"feature {one}" for one in range(values.shape[1]))
    examples = Examples(FeatureTable(tuple(map(str, people)), names, values), seed, people)
    trained = train(examples, Plan(("logistic",)))
    told = np.empty(len(seed))
    told[trained.rows] = trained.chances
    return told, quality_of_trained(trained, seed, people, seed=0)


def plain() -> Pipeline:
    return make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=1_000))


def folded(values: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """Return the likeness of everybody as five folds tell it, each calibrated by three inside, with intervals."""
    model = CalibratedClassifierCV(plain(), cv=3)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    told: np.ndarray = cross_val_predict(model, values, seed, cv=folds, method="predict_proba")[:, 1]
    intervals(told, seed)
    return told


def bagged(values: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """Return the likeness of everybody outside as bags that they were not in tell it; members by folds of their own."""
    random = np.random.default_rng(0)
    sums, counts = np.zeros(len(seed)), np.zeros(len(seed))
    members, others = np.flatnonzero(seed), np.flatnonzero(~seed)
    for _ in range(BAGS):
        # A fifth of the members are hidden, so that they too are told by models that did not know them.
        known = random.choice(members, 4 * len(members) // 5, replace=False)
        rows = np.concatenate([known, random.choice(others, len(known), replace=False)])
        out = np.ones(len(seed), dtype=bool)
        out[rows] = False
        sums[out] += plain().fit(values[rows], seed[rows]).predict_proba(values[out])[:, 1]
        counts[out] += 1
    told = sums / counts
    intervals(told, seed)
    return told


def intervals(told: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """Return the AUC and the hidden members in the first tenth, of people drawn again and again."""
    random = np.random.default_rng(0)
    members, others = np.flatnonzero(seed), np.flatnonzero(~seed)
    found = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([random.choice(one, len(one)) for one in (members, others)])
        limit = np.quantile(told[rows[len(members) :]], 0.9)
        found.append((roc_auc_score(seed[rows], told[rows]), (told[rows[: len(members)]] >= limit).mean()))
    return np.array(found)


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    start = time.process_time()
    return work(), time.process_time() - start


def main() -> None:
    people, features = map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (100_000, 10)
    values, alike, seed = population(people, features)
    print(f"{people:,} people, {features} features, {int(seed.sum()):,} in the seed; CPU seconds")
    (own, quality), seconds = timed(lambda: kohort(values, seed))
    sides = [("Kohort", own, seconds)]
    for name, work in (("scikit-learn, 5 folds", folded), ("scikit-learn, 100 bags", bagged)):
        told, its = timed(partial(work, values, seed))
        sides.append((name, told, its))
    print(f"{'':26}{'CPU s':>8}{'ratio':>7}{'AUC':>8}{'AUC of those alike outside':>28}")
    outside = ~seed
    for name, told, its in sides:
        true = roc_auc_score(alike[outside], told[outside])
        print(f"{name:26}{its:8.1f}{its / seconds:7.1f}{roc_auc_score(seed, told):8.4f}{true:28.4f}")
    hidden = alike[outside].mean()
    print(f"alike outside: {hidden:.1%}; told to be at most {quality.hidden.high:.1%}")


if __name__ == "__main__":
    main()
