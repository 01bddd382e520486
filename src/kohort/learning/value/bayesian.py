"""The models of value with whole posterior distributions, by `pymc-marketing`, beside the maximum likelihood.

Its default priors pull: on CDNOW they give BG/NBD an a of .706 and b of 2.092, where the likelihood is highest at .793
and 2.426. With few people, who tell little by themselves, that is the point of it; with many the likelihood says the
same sooner.

Of BG/NBD and MBG/NBD the library follows the gradient (NUTS: Hoffman and Gelman 2014, JMLR 15:1593). That of
Pareto/NBD's hypergeometric functions is a series for each person and parameter, so slow far from the peak that sampling
with it did not end on CDNOW; what the library offers in its place needs none, and more draws (differential evolution
from its own past: ter Braak and Vrugt 2008, Statistics and Computing 18:435).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from kohort.errors import UsageError
from kohort.imports import let_pandas_in, needing_extra
from kohort.learning.value import gamma_gamma
from kohort.learning.value.beta_geometric import BG_NBD
from kohort.learning.value.fitting import Fit, Floats, Likelihood
from kohort.learning.value.gamma_gamma import expected_value, value_likelihood
from kohort.learning.value.lifetime import CONFIDENCE
from kohort.learning.value.purchasing import PurchaseModel, distinct_rows, likelihood_of
from kohort.learning.value.results import Parameter, PosteriorModel
from kohort.learning.value.summaries import Histories
from kohort.stats.intervals import Interval

_TUNING: Final = 500
_WITHOUT_GRADIENT: Final = 6
"""So many times as many draws are needed of a sampler that follows no gradient."""
_AGREED: Final = 1.01
"""Chains agree below this rank-normalised R-hat (Vehtari and others 2021, Bayesian Analysis 16:667)."""
_WORLDS: Final = 200
_CLASSES: Final[Mapping[str, str]] = {
    "bg_nbd": "BetaGeoModel",
    "mbg_nbd": "ModifiedBetaGeoModel",
    "pareto_nbd": "ParetoNBDModel",
}
SAMPLED: Final = tuple(_CLASSES)
"""The models of purchases whose posterior is sampled."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of a model's parameters, shape (draws, parameters), and the `fit` of their means.

    The covariance of the fit is that of the parameters' logarithms, which intervals rest on; `has_converged` says that
    all chains agree; `log_likelihood` is that at the means.
    """

    fit: Fit
    draws: Floats

    def some(self, worlds: int) -> Floats:
        """Return at most so many draws, evenly from all chains, shape (worlds, parameters)."""
        return self.draws[np.linspace(0, len(self.draws) - 1, min(worlds, len(self.draws))).astype(np.int64)]

    def interval(self, name: str, confidence: float = 0.95) -> Interval:
        """Return a parameter's mean with its central interval of the draws."""
        place, tail = self.fit.names.index(name), (1 - confidence) / 2
        low, high = np.quantile(self.draws[:, place], [tail, 1 - tail]).tolist()
        return Interval(self.fit.values[place], low, high, self.fit.people)


@dataclass(frozen=True, eq=False)
class Expectations:
    """Limits of what is expected of each person, float64 of shape (people,): of purchases, and of the value of one."""

    purchases_low: Floats
    purchases_high: Floats
    value_low: Floats
    value_high: Floats


@dataclass(frozen=True, eq=False)
class Posteriors:
    """What the parameters of purchases and of values may be, and each person's `expectations`."""

    purchases: Posterior
    values: Posterior
    expectations: Expectations

    def told(self, model: str) -> tuple[PosteriorModel, ...]:
        """Return what is kept of them; `model` is that of purchases."""
        return _told(model, self.purchases), _told("gamma_gamma", self.values)


def posteriors_of(model: PurchaseModel, histories: Histories, weeks: float, *, seed: int) -> Posteriors:
    """Return the posterior distributions of a model and of gamma-gamma, and what people are expected to do in `weeks`.

    Raises MissingExtraError without the extra `[bayes]`.
    """
    purchases = fit_posterior(histories, model, seed=seed)
    values = fit_posterior_values(histories, seed=seed)
    return Posteriors(purchases, values, expectations_of(model, purchases, values, histories, weeks))


