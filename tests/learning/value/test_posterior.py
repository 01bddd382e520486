"""Posterior distributions come with an extra, which is named where it is missing."""

import sys

import pytest

from cdnow_data import needs_cdnow
from cdnow_histories import cdnow_split
from kohort.errors import MissingExtraError
from kohort.learning.value.bayesian import fit_posterior


@needs_cdnow
def test_without_the_extra_its_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymc_marketing", None)
    with pytest.raises(MissingExtraError, match=r"kohort\[bayes\]"):
        fit_posterior(cdnow_split()[0], seed=1)


@needs_cdnow
@pytest.mark.bayes
# What the library warns of itself while it samples is its own.
@pytest.mark.filterwarnings("default")
def test_default_priors_pull_the_chance_to_stop() -> None:
    found = fit_posterior(cdnow_split()[0], draws=300, seed=1)
    assert found.values[:2] == pytest.approx((0.243, 4.41), rel=0.05)
    assert found.interval("a").low < 0.793 < found.interval("a").high
