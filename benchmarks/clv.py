"""BG/NBD by maximum likelihood on CDNOW's sample and on a million customers, beside pymc-marketing's MAP.

Run: python benchmarks/clv.py [CUSTOMERS [FOLDER-OF-CDNOW]]

CDNOW is what `make .venv/cdnow/.ready` unpacks, unless another folder is named. Seconds are of the processor, this
process alone. The other library runs in the same process where it is installed.
"""

import sys
import time
from datetime import date
from pathlib import Path

import numpy as np

from kohort.learning.value.beta_geometric import BG_NBD
from kohort.learning.value.purchasing import distinct_rows, fit_purchases
from kohort.learning.value.summaries import Histories, Purchases, histories_of, merge_days
from kohort.testing.cdnow import read_cdnow

EPOCH = date(1970, 1, 1)
SPLIT = (date(1997, 9, 30) - EPOCH).days
CDNOW = Path(".venv/cdnow/lifetimes/datasets")
TRUTH = (0.243, 4.414, 0.793, 2.426)


def cdnow(folder: Path) -> Histories:
    read = read_cdnow(folder)
    people = np.unique(np.array(read.people), return_inverse=True)[1].astype(np.int64)
    days = np.array([(day - EPOCH).days for day in read.days])
    return histories_of(merge_days(Purchases(people, days, np.array(read.amounts)))[0], SPLIT)


def simulated(people: int) -> Histories:
    """Return people who buy as BG/NBD says, all at once, a purchase each in turn."""
    random = np.random.default_rng(1)
    r, alpha, a, b = TRUTH
    age = random.integers(27 * 7, 39 * 7, size=people) / 7
    rate, stop = random.gamma(r, 1 / alpha, size=people), random.beta(a, b, size=people)
    frequency, last, now = np.zeros(people, dtype=np.int64), np.zeros(people), np.zeros(people)
    here = np.arange(people)
    while len(here):
        now[here] += random.exponential(size=len(here)) / np.maximum(rate[here], 1e-12)
        here = here[now[here] <= age[here]]
        frequency[here] += 1
        last[here] = np.floor(now[here] * 7) / 7
        here = here[random.random(len(here)) >= stop[here]]
    nothing = np.zeros(people)
    return Histories(np.arange(people), frequency, last, age, nothing.astype(np.int64), nothing)


def ours(histories: Histories) -> tuple[float, np.ndarray]:
    begun = time.process_time()
    fit = fit_purchases(BG_NBD, distinct_rows(histories)[0])
    return time.process_time() - begun, np.array(fit.values)


def theirs(histories: Histories) -> tuple[float, np.ndarray] | str:
    """Return the seconds of the quickest of three MAP fits with default priors (the first one compiles)."""
    try:
        import pandas as pd  # noqa: PLC0415 - of an environment of its own
        from pymc_marketing.clv import BetaGeoModel  # noqa: PLC0415 - as above
    except ImportError as error:
        return f"not measured: {error}"
    data = pd.DataFrame({
        "customer_id": histories.person, "frequency": histories.frequency, "recency": histories.recency,
        "T": histories.age,
    })  # fmt: skip
    seconds = np.inf
    for _ in range(3):
        begun = time.process_time()
        model = BetaGeoModel(data=data)
        model.fit(method="map")
        seconds = min(seconds, time.process_time() - begun)
    posterior = model.idata.posterior
    return seconds, np.array([float(posterior[name].mean()) for name in ("r", "alpha", "a", "b")])


def show(name: str, histories: Histories, *, compared: bool) -> None:
    # The least of some for few people: a fit that takes a tenth of a second is soon held up by what else runs.
    seconds, values = min((ours(histories) for _ in range(9 if compared else 1)), key=lambda one: one[0])
    print(f"{name}: kohort {seconds:.3f} CPU s, r alpha a b = {values.round(4).tolist()}")
    found = theirs(histories) if compared else "not measured: too large"
    if isinstance(found, str):
        print(f"{name}: pymc-marketing {found}")
    else:
        print(f"{name}: pymc-marketing MAP {found[0]:.3f} CPU s ({found[0] / seconds:.0f} times), "
              f"r alpha a b = {found[1].round(4).tolist()}")  # fmt: skip


def main() -> None:
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else CDNOW
    ours(simulated(1_000))
    show("CDNOW, 2,357 people", cdnow(folder), compared=True)
    show(f"simulated, {people:,} people", simulated(people), compared=people <= 100_000)


if __name__ == "__main__":
    main()
