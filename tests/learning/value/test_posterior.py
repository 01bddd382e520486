"""Posterior distributions come with an extra, which is named where it is missing."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cdnow_data import needs_cdnow
from cdnow_histories import cdnow_split
from kohort.cli.main import run_command
from kohort.errors import MissingExtraError, UsageError
from kohort.learning.value.bayesian import (
    Posterior,
    expectations_of,
    fit_posterior,
    fit_posterior_values,
)
from kohort.learning.value.beta_geometric import BG_NBD, MBG_NBD
from kohort.learning.value.fitting import Fit
from kohort.learning.value.gamma_gamma import NAMES, expected_value
from kohort.learning.value.pareto import ParetoNbd
from kohort.learning.value.purchasing import distinct_rows
from kohort.project import Project
from small_shop import NOW
from value_shop import PEOPLE, SCORES, messages, value_shop


@needs_cdnow
def test_without_the_extra_its_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymc_marketing", None)
    with pytest.raises(MissingExtraError, match=r"kohort\[bayes\]"):
        fit_posterior(cdnow_split()[0], seed=1)


def drawn(names: tuple[str, ...], draws: np.ndarray) -> Posterior:
    fit = Fit(names, tuple(draws.mean(axis=0).tolist()), 0.0, 1, has_converged=True, gradient=0.0, covariance=None)
    return Posterior(fit, draws)


@needs_cdnow
def test_what_is_expected_lies_between_quantiles_over_the_draws() -> None:
    histories = cdnow_split()[0]
    random = np.random.default_rng(1)
    purchases = drawn(BG_NBD.names, np.array([0.243, 4.41, 0.79, 2.43]) * np.exp(0.1 * random.normal(size=(50, 4))))
    values = drawn(NAMES, np.array([6.25, 3.74, 15.44]) * np.exp(0.1 * random.normal(size=(50, 3))))
    found = expectations_of(BG_NBD, purchases, values, histories, 39.0)
    rows, places = distinct_rows(histories)
    for person in (0, 700, 2_000):
        bought = [float(BG_NBD.expected(one, rows, 39.0)[places[person]]) for one in purchases.draws]
        worth = [
            float(expected_value(one, histories.valued[[person]], histories.mean_value[[person]])[0])
            for one in values.draws
        ]
        assert (found.purchases_low[person], found.purchases_high[person]) == pytest.approx(
            tuple(np.quantile(bought, [0.05, 0.95]))
        )
        assert (found.value_low[person], found.value_high[person]) == pytest.approx(
            tuple(np.quantile(worth, [0.05, 0.95]))
        )


@needs_cdnow
@pytest.mark.bayes
# What the library warns of itself while it samples is its own.
@pytest.mark.filterwarnings("default")
def test_default_priors_pull_the_chance_to_stop() -> None:
    found = fit_posterior(cdnow_split()[0], draws=300, seed=1)
    assert found.fit.values[:2] == pytest.approx((0.243, 4.41), rel=0.05)
    assert found.interval("a").low < 0.793 < found.interval("a").high


@needs_cdnow
@pytest.mark.bayes
@pytest.mark.filterwarnings("default")
def test_the_other_models_have_posteriors_about_their_likeliest_parameters() -> None:
    histories = cdnow_split()[0]
    modified = fit_posterior(histories, MBG_NBD, draws=300, seed=1)
    assert modified.interval("r").low < 0.525 < modified.interval("r").high
    assert modified.interval("alpha").low < 6.183 < modified.interval("alpha").high
    values = fit_posterior_values(histories, draws=300, seed=1)
    for name, published in zip(NAMES, (6.25, 3.74, 15.44), strict=True):
        assert values.interval(name).low < published < values.interval(name).high


@needs_cdnow
def test_a_model_of_which_no_posterior_is_sampled_is_refused() -> None:
    with pytest.raises(UsageError, match="of weibull no posterior is sampled; ask for another: --model bg_nbd or"):
        fit_posterior(cdnow_split()[0], ParetoNbd("weibull"), seed=1)


@needs_cdnow
@pytest.mark.bayes
@pytest.mark.filterwarnings("default")
def test_pareto_nbd_has_a_posterior_without_its_gradient() -> None:
    found = fit_posterior(cdnow_split()[0], ParetoNbd(), draws=500, seed=1)
    assert found.fit.has_converged
    assert found.fit.log_likelihood == pytest.approx(-9594.98, abs=1.0)
    for name, published in zip(found.fit.names, (0.553, 10.578, 0.606, 11.669), strict=True):
        assert found.interval(name).low < published < found.interval(name).high
        assert found.interval(name).estimate == pytest.approx(published, rel=0.1)


@pytest.mark.bayes
@pytest.mark.filterwarnings("default")
def test_the_command_tells_each_persons_expectations_with_their_limits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "purchases.csv"
    lines = [f"{one['userId']},{one['timestamp']},{one['properties']['total']}" for one in messages()]  # type: ignore[index]
    path.write_text("\n".join(["who,day,paid", *lines]) + "\n")
    asked = ["--person", "who", "--time", "day", "--amount", "paid", "--model", "bg_nbd", "--posterior"]
    assert run_command(["clv", str(path), *asked, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    purchases, values = found["posterior"]
    assert (purchases["name"], values["name"]) == ("bg_nbd", "gamma_gamma")
    assert list(purchases["parameters"]) == ["r", "alpha", "a", "b"]
    inside = [
        one["expected_purchases_low"] <= one["expected_purchases"] <= one["expected_purchases_high"]
        for one in found["customers"]
    ]
    assert np.mean(inside) > 0.9
    for one in found["customers"]:
        assert one["expected_value_low"] < one["expected_value_high"]


@pytest.mark.bayes
@pytest.mark.filterwarnings("default")
def test_a_score_writes_the_limits_as_traits_and_keeps_the_posterior(tmp_path: Path) -> None:
    project = value_shop(tmp_path, SCORES + "    posterior: true\n")
    told = next(one.detail for one in project.run(NOW) if one.step == "score clv")
    assert told == f"13 traits of {PEOPLE} people by bg_nbd"
    document = project.value().document
    assert document is not None
    purchases, values = document.study.posterior
    assert (purchases.key, values.key) == ("bg_nbd", "gamma_gamma")
    assert [one.name for one in purchases.parameters] == ["r", "alpha", "a", "b"]
    for trait in ("purchases", "value"):
        inside = f"clv_expected_{trait} between clv_expected_{trait}_low and clv_expected_{trait}_high"
        names = (f"clv_expected_{trait}_low", f"clv_expected_{trait}", f"clv_expected_{trait}_high")
        columns = [_known(project, name) for name in names]
        assert np.mean([low <= mean <= high for low, mean, high in zip(*columns, strict=True)]) > 0.9, inside


def _known(project: Project, name: str) -> list[float]:
    rows = project.sql(
        f"SELECT number FROM trait_values WHERE name = '{name}' AND number IS NOT NULL ORDER BY actor_id"
    )
    return [float(one["number"]) for one in rows.to_pylist()]


@pytest.mark.bayes
def test_the_command_lets_pandas_in_where_the_library_cannot_do_without_it() -> None:
    code = "from kohort.imports import *; import_sparingly(); from kohort.learning.value import bayesian as b"
    done = subprocess.run([sys.executable, "-c", code + "; b.library()"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
