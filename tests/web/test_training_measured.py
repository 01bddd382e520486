"""Who operates a project sees trainings: in `/metrics`, on the command line, by `kohort status` and on Home."""

import json
from collections.abc import Callable

import msgspec
import pytest
from studio_desk import plain, studio

from kohort.cli.main import run_command
from kohort.clock import MINUTE, SECOND
from kohort.pipeline.learning.training.records import Training, TrainingState
from kohort.project import Project
from kohort.storage.journal import Journal
from kohort.storage.lock import write_lock
from kohort.storage.records import ModelTrained
from kohort.testing.clock import SettableClock
from kohort.web.measurements import EngineMeasurements
from kohort.web.metrics import Family
from small_shop import NOW

SCORES = """scores:
  - {kind: prediction, name: lapse, target: lapse, event: order_completed, within: 60 days}
  - {kind: prediction, name: soon, target: buys, event: order_completed, within: 30 days}
"""
Values = dict[tuple[str, ...], float]
Said = Callable[..., tuple[str, str]]


@pytest.fixture
def shop(shop: Project) -> Project:
    for path in shop.folder.path.glob("scores/*.yaml"):
        path.unlink()
    (shop.folder.path / "scores/scores.yaml").write_text(SCORES)
    return shop


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], shop: Project) -> Said:
    def run(*words: str, code: int = 0) -> tuple[str, str]:
        found = run_command([*words, "--project", str(shop.folder.path)])
        out, err = capsys.readouterr()
        assert found == code, out + err
        return out, err

    return run


def ask(shop: Project, score: str, rows: int = 100) -> Training:
    return shop.trainings.ask(Training(0, score, "prediction", NOW, "", rows, "Ada", "studio", 0))


def begin(shop: Project) -> Training:
    begun = shop.trainings.begin_next()
    assert begun is not None
    return begun


def measured(shop: Project) -> dict[str, Values]:
    engine = EngineMeasurements(
        shop.folder.measurements, shop.clock, shop.freshness, shop.untaken, trainings=shop.training_standings
    )
    shop.folder.measurements.parent.mkdir(exist_ok=True)  # an engine has its lock there
    engine.publish()
    families = msgspec.json.decode(shop.folder.measurements.read_bytes(), type=list[Family])
    return {one.name: dict(one.values) for one in families if one.name.startswith("kohort_training")}


def test_what_ended_and_how_what_waits_and_what_runs_is_measured_by_score(shop: Project, clock: SettableClock) -> None:
    assert set(map(len, measured(shop).values())) == {0}, "nothing was asked for"
    ask(shop, "lapse")
    ask(shop, "soon")
    with write_lock(shop.folder.training):
        begun = begin(shop)
        found = measured(shop)
        assert found["kohort_training_began_timestamp_seconds"] == {("lapse",): NOW / SECOND}
        assert found["kohort_trainings_waiting"] == {("lapse",): 0, ("soon",): 1}
        assert set(found["kohort_trainings_total"].values()) == {0}
        assert found["kohort_training_lasted_seconds"] == {}
        clock.advance(2 * MINUTE)
        shop.trainings.end(begun, TrainingState.DONE, model=1)
        shop.trainings.end(begin(shop), TrainingState.FAILED, reason="too few")
        ask(shop, "lapse")
        begin(shop)
    found = measured(shop)
    assert found["kohort_training_began_timestamp_seconds"] == {}, "whoever worked on it has died"
    assert found["kohort_training_without_model"] == {("lapse",): 1, ("soon",): 1}
    with write_lock(shop.folder.training):
        shop.trainings.settle(lambda _: None)
    found = measured(shop)
    assert {one: number for one, number in found["kohort_trainings_total"].items() if number} == {
        ("lapse", "done"): 1,
        ("lapse", "interrupted"): 1,
        ("soon", "failed"): 1,
    }
    assert found["kohort_training_lasted_seconds"] == {("lapse",): 120}
    (shop.folder.path / "scores/scores.yaml").write_text(SCORES.replace("name: soon", "name: later"))
    assert measured(shop)["kohort_training_without_model"] == {("lapse",): 1}, "labels are scores that are declared"


def test_a_training_of_which_nothing_came_needs_somebody_until_a_model_has_learnt(
    shop: Project, clock: SettableClock, said: Said
) -> None:
    reason = "too few examples to learn from: 20 people of each answer are needed; there are 3 and 1"
    ask(shop, "lapse")
    with write_lock(shop.folder.training):
        begun = begin(shop)
        assert "training of lapse runs since 2026-03-01" in " ".join(said("status")[0].split())
        shop.trainings.end(begun, TrainingState.FAILED, reason=reason)
    assert f"failed: {reason}" in " ".join(said("status")[0].split())
    (concern,) = [one for one in shop.today().concerns if one.kind == "training"]
    assert (concern.subjects, concern.detail) == (("lapse",), reason)
    with studio(shop) as desk:
        english, french = (desk.get("/", language).text for language in ("en", "fr"))
    assert f"Nothing came of training lapse {reason}" in plain(english)
    assert 'href="/models/lapse/training"' in english
    assert "L’entraînement de lapse n’a rien donné trop peu d’exemples" in plain(french)
    ask(shop, "lapse")
    assert all(one.kind != "training" for one in shop.today().concerns), "somebody has asked again"
    with write_lock(shop.folder.training):
        shop.trainings.end(begin(shop), TrainingState.FAILED, reason=reason)
    clock.advance(MINUTE)
    trained = ModelTrained("lapse", NOW, "none.json", "", live=False)
    Journal(shop.folder.journal).append("trained", [msgspec.json.encode(trained)], recorded_at=clock.now())
    shop.keep_up()
    assert all(one.kind != "training" for one in shop.today().concerns), "a model was trained by hand"
    assert measured(shop)["kohort_training_without_model"] == {("lapse",): 0}


def test_trainings_are_listed_with_who_asked_and_why_nothing_came(shop: Project, said: Said) -> None:
    assert "kohort models train SCORE" in said("models", "trainings")[1]
    ask(shop, "lapse")
    with write_lock(shop.folder.training):
        shop.trainings.end(begin(shop), TrainingState.DONE, model=4)
        ask(shop, "soon", rows=7)
        shop.trainings.end(begin(shop), TrainingState.FAILED, reason="=too few")
    ask(shop, "lapse")
    rows = json.loads(said("models", "trainings", "--format", "json")[0])
    assert [(one["training"], one["score"], one["state"], one["model"], one["reason"]) for one in rows] == [
        (3, "lapse", "waiting", None, ""),
        (2, "soon", "failed", None, "=too few"),
        (1, "lapse", "done", 4, ""),
    ]
    assert rows[1] == {
        "training": 2, "score": "soon", "state": "failed", "by": "Ada", "door": "studio", "data": rows[0]["asked"],
        "asked": rows[0]["asked"], "began": rows[0]["asked"], "ended": rows[0]["asked"], "rows": 7, "model": None,
        "reason": "=too few",
    }  # fmt: skip
    assert (rows[0]["began"], rows[0]["ended"]) == (None, None)
    assert [one["training"] for one in json.loads(said("models", "trainings", "lapse", "--format", "json")[0])] == [
        3,
        1,
    ]
    assert "'=too few" in said("models", "trainings", "soon", "--format", "csv")[0]
    assert said("models", "trainings", "--rows", "1", "--format", "csv")[0].count("\n") == 2
    assert "unknown score" in said("models", "trainings", "laps", code=3)[1]
