"""`kohort lookalike`: a table of members and others in, who is like the members and how good that is out."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from kohort.cli.main import run_command

_MODEL = ("--models", "logistic")


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    """Return which tumours of Wolberg's real table are malignant, bool of shape (tumours,)."""
    malignant: np.ndarray = load_breast_cancer().target == 0
    return malignant


@pytest.fixture(scope="module")
def seed(truth: np.ndarray) -> np.ndarray:
    """Return the seed: of the malignant half, drawn at random. The others are hidden, and known here alone."""
    drawn: np.ndarray = np.random.default_rng(4).random(len(truth)) < 0.5
    marked: np.ndarray = truth & drawn
    return marked


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, seed: np.ndarray) -> Path:
    data = load_breast_cancer()
    random = np.random.default_rng(1)
    names = [name.replace(" ", "_") for name in data.feature_names[:6]]
    path = tmp_path_factory.mktemp("lookalike") / "tumours.csv"
    lines = [",".join(("person", *names, "stamp", "gender", "seed"))]
    for place, row in enumerate(data.data[:, :6].tolist()):
        stamp = random.integers(90, 99) if seed[place] else random.integers(1, 9)
        told = (f"t{place}", *row, stamp, random.choice(["f", "m"]), "yes" if seed[place] else "")
        lines.append(",".join(map(str, told)))
    path.write_text("\n".join(lines) + "\n")
    return path


def _found(capsys: pytest.CaptureFixture[str], table: Path, *more: str) -> dict[str, Any]:
    capsys.readouterr()
    asked = ("--seed", "seed", "--id", "person", *_MODEL, "--format", "json")
    assert run_command(["lookalike", str(table), *asked, *more]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.slow
def test_the_truth_of_a_real_table_lies_within_what_hidden_members_tell(
    table: Path, tmp_path: Path, truth: np.ndarray, seed: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "like.csv"
    found = _found(capsys, table, "--out", str(out))
    assert (found["members"], found["others"]) == (int(seed.sum()), int((~seed).sum()))
    hidden = truth[~seed].mean()
    assert found["hidden_share"]["low"] <= hidden <= found["hidden_share"]["high"] < 3 * hidden
    share = seed.sum() / truth.sum()
    assert found["labelled_share"]["low"] <= share <= found["labelled_share"]["high"]
    assert found["recall_at_10_percent"]["estimate"] > 0.3
    rows = [line.split(",") for line in out.read_text().splitlines()[1:]]
    places = np.array([int(row) - 1 for row, _ in rows])
    assert not seed[places].any()
    assert len(places) == (~seed).sum()
    tenth = truth[places[: len(places) // 10]].mean()
    assert 3 * hidden < tenth <= found["alike_at_10_percent"]["high"]
    told = {one["column"]: one["reason"] for one in found["left_out"]}
    assert told == {"stamp": "leaking", "gender": "protected"}


def test_a_shuffled_seed_is_told_to_be_no_better_than_lots(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header, *lines = table.read_text().splitlines()
    marks = np.random.default_rng(9).permutation([line.rpartition(",")[2] for line in lines])
    shuffled = tmp_path / "shuffled.csv"
    rows = [f"{line.rpartition(',')[0]},{mark}" for line, mark in zip(lines, marks.tolist(), strict=True)]
    shuffled.write_text("\n".join([header, *rows]) + "\n")
    found = _found(capsys, shuffled, "--ignore", "stamp", "--folds", "2")
    assert found["auc"]["low"] < 0.5 < found["auc"]["high"] + 0.03
    assert found["lift_at_10_percent"]["low"] < 1
    assert found["is_better_than_lot"] is False
    assert found["rule"]["is_beaten"] is False


@pytest.mark.slow
def test_rows_of_members_outside_the_seed_are_on_neither_side(
    table: Path, tmp_path: Path, seed: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    header, *lines = table.read_text().splitlines()
    again = [f"{line.rpartition(',')[0]}," for line in lines if line.endswith(",yes")]
    twice = tmp_path / "twice.csv"
    twice.write_text("\n".join([header, *lines, *again]) + "\n")
    out = tmp_path / "like.csv"
    found = _found(capsys, twice, "--out", str(out), "--folds", "2")
    assert found["rows_of_members_outside"] == len(again) == seed.sum()
    assert found["others"] == (~seed).sum()
    assert len(out.read_text().splitlines()) == 1 + (~seed).sum()


def test_people_read_what_is_known_and_what_is_not(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["lookalike", str(table), "--seed", "seed", "--id", "person", *_MODEL, "--folds", "2"]) == 0
    printed = capsys.readouterr()
    assert "gender protected from being chosen by; --keep it to learn from it" in printed.err
    assert "hidden among the others in turn" in printed.err
    assert "It may be none." in printed.err
    assert "labelled_share" in printed.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--seed", "sead"), "seed"),
        (("--seed", "gender", "--positive", "x"), "no row has the gender"),
        (("--seed", "stamp"), "--positive"),
        (("--seed", "seed", "--models", "logistics"), "logistic"),
        (("--seed", "person", "--positive", "t1"), "takes 20 people"),
    ],
)
def test_a_wrong_call_says_what_to_do(
    table: Path, arguments: Sequence[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["lookalike", str(table), *arguments]) in (2, 3, 4)
    assert said in capsys.readouterr().err
