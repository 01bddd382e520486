"""What imputing costs, and what it gets right: nearest neighbours and chained equations, against scikit-learn's.

    python benchmarks/imputation.py [people ...]      time and memory, each in a process of its own
    python benchmarks/imputation.py coverage [worlds] how often an interval of the mean holds the truth

People have 20 traits that go together by five hidden ones; a tenth of the values is missing. Scikit-learn's imputers
run where that takes minutes at most: KNNImputer up to 10,000 people, IterativeImputer (one draw of ten) everywhere.
The memory is the peak of the process, beside that of one which only makes the people.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - as scikit-learn asks for it
from sklearn.impute import IterativeImputer, KNNImputer

from kohort.definitions.repair import Drawing
from kohort.quality.imputation.chained import chained_draws
from kohort.quality.imputation.neighbours import fill_from_neighbours
from kohort.quality.imputation.single import fill_with_statistic
from kohort.stats.intervals import mean_interval
from kohort.stats.pooling import pooled_mean
from kohort.stats.summaries import Summary

TRAITS: Final = 20
HIDDEN: Final = 5
DRAWS: Final = 10
MOST_FOR_KNN: Final = 10_000


def population(people: int) -> tuple[np.ndarray, np.ndarray]:
    """Return traits with holes, and without."""
    random = np.random.default_rng(0)
    whole = random.normal(size=(people, HIDDEN)) @ random.normal(size=(HIDDEN, TRAITS))
    whole += random.normal(size=(people, TRAITS))
    whole /= whole.std(axis=0)
    return np.where(random.random(whole.shape) < 0.1, np.nan, whole), whole


def chained(values: np.ndarray, drawing: Drawing) -> np.ndarray:
    draws = chained_draws(values, draws=DRAWS, drawing=drawing)
    return np.column_stack([draws.expected(column) for column in range(TRAITS)])


METHODS: dict[str, Callable[[np.ndarray], Any]] = {
    "nothing": lambda values: values,
    "kohort knn": fill_from_neighbours,
    "kohort mice, 10 draws, matching": lambda values: chained(values, Drawing.MATCHING),
    "kohort mice, 10 draws, normal": lambda values: chained(values, Drawing.NORMAL),
    "scikit-learn KNNImputer": lambda values: KNNImputer().fit_transform(values),
    "scikit-learn IterativeImputer, 1 draw": lambda values: IterativeImputer(
        sample_posterior=True, max_iter=5, tol=0, random_state=0
    ).fit_transform(values),
}


def measure(method: str, people: int) -> None:
    """Print the seconds, the processor's seconds, the peak in MB, and the error of what was filled."""
    values, whole = population(people)
    if method == "kohort knn":
        fill_from_neighbours(values[:50], compiled=True)  # the compiler's work is kept, and done once
    start, work = time.perf_counter(), time.process_time()
    filled = METHODS[method](values)
    took, worked = time.perf_counter() - start, time.process_time() - work
    missing = np.isnan(values)
    error = float(np.sqrt(np.mean((filled - whole)[missing] ** 2))) if method != "nothing" else float("nan")
    print(took, worked, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, error)


def costs(sizes: list[int]) -> None:
    for people in sizes:
        print(f"{people:,} people, {TRAITS} traits, a tenth missing")
        for method in METHODS:
            if method.endswith("KNNImputer") and people > MOST_FOR_KNN:
                continue
            done = subprocess.run(  # noqa: S603 - this program
                [sys.executable, __file__, "measure", method, str(people)], capture_output=True, text=True, check=True
            )
            took, worked, peak, error = map(float, done.stdout.split())
            print(f"  {method:38} {worked:8.1f} CPU s {took:8.1f} s {peak:7.0f} MB   error {error:.3f}", flush=True)


def crowd(seed: int, size: int, slope: float) -> np.ndarray:
    """Return ages and incomes whose mean is zero; the older, the rarer an income was told: missing at random."""
    random = np.random.default_rng(seed)
    ages = random.normal(size=size)
    incomes = 0.7 * ages + np.sqrt(1 - 0.49) * random.normal(size=size)
    told = random.random(size) > 1 / (1 + np.exp(0.5 - slope * ages))
    return np.column_stack([ages, np.where(told, incomes, np.nan)])


def coverage(worlds: int) -> None:
    print(f"intervals of 95 % that hold the true mean, of {worlds:,} worlds")
    for size, slope in ((200, 1.0), (1_000, 1.0), (200, 1.5)):
        held = dict.fromkeys(("matching", "normal", "mean imputed", "only those who told"), 0)
        for seed in range(worlds):
            values = crowd(seed, size, slope)
            intervals = {
                drawing.value: pooled_mean(
                    chained_draws(values, draws=DRAWS, rounds=1, seed=seed, drawing=drawing).completed(1)
                )
                for drawing in Drawing
            }
            known = values[~np.isnan(values[:, 1]), 1]
            filled = fill_with_statistic(values[:, 1], "mean")
            for name, column in (("mean imputed", filled), ("only those who told", known)):
                summary = Summary(len(column), float(column.mean()), float(column.var(ddof=1)))
                found = mean_interval(summary)
                held[name] += found.low <= 0 <= found.high
            for name, one in intervals.items():
                held[name] += one.low <= 0 <= one.high
        shares = ", ".join(f"{name} {count / worlds:.3f}" for name, count in held.items())
        print(f"  {size:,} people, odds of missing times {np.exp(slope):.1f} a deviation of age: {shares}", flush=True)


def main() -> None:
    match sys.argv[1:]:
        case ["measure", method, people]:
            measure(method, int(people))
        case ["coverage", *worlds]:
            coverage(int(worlds[0]) if worlds else 1_000)
        case sizes:
            costs([int(one) for one in sizes] or [10_000, 100_000])


if __name__ == "__main__":
    main()
