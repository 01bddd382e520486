"""What each method of finding outliers finds of errors that were put in, and how much of what it flags is one.

    python benchmarks/outliers.py [people]

Four traits of people, three of which go together: age (normal), income (log-normal), orders (Poisson, by income) and
spent (by orders). One value in a hundred is spoilt: a digit too many (times ten), a sign lost (minus), or a value of
somebody else (usual by itself). Precision is the share of flags that are spoilt values, recall the share of spoilt
values that are flagged; methods that look at all traits are judged by people.
"""

import sys
import time

import numpy as np

from kohort.learning.anomalies import forest_anomalies, local_anomalies
from kohort.learning.features.table import FeatureTable
from kohort.quality.outliers import OutlierMethod, OutlierRule, OutlierScale, find_outliers
from kohort.stats.agreement import overlaps
from kohort.stats.fences import Fences

NAMES = ("age", "income", "orders", "spent")
PLAUSIBLE = {"age": Fences(0, 110), "income": Fences(0, 400_000), "orders": Fences(0, 200), "spent": Fences(0, 20_000)}
KINDS = ("digit", "sign", "swapped")
SPOILT = 0.01


def population(people: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the traits, and of each value which kind of error it is: 0 none, 1 a digit, 2 a sign, 3 swapped."""
    random = np.random.default_rng(0)
    age = np.clip(random.normal(45, 12, people), 18, 95)
    income = np.exp(random.normal(10.3, 0.4, people))
    orders = 1.0 + random.poisson(income / 6_000)
    spent = orders * np.exp(random.normal(3.5, 0.25, people))
    values = np.column_stack([age, income, orders, spent])
    kinds = np.where(random.random(values.shape) < SPOILT, random.integers(1, 4, values.shape), 0)
    spoilt = values.copy()
    spoilt[kinds == 1] *= 10
    spoilt[kinds == 2] *= -1
    for column in range(len(NAMES)):
        rows = np.flatnonzero(kinds[:, column] == 3)
        spoilt[rows, column] = values[random.integers(0, people, len(rows)), column]
    return spoilt, kinds


def show(name: str, flags: np.ndarray, kinds: np.ndarray, seconds: float) -> None:
    """Print how right a method is; `kinds` is by value, or the gravest of a person."""
    spoilt = kinds > 0
    hits = int((flags & spoilt).sum())
    precision = hits / flags.sum() if flags.any() else float("nan")
    by_kind = " ".join(f"{kind} {flags[kinds == number + 1].mean():.2f}" for number, kind in enumerate(KINDS))
    print(
        f"{name:28} flags {int(flags.sum()):6,}  precision {precision:.2f}  recall {hits / spoilt.sum():.2f} "
        f"({by_kind})  {seconds:.2f} CPU s"
    )


def main() -> None:
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    values, kinds = population(people)
    print(f"{people:,} people, {int((kinds > 0).sum()):,} of {kinds.size:,} values spoilt")
    flags = {}
    rules = [
        (method, scale, reach)
        for method, reach in ((OutlierMethod.IQR, 1.5), (OutlierMethod.Z_SCORE, 3.0), (OutlierMethod.ROBUST, 3.5))
        for scale in OutlierScale
    ]
    for method, scale, reach in [*rules, (OutlierMethod.BOUNDS, OutlierScale.RAW, 1.0)]:
        start = time.process_time()
        found = [
            find_outliers(name, values[:, place], OutlierRule(method, scale, reach, PLAUSIBLE[name])).flags
            for place, name in enumerate(NAMES)
        ]
        name = method.value if method is OutlierMethod.BOUNDS else f"{method}, {scale}"
        flags[name] = np.column_stack(found)
        show(name, flags[name], kinds, time.process_time() - start)
    logs = np.sign(values) * np.log1p(np.abs(values))
    table = FeatureTable(tuple(map(str, range(people))), NAMES, logs)
    gravest = kinds.max(axis=1)
    for name, find in (("isolation forest", forest_anomalies), ("lof", local_anomalies)):
        start = time.process_time()
        people_flags = find(table).flags
        show(f"{name}, log (people)", people_flags, gravest, time.process_time() - start)
        flags[name] = np.repeat(people_flags[:, None], len(NAMES), axis=1)
    print("\nhow far two methods agree (Jaccard of the flagged values; of people, where one looks at those)")
    for one in overlaps({name: np.asarray(each).any(axis=1) for name, each in flags.items()}):
        print(f"  {one.one:22} {one.other:22} both {one.both:6,}  {one.jaccard:.2f}")


if __name__ == "__main__":
    main()