def fit_posterior(histories: Histories, model: PurchaseModel = BG_NBD, *, draws: int = 500, seed: int) -> Posterior:
    """Return what the parameters of a model of purchases may be, given `histories` and the library's default priors.

    `draws` are those of each chain of a sampler that follows the gradient; Pareto/NBD takes six times as many.
    Raises UsageError for a model that is none of `SAMPLED`, MissingExtraError without the extra `[bayes]`.
    """
    if model.key not in SAMPLED:
        raise UsageError(f"of {model.key} no posterior is sampled; ask for another: --model {' or '.join(SAMPLED)}")
    columns = {
        "customer_id": histories.person,
        "frequency": histories.frequency,
        "recency": histories.recency,
        "T": histories.age,
    }
    likelihood = likelihood_of(model, distinct_rows(histories)[0])
    return _sampled(_CLASSES[model.key], columns, model.names, likelihood, len(histories), draws=draws, seed=seed)


def fit_posterior_values(histories: Histories, *, draws: int = 500, seed: int) -> Posterior:
    """Return what gamma-gamma's parameters may be, of those who bought again above zero, as `fit_posterior` does.

    Raises MissingExtraError without the extra `[bayes]`.
    """
    known = (histories.valued > 0) & (histories.mean_value > 0)
    counts, means = histories.valued[known].astype(np.float64), histories.mean_value[known]
    columns = {"customer_id": histories.person[known], "frequency": counts, "monetary_value": means}
    likelihood = value_likelihood(counts, means)
    names = gamma_gamma.NAMES
    return _sampled("GammaGammaModel", columns, names, likelihood, len(counts), draws=draws, seed=seed)


def expectations_of(
    model: PurchaseModel, purchases: Posterior, values: Posterior, histories: Histories, weeks: float
) -> Expectations:
    """Return between which limits each person's expected purchases within `weeks`, and value of one, lie.

    The limits are quantiles over draws of the posterior: how well the *means* are known. What somebody will do scatters
    more (`kohort.learning.value.lifetime.Spread`).
    """
    rows, places = distinct_rows(histories)
    bought = np.stack([model.expected(one, rows, weeks) for one in purchases.some(_WORLDS)])
    worth = np.stack([expected_value(one, histories.valued, histories.mean_value) for one in values.some(_WORLDS)])
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(bought, [tail, 1 - tail], axis=0)
    cheap, dear = np.quantile(worth, [tail, 1 - tail], axis=0)
    return Expectations(low[places], high[places], cheap, dear)


def _told(key: str, posterior: Posterior) -> PosteriorModel:
    fit = posterior.fit
    spans = [(name, posterior.interval(name)) for name in fit.names]
    parameters = tuple(Parameter(name, one.estimate, one.low, one.high) for name, one in spans)
    return PosteriorModel(key, parameters, fit.log_likelihood, fit.people, fit.has_converged)


def library() -> tuple[Any, Any, Any]:
    """Return the library's models of value, ArviZ, and pandas, the form in which the library takes data.

    Raises MissingExtraError without the extra `[bayes]`.
    """
    let_pandas_in()
    with needing_extra("bayes", "fitting with posterior distributions"):
        import arviz  # noqa: PLC0415 - half a gigabyte that only this needs
        import pandas as pd  # noqa: PLC0415 - as above
        from pymc_marketing import clv  # noqa: PLC0415 - as above
    return clv, arviz, pd


def _sampled(
    library_class: str,
    columns: Mapping[str, Any],
    names: tuple[str, ...],
    likelihood: Likelihood,
    people: int,
    *,
    draws: int,
    seed: int,
) -> Posterior:
    clv, arviz, pd = library()
    make: Callable[..., Any] = getattr(clv, library_class)
    fitted = make(data=pd.DataFrame(columns))
    how: dict[str, Any] = {"method": "mcmc", "draws": draws, "tune": _TUNING, "chains": 2}
    if library_class == _CLASSES["pareto_nbd"]:
        how = {"method": "demz", "draws": _WITHOUT_GRADIENT * draws, "tune": 4 * _TUNING, "chains": 4}
    fitted.fit(**how, cores=1, random_seed=seed, progressbar=False)
    posterior = fitted.idata.posterior
    drawn = np.stack([posterior[name].to_numpy().ravel() for name in names], axis=1)
    means = drawn.mean(axis=0)
    covariance = np.cov(np.log(drawn), rowvar=False)
    fit = Fit(
        names,
        tuple(means.tolist()),
        float(likelihood(means)[0]),
        people,
        has_converged=max(float(arviz.rhat(posterior)[name]) for name in names) < _AGREED,
        gradient=float("nan"),
        covariance=tuple(map(tuple, covariance.tolist())),
    )
    return Posterior(fit, drawn)
