"""What is measured of trainings, by score: they are in the state store, so sums never fall, whoever dies."""

from collections.abc import Iterable, Sequence

from kohort.clock import SECOND
from kohort.pipeline.learning.training.standing import TrainingStanding
from kohort.web.metrics import Family

Values = list[tuple[tuple[str, ...], float]]
"""Labels and values of one measurement."""


def training_families(standings: Sequence[TrainingStanding]) -> list[Family]:
    """Return what is measured of how the trainings of scores stand.

    >>> from kohort.pipeline.learning.training.records import TrainingState
    >>> one = TrainingStanding("lapse", {TrainingState.DONE: 2}, 0, None, 90 * SECOND, None)
    >>> [(family.name, family.values) for family in training_families([one])][:2]
    [('kohort_trainings_total', [(('lapse', 'done'), 2.0)]), ('kohort_trainings_waiting', [(('lapse',), 0)])]
    """
    ended: Values = [
        ((one.score, str(state)), float(number)) for one in standings for state, number in one.ended.items()
    ]
    return [
        Family(
            "kohort_trainings_total",
            "counter",
            "Trainings that ended: done, failed or interrupted.",
            ("score", "state"),
            ended,
        ),
        _gauge(
            "kohort_trainings_waiting",
            "Trainings that were asked for and have not begun.",
            ((one.score, one.waiting) for one in standings),
        ),
        _gauge(
            "kohort_training_began_timestamp_seconds",
            "When the training that is under way began; no value where none is.",
            ((one.score, _seconds(one.running_since)) for one in standings),
        ),
        _gauge(
            "kohort_training_lasted_seconds",
            "How long the newest training took of which a model came; no value where none did.",
            ((one.score, _seconds(one.lasted)) for one in standings),
        ),
        _gauge(
            "kohort_training_without_model",
            "1 where the newest training failed or was interrupted, and no model was trained since, else 0.",
            ((one.score, float(one.failed is not None)) for one in standings),
        ),
    ]


def _gauge(name: str, words: str, values: Iterable[tuple[str, float | None]]) -> Family:
    return Family(name, "gauge", words, ("score",), [((score,), value) for score, value in values if value is not None])


def _seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / SECOND
