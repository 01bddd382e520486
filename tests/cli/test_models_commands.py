"""`kohort models`: listing, cards, plans, putting in force and going back from the command line."""

import json
from pathlib import Path

import pytest

from kohort.cli.main import run_command
from kohort.project import Project
from model_shop import with_candidate


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return with_candidate(tmp_path_factory.mktemp("commands"))


def said(capsys: pytest.CaptureFixture[str], shop: Project, *words: str) -> str:
    run_command(["models", *words, "--project", str(shop.folder.path)])
    return capsys.readouterr().out


def test_models_are_listed_with_their_state(shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(said(capsys, shop, "list", "--format", "json"))
    assert [(one["score"], one["model"], one["state"], one["cause"]) for one in rows] == [
        ("persona", 1, "live", "by hand"),
        ("persona", 2, "candidate", "schedule"),
    ]
    assert [len(one["digest"]) for one in rows] == [64, 64]
    assert said(capsys, shop, "list", "persona", "--format", "csv").count("\n") == 3


def test_a_card_is_shown_in_a_language_and_whole_as_json(shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert "## À ne pas utiliser pour" in said(capsys, shop, "show", "persona", "--language", "fr")
    whole = json.loads(said(capsys, shop, "show", "persona", "--model", "2", "--format", "json"))
    assert whole["why"]["en"] == "It learns anew every day."
    assert whole["seed"] == 1
    assert whole["figures"]["stability of persona-1"]["low"] <= 1
    assert whole["card"]["en"].startswith("# Clusters: persona")


@pytest.mark.slow
def test_a_plan_is_shown_and_the_model_put_in_force_and_back(
    shop: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    plan = json.loads(said(capsys, shop, "plan", "persona", "--format", "json"))
    assert plan["cause"] == "promote"
    assert {one["segment"] for one in plan["changes"]} == {"first", "second", "grouped"}
    shown = said(capsys, shop, "promote", "persona", "--at", "2026-03-03", "--yes")
    assert "model persona 2, in place of persona 1: scores 90 people" in shown
    assert "3 segments ask for its scores, 1 do not" in shown
    assert "to go back: kohort models rollback persona" in shown
    assert "candidate" not in said(capsys, shop, "list")
    assert "model persona 1, in place of persona 2" in said(
        capsys, shop, "rollback", "persona", "--at", "2026-03-03", "--yes"
    )


def test_a_candidate_that_waits_is_told_by_the_status(shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    shop.discover("2026-03-04")
    list(shop.run("2026-03-06"))
    run_command(["status", "--project", str(shop.folder.path)])
    assert "candidate 4 waits: kohort models plan persona" in capsys.readouterr().out


def test_in_an_empty_project_it_is_said_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Project.create(tmp_path / "empty")
    run_command(["models", "list", "--project", str(tmp_path / "empty")])
    assert "kohort discover" in capsys.readouterr().err
