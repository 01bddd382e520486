"""What matters for a project's goals: known at the split alone, kept as it was found, and the same after a rebuild."""

import json
import shutil
from pathlib import Path

import pytest

from importance_shop import PEOPLE, importance_shop
from kohort.cli.main import run_command
from kohort.clock import DAY
from kohort.errors import DefinitionError, UnknownNameError, UsageError
from kohort.learning.importance.results import Fault, Priority
from kohort.pipeline.learning.goals import ImportanceDocument
from kohort.project import Project
from small_shop import NOW, tables_of


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return importance_shop(tmp_path_factory.mktemp("importance")).folder.path


@pytest.fixture(scope="module")
def studied(filled: Path) -> tuple[Project, ImportanceDocument]:
    project = Project(filled)
    return project, project.study_importance("order_completed", NOW)


def test_what_matters_is_found_of_what_was_known_at_the_split(studied: tuple[Project, ImportanceDocument]) -> None:
    _, found = studied
    study = found.study
    priorities = {one.name: one.priority for one in study.variables}
    assert found.split == NOW - 30 * DAY
    assert study.people == PEOPLE
    assert not study.is_silent
    assert priorities["card"] is Priority.STRATEGIC
    assert priorities["colour"] is Priority.ASIDE
    assert {"orders", "likes: tea", "since: days"} <= priorities.keys()
    assert {one.name: one.fault for one in study.left_out} == {
        "first_name": Fault.PERSONAL,
        "company": Fault.IDENTIFYING,
        "country": Fault.CONSTANT,
        "trend": Fault.CONSTANT,
        "thanked": Fault.UNKNOWN,
    }


def test_scores_are_computed_as_of_the_split_and_not_taken_from_a_later_run(filled: Path, tmp_path: Path) -> None:
    copy = Project(shutil.copytree(filled, tmp_path / "shop"))
    before = copy.study_importance("revenue", NOW).study
    list(copy.run(NOW))
    assert copy.study_importance("revenue", NOW).study == before


def test_a_study_is_kept_and_rebuilt(studied: tuple[Project, ImportanceDocument]) -> None:
    project, found = studied
    assert project.importance() == project.importance("order_completed") == found
    before = tables_of(project)
    project.rebuild()
    assert tables_of(project) == before
    assert project.importance() == found


def test_goals_are_those_of_the_outcome_and_revenue(studied: tuple[Project, ImportanceDocument]) -> None:
    project, _ = studied
    assert list(project.goals()) == ["order_completed", "tour_taken", "revenue"]
    with pytest.raises(UnknownNameError, match='did you mean "revenue"'):
        project.importance("revenues")
    with pytest.raises(UnknownNameError, match="tour_taken"):
        project.study_importance("tour_taken", NOW)
    with pytest.raises(UsageError, match="cannot be told"):
        project.study_importance("order_completed", NOW - 150 * DAY)


def test_a_project_without_a_goal_says_how_to_declare_one(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop")
    with pytest.raises(DefinitionError, match="outcome:"):
        project.importance()


def test_the_command_shows_what_was_found(
    studied: tuple[Project, ImportanceDocument], capsys: pytest.CaptureFixture[str]
) -> None:
    project, found = studied
    where = ["--project", str(project.folder.path), "--kept"]
    assert run_command(["importance", "order_completed", *where, "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [one["variable"] for one in shown] == [one.name for one in found.study.variables]
    assert run_command(["importance", *where, "--variable", "card", "--format", "json"]) == 0
    [card] = json.loads(capsys.readouterr().out)
    assert {cell["value"]: cell["people"] for cell in card["cells"]}.keys() == {"no", "yes"}
    assert {step["at"]: step["moves"] > 0 for step in card["moves"]} == {"no": False, "yes": True}
    assert run_command(["importance", *where, "--variable", "car"]) == 3
    assert 'did you mean "card"' in capsys.readouterr().err


def test_the_report_shows_what_was_found(studied: tuple[Project, ImportanceDocument]) -> None:
    project, _ = studied
    list(project.run(NOW))
    page = project.report().read_text()
    assert "importance-1-" in page
    assert "All variables together tell" in page
    assert "first_name</span> (says who somebody is)" in page
