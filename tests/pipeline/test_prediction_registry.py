"""A prediction in the registry: kept as plain numbers that the project signed, with its figures and card."""

from pathlib import Path

import numpy as np
import pytest

from kohort.definitions.prediction import PredictionDefinition
from kohort.errors import CorruptionError
from kohort.learning.models.document import model_of
from kohort.learning.models.scoring import scores_of
from kohort.pipeline.facts import traits_at
from kohort.pipeline.prediction import latest_prediction
from kohort.pipeline.prediction_examples import past_examples
from kohort.pipeline.prediction_models import signing_key
from kohort.pipeline.registry.entries import State, content_of
from kohort.project import Project
from prediction_shop import SCORES, prediction_shop
from small_shop import NOW

FAMILIES = "models: [random_forest]"


@pytest.fixture(scope="module", params=["models: [logistic]", FAMILIES])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    scores = SCORES.replace("models: [logistic]", request.param)
    project = prediction_shop(tmp_path_factory.mktemp("registered"), scores)
    list(project.run(NOW))
    return project


def test_a_run_that_learns_is_kept_with_its_figures_and_card(shop: Project) -> None:
    [model] = shop.models("lapse")
    document = latest_prediction(shop._workspace(), "lapse")
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
    definition = next(one for one in workspace.scores if isinstance(one, PredictionDefinition))
    [kept] = shop.models("lapse")
    model = model_of(content_of(workspace, kept), [signing_key(workspace)])
    today = past_examples(workspace, definition, NOW).today
    catalog = workspace.catalog({})
    with workspace.views(catalog) as views:
        table = traits_at(views, [("lapse", catalog.traits["lapse"])], at=NOW)
    written = dict(zip(table.column("person_id").to_pylist(), table.column("lapse").to_pylist(), strict=True))
    expected = np.array([written[person] for person in today.person_ids])
    # Chances are written in millionths.
    assert np.abs(scores_of(model, today) * 1_000_000 - expected).max() <= 1


def test_who_has_another_key_cannot_put_a_model_in_its_place(shop: Project, tmp_path: Path) -> None:
    workspace = shop._workspace()
    [kept] = shop.models("lapse")
    with pytest.raises(CorruptionError, match="did not sign it"):
        model_of(content_of(workspace, kept), [bytes(32)])
    assert signing_key(workspace) == signing_key(shop._workspace())
