"""`kohort clv`: a table of purchases in, everything that is known of its people's worth out."""

import csv
import json
from io import StringIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdnow_data import CDNOW, needs_cdnow
from kohort.cli.main import run_command
from kohort.testing.cdnow import read_cdnow

_COLUMNS = ("--person", "who", "--time", "day", "--amount", "paid")


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    read = read_cdnow(CDNOW)
    path = tmp_path_factory.mktemp("cdnow") / "cdnow.csv"
    lines = [f"{who},{day},{paid}" for who, day, paid in zip(read.people, read.days, read.amounts, strict=True)]
    path.write_text("\n".join(["who,day,paid", *lines]) + "\n")
    return path


def _told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run_command(["clv", *arguments]) == 0
    return capsys.readouterr().out


@needs_cdnow
def test_published_results_come_out_of_the_plain_file(cdnow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--until", "1997-09-30", "--model", "bg_nbd", "--format", "json")
    found = json.loads(_told(capsys, str(cdnow), *_COLUMNS, *asked))
    fitted = found["model"]["parameters"]
    assert [fitted[name]["estimate"] for name in ("r", "alpha", "a", "b")] == pytest.approx(
        [0.243, 4.414, 0.793, 2.426], abs=0.0006
    )
    assert all(one["low"] < one["estimate"] < one["high"] for one in fitted.values())
    values = found["value_model"]["parameters"]
    assert [values[name]["estimate"] for name in ("p", "q", "v")] == pytest.approx([6.25, 3.74, 15.44], abs=0.006)
    # What comes after the last day to learn from is held out.
    held = found["holdout"]
    assert (held["from"], held["weeks"], held["purchases"]) == ("1997-10-01", 39, 1882)
    assert held["models"][0]["purchases"] == pytest.approx(1653.4, rel=0.005)
    assert (found["people"], found["repeaters"], found["repeat_purchases"]) == (2357, 946, 2457)
    assert len(found["customers"]) == 2357
    first = found["customers"][0]
    assert first["person"] == "0001"
    for one in found["customers"]:
        assert 0 <= one["expected_purchases"] < 200
        assert one["expected_value"] > 0
        assert one["clv_low"] <= one["clv_high"]
    # Who reads parameters must know whose they are: those of default priors differ (T25).
    assert (found["model"]["estimator"], found["model"]["intervals"]) == (
        "maximum likelihood",
        "profile likelihood, 95 %",
    )
    assert first["clv_low"] <= first["clv"] <= first["clv_high"]


@needs_cdnow
@pytest.mark.slow
def test_parquet_says_the_same_as_csv(cdnow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read = read_cdnow(CDNOW)
    table = pa.table({"who": read.people, "day": pa.array(read.days), "paid": read.amounts})
    pq.write_table(table, tmp_path / "cdnow.parquet")
    asked = (*_COLUMNS, "--horizon", "182 days", "--model", "mbg_nbd", "--format", "csv")
    from_csv = _told(capsys, str(cdnow), *asked)
    assert _told(capsys, str(tmp_path / "cdnow.parquet"), *asked) == from_csv
    rows = list(csv.DictReader(StringIO(from_csv)))
    assert len(rows) == 2357
    assert {row["decile"] for row in rows} == {str(one) for one in range(1, 11)}


@needs_cdnow
def test_rows_that_cannot_be_read_are_told_with_their_place(
    cdnow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "some.csv"
    path.write_text(cdnow.read_text() + "x,soon,5\n,1997-05-01,5\ny,1997-05-01,much\nz,1997-05-01,-3\n")
    assert run_command(["clv", str(path), *_COLUMNS, "--model", "bg_nbd", "--format", "json"]) == 0
    told = capsys.readouterr()
    assert "left out, line 6921: day is no time" in told.err
    assert "left out, line 6922: who is empty" in told.err
    assert "left out, line 6923: paid is no amount" in told.err
    found = json.loads(told.out)
    assert (found["rows"], found["left_out"], found["returns"], found["people"]) == (6923, 3, 1, 2357)


def test_days_are_those_of_the_time_zone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["who,day,paid"]
    for place in range(60):
        # In New York both are of the fourth of May, in UTC the second is of the fifth.
        lines += [f"p{place},2026-05-04T20:00:00Z,5", f"p{place},2026-05-05T02:00:00Z,5"]
        days = [f"2026-{6 + week // 4:02}-{1 + week % 4 * 7:02}" for week in range(place % 9)]
        lines += [f"p{place},{day},{4 + place % 5}" for day in days]
    path = tmp_path / "times.csv"
    path.write_text("\n".join(lines) + "\n")
    asked = (*_COLUMNS, "--model", "bg_nbd", "--format", "json", "--horizon", "30 days", "--time-zone")
    here, there = (json.loads(_told(capsys, str(path), *asked, zone)) for zone in ("UTC", "America/New_York"))
    assert (here["same_day"], there["same_day"]) == (0, 60)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--person", "whom", "--time", "day", "--amount", "paid"), 2, 'no column "whom"'),
        ((*_COLUMNS, "--model", "magic"), 2, 'no model "magic"'),
        ((*_COLUMNS, "--until", "yesterday"), 2, "is no day such as"),
        ((*_COLUMNS, "--until", "1990-01-01"), 2, "nobody had bought yet"),
        ((*_COLUMNS, "--horizon", "long"), 2, "--horizon"),
        (_COLUMNS, 2, "a value needs 20 of them"),
        ((*_COLUMNS, "--model", "supervised", "--posterior"), 2, "of supervised no posterior is sampled"),
    ],
)
def test_what_is_asked_wrongly_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, said: str
) -> None:
    path = tmp_path / "few.csv"
    path.write_text("who,day,paid\na,2026-01-01,5\na,2026-02-01,6\nb,2026-02-01,7\n")
    assert run_command(["clv", str(path), *arguments]) == code
    assert said in capsys.readouterr().err.replace("\n", " ")
