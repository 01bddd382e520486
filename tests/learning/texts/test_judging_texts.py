"""Macro-F1 is what its definition says, and a bootstrap interval holds its estimate."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.learning.texts.judging import Labels, macro_f1, macro_f1_difference, macro_f1_interval

PAIRS = st.integers(1, 30).flatmap(
    lambda texts: st.tuples(
        *[st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=texts, max_size=texts) for _ in range(2)]
    )
)


def slow(truth: list[list[bool]], read: list[list[bool]]) -> float:
    scores = []
    for label in range(3):
        pairs = [(one[label], other[label]) for one, other in zip(truth, read, strict=True)]
        hits, wrong, missed = pairs.count((True, True)), pairs.count((False, True)), pairs.count((True, False))
        if hits + wrong + missed:
            scores.append(2 * hits / (2 * hits + wrong + missed))
    return sum(scores) / len(scores) if scores else 0.0


@given(PAIRS)
@settings(max_examples=50, deadline=None)
def test_macro_f1_is_the_mean_of_what_each_label_gets(pair: tuple[list[list[bool]], list[list[bool]]]) -> None:
    truth, read = pair
    assert abs(macro_f1(np.array(truth), np.array(read)) - slow(truth, read)) < 1e-12


def noisy(truth: Labels, share: float, seed: int) -> Labels:
    random = np.random.default_rng(seed)
    return np.where(random.random(truth.shape) < share, ~truth, truth)


def test_an_interval_holds_its_estimate_and_a_better_reader_is_better() -> None:
    truth = np.random.default_rng(0).random((200, 3)) < 0.4
    good, bad = noisy(truth, 0.1, 1), noisy(truth, 0.3, 2)
    found = macro_f1_interval(truth, good)
    assert found.low < found.estimate == macro_f1(truth, good) < found.high
    assert macro_f1_difference(truth, good, bad).low > 0
    same = macro_f1_difference(truth, good, good)
    assert (same.low, same.estimate, same.high) == (0.0, 0.0, 0.0)
