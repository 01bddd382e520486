"""BG/NBD with whole posterior distributions, by `pymc-marketing`, in the same shapes as the maximum likelihood.

Its default priors pull: on CDNOW they give a .706 and b 2.092, where the likelihood is highest at .793 and 2.426. With
few people, who tell little by themselves, that is the point of it; with many the likelihood says the same sooner.
"""

from typing import Any, Final

import numpy as np

from kohort.imports import needing_extra
from kohort.learning.value.beta_geometric import BG_NBD
from kohort.learning.value.fitting import Fit
from kohort.learning.value.purchasing import distinct_rows, likelihood_of
from kohort.learning.value.summaries import Histories

_TUNING: Final = 500


def fit_posterior(histories: Histories, *, draws: int = 500, seed: int) -> Fit:
    """Return BG/NBD's posterior means, and the covariance of the parameters' logarithms, which intervals rest on.

    `has_converged` says that all chains agree (rank-normalised R-hat below 1.01; Vehtari and others 2021, Bayesian
    Analysis 16:667). `log_likelihood` is that at the means. Raises MissingExtraError without the extra `[bayes]`.
    """
    with needing_extra("bayes", "fitting with posterior distributions"):
        import arviz  # noqa: PLC0415 - half a gigabyte that only this needs
        import pandas as pd  # noqa: PLC0415 - the form in which the library takes data
        from pymc_marketing.clv import BetaGeoModel  # noqa: PLC0415 - as above
    data = pd.DataFrame(
        {
            "customer_id": histories.person,
            "frequency": histories.frequency,
            "recency": histories.recency,
            "T": histories.age,
        }
    )
    model: Any = BetaGeoModel(data=data)
    model.fit(method="mcmc", draws=draws, tune=_TUNING, chains=2, cores=1, random_seed=seed, progressbar=False)
    posterior = model.idata.posterior
    drawn = np.stack([posterior[name].to_numpy().ravel() for name in BG_NBD.names])
    values = drawn.mean(axis=1)
    agreed = max(float(arviz.rhat(posterior)[name]) for name in BG_NBD.names)
    found = likelihood_of(BG_NBD, distinct_rows(histories)[0])(values)[0]
    covariance = np.cov(np.log(drawn))
    return Fit(
        BG_NBD.names,
        tuple(values.tolist()),
        found,
        len(histories),
        has_converged=agreed < 1.01,  # noqa: PLR2004 - the paper's
        gradient=float("nan"),
        covariance=tuple(map(tuple, covariance.tolist())),
    )
