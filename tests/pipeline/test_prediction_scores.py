"""A prediction declared in a project: learnt from its past alone, judged on its newest stretch, written as traits."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from kohort.clock import DAY
from kohort.definitions.prediction import PredictionDefinition, Target
from kohort.learning.prediction.labels import reached_labels
from kohort.pipeline.learning.known import known_at
from kohort.pipeline.learning.prediction import predict
from kohort.pipeline.learning.prediction_examples import past_examples
from kohort.pipeline.workspace import Workspace
from kohort.project import Project
from prediction_shop import days_before, prediction_shop, ran_shop
from small_shop import NOW


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return ran_shop(tmp_path_factory.mktemp("prediction"))


def _workspace(project: Project) -> Workspace:
    return project._workspace()


def _lapse(workspace: Workspace) -> PredictionDefinition:
    return next(one for one in workspace.scores if isinstance(one, PredictionDefinition))


def test_chances_and_bands_are_traits_and_the_study_is_kept(shop: Project) -> None:
    workspace = _workspace(shop)
    document = shop.prediction("lapse")
    assert document is not None
    assert (document.score, document.target, document.within) == ("lapse", "lapse", 60 * DAY)
    assert document.cut_offs == tuple(days_before(days) for days in (240, 180, 120, 60))
    assert document.scored == sum(document.in_bands)
    study = document.study
    assert study.folds == "in_time"
    assert study.measures.auc.low > 0.5
    assert study.rule.name == "recency_days"
    assert study.cost is not None
    known = known_at(workspace, NOW, [])
    assert "lapse" not in known.columns  # a prediction is no feature of the next one
    kinds = workspace.catalog({}).traits
    assert (kinds["lapse"], kinds["lapse_band"]) == ("number", "text")
    assert document.dates is not None
    covered = document.dates.covered
    assert covered is None or covered.low < 0.85 < covered.high + 0.1
    assert kinds["lapse_next"] == "moment"
    assert shop.preview("lapse >= 0.8").size == document.in_bands[2]
    assert shop.preview('lapse_band = "high"').size == document.in_bands[2]


def test_features_at_a_cut_off_are_those_of_a_world_that_ended_there(shop: Project, tmp_path: Path) -> None:
    workspace = _workspace(shop)
    definition = _lapse(workspace)
    full = past_examples(workspace, definition, NOW)
    cut_off = full.cut_offs[-1]
    ended = _workspace(prediction_shop(tmp_path, until=cut_off))
    then = past_examples(ended, definition, cut_off).today
    rows = np.flatnonzero(full.examples.times == cut_off)
    now = full.examples.take(rows).table
    assert now.names == then.names
    assert len(rows) == len(then.person_ids) > 100
    assert sorted(map(tuple, np.nan_to_num(now.values, nan=-1).tolist())) == sorted(
        map(tuple, np.nan_to_num(then.values, nan=-1).tolist())
    )
    assert {name: sorted(map(str, told)) for name, told in now.texts.items()} == {
        name: sorted(map(str, told)) for name, told in then.texts.items()
    }


def test_the_judged_stretch_is_later_than_every_label_that_was_learnt(shop: Project) -> None:
    workspace = _workspace(shop)
    definition = _lapse(workspace)
    past = past_examples(workspace, definition, NOW)
    found = predict(workspace, definition, NOW)
    assert not isinstance(found, str)
    assert past.examples.times is not None
    held = np.flatnonzero(past.examples.times == past.cut_offs[-1])
    assert found.document.study.measures.n == len(held)
    assert past.cut_offs[-2] + definition.within <= past.cut_offs[-1]
    # Twice the same to the last digit: this and what the run kept.
    assert found.document == shop.prediction("lapse")


def test_too_short_a_past_says_what_it_waits_for(tmp_path: Path) -> None:
    project = prediction_shop(tmp_path, until=days_before(690))
    outcomes = {one.step: one.detail for one in project.run(days_before(600))}
    assert "too little of the past" in outcomes["score lapse"]


def test_right_censored_people_are_left_out_and_the_rate_comes_out_right() -> None:
    # People come all the time and buy again at a constant hazard; who does not within 90 days has lapsed.
    random = np.random.default_rng(0)
    people, horizon, until = 20_000, 90 * DAY, 200 * DAY
    entered = (random.uniform(0, 200, people) * DAY).astype(np.int64)
    bought = entered + (random.exponential(60, people) * DAY).astype(np.int64)
    seen = np.flatnonzero(bought <= until)
    names = [str(one) for one in range(people)]
    labels = reached_labels(
        dict(zip(names, entered.tolist(), strict=True)), [names[one] for one in seen], bought[seen].tolist(),
        horizon=horizon, until=until,
    )  # fmt: skip
    truth = np.exp(-90 / 60)
    naive = 1 - float(((bought <= until) & (bought <= entered + horizon)).mean())
    ours = 1 - np.mean(list(labels.values()))
    assert naive - truth > 0.10
    assert abs(ours - truth) < 0.01
    late = {one for one, moment in zip(names, entered.tolist(), strict=True) if moment + horizon > until}
    assert not late & set(labels)


def test_those_who_already_did_it_are_left_out_too_if_their_time_is_not_over() -> None:
    assert reached_labels({"ann": 9}, ["ann"], [10], horizon=5, until=12) == {}


@pytest.mark.parametrize("target", [Target.BUYS, Target.REACTS])
def test_buying_is_the_opposite_of_lapsing_for_the_same_people(shop: Project, target: Target) -> None:
    workspace = _workspace(shop)
    lapse = _lapse(workspace)
    other = PredictionDefinition("other", target, lapse.event, lapse.within, among=lapse.event)
    stops, acts = (past_examples(workspace, one, NOW).examples.reached for one in (lapse, other))
    assert (stops != acts).all()


def test_a_segment_can_be_made_of_a_chance(shop: Project) -> None:
    sizes: Mapping[str, int] = {one: shop.preview(one).size for one in ("lapse >= 0.5", "lapse < 0.5")}
    document = shop.prediction("lapse")
    assert document is not None
    assert sum(sizes.values()) == document.scored
