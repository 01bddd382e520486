"""What somebody's texts say together."""

from hypothesis import given
from hypothesis import strategies as st

from kohort.definitions.texts import Sentiment
from kohort.learning.texts.model import Reading
from kohort.learning.texts.summary import summary_of

LABELS = st.lists(st.sampled_from(["price", "service", "store"]), unique=True, max_size=3).map(tuple)
READINGS = st.lists(
    st.builds(
        Reading,
        st.sampled_from(["fr", "en", ""]),
        st.sampled_from([None, *Sentiment]),
        st.just(0.7),
        LABELS,
        LABELS,
    ).filter(lambda one: bool(one.language) or (one.sentiment is None and not one.themes + one.interests)),
    max_size=8,
)


@given(READINGS)
def test_counts_and_means_are_those_of_the_clear_texts(readings: list[Reading]) -> None:
    found, clear = summary_of(readings), [one.sentiment for one in readings if one.sentiment]
    assert found.texts == len([one for one in readings if one.language])
    assert (found.sentiment is None) == (found.newest is None) == (not clear)
    if clear:
        worth = [{"negative": -1, "neutral": 0, "positive": 1}[one] for one in clear]
        assert found.sentiment == sum(worth) / len(worth)
        assert found.negative_share == worth.count(-1) / len(worth)
        assert found.newest == clear[-1]


@given(READINGS)
def test_labels_come_once_the_most_frequent_first(readings: list[Reading]) -> None:
    counts = [sum(label in one.themes for one in readings) for label in summary_of(readings).themes]
    assert counts == sorted(counts, reverse=True)
    assert set(summary_of(readings).interests) == {label for one in readings for label in one.interests}


def test_of_equally_frequent_themes_that_of_the_newest_text_is_first() -> None:
    old, new = (Reading("en", None, 0.4, (theme,)) for theme in ("price", "store"))
    assert summary_of([old, new]).themes == ("store", "price")
