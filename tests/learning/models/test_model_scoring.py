"""Plain models score as the libraries that trained them do, to the last bit where these are sums of trees."""

import json
import math
import warnings

import numpy as np
import pytest
from fitted_models import ALL, FILLED_TREES, NAMES, TAKE_MISSING, TREES, boosted_by_xgboost, fitted, people
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures
from sklearn.svm import SVC

from kohort.errors import UsageError
from kohort.learning.features.preparation import fit_preparation
from kohort.learning.features.table import FeatureTable
from kohort.learning.models.conversion.convert import plain_model
from kohort.learning.models.plain import Isotonic, Kernel, Linear, Link, OddsSigmoid, Part, PlainModel, calibrated_by
from kohort.learning.models.scoring import margins, prepared, score_of, scores, scores_of
from kohort.learning.models.trees import Trees, moved


def thresholds_of(model: PlainModel) -> list[float]:
    return [cut for part in model.parts if isinstance(part.core, Trees) for cut in part.core.threshold.tolist()]


def asked(data: st.DataObject, model: PlainModel) -> np.ndarray:
    """Draw people: values of training, thresholds and their neighbours, and what is missing where that is taken."""
    edges = np.array([one for one in thresholds_of(model) if abs(one) < 1e30] or [0.0])
    near = np.concatenate([edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf)])
    value = st.floats(-4, 4) | st.integers(-40, 40).map(lambda tenth: tenth / 10)
    value |= st.sampled_from(near.tolist())
    value |= st.just(np.nan) if model.missing else st.nothing()
    rows = st.lists(st.tuples(*[value] * len(NAMES)), min_size=1, max_size=12)
    return np.array(data.draw(rows))


@pytest.mark.parametrize("name", [*TREES, *FILLED_TREES])
@given(data=st.data())
def test_trees_score_as_their_library_to_the_last_bit(name: str, data: st.DataObject) -> None:
    model = plain_model(fitted(name), NAMES)
    values = asked(data, model)
    assert scores(model, values).tolist() == probabilities(name, values).tolist()


@pytest.mark.parametrize("name", ALL)
@given(data=st.data())
def test_every_model_scores_as_its_library(name: str, data: st.DataObject) -> None:
    model = plain_model(fitted(name), NAMES)
    assert model.missing == (name in {*TAKE_MISSING, "lightgbm without missing"})
    values = asked(data, model)
    assert np.abs(scores(model, values) - probabilities(name, values)).max() <= 1e-12


