"""Trainings that were asked for: one a score at a time, told honestly whoever dies, and worked on in their order."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.errors import CheckError, UnknownNameError
from kohort.governance.audit import Audit
from kohort.pipeline.learning.training.records import ENDED, INTERRUPTED, Stage, Training, Trainings, TrainingState
from kohort.storage.folder import ProjectFolder
from kohort.storage.lock import write_lock
from kohort.storage.state import State
from kohort.testing.clock import SettableClock
from small_shop import NOW


@pytest.fixture
def folder(tmp_path: Path) -> ProjectFolder:
    return ProjectFolder(tmp_path)


@pytest.fixture
def trainings(folder: ProjectFolder) -> Trainings:
    return Trainings(folder, SettableClock(NOW))


def training(score: str = "lapse") -> Training:
    return Training(0, score, "prediction", NOW, "", 100, "ada", "api", 0)


def states(trainings: Trainings) -> list[tuple[int, str, str]]:
    return [(one.training_id, one.score, str(one.state)) for one in reversed(trainings.list())]


def test_one_training_of_a_score_at_a_time_and_those_of_others_wait_in_order(
    trainings: Trainings, folder: ProjectFolder
) -> None:
    first, other = trainings.ask(training()), trainings.ask(training("buys"))
    with pytest.raises(CheckError, match=r'a model of "lapse" is being trained already \(training 1\)'):
        trainings.ask(training())
    with write_lock(folder.training):
        begun = trainings.begin_next()
        assert begun is not None
        assert (begun.training_id, begun.state, begun.stage) == (first.training_id, "running", "reading")
        with pytest.raises(CheckError, match="already"):
            trainings.ask(training())
        trainings.tell(first.training_id, Stage.LEARNING, 2, 5)
        found = trainings.find(first.training_id)
        assert (found.stage, found.done, found.whole) == ("learning", 2, 5)
        trainings.end(begun, TrainingState.DONE, model=3)
    assert states(trainings) == [(1, "lapse", "done"), (2, "buys", "waiting")]
    assert trainings.find(first.training_id).model == 3
    assert trainings.ask(training()).training_id == 3
    assert [one.training_id for one in trainings.list("lapse")] == [3, 1]
    next_one = trainings.begin_next()
    assert next_one is not None
    assert next_one.training_id == other.training_id
    with pytest.raises(UnknownNameError, match='unknown training "9"'):
        trainings.find(9)


def test_what_nobody_works_on_any_more_is_interrupted_whether_it_was_noted_or_not(
    trainings: Trainings, folder: ProjectFolder
) -> None:
    asked = trainings.ask(training())
    with write_lock(folder.training):
        trainings.begin_next()
        assert trainings.find(asked.training_id).state is TrainingState.RUNNING
    # The lock is gone with the process that held it.
    found = trainings.find(asked.training_id)
    assert (found.state, found.reason, found.stage) == ("interrupted", INTERRUPTED, "")
    again = trainings.ask(training())
    with write_lock(folder.training):
        trainings.settle(lambda _: None)
        assert states(trainings) == [(1, "lapse", "interrupted"), (2, "lapse", "waiting")]
        assert trainings.find(asked.training_id).ended_at == NOW
        begun = trainings.begin_next()
        assert begun is not None
        assert begun.training_id == again.training_id


def test_a_model_that_was_recorded_before_its_process_died_is_done(trainings: Trainings, folder: ProjectFolder) -> None:
    asked = trainings.ask(training())
    with write_lock(folder.training):
        trainings.begin_next()
        trainings.tell(asked.training_id, Stage.KEEPING, digest="abc")
    with write_lock(folder.training):
        trainings.settle(lambda one: 7 if one.digest == "abc" else None)
    found = trainings.find(asked.training_id)
    assert (found.state, found.model, found.reason) == ("done", 7, "")


def test_the_process_for_it_is_wanted_while_anything_is_open(trainings: Trainings, folder: ProjectFolder) -> None:
    trainings.wake()
    assert not folder.training_asked.exists(), "nothing was asked for"
    trainings.ask(training())
    assert folder.training_asked.exists()
    trainings.rest()
    assert not folder.training_asked.exists()
    Trainings(folder, SettableClock(NOW)).wake()
    assert folder.training_asked.exists(), "a server that begins finds what waits"


def test_the_audit_says_who_asked_and_what_came_of_it(trainings: Trainings, folder: ProjectFolder) -> None:
    trainings.ask(training())
    begun = trainings.begin_next()
    assert begun is not None
    trainings.end(begun, TrainingState.FAILED, reason="too few")
    trainings.ask(training())
    trainings.begin_next()
    trainings.settle(lambda _: None)
    told = [
        (one.actor, one.door, one.action, one.object, one.detail)
        for one in Audit(State(folder.state), SettableClock(NOW)).list()
    ]
    assert told == [
        ("server", "server", "training interrupted", "lapse", "training 2"),
        ("ada", "api", "training asked", "lapse", "training 2"),
        ("ada", "api", "training failed", "lapse", "training 1"),
        ("ada", "api", "training asked", "lapse", "training 1"),
    ]


STEPS = st.lists(st.sampled_from(["ask a", "ask b", "begin", "end", "die"]), max_size=12)


@settings(max_examples=25)
@given(steps=STEPS)
def test_never_are_two_of_a_score_open_whatever_happens(
    steps: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = ProjectFolder(tmp_path_factory.mktemp("law"))
    trainings = Trainings(folder, SettableClock(NOW))
    held = write_lock(folder.training)
    held.__enter__()
    expected: list[list[str]] = []
    running: Training | None = None
    ended: dict[tuple[str, TrainingState], int] = {}
    for step in steps:
        if step.startswith("ask"):
            score = step[-1]
            if any(one[0] == score and one[1] in {"waiting", "running"} for one in expected):
                with pytest.raises(CheckError):
                    trainings.ask(training(score))
            else:
                trainings.ask(training(score))
                expected.append([score, "waiting"])
        elif step == "begin" and running is None:
            running = trainings.begin_next()
            waiting = [one for one in expected if one[1] == "waiting"]
            assert (running is None) == (not waiting)
            if waiting:
                waiting[0][1] = "running"
        elif step == "end" and running is not None:
            trainings.end(running, TrainingState.DONE, model=1)
            next(one for one in expected if one[1] == "running")[1] = "done"
            running = None
        elif step == "die":
            # Its lock goes, and another takes up the work.
            held.__exit__(None, None, None)
            for one in expected:
                one[1] = "interrupted" if one[1] == "running" else one[1]
            assert [[score, state] for _, score, state in states(trainings)] == expected
            held = write_lock(folder.training)
            held.__enter__()
            trainings.settle(lambda _: None)
            running = None
        assert [[score, state] for _, score, state in states(trainings)] == expected
        counts = trainings.counts()
        assert counts == Counter((score, TrainingState(state)) for score, state in expected)
        assert all(counts[one] >= number for one, number in ended.items()), "what has ended is counted for ever"
        ended = {one: number for one, number in counts.items() if one[1] in ENDED}
        assert trainings.newest() == {one.score: one for one in reversed(trainings.list())}
    held.__exit__(None, None, None)
