"""Maximum likelihood on distinct rows: the estimates, whether they hold, and intervals around them.

Parameters are positive, so that all is done in their logarithms. Intervals are of two kinds: `Fit.interval` by the
curvature of the log likelihood at its maximum (Wald), and `profile_interval` by the likelihood itself, which says the
truth also where that is lopsided (Venzon and Moolgavkar 1988, Applied Statistics 37:87).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize
from threadpoolctl import threadpool_limits

from kohort.errors import UsageError
from kohort.stats.intervals import Interval, critical_value

Floats = NDArray[np.float64]
Likelihood = Callable[[Floats], tuple[float, Floats]]
"""From parameters to the log likelihood of everybody, and its gradient by the parameters."""

_BORDER: Final = 15.0
"""Logarithms of parameters are sought between plus and minus this."""
_STEP: Final = 1e-4
_STILL: Final = 1e-6
_POLISHES: Final = 4
_FARTHEST: Final = 60
_DIGITS: Final = 1e-4


@dataclass(frozen=True)
class Fit:
    """What a model was found to be: `values` of its parameters by `names`, and how sure they are.

    `covariance` is that of the parameters' logarithms (the inverse of the information that was observed), None where
    the likelihood has no peak. `has_converged` says that the gradient is zero at a peak inside the borders;
    `gradient` is its largest part, a person.
    """

    names: tuple[str, ...]
    values: tuple[float, ...]
    log_likelihood: float
    people: int
    has_converged: bool
    gradient: float
    covariance: tuple[tuple[float, ...], ...] | None

    def interval(self, name: str, confidence: float = 0.95) -> Interval:
        """Return a parameter with its interval by the curvature, symmetric in its logarithm."""
        place = self.names.index(name)
        value = self.values[place]
        if self.covariance is None:
            return Interval(value, 0.0, float("inf"), self.people)
        reach = critical_value(confidence) * float(np.sqrt(self.covariance[place][place]))
        return Interval(value, value * float(np.exp(-reach)), value * float(np.exp(reach)), self.people)


def maximise(likelihood: Likelihood, names: tuple[str, ...], start: Floats, people: int) -> Fit:
    """Return the parameters at which a log likelihood is highest, sought from `start` (parameters, not logarithms).

    Raises UsageError without people.
    """
    if people < 1:
        raise UsageError("a model of value needs people who bought; there are none")

    def cost(logs: Floats) -> tuple[float, Floats]:
        values = np.exp(logs)
        found, gradient = likelihood(values)
        return -found / people, -gradient * values / people

    bounds = [(-_BORDER, _BORDER)] * len(names)
    options = {"maxiter": 500, "ftol": 1e-12, "gtol": 1e-7}
    # More threads would wait for one another, which for so few parameters takes five times what the search does.
    with threadpool_limits(limits=1):
        logs = minimize(cost, np.log(start), jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
        logs, curvature = _polished(cost, logs)
        found, gradient = cost(logs)
    largest = float(np.abs(gradient).max())
    peaked = bool(np.linalg.eigvalsh(curvature).min() > 0)
    inside = bool(np.abs(logs).max() < _BORDER - 1)
    covariance = np.linalg.inv(curvature) / people if peaked and inside else None
    return Fit(
        names,
        tuple(np.exp(logs).tolist()),
        float(-found * people),
        people,
        has_converged=peaked and inside and largest < _STILL,
        gradient=largest,
        covariance=None if covariance is None else tuple(map(tuple, covariance.tolist())),
    )


def profile_interval(likelihood: Likelihood, fit: Fit, name: str, confidence: float = 0.95) -> Interval:
    """Return a parameter with all values that the likelihood does not reject, the other parameters at their best.

    The border is where twice the log likelihood has fallen by the critical value of χ² with one degree of freedom.
    """
    place = fit.names.index(name)
    drop = critical_value(confidence) ** 2 / 2
    with threadpool_limits(limits=1):
        low, high = (_border(likelihood, fit, place, direction, drop) for direction in (-1.0, 1.0))
    return Interval(fit.values[place], low, high, fit.people)


def _border(likelihood: Likelihood, fit: Fit, place: int, direction: float, drop: float) -> float:
    """Return where the profile has fallen by `drop`; 0 or infinity where it never does."""
    others = np.delete(np.arange(len(fit.names)), place)
    best = np.log(fit.values)
    now = best.copy()

    def lacking(moved: float) -> float:
        now[place] = moved
        return fit.log_likelihood - _highest(likelihood, now, others, fit.people) - drop

    width = 0.3 if fit.covariance is None else float(np.sqrt(fit.covariance[place][place]))
    near, far = best[place], best[place] + direction * 2 * width
    for _ in range(_FARTHEST):
        if abs(far) > _BORDER:
            return 0.0 if direction < 0 else float("inf")
        if lacking(far) > 0:
            return float(np.exp(brentq(lacking, near, far, xtol=_DIGITS)))
        near, far = far, far + direction * width
    return 0.0 if direction < 0 else float("inf")


def _highest(likelihood: Likelihood, logs: Floats, free: NDArray[np.intp], people: int) -> float:
    """Return the highest log likelihood with some logarithms free, which are left in `logs`."""

    def cost(moved: Floats) -> tuple[float, Floats]:
        logs[free] = moved
        values = np.exp(logs)
        found, gradient = likelihood(values)
        return -found / people, (-gradient * values / people)[free]

    bounds = [(-_BORDER, _BORDER)] * len(free)
    found = minimize(cost, logs[free], jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-11})
    logs[free] = found.x
    return float(-found.fun * people)


def _polished(cost: Likelihood, logs: Floats) -> tuple[Floats, Floats]:
    """Return the minimum after a few of Newton's steps, and the curvature there."""
    curvature = _curvature(cost, logs)
    for _ in range(_POLISHES):
        found, gradient = cost(logs)
        if np.abs(gradient).max() < _STILL / 100 or np.linalg.eigvalsh(curvature).min() <= 0:
            break
        step = np.linalg.solve(curvature, gradient)
        if np.abs(step).max() > 1 or cost(logs - step)[0] > found:
            break
        logs = logs - step
        curvature = _curvature(cost, logs)
    return logs, curvature


def _curvature(cost: Likelihood, logs: Floats) -> Floats:
    """Return the second derivatives, by central differences of the gradient."""
    rows = []
    for place in range(len(logs)):
        moved = np.zeros(len(logs))
        moved[place] = _STEP
        rows.append((cost(logs + moved)[1] - cost(logs - moved)[1]) / (2 * _STEP))
    found = np.array(rows)
    return (found + found.T) / 2