def probabilities(name: str, values: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        # LightGBM learns from arrays by names that it makes up itself, and misses them afterwards.
        warnings.simplefilter("ignore", UserWarning)
        found: np.ndarray = fitted(name).predict_proba(values)[:, 1]
    return found


@given(data=st.data())
def test_the_margins_of_xgboost_are_its_own_in_32_bits(data: st.DataObject) -> None:
    model = plain_model(boosted_by_xgboost(), NAMES)
    values = asked(data, model)
    (part,) = model.parts
    expected = boosted_by_xgboost().predict(values, output_margin=True)
    assert margins(part, prepared(part, values)).tolist() == expected.astype(np.float64).tolist()
    # It makes probabilities in 32 bits too; ours have all 64.
    assert scores(model, values) == pytest.approx(boosted_by_xgboost().predict_proba(values)[:, 1], abs=2e-7)


@given(st.floats(-3e38, 3e38) | st.floats(-1e-44, 1e-44) | st.floats(-2, 2), st.booleans(), st.data())
def test_a_moved_threshold_decides_as_rounding_to_32_bits_does(cut: float, strict: bool, data: st.DataObject) -> None:
    narrow = np.float32(cut)
    (found,) = moved(np.array([cut]), strict=strict).tolist()
    beside = [np.nextafter(narrow, np.float32(side)) for side in (-np.inf, np.inf)]
    near = [found, float(narrow), *map(float, beside), *((float(narrow) + float(one)) / 2 for one in beside), cut]
    near += [math.nextafter(one, side) for one in near for side in (-math.inf, math.inf)]
    for x in (*near, data.draw(st.floats(-3e38, 3e38))):
        rounded = np.float32(x)
        assert (x <= found) == bool(rounded < narrow if strict else float(rounded) <= cut), x


def test_one_person_alone_gets_what_the_crowd_gets() -> None:
    values, _ = people(40, seed=3)
    filled = np.nan_to_num(values)
    for name in ALL:
        model = plain_model(fitted(name), NAMES)
        rows = values if name in TAKE_MISSING else filled
        together = scores(model, np.tile(rows, (30, 1)))[-len(rows) :]
        alone = [score_of(model, dict(zip(NAMES, row, strict=True))) for row in rows.tolist()]
        assert alone == together.tolist(), name


def test_numbers_in_their_unit_are_scored_too() -> None:
    values, _ = people()
    filled, amounts = np.nan_to_num(values), np.exp(np.nan_to_num(values)[:, 0])
    for estimator in (
        Ridge(),
        RandomForestRegressor(5, random_state=0),
        GradientBoostingRegressor(n_estimators=5),
        HistGradientBoostingRegressor(loss="quantile", quantile=0.9, max_iter=5),
        HistGradientBoostingRegressor(loss="poisson", max_iter=5),
    ):
        model = plain_model(estimator.fit(filled, amounts), NAMES)
        assert not model.probability
        assert scores(model, filled) == pytest.approx(estimator.predict(filled), abs=1e-12)


def test_a_preparation_belongs_to_the_model_and_texts_with_it() -> None:
    values, labels = people(300)
    cities = tuple(np.random.default_rng(1).choice(["Lyon", "Nice"], 300).tolist())
    table = FeatureTable(tuple(map(str, range(300))), NAMES, values, {"city": (None, *cities[1:])})
    preparation = fit_preparation(table)
    estimator = LogisticRegression().fit(preparation.apply(table), labels)
    model = plain_model(estimator, preparation.names, preparation=preparation)
    expected = estimator.predict_proba(preparation.apply(table))[:, 1]
    assert scores_of(model, table) == pytest.approx(expected, abs=1e-12)
    person = {**dict(zip(NAMES, values[0].tolist(), strict=True)), "city": None}
    assert score_of(model, person) == scores_of(model, table)[0]


def test_a_calibrator_comes_after_the_logistic_of_a_margin() -> None:
    values = np.nan_to_num(people()[0])
    machine = SVC().fit(values, people()[1])
    model = calibrated_by(plain_model(machine, NAMES), OddsSigmoid(1.0, 0.0, 1e-6))
    raw = 1 / (1 + np.exp(-machine.decision_function(values)))
    assert scores(model, values) == pytest.approx(raw, abs=1e-9)
    certain = calibrated_by(model, OddsSigmoid(60.0, 0.0, 1e-3))
    assert scores(certain, values).min() == 1e-3
    assert scores(certain, values).max() == 1 - 1e-3
    steps = calibrated_by(model, Isotonic(np.array([0.2, 0.6]), np.array([0.1, 0.5])))
    assert scores(steps, values) == pytest.approx(np.interp(raw, [0.2, 0.6], [0.1, 0.5]), abs=1e-12)


def test_what_has_no_plain_form_is_refused_with_what_to_do() -> None:
    values, labels = np.nan_to_num(people()[0]), people()[1]
    three = LogisticRegression().fit(values, np.arange(len(values)) % 3)
    for estimator, words in (
        (three, "tells 3 classes apart"),
        (KNeighborsClassifier().fit(values, labels), "KNeighborsClassifier has no plain form"),
        (make_pipeline(PolynomialFeatures(), LogisticRegression()).fit(values, labels), "the step PolynomialFeatures"),
        (SVC(kernel="poly").fit(values, labels), 'train with kernel="rbf" or "linear"'),
        (CalibratedClassifierCV(LogisticRegression(), method="temperature").fit(values, labels), "by temperature"),
    ):
        with pytest.raises(UsageError, match=words):
            plain_model(estimator, NAMES)


def test_people_who_cannot_be_scored_are_refused() -> None:
    model = PlainModel(("orders",), (Part(Linear(np.array([1.0]), 0.0), Link.LOGIT),))
    with pytest.raises(UsageError, match="'orders' is missing of somebody"):
        scores(model, [[np.nan]])
    with pytest.raises(UsageError, match="a feature is infinite"):
        scores(model, [[np.inf]])
    with pytest.raises(UsageError, match="reads 1 features"):
        scores(model, [[1.0, 2.0]])
    with pytest.raises(UsageError, match="lack 'orders'"):
        score_of(model, {"days": 1.0})
    assert scores(model, np.empty((0, 1))).tolist() == []


def test_a_huge_margin_is_certain_and_no_warning() -> None:
    model = PlainModel(("orders",), (Part(Kernel(np.array([[0.0]]), np.array([1e6]), 0.0, 1e6), Link.LOGIT),))
    assert scores(model, [[0.0], [1e3]]).tolist() == [1.0, 0.5]
    assert json.dumps(scores(model, [[0.0]]).tolist()) == "[1.0]"
