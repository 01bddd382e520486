"""`kohort train`: a table of examples in, how well the label is told of others out."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from kohort.cli.main import run_command


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    path.write_text("\n".join([",".join(header), *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def _rows(people: int, seed: int = 0) -> list[list[object]]:
    random = np.random.default_rng(seed)
    silent, orders = random.exponential(8, people), random.poisson(4, people)
    reached = random.random(people) < 1 / (1 + np.exp(1 - 0.2 * silent + 0.3 * orders))
    cities = random.choice(["Brest", "Lyon"], people)
    return [
        [f"c{place}", f"{silent[place]:.2f}", orders[place], cities[place], "yes" if reached[place] else "no"]
        for place in range(people)
    ]


_HEADER = ("customer", "silent", "orders", "city", "stopped")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory.mktemp("train") / "customers.csv", _HEADER, _rows(400))


def _told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run_command(["train", *arguments]) == 0
    return capsys.readouterr().out


def _found(capsys: pytest.CaptureFixture[str], table: Path, *more: str) -> dict[str, object]:
    asked = ("--label", "stopped", "--id", "customer", "--models", "logistic", "--format", "json")
    found: dict[str, object] = json.loads(_told(capsys, str(table), *asked, *more))
    return found


def test_everything_that_was_promised_is_in_the_object(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = _found(capsys, table, "--costs", "5,1")
    for name in ("auc", "average_precision", "brier", "f1", "lift_at_20_percent"):
        one = found[name]
        assert isinstance(one, dict)
        assert one["low"] < one["estimate"] < one["high"]
    assert "accuracy" not in found
    assert (found["model"], found["positive"], found["rows"], found["people"]) == ("logistic", "yes", 400, 400)
    assert found["rule"]["feature"] == "silent"  # type: ignore[index]
    assert [one["from"] for one in found["bands"]] == [0.0, 0.5, 0.8]  # type: ignore[attr-defined]
    cost = found["cost"]
    assert cost["model"]["estimate"] < min(cost["everybody"], cost["nobody"])  # type: ignore[index]


@pytest.mark.slow
def test_who_comes_twice_does_not_raise_the_area(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = _rows(400)
    twice = _write(tmp_path / "twice.csv", _HEADER, [*rows, *rows])
    once = _found(capsys, table)
    shape = ("--models", "gradient_boosting", "--folds", "3", "--format", "json")
    asked = ("--label", "stopped", "--ignore", "customer", *shape)
    boosted = json.loads(_told(capsys, str(table), *asked))
    doubled = json.loads(_told(capsys, str(twice), *asked))
    assert (doubled["people"], doubled["rows"]) == (boosted["people"], 800)
    assert doubled["auc"]["estimate"] <= boosted["auc"]["estimate"] + 0.01
    # Nor does it make surer.
    width = doubled["auc"]["high"] - doubled["auc"]["low"]
    assert width >= 0.9 * (boosted["auc"]["high"] - boosted["auc"]["low"])
    named = _found(capsys, twice)
    assert named["auc"]["estimate"] == pytest.approx(once["auc"]["estimate"], abs=0.02)  # type: ignore[index]


def test_a_feature_that_knows_the_label_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [[*row, 3 if row[-1] == "yes" else 0] for row in _rows(200)]
    found = _found(capsys, _write(tmp_path / "leak.csv", (*_HEADER, "refunds"), rows))
    assert found["alarms"] == [{"feature": "refunds", "auc": 1.0}]
    assert found["is_telling"]


@pytest.mark.slow
def test_in_time_a_regime_that_changed_is_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(0)
    rows = []
    for person in range(600):
        week, known = person // 100, random.normal()
        sign = 1 if week < 4 else -1
        rows.append([week, f"{known:.3f}", int(random.random() < 1 / (1 + np.exp(-3 * sign * known)))])
    path = _write(tmp_path / "weeks.csv", ("week", "known", "label"), rows)
    asked = (str(path), "--label", "label", "--models", "gradient_boosting", "--folds", "3", "--format", "json")
    mixed = json.loads(_told(capsys, *asked))
    forward = json.loads(_told(capsys, *asked, "--time", "week"))
    assert forward["folds"] == {"kind": "in_time", "count": 2, "judged": 400}
    # Mixed at random, the new regime is learnt from people of its own time; forward, nobody could know of it.
    assert mixed["auc"]["low"] > 0.75
    assert forward["auc"]["high"] < 0.65


def test_people_read_the_model_the_rule_and_the_bands(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "told.csv"
    asked = (str(table), "--label", "stopped", "--id", "customer", "--models", "logistic", "--out", str(out))
    assert run_command(["train", *asked]) == 0
    printed = capsys.readouterr()
    assert 'stopped "yes"' in printed.err
    assert "obvious rule, silent alone" in printed.err
    assert "lift_at_20_percent" in printed.out
    lines = out.read_text().splitlines()
    assert lines[0] == "row,chance,reached"
    assert len(lines) == 401


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--label", "stoped"), "stopped"),
        (("--label", "city", "--positive", "Nice"), "Nice"),
        (("--label", "orders"), "--positive"),
        (("--label", "stopped", "--models", "logistics"), "logistic"),
        (("--label", "stopped", "--search", "genetic"), "bayesian"),
        (("--label", "stopped", "--costs", "3"), "two numbers"),
        (("--label", "stopped", "--bands", "0.8,0.5"), "rise between"),
        (("--label", "stopped", "--folds", "1"), "2 folds"),
        (("--label", "stopped", "--time", "city"), "no time such as"),
    ],
)
def test_a_wrong_call_says_what_to_do(
    table: Path, arguments: Sequence[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["train", str(table), *arguments]) in (2, 3, 4)
    assert said in capsys.readouterr().err


def test_too_few_who_reached_the_goal_are_no_basis(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _write(tmp_path / "few.csv", _HEADER, [row for row in _rows(200) if row[-1] == "no"][:60] + _rows(9))
    assert run_command(["train", str(path), "--label", "stopped", "--ignore", "customer"]) == 2
    assert "takes 20 people" in capsys.readouterr().err


@pytest.mark.slow
def test_the_published_quality_comes_out_of_a_public_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Wolberg's breast cancer data, which scikit-learn brings along: published AUCs of .99 and more.
    data = load_breast_cancer()
    names = [name.replace(" ", "_") for name in data.feature_names]
    rows = [[*row, ("malignant", "benign")[told]] for row, told in zip(data.data.tolist(), data.target, strict=True)]
    path = _write(tmp_path / "cancer.csv", [*names, "diagnosis"], rows)
    asked = ("--label", "diagnosis", "--positive", "malignant", "--format", "json")
    found = json.loads(_told(capsys, str(path), *asked))
    assert found["auc"]["estimate"] > 0.985
    assert found["average_precision"]["estimate"] > 0.98
    assert found["brier"]["estimate"] < 0.04
    assert found["calibration_error"]["estimate"] < 0.03
    assert found["rule"]["is_beaten"]
    assert {one["model"] for one in found["models"]} == {"logistic", "random_forest", "gradient_boosting"}
