"""A prediction in the registry: kept as plain numbers that the project signed, with its figures and card."""

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from kohort.cli.main import run_command
from kohort.clock import DAY
from kohort.definitions.prediction import PredictionDefinition
from kohort.errors import CorruptionError
from kohort.learning.drift.matured import performance_of
from kohort.learning.models.document import model_of
from kohort.learning.models.scoring import scores_of
from kohort.pipeline.facts import traits_at
from kohort.pipeline.learning import signed
from kohort.pipeline.learning.prediction import said_of_everybody
from kohort.pipeline.learning.prediction_documents import PredictionDocument
from kohort.pipeline.learning.prediction_examples import past_examples
from kohort.pipeline.learning.prediction_features import read_by
from kohort.pipeline.learning.registry.entries import State, content_of
from kohort.pipeline.learning.retraining.prediction_kind import PredictionKind
from kohort.pipeline.learning.signed import opened, project_key
from kohort.pipeline.workspace import Workspace
from kohort.project import Project
from kohort.storage import views
from prediction_shop import SCORES, prediction_shop, ran_shop
from small_shop import NOW

FAMILIES = "models: [random_forest]"


@pytest.fixture(scope="module", params=["models: [logistic]", pytest.param(FAMILIES, marks=pytest.mark.slow)])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    scores = SCORES.replace("models: [logistic]", request.param)
    return ran_shop(tmp_path_factory.mktemp("registered"), scores)


def test_a_run_that_learns_is_kept_with_its_figures_and_card(shop: Project) -> None:
    [model] = shop.models("lapse")
    document = shop.prediction("lapse")
    assert document is not None
    assert (model.state, model.at) == (State.LIVE, NOW)
    entry = model.entry
    assert entry is not None
    assert (entry.kind, entry.seed, entry.people) == ("prediction", 0, document.study.people)
    assert entry.parameters["event"] == "order_completed"
    figures = {one.name: one.value for one in entry.figures}
    assert figures["auc"] == document.study.measures.auc
    assert figures["brier"] == document.study.measures.brier
    assert "does not do order_completed within 60 days" in entry.card.text("en")
    assert "ne fasse pas order_completed dans les 60 jours" in entry.card.text("fr")


def test_what_is_kept_says_of_everybody_what_was_written(shop: Project) -> None:
    workspace = shop._workspace()
    definition = _lapse(workspace)
    [kept] = shop.models("lapse")
    model = opened(workspace, content_of(workspace, kept), PredictionDocument).model
    today = past_examples(workspace, definition, NOW).today
    catalog = workspace.catalog({})
    with workspace.views(catalog) as views:
        table = traits_at(views, [("lapse", catalog.traits["lapse"])], at=NOW)
    written = dict(zip(table.column("person_id").to_pylist(), table.column("lapse").to_pylist(), strict=True))
    expected = np.array([written[person] for person in today.person_ids])
    # Chances are written in millionths.
    assert np.abs(scores_of(model, today) * 1_000_000 - expected).max() <= 1


def test_who_signs_with_another_key_cannot_put_a_model_in_its_place(shop: Project, tmp_path: Path) -> None:
    workspace = shop._workspace()
    [kept] = shop.models("lapse")
    content = content_of(workspace, kept)
    elsewhere = Project.create(tmp_path / "other")._workspace()
    assert project_key(elsewhere) != project_key(workspace) == project_key(shop._workspace())
    with pytest.raises(CorruptionError, match="did not sign it"):
        opened(elsewhere, content, PredictionDocument)


def test_the_model_reads_of_people_what_it_learnt_from(shop: Project) -> None:
    workspace = shop._workspace()
    [kept] = shop.models("lapse")
    model = opened(workspace, content_of(workspace, kept), PredictionDocument).model
    today = past_examples(workspace, _lapse(workspace), NOW).today
    read = read_by(workspace, _lapse(workspace), model, NOW)
    assert read.person_ids == today.person_ids
    for name in read.names:
        np.testing.assert_array_equal(read.column(name), today.column(name))
    assert {name: read.text(name) for name in read.texts} == {name: today.text(name) for name in read.texts}


def test_what_features_bring_and_how_far_the_first_go_are_kept_with_intervals(shop: Project) -> None:
    workspace = shop._workspace()
    [kept] = shop.models("lapse")
    found = opened(workspace, content_of(workspace, kept), PredictionDocument)
    weights = found.found.weights
    assert sorted(name for one in weights for name in one.group) == sorted(found.model.features)
    sizes = [one.brought.estimate for one in weights]
    assert sizes == sorted(sizes, reverse=True)
    assert 0 < weights[0].brought.low < weights[0].brought.estimate < weights[0].brought.high < 1
    # What says the same is read as one: the days since the last order, and the score of recency that is cut from them.
    assert any(len(one.group) > 1 for one in weights)
    lift, study = found.found.study.lift, found.found.study
    assert [one.share for one in lift] == [place / 10 for place in range(1, 11)]
    assert lift[1].lift.estimate == study.measures.lift.estimate
    captured = [one.capture.estimate for one in lift]
    assert captured == sorted(captured)
    assert (lift[-1].capture.estimate, lift[-1].lift.estimate) == (1, 1)


