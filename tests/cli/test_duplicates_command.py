import csv
import io
import json
from pathlib import Path

import pytest

from kohort.cli.main import run_command

PEOPLE = """\
client,prénom,nom,né le,adresse,code postal,ville
C1,Thibault,Lefèvre,1980-05-14,12 rue Pasteur,69003,Lyon
=C2,Thibaud,LEFEBVRE,14/05/1980,12 rue Pasteur,69003,Lyon
C3,Jean-Pierre,Rivoire,1955-03-21,"=cmd|' /C calc'!A0",44300,Nantes
C4,Rivoire,Jean Pierre,1955-03-21,,44300,Nantes
C5,Léonie,Hautecloque,2001-02-03,5 rue du Bac,75007,Paris
C6,Barnabé,Hautecloque,2001-02-03,5 rue du Bac,75007,Paris
"""


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE, encoding="utf-8")
    return path


def test_clusters_are_written_and_what_was_guessed_is_told(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "clusters.csv"
    assert run_command(["duplicates", str(table), "--id", "client", "--out", str(out), "--format", "json"]) == 0
    printed = capsys.readouterr()
    [row] = json.loads(printed.out)
    assert (row["records"], row["people"], row["largest"], row["threshold"]) == (6, 4, 2, 0.9)
    assert {one["column"]: one["kind"] for one in row["fields"]}["né le"] == "birth"
    assert '"né le" is birth, by its name' in printed.err
    found = {one["id"]: one for one in rows(out)}
    assert found["'=C2"]["cluster"] == found["C1"]["cluster"] == "C1"
    assert found["C4"]["cluster"] == "C3"
    assert (found["C5"]["cluster"], found["C6"]["cluster"]) == ("C5", "C6")
    assert found["C5"]["confidence"] == ""


@pytest.mark.slow
def test_a_review_list_holds_no_formula_and_comes_back_as_labels(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    review = tmp_path / "review.csv"
    call = ["duplicates", str(table), "--id", "client", "--seed", "1"]
    assert run_command([*call, "--review", str(review)]) == 0
    with review.open(encoding="utf-8", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    listed = rows(review)
    assert any(one["why"].startswith("family?") for one in listed)
    for one in listed:
        one["decision"] = "0" if one["why"].startswith("family?") else "1"
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(listed[0]))
    writer.writeheader()
    writer.writerows(listed)
    # As OpenRefine writes it: other columns in front, other line ends.
    review.write_text(text.getvalue(), encoding="utf-8", newline="")
    capsys.readouterr()
    assert run_command([*call, "--labels", str(review), "--format", "json"]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert row["why"] == f"the best F1 on {len(listed)} labelled pairs"
    assert row["people"] == 4


def test_labels_and_a_threshold_are_one_too_many(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["duplicates", str(table), "--labels", str(table), "--threshold", "0.5"]) == 2
    assert "not both" in capsys.readouterr().err


def test_families_are_joined_if_told(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["duplicates", str(table), "--id", "client", "--families-joined", "--threshold", "0.5", "--format", "json"]
    assert run_command(call) == 0
    assert json.loads(capsys.readouterr().out)[0]["people"] == 3
