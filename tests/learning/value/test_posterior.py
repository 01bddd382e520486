"""Posterior distributions come with an extra, which is named where it is missing."""

from importlib.util import find_spec

import pytest

from cdnow_data import needs_cdnow
from cdnow_histories import cdnow_split
from kohort.errors import MissingExtraError
from kohort.learning.value.bayesian import fit_posterior

_THERE = find_spec("pymc_marketing") is not None


@needs_cdnow
@pytest.mark.skipif(_THERE, reason="the extra is installed")
def test_without_the_extra_its_command_is_named() -> None:
    with pytest.raises(MissingExtraError, match=r"kohort\[bayes\]"):
        fit_posterior(cdnow_split()[0], seed=1)


@needs_cdnow
@pytest.mark.slow
@pytest.mark.skipif(not _THERE, reason="needs the extra [bayes], in an environment of its own")
def test_default_priors_pull_the_chance_to_stop() -> None:
    found = fit_posterior(cdnow_split()[0], draws=300, seed=1)
    assert found.values[:2] == pytest.approx((0.243, 4.41), rel=0.05)
    assert found.interval("a").low < 0.793 < found.interval("a").high
