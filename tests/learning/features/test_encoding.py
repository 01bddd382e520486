import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import OneHotEncoder

from kohort.definitions.preparation import Encoding, EncodingDefinition, PreparationDefinition, Scaling
from kohort.errors import UsageError
from kohort.learning.features.encoding import OTHER, LevelCodes, OneHot, fit_encoding
from kohort.learning.features.preparation import Preparation, fit_preparation
from kohort.learning.features.scaling import DroppedColumn
from kohort.learning.features.table import FeatureTable, Texts

TIERS = ("bronze", "silver", "gold")


def table_of(numbers: np.ndarray, **texts: Texts) -> FeatureTable:
    names = tuple(f"x{place}" for place in range(numbers.shape[1]))
    return FeatureTable(tuple(map(str, range(len(numbers)))), names, numbers, texts)


@given(st.lists(st.sampled_from(["fr", "be", "ch", None]), min_size=10, max_size=80))
def test_one_hot_columns_are_those_of_scikit_learn_centred_with_the_variance_of_one_feature(
    texts: list[str | None],
) -> None:
    encoding = fit_encoding("country", tuple(texts), EncodingDefinition())
    if isinstance(encoding, OneHot):
        known = [text for text in texts if text is not None]
        oracle = OneHotEncoder(sparse_output=False).fit_transform(np.array(known)[:, None])
        encoded = encoding.apply(tuple(texts))
        rows = [place for place, text in enumerate(texts) if text is not None]
        assert np.allclose(encoded[rows] * encoding.spread, oracle - oracle.mean(axis=0))
        assert np.allclose(encoded.mean(axis=0), 0)
        assert np.isclose(encoded.var(axis=0).sum(), 1)


def test_a_random_text_of_fifty_levels_does_not_change_the_clusters() -> None:
    random = np.random.default_rng(5)
    groups = np.repeat([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]], 400, axis=0)
    numbers = groups + random.normal(size=groups.shape)
    places = tuple(f"shop {number}" for number in random.integers(0, 50, len(numbers)))
    table = table_of(numbers, shop=places)
    without, alone = table_of(numbers), OneHotEncoder(sparse_output=False).fit_transform(np.array(places)[:, None])
    naive = np.column_stack([fit_preparation(without).apply(without), alone / alone.std(axis=0)])

    def clusters(points: np.ndarray) -> np.ndarray:
        return np.asarray(KMeans(3, n_init=10, random_state=0).fit_predict(points))

    before = clusters(fit_preparation(without).apply(without))
    prepared = fit_preparation(table).apply(table)
    assert prepared.shape == (1_200, 52)
    assert adjusted_rand_score(before, clusters(prepared)) > 0.9
    assert adjusted_rand_score(before, clusters(naive)) < 0.5, "one-hot columns as they are do change them"


def test_rare_levels_are_joined_and_take_whatever_was_never_seen() -> None:
    encoding = fit_encoding("town", ("paris",) * 600 + ("lyon",) * 398 + ("metz", "brest"), EncodingDefinition())
    assert isinstance(encoding, OneHot)
    assert encoding.levels == (OTHER, "lyon", "paris")
    metz, unseen, missing = encoding.apply(("metz", "nowhere", None))
    assert metz.tolist() == unseen.tolist()
    assert missing.tolist() == [0.0, 0.0, 0.0]


def test_an_ordinal_text_is_scaled_as_the_places_of_its_levels() -> None:
    texts = ("bronze", "gold", None, "silver")
    table = table_of(np.arange(4.0)[:, None], tier=texts)
    options = PreparationDefinition(Scaling.MIN_MAX, encodings={"tier": EncodingDefinition(Encoding.ORDINAL, TIERS)})
    preparation = fit_preparation(table, options)
    assert preparation.names == ("x0", "tier")
    assert preparation.apply(table)[:, 1].tolist() == [0.0, 1.0, 0.5, 0.5]
    later = table_of(np.zeros((2, 1)), tier=("platinum", "gold"))
    assert preparation.apply(later)[:, 1].tolist() == [0.5, 1.0]


def test_a_level_outside_the_declared_order_is_refused() -> None:
    with pytest.raises(UsageError, match='has the level "platinum", which its declared order'):
        fit_encoding("tier", ("gold", "platinum"), EncodingDefinition(Encoding.ORDINAL, TIERS))


def test_a_text_may_be_the_share_of_people_who_have_its_level() -> None:
    encoding = fit_encoding("town", ("paris", "paris", "paris", "lyon", None), EncodingDefinition(Encoding.FREQUENCY))
    assert isinstance(encoding, LevelCodes)
    assert encoding.apply(("paris", "lyon", "metz", None)).tolist()[:3] == [0.75, 0.25, 0.0]


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ((None, None), "empty"),
        (("fr", None, "fr"), "constant"),
        (tuple(f"{number}@example.org" for number in range(40)), "identifier"),
        (tuple(f"{number % 30}" for number in range(40)), "identifier"),
    ],
)
def test_a_text_that_cannot_serve_is_left_out_with_the_reason(texts: Texts, reason: str) -> None:
    table = table_of(np.arange(float(len(texts)))[:, None], who=texts)
    assert fit_preparation(table).dropped[-1] == DroppedColumn("who", reason)


def test_a_preparation_of_numbers_and_texts_survives_json() -> None:
    texts = ("bronze", "gold", "silver", "gold") * 5
    table = table_of(np.random.default_rng(1).normal(size=(20, 2)), tier=texts, shop=texts, town=texts)
    encodings = {
        "tier": EncodingDefinition(Encoding.ORDINAL, TIERS),
        "town": EncodingDefinition(Encoding.FREQUENCY),
    }
    preparation = fit_preparation(table, PreparationDefinition(encodings=encodings))
    assert preparation.features == ("x0", "x1", "tier", "town", "shop")
    again = Preparation.from_json(preparation.to_json())
    assert again == preparation
    assert (again.apply(table) == preparation.apply(table)).all()
