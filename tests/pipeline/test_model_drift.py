"""The model in force watched month by month on real tables: as ever, drifted, seasonal; what a run then proposes."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster_shop import SCORE
from kohort.cli.main import run_command
from kohort.clock import DAY, Moment
from kohort.errors import UsageError
from kohort.project import Project
from kohort.testing.clock import SettableClock
from segment_shop import written
from small_shop import NOW, order

MONTH = 30 * DAY
PEOPLE = 120
FEATURES = SCORE.replace("[orders, basket_value, recency_days]", "[basket_value, recency_days]")
Spent = Callable[[int, float], float]
"""What somebody, by number, spends so many days ago."""


def usual(who: int, days_ago: float) -> float:
    return 100 if who % 2 else 10


def dearer(who: int, days_ago: float) -> float:
    """Everything costs three times as much in the last two months."""
    return usual(who, days_ago) * (3 if days_ago < 62 else 1)


def monthly(folder: Path, spent: Spent, *, months: int, retrain: str, learnt: int) -> Project:
    """Make a shop where everybody orders each month, and whose clusters learnt `learnt` days before it ends."""
    chance = random.Random(11)  # noqa: S311 - no secret
    lines: list[object] = []
    for who in range(PEOPLE):
        for month in range(months):
            days = month * 30 + chance.uniform(0, 29)
            total = spent(who, days) * chance.uniform(0.6, 1.4)
            lines.append(order(f"p{who}", len(lines), days_ago=days, total=total))
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    for file in (folder / "shop" / "segments").iterdir():
        file.unlink()
    project.ingest(written(folder, "orders.jsonl", lines))
    then = NOW - learnt * DAY
    list(project.run(then))
    (folder / "shop" / "scores" / "clusters.yaml").write_text(FEATURES + retrain)
    project.discover(then)
    return project


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    retrain = "    retrain: {on_drift: true, season: 0, months: 4}\n"
    return monthly(tmp_path_factory.mktemp("changed"), dearer, months=12, retrain=retrain, learnt=70)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Project:
    retrain = "    retrain: {on_drift: true, season: 0, months: 4}\n"
    return monthly(tmp_path_factory.mktemp("quiet"), usual, months=12, retrain=retrain, learnt=70)


def last_step(project: Project, at: Moment) -> tuple[str, str]:
    found = next(one for one in project.run(at) if one.step == "model persona")
    return found.state, found.detail


def test_a_month_as_ever_is_quiet_and_proposes_nothing(quiet: Project) -> None:
    look = quiet.drift("persona")
    assert look.month == "2026-02"
    assert look.people == PEOPLE
    assert look.found == ()
    assert not look.proposes
    assert {one.feature for one in look.features} == {"basket_value", "recency_days", "persona"}
    assert [one.is_score for one in look.features if one.feature == "persona"] == [True]
    state, detail = last_step(quiet, NOW)
    assert (state, detail) == ("skipped", look.words.en)
    assert [one.state.value for one in quiet.models()] == ["live"]
    assert "looked at already" in last_step(quiet, NOW)[1], "a month is looked at once"


def test_drift_is_found_recorded_and_proposed_as_a_candidate_and_nothing_more(changed: Project) -> None:
    look = changed.drift("persona")
    assert "basket_value" in look.found
    assert look.against == ("2025-08", "2025-09", "2025-10", "2025-11")
    worst = next(one for one in look.features if one.feature == "basket_value")
    assert worst.index > 0.025
    assert worst.p_value is not None
    assert worst.p_value <= 0.001
    assert worst.moved is not None
    assert worst.moved > 0.05
    state, detail = last_step(changed, NOW)
    assert state == "done"
    assert "persona 2 waits" in detail
    assert [one.state.value for one in changed.models()] == ["live", "candidate"]
    entry = changed.models()[1].entry
    assert entry is not None
    assert entry.cause == "drift"
    assert entry.why is not None
    assert "basket_value" in entry.why.fr
    [alert] = changed.status().models
    assert (alert.candidate, alert.drifted) == (2, look.found)


def test_the_look_and_the_alert_are_read_from_the_command_line(
    changed: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(changed.folder.path)
    run_command(["models", "drift", "persona", "--project", folder, "--at", "2026-03-01", "--format", "json"])
    said = json.loads(capsys.readouterr().out)
    assert "basket_value" in said["found"]
    assert said["features"][0]["psi"] >= said["features"][-1]["psi"]
    run_command(["models", "drift", "persona", "--project", folder, "--at", "2026-03-01"])
    assert "no longer as in" in capsys.readouterr().out


def test_before_a_month_has_ended_since_nothing_is_told(quiet: Project) -> None:
    with pytest.raises(UsageError, match="no month has ended since persona 1 learnt"):
        quiet.drift("persona", at=NOW - 69 * DAY)


@pytest.mark.slow
def test_a_season_is_told_from_drift_only_where_a_year_before_is_known(tmp_path: Path) -> None:
    """December is dear every year: beside the months before it is drift, beside the December before it is not."""

    def december(who: int, days_ago: float) -> float:
        return usual(who, days_ago) * (2 if days_ago % 365 < 70 else 1)

    retrain = "    retrain: {on_drift: true, months: 4}\n"
    for name in ("young", "grown"):
        (tmp_path / name).mkdir()
    young = monthly(tmp_path / "young", december, months=9, retrain=retrain, learnt=80)
    look = young.drift("persona")
    assert not look.is_seasonal
    assert "basket_value" in look.found
    assert not look.proposes
    assert "may be the season" in look.words.en
    assert last_step(young, NOW)[0] == "skipped"
    grown = monthly(tmp_path / "grown", december, months=22, retrain=retrain, learnt=80)
    again = grown.drift("persona")
    assert again.is_seasonal
    assert again.against == ("2025-02",)
    assert not again.proposes
