"""Fitting the model of texts to labelled ones: penalised logistic regressions, tuned within the training part."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from kohort.definitions.texts import INTERESTS, THEMES
from kohort.learning.texts.corpus import LabelledText
from kohort.learning.texts.features import Values, features_of, tidy
from kohort.learning.texts.judging import Labels, macro_f1, one_hot
from kohort.learning.texts.model import (
    SENTIMENTS,
    TextModel,
    label_columns,
    linear,
    sentiment_columns,
    sigmoid,
    softmax,
)

_FOLDS: Final = 8
_PENALTIES: Final = (1.0, 3.0, 10.0)
"""Inverse strengths of the L2 penalty that are tried."""
_THRESHOLDS: Final = np.arange(0.1, 0.61, 0.05)
_TEMPERATURES: Final = np.exp(np.linspace(np.log(0.5), np.log(3.0), 51))


def fit_texts(texts: Sequence[LabelledText]) -> TextModel:
    """Fit the models of sentiment, themes and interests to labelled texts of both languages.

    The penalty, the temperature of the probabilities (Guo et al. 2017, "On calibration of modern neural networks") and
    the thresholds of labels are those that do best out of fold, in 8 folds that keep groups of texts whole.
    """
    seen = features_of([tidy(one.text) for one in texts], [one.language for one in texts])
    folds = list(GroupKFold(_FOLDS).split(seen.meaning, groups=[one.group for one in texts]))
    center, spread = seen.polarity.mean(axis=0), seen.polarity.std(axis=0)
    columns = sentiment_columns(seen, center, spread)
    truth = one_hot([one.sentiment for one in texts], SENTIMENTS)
    tried = [(penalty, _out_of_fold(columns, truth, penalty, folds)) for penalty in _PENALTIES]
    penalty, logits = max(tried, key=lambda one: macro_f1(truth, one_hot_of(one[1])))
    themes = np.array([[label in one.themes for label in THEMES] for one in texts])
    interests = np.array([[label in one.interests for label in INTERESTS] for one in texts])
    theme_weights, theme_threshold = _labels(label_columns(seen.meaning, seen.themes), themes, folds)
    interest_weights, interest_threshold = _labels(label_columns(seen.meaning, seen.interests), interests, folds)
    return TextModel(
        center=center,
        spread=spread,
        sentiment=_exclusive(columns, truth, penalty),
        themes=theme_weights,
        interests=interest_weights,
        temperature=min(_TEMPERATURES, key=lambda one: _surprise(truth, softmax(logits / one))),
        theme_threshold=theme_threshold,
        interest_threshold=interest_threshold,
    )


def one_hot_of(logits: Values) -> Labels:
    """Return the likeliest label of each row.

    >>> one_hot_of(np.array([[0.1, 0.9, 0.2]])).tolist()
    [[False, True, False]]
    """
    likeliest: Labels = np.arange(logits.shape[1]) == logits.argmax(axis=1)[:, None]
    return likeliest


def _labels(columns: Values, truth: Labels, folds: list[tuple[Values, Values]]) -> tuple[Values, float]:
    """Return weights of independent labels and the threshold that they share."""
    best = (-1.0, 0.0, 0.0)
    for penalty in _PENALTIES:
        chances = np.zeros(truth.shape)
        for training, tested in folds:
            chances[tested] = sigmoid(
                linear(_independent(columns[training], truth[training], penalty), columns[tested])
            )
        best = max(best, *((macro_f1(truth, chances >= one), penalty, float(one)) for one in _THRESHOLDS))
    _, penalty, threshold = best
    return _independent(columns, truth, penalty), threshold


def _out_of_fold(columns: Values, truth: Labels, penalty: float, folds: list[tuple[Values, Values]]) -> Values:
    logits = np.zeros(truth.shape)
    for training, tested in folds:
        logits[tested] = linear(_exclusive(columns[training], truth[training], penalty), columns[tested])
    return logits


def _exclusive(columns: Values, truth: Labels, penalty: float) -> Values:
    fitted = LogisticRegression(C=penalty, max_iter=5_000).fit(columns, truth.argmax(axis=1))
    return np.column_stack([fitted.coef_, fitted.intercept_])


def _independent(columns: Values, truth: Labels, penalty: float) -> Values:
    fitted = [LogisticRegression(C=penalty, max_iter=5_000).fit(columns, label) for label in truth.T]
    return np.vstack([np.append(one.coef_[0], one.intercept_[0]) for one in fitted])


def _surprise(truth: Labels, chances: Values) -> float:
    return float(-np.log(chances[truth]).mean())
