"""A person's scores: what was scored is what is explained, it adds up, and nothing is said to be a cause."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.cli.main import run_command
from kohort.errors import MissingExtraError, UnknownNameError
from kohort.learning.features.table import FeatureTable
from kohort.learning.models.explanation.by_shap import shap_contributions
from kohort.learning.models.explanation.wording import READ_SO
from kohort.learning.models.plain import Kernel, Linear, Link, OddsSigmoid, Part, PlainModel
from kohort.learning.models.scoring import finished, margins, points_of, prepared, scores_of
from kohort.learning.wording import Bilingual
from kohort.pipeline.identified import who_is
from kohort.pipeline.learning.explained.drivers import asked_drivers, drivers_of
from kohort.pipeline.learning.explained.found import Driver, Drivers, Method
from kohort.pipeline.learning.explained.opened import OpenedModel, model_in_force, predictions_of
from kohort.pipeline.learning.explained.people import RunRead, others_of, read_of
from kohort.pipeline.learning.explained.wording import FeatureLabels, base_words, driver_words
from kohort.pipeline.learning.prediction_features import read_by
from kohort.pipeline.learning.prediction_features import read_of as read_of_one
from kohort.project import Project
from prediction_shop import CAUSES, ran_shop, segmented_shop
from small_shop import NOW, lines_in, order


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return ran_shop(tmp_path_factory.mktemp("scored"))


def _read(project: Project) -> RunRead:
    workspace = project._workspace()
    read = read_of(workspace, predictions_of(workspace)[0])
    assert read is not None
    return read


@pytest.mark.parametrize("person", [f"p{number}" for number in range(0, 260, 13)])
def test_the_base_and_what_goes_with_a_score_add_up_to_it(shop: Project, person: str) -> None:
    [score] = shop.person_scores(person)
    traits = {one.name: one.value for one in shop.traits(person)}
    assert (float(str(traits["lapse"])), traits["lapse_band"]) == (score.chance, score.band)
    drivers = score.drivers
    assert drivers is not None
    assert drivers.base_margin is not None
    assert drivers.base + sum(one.points for one in drivers.found) == pytest.approx(score.chance, abs=1e-6)
    margin = drivers.base_margin + sum(one.margin or 0 for one in drivers.found)
    (part,) = _read(shop).model.plain.parts
    assert finished(part, np.array([margin]))[0] == pytest.approx(score.chance, abs=1e-6)
    read = {name: value for one in drivers.found for name, value in zip(one.features, one.values, strict=True)}
    for name, value in read.items():
        held = traits.get(name)
        assert value is None if held is None else isinstance(value, str) or value == pytest.approx(float(str(held)))
    assert sorted(read) == sorted(_read(shop).model.plain.features)


def test_every_score_says_whose_model_it_is(shop: Project) -> None:
    [score] = shop.person_scores("p7")
    [model] = shop.models("lapse")
    assert (score.score, score.at, score.model, score.version) == ("lapse", NOW, 1, model.file.removesuffix(".json"))
    assert score.recorded
    assert shop.person_scores("p7", score="lapse") == [score]


def test_features_that_say_the_same_are_read_as_one(shop: Project) -> None:
    [score] = shop.person_scores("p7")
    assert score.drivers is not None
    groups = [set(one.features) for one in score.drivers.found]
    assert {"rfm_recency", "recency_days"} in groups
    sizes = [abs(one.points) for one in score.drivers.found]
    assert sizes == sorted(sizes, reverse=True)


def test_nobody_and_nothing_that_is_not_known(shop: Project) -> None:
    with pytest.raises(UnknownNameError, match='unknown person "eve"'):
        shop.person_scores("eve")
    with pytest.raises(UnknownNameError, match=r'unknown prediction "laps".*did you mean "lapse"'):
        shop.person_scores("p1", score="laps")


def test_what_was_scored_is_explained_though_history_came_late(tmp_path: Path) -> None:
    shop = ran_shop(tmp_path)
    [before] = shop.person_scores("p1")
    shop.ingest(lines_in(tmp_path)("late.jsonl", [order("p1", 900_000, days_ago=3, total=900)]))
    assert shop.person_scores("p1") == [before], "what the run read was kept"
    shutil.rmtree(shop.folder.mapped / "scored")
    [after] = Project(shop.folder.path, clock=shop.clock).person_scores("p1")
    assert (after.chance, after.band, after.at) == (before.chance, before.band, before.at)
    assert after.drivers is None
    assert after.untold is not None
    assert "no longer known" in after.untold.en
    [other] = shop.person_scores("p2")
    assert other.drivers is not None, "of whom nothing has changed"


def test_what_was_read_is_read_again_where_it_was_not_kept(tmp_path: Path) -> None:
    shop = ran_shop(tmp_path)
    before = [shop.person_scores(f"p{number}") for number in range(5)]
    shop.rebuild()
    again = Project(shop.folder.path, clock=shop.clock)
    assert [again.person_scores(f"p{number}") for number in range(5)] == before
    assert len(list((shop.folder.mapped / "scored").iterdir())) == 1


def test_what_was_read_stays_when_history_is_mapped_anew(tmp_path: Path) -> None:
    shop = ran_shop(tmp_path)
    shop.preview("did order_completed")
    [before] = shop.person_scores("p1")
    for days in (3, 2):
        shop.ingest(lines_in(tmp_path)(f"{days}.jsonl", [order("p1", 900_000 + days, days_ago=days, total=900)]))
        Project(shop.folder.path, clock=shop.clock).preview("did order_completed")
    assert len(list((shop.folder.mapped / "scored").iterdir())) == 1
    assert Project(shop.folder.path, clock=shop.clock).person_scores("p1") == [before]


def test_what_is_read_of_one_person_is_what_is_read_of_them_among_everybody(shop: Project) -> None:
    workspace, model = shop._workspace(), _read(shop).model
    definition = predictions_of(workspace)[0]
    everybody = read_by(workspace, definition, model.plain, NOW)
    for row in range(0, len(everybody.person_ids), 52):
        person = everybody.person_ids[row]
        one = read_of_one(workspace, definition, model.plain, who_is(workspace, person).actors, NOW)
        assert one.person_ids == (person,)
        np.testing.assert_array_equal(one.values[0], everybody.values[row])
        assert {name: one.text(name)[0] for name in one.texts} == {
            name: everybody.text(name)[row] for name in everybody.texts
        }


def test_a_score_computed_now_is_what_a_run_writes_once_an_event_has_come(tmp_path: Path) -> None:
    shop = ran_shop(tmp_path)
    [before] = shop.person_scores("p1")
    shop.ingest(lines_in(tmp_path)("new.jsonl", [order("p1", 900_001, days_ago=0.5, total=90)]))
    now = {person: shop.person_scores_now(person, NOW) for person in ("p1", "p2", "p3")}
    [one] = now["p1"]
    assert shop.person_scores("p1") == [before], "nothing was written"
    assert (one.recorded, one.at, one.model) == (False, NOW, 1)
    assert one.chance < before.chance - 0.05, "who has just bought is less likely to stop"
    assert one.drivers is not None
    assert one.drivers.base + sum(each.points for each in one.drivers.found) == pytest.approx(one.chance, abs=1e-6)
    list(shop.run(NOW))
    for person, [said] in now.items():
        [written] = shop.person_scores(person)
        assert said.chance == pytest.approx(written.chance, abs=1e-6)
        assert said.band == written.band


def test_nobody_is_scored_now_of_whom_a_prediction_does_not_ask(tmp_path: Path) -> None:
    shop = ran_shop(tmp_path)
    shop.ingest(lines_in(tmp_path)("seen.jsonl", [{**order("eve", 900_002), "event": "Page Viewed"}]))
    assert shop.person_scores_now("eve", NOW) == []


def test_a_model_that_does_not_say_whom_it_compares_with_is_told(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kohort.pipeline.learning.explained.people.is_explained", lambda _: False)
    [score] = shop.person_scores("p1")
    assert score.drivers is None
    assert score.untold is not None
    assert "train it again" in score.untold.en


def _texts(shop: Project) -> list[Bilingual]:
    labels, found = shop.feature_labels(), [READ_SO]
    for number in range(0, 260, 20):
        [score] = shop.person_scores(f"p{number}")
        assert score.drivers is not None
        found += [base_words(score.drivers), *(driver_words(one, labels) for one in score.drivers.found)]
    return found


def test_nothing_is_worded_as_a_cause_in_either_language(shop: Project) -> None:
    for words in _texts(shop):
        assert not CAUSES.search(words.en), words.en
        assert not CAUSES.search(words.fr), words.fr
    assert CAUSES.search("because of recency")
    assert CAUSES.search("parce que la récence")
    assert sum(" with " in words.en for words in _texts(shop)) > 50
    assert sum("de pair avec" in words.fr for words in _texts(shop)) > 50


@pytest.mark.parametrize(
    ("driver", "english", "french"),
    [
        (
            Driver(("recency_days",), (42.0,), 0.123, None),
            "days since the last order (42) goes with 12.3 points more.",
            "jours depuis la dernière commande (42) va de pair avec 12,3 points de plus.",
        ),
        (
            Driver(("city", "signup: days"), ("Lyon", None), -0.01, None),
            "city (Lyon), days since signup (unknown) (read as one) go with 1.0 points less.",
            "city (Lyon), jours depuis signup (inconnu) (lus ensemble) vont de pair avec 1,0 point de moins.",
        ),
        (
            Driver(("tags: sport",), (1.0,), 0.5, None),
            "tags: sport (1) goes with 50.0 points more.",
            "tags : sport (1) va de pair avec 50,0 points de plus.",
        ),
    ],
)
def test_sentences_that_a_marketer_reads(driver: Driver, english: str, french: str) -> None:
    words = driver_words(driver, FeatureLabels.of([]))
    assert (words.en, words.fr.replace("\u202f", " ")) == (english, french)


def _opened(model: PlainModel, alike: Sequence[tuple[str, ...]] = ()) -> OpenedModel:
    return OpenedModel("churn", 1, "0" * 64, model, tuple(alike))


NUMBERS = st.floats(-5, 5, allow_nan=False, width=32)


@given(st.lists(NUMBERS, min_size=3, max_size=3), st.lists(NUMBERS, min_size=6, max_size=6))
def test_contributions_add_up_whatever_the_model(person: list[float], numbers: list[float]) -> None:
    names = ("a", "b", "c")
    first, second = np.array(numbers[:3]), np.array(numbers[3:])
    curve = OddsSigmoid(0.7, 0.2, 1e-6)
    linear = PlainModel(names, (Part(Linear(first, 0.5, centre=second), Link.LOGIT, calibrator=curve),))
    kernel = PlainModel(
        names, (Part(Kernel(np.array([first, second]), np.array([1.0, -2.0]), 0.1, 0.3), Link.LOGIT, calibrator=curve),)
    )
    one = FeatureTable(("ann",), names, np.array([person]))
    others = FeatureTable(("bob", "cy"), names, np.array([first, second]))
    for model, method in ((linear, Method.EXACT), (kernel, Method.SAMPLED)):
        found = drivers_of(_opened(model, [("a", "c"), ("b",)]), one, points_of(model, one), lambda: others)
        assert (found.method, {one.features for one in found.found}) == (method, {("a", "c"), ("b",)})
        chance = scores_of(model, one)[0]
        assert found.base + sum(one.points for one in found.found) == pytest.approx(chance, abs=1e-5)
        if found.base_margin is not None:
            (part,) = model.parts
            margin = margins(part, prepared(part, points_of(model, one)))[0]
            assert found.base_margin + sum(one.margin or 0 for one in found.found) == pytest.approx(margin, abs=1e-9)


def test_others_are_drawn_evenly(shop: Project) -> None:
    people = _read(shop).people
    assert len(others_of(people).person_ids) == 200 < len(people)


def test_the_command_tells_a_person_s_scores(shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project = ("--project", str(shop.folder.path))
    run_command(["explain", "p1", *project])
    shown = capsys.readouterr().out
    [score] = shop.person_scores("p1")
    assert f"lapse: {100 * score.chance:.1f}\u202f%, band {score.band}, as of 2026-03-01T00:00:00+00:00" in shown
    assert "goes with" in shown
    assert READ_SO.en in shown
    run_command(["explain", "p1", "--score", "lapse", "--format", "json", *project])
    told = json.loads(capsys.readouterr().out)["scores"][0]
    assert (told["chance"], told["version"], told["at"]) == (score.chance, score.version, "2026-03-01T00:00:00+00:00")
    parts = [one["points"] for one in told["drivers"]["found"]]
    assert told["drivers"]["base"] + sum(parts) == pytest.approx(told["chance"], abs=1e-6)
    run_command(["explain", "p1", "--format", "csv", *project])
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(parts)
    run_command(["explain", "p1", "--at", "2025-01-01", *project])
    assert "No prediction has scored this person" in capsys.readouterr().out


def test_the_command_says_what_it_does_not_know(shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project = ("--project", str(shop.folder.path))
    assert run_command(["explain", "eve", *project]) == 3
    assert 'unknown segment or person "eve"' in capsys.readouterr().err
    assert run_command(["explain", "p1", "p1", "--score", "lapse", *project]) == 2


def test_the_command_speaks_french(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = ran_shop(tmp_path)
    settings = shop.folder.settings
    settings.write_text(settings.read_text() + "language: fr\n")
    run_command(["explain", "p1", "--project", str(shop.folder.path)])
    shown = capsys.readouterr().out
    assert "va de pair avec" in shown
    assert READ_SO.fr in shown
    assert not CAUSES.search(shown)


def test_the_model_in_force_is_the_one_of_the_registry(shop: Project) -> None:
    model = model_in_force(shop._workspace(), "lapse")
    assert model is not None
    assert model is _read(shop).model, "it is opened once"
    assert base_words(Drivers(Method.EXACT, 0.3, None, "log-odds", ())).en.startswith("The model begins at 30.0")


@pytest.fixture(scope="module")
def segmented(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return segmented_shop(tmp_path_factory.mktemp("segmented"))


def test_means_of_members_are_those_of_their_own_drivers(segmented: Project) -> None:
    [found] = segmented.segment_drivers("silent")
    members = segmented.members("silent").column("person_id").to_pylist()
    scores = [score for person in members for score in segmented.person_scores(person)]
    assert found.members == found.looked_at == len(scores)
    assert (found.score, found.at, found.model, found.everybody) == ("lapse", NOW, 1, 260)
    assert found.mean is not None
    assert found.mean.estimate == pytest.approx(np.mean([one.chance for one in scores]), abs=1e-9)
    assert found.base is not None
    assert found.base + sum(one.members.estimate for one in found.found) == pytest.approx(found.mean.estimate, abs=1e-6)
    for driver in found.found:
        mine = [one.points for score in scores if score.drivers for one in score.drivers.found
                if one.features == driver.features]  # fmt: skip
        assert len(mine) == len(scores)
        assert driver.members.estimate == pytest.approx(np.mean(mine), abs=1e-9)
        assert driver.members.low <= driver.members.estimate <= driver.members.high
    assert "recency_days" in found.found[0].features, "what they differ most by"
    assert found.found[0].members.low > found.found[0].everybody.high


def test_of_few_members_no_mean_is_told(segmented: Project) -> None:
    [found] = segmented.segment_drivers("one")
    assert found.few
    assert (found.mean, found.found) == (None, ())


def test_the_command_tells_what_goes_with_a_segment(segmented: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project = ("--project", str(segmented.folder.path))
    assert run_command(["explain", "--segment", "silent", *project]) == 0
    shown = capsys.readouterr().out
    assert "members have a mean chance of" in shown
    assert "goes with" in shown
    assert not CAUSES.search(shown)
    run_command(["explain", "--segment", "silent", "--format", "json", *project])
    [found] = segmented.segment_drivers("silent")
    rows = json.loads(capsys.readouterr().out)
    assert [one["members"] for one in rows] == [one.members.estimate for one in found.found]
    assert run_command(["explain", "--segment", "silent", "silent", *project]) == 2
    assert run_command(["explain", *project]) == 2
    assert run_command(["explain", "--segment", "silent", "--now", *project]) == 2
    assert run_command(["explain", "p1", "--now", "--method", "lime", *project]) == 2
    assert run_command(["explain", "--segment", "sylent", *project]) == 3


def test_lime_tells_how_good_it_is_and_does_not_add_up(shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    [exact], [near] = shop.person_scores("p1"), shop.person_scores("p1", method="lime")
    assert exact.drivers is not None
    assert near.drivers is not None
    assert near.drivers.method is Method.LIME
    assert near.drivers.fidelity is not None
    assert near.drivers.fidelity <= 1
    assert {one.features for one in near.drivers.found} == {one.features for one in exact.drivers.found}
    run_command(["explain", "p1", "--method", "lime", "--project", str(shop.folder.path)])
    shown = capsys.readouterr().out
    assert "exact, points" in shown
    assert f"LIME tells {100 * near.drivers.fidelity:.0f}\u202f% of how scores vary nearby" in shown


def test_lime_of_a_linear_number_is_that_line() -> None:
    model = PlainModel(("a", "b"), (Part(Linear(np.array([2.0, -1.0]), 0.0), Link.IDENTITY),))
    one = FeatureTable(("ann",), ("a", "b"), np.array([[3.0, 1.0]]))
    others = FeatureTable(("bob",), ("a", "b"), np.array([[1.0, 1.0]]))
    found = asked_drivers(Method.LIME, _opened(model), one, points_of(model, one), others)
    assert [(each.features, round(each.points, 3)) for each in found.found] == [(("a",), 4.0), (("b",), 0.0)]
    assert found.fidelity == pytest.approx(1)


@pytest.mark.slow
def test_shap_of_a_linear_model_is_its_weights_times_the_way_from_the_others() -> None:
    model = PlainModel(("a", "b"), (Part(Linear(np.array([2.0, -1.0]), 0.5), Link.IDENTITY),))
    others = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 5.0]])
    found = shap_contributions(model, np.array([[3.0, 4.0]]), others)
    assert found.brought[0] == pytest.approx([2 * (3 - 1), -1 * (4 - 2)])
    assert found.base == pytest.approx(0.5 + 2 * 1 - 2)


def test_shap_without_its_extra_says_what_to_install(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kohort.learning.models.explanation.by_shap.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"kohort\[explain\]"):
        shop.person_scores("p1", method="shap")
