"""People who buy as the models say they do, one after the other, as slowly and plainly as the papers tell it."""

import numpy as np


def beta_geometric_days(
    values: tuple[float, float, float, float], ages: np.ndarray, *, may_stop_at_first: bool, seed: int
) -> list[list[float]]:
    """Return the ages, in weeks, at which each of some people bought, the first at 0, up to their own age."""
    generator = np.random.default_rng(seed)
    r, alpha, a, b = values
    found = []
    for age in ages:
        rate, stop = generator.gamma(r, 1 / alpha), generator.beta(a, b)
        moments = [0.0]
        here = not (may_stop_at_first and generator.random() < stop)
        while here:
            moment = moments[-1] + generator.exponential(1 / max(rate, 1e-12))
            if moment > age:
                break
            moments.append(moment)
            here = generator.random() >= stop
        found.append(moments)
    return found


def pareto_days(values: tuple[float, float, float, float], ages: np.ndarray, *, seed: int) -> list[list[float]]:
    """Return the ages at which people bought who may stop at any time."""
    generator = np.random.default_rng(seed)
    r, alpha, s, beta = values
    found = []
    for age in ages:
        rate, stopping = generator.gamma(r, 1 / alpha), generator.gamma(s, 1 / beta)
        end = min(age, generator.exponential(1 / max(stopping, 1e-12)))
        moments = [0.0]
        while (moment := moments[-1] + generator.exponential(1 / max(rate, 1e-12))) <= end:
            moments.append(moment)
        found.append(moments)
    return found