@pytest.mark.slow
def test_later_runs_ask_the_model_in_force_and_a_plan_puts_another_there(tmp_path: Path) -> None:
    project = prediction_shop(tmp_path)
    list(project.run(NOW - 60 * DAY))
    first = project.models("lapse")
    later = {one.step: one for one in project.run(NOW)}["score lapse"]
    assert later.detail.endswith("people by lapse 1")
    assert [one.seq for one in project.models("lapse")] == [one.seq for one in first]
    now, then = (project.person_scores("p1", at)[0] for at in (None, NOW - 30 * DAY))
    assert [(one.at, one.model, one.untold) for one in (now, then)] == [(NOW, 1, None), (NOW - 60 * DAY, 1, None)]
    assert project.person_scores("p1", NOW - 61 * DAY) == []
    workspace = project._workspace()
    kept = opened(workspace, content_of(workspace, first[0]), PredictionDocument)
    table, _ = said_of_everybody(workspace, _lapse(workspace), kept, NOW)
    catalog = workspace.catalog({})
    with workspace.views(catalog) as views:
        written = traits_at(views, [("lapse", catalog.traits["lapse"])], at=NOW)
    held = dict(zip(written.column("person_id").to_pylist(), written.column("lapse").to_pylist(), strict=True))
    said = dict(zip(table.column("person_id").to_pylist(), table.column("lapse").to_pylist(), strict=True))
    assert {person: held[person] for person in said} == said

    scores = project.folder.path / "scores/scores.yaml"
    scores.write_text(SCORES.replace("costs: [5, 1]", "costs: [5, 1]\n    retrain: {every: 30 days}"))
    again = {one.step: one for one in Project(project.folder.path, clock=project.clock).run(NOW)}
    assert "lapse 2 waits" in again["model lapse"].detail
    states = [one.state for one in project.models("lapse")]
    assert states == [State.LIVE, State.CANDIDATE]


@pytest.mark.slow
def test_another_thing_to_learn_is_learnt_at_once(tmp_path: Path) -> None:
    project = ran_shop(tmp_path)
    scores = project.folder.path / "scores/scores.yaml"
    scores.write_text(SCORES.replace("within: 60 days", "within: 90 days"))
    opened = Project(project.folder.path, clock=project.clock)
    list(opened.run(NOW))
    assert [one.state for one in opened.models("lapse")] == [State.RETIRED, State.LIVE]
    [score] = opened.person_scores("p1")
    assert (score.model, score.untold) == (2, None)
    found = opened.prediction("lapse")
    assert found is not None
    assert found.within == 90 * DAY


@pytest.mark.slow
def test_chances_are_judged_when_the_time_of_people_is_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = prediction_shop(tmp_path, SCORES.replace("dates: true", "retrain: {months: 3, season: 0}"))
    workspace = project._workspace()
    early = NOW - 180 * DAY
    list(project.run(early))
    content = content_of(workspace, project.models("lapse")[0])
    asked = PredictionKind(_lapse(workspace)).opened(workspace, content)
    cut_off = early + 30 * DAY
    assert asked.foretold(cut_off, cut_off + 59 * DAY, lambda: pytest.fail("nothing can be said yet")) is None
    told = asked.foretold(cut_off, cut_off + 60 * DAY, lambda: asked.features(cut_off))
    assert told is not None
    orders = past_examples(workspace, replace(_lapse(workspace), cut_offs=2), cut_off + 60 * DAY)
    assert orders.cut_offs[-1] == cut_off
    last = orders.examples.times == cut_off
    np.testing.assert_array_equal(told.reached, orders.examples.reached[last])
    assert performance_of(told).auc.low > 0.5  # type: ignore[union-attr]

    verifying = Mock(wraps=model_of)
    monkeypatch.setattr(signed, "model_of", verifying)
    opening = Mock(wraps=views.open_views)
    monkeypatch.setattr(views, "open_views", opening)
    look = project.drift("lapse", NOW)
    assert verifying.call_count == 1, "the model is opened once, and asked about every month"
    assert opening.call_count == 1, "the history is read once for all months"
    with monkeypatch.context() as patched:
        patched.setattr(Workspace, "read_once", lambda self, _until: nullcontext(self))
        assert project.drift("lapse", NOW) == look, "as where each month reads it anew"
    assert opening.call_count > 20
    assert look.judged is not None
    assert look.judged.month < look.month
    assert [one.month for one in look.judged_months] == ["2025-09", "2025-10", "2025-11"]
    assert {one.measure for one in look.losses} == {"calibration", "auc"}
    project_is = ("--project", str(project.folder.path))
    run_command(["models", "drift", "lapse", "--at", "2026-03-01", "--format", "json", *project_is])
    told = json.loads(capsys.readouterr().out)["judged"]
    assert (told["month"], told["people"]) == (look.judged.month, look.judged.found.people)
    assert told["observed_over_foretold"]["low"] < told["observed_over_foretold"]["high"]

    run_command(["models", "train", "lapse", "--at", "2026-03-01", *project_is])
    assert "lapse 2 waits" in capsys.readouterr().out
    assert [one.state for one in project.models("lapse")] == [State.LIVE, State.CANDIDATE]


def _lapse(workspace: Workspace) -> PredictionDefinition:
    return next(one for one in workspace.scores if isinstance(one, PredictionDefinition))
