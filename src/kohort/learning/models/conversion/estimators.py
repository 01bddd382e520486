"""Estimators of scikit-learn as cores: linear models, trees and their sums, support vector machines, networks."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from kohort.errors import UsageError
from kohort.learning.models.arrays import Floats
from kohort.learning.models.plain import Activation, Core, Kernel, Layer, Linear, Link, Network
from kohort.learning.models.trees import LEAF, Trees, moved, plain_thresholds

Cored = tuple[Core, Link]
Tables = dict[str, Any]
"""The nodes of one tree: arrays of shape (nodes,) by the names of `Trees`."""


def linear_of(estimator: Any) -> Cored:
    """Return a linear model: of a classifier the log-odds, of others the number itself."""
    weights = np.asarray(estimator.coef_, dtype=np.float64)
    if weights.ndim == 2 and len(weights) != 1:  # noqa: PLR2004 - outputs by columns
        raise UsageError("a linear model has more than one output; Kohort keeps models of one label, yes or no")
    intercept = float(np.ravel(estimator.intercept_)[0])
    logistic = hasattr(estimator, "classes_") and hasattr(estimator, "predict_proba")
    return Linear(weights.reshape(-1), intercept), Link.LOGIT if logistic else Link.IDENTITY


def forest_of(estimator: Any) -> Cored:
    """Return a tree, or a forest as the mean of its trees: of a classifier, shares of positives."""
    trees = [one.tree_ for one in getattr(estimator, "estimators_", [estimator])]
    shares = hasattr(estimator, "classes_")
    tables = [_sklearn_table(one, one.value[:, 0, -1]) for one in trees]
    return summed(tables, estimator.n_features_in_, divisor=len(trees), shares=shares), Link.IDENTITY


def gradient_boosting_of(estimator: Any) -> Cored:
    """Return the trees of GradientBoostingClassifier or GradientBoostingRegressor."""
    classifier = hasattr(estimator, "classes_")
    if classifier and estimator.loss != "log_loss":
        raise UsageError(f"gradient boosting of the loss {estimator.loss!r} has no plain form; train with log_loss")
    start = estimator.init_
    if start == "zero":
        base = 0.0
    elif type(start).__name__ == "DummyClassifier":
        share = np.clip(start.class_prior_[1], np.finfo(np.float64).eps, 1 - np.finfo(np.float64).eps)
        base = float(estimator._loss.link.link(share))  # noqa: SLF001 - the library's own logarithm, to the last bit
    elif type(start).__name__ == "DummyRegressor":
        base = float(np.ravel(start.constant_)[0])
    else:
        raise UsageError(f"gradient boosting that begins from {type(start).__name__} has no plain form; leave out init")
    tables = [
        _sklearn_table(one.tree_, estimator.learning_rate * one.tree_.value[:, 0, 0])
        for one in estimator.estimators_[:, 0]
    ]
    return summed(tables, estimator.n_features_in_, base=base), Link.LOGIT if classifier else Link.IDENTITY


def histogram_boosting_of(estimator: Any) -> Cored:
    """Return the trees of HistGradientBoostingClassifier or HistGradientBoostingRegressor."""
    tables = []
    for iteration in estimator._predictors:  # noqa: SLF001 - there is no public way to its trees
        nodes = iteration[0].nodes
        inner = nodes["is_leaf"] == 0
        if (nodes["is_categorical"][inner] != 0).any():
            raise UsageError("histogram boosting split a categorical feature; encode it as numbers before training")
        tables.append(
            {
                "feature": np.where(inner, nodes["feature_idx"].astype(np.int64), LEAF),
                "threshold": plain_thresholds(np.where(inner, nodes["num_threshold"], 0.0)),
                "left": nodes["left"].astype(np.int64),
                "right": nodes["right"].astype(np.int64),
                "missing_left": nodes["missing_go_to_left"] != 0,
                "value": nodes["value"],
                "weight": nodes["count"].astype(np.float64),
            }
        )
    base = float(np.ravel(estimator._baseline_prediction)[0])  # noqa: SLF001 - as above
    link = Link.LOGIT if hasattr(estimator, "classes_") else _REGRESSION_LINKS[estimator.loss]
    return summed(tables, estimator.n_features_in_, base=base), link


_REGRESSION_LINKS: Final = {
    "squared_error": Link.IDENTITY,
    "absolute_error": Link.IDENTITY,
    "quantile": Link.IDENTITY,
    "gamma": Link.LOG,
    "poisson": Link.LOG,
}


def kernel_of(estimator: Any) -> Cored:
    """Return a support vector machine with radial basis functions, or a linear one as what it is."""
    if estimator.kernel == "linear":
        return Linear(np.ravel(estimator.coef_), float(estimator.intercept_[0])), Link.IDENTITY
    if estimator.kernel != "rbf":
        raise UsageError(f'a kernel {estimator.kernel!r} has no plain form; train with kernel="rbf" or "linear"')
    weights = np.ravel(estimator.dual_coef_)
    gamma = float(estimator._gamma)  # noqa: SLF001 - the number that "scale" or "auto" became
    return Kernel(estimator.support_vectors_, weights, float(estimator.intercept_[0]), gamma), Link.IDENTITY


def network_of(estimator: Any) -> Cored:
    """Return the layers of MLPClassifier or MLPRegressor."""
    outputs = {"logistic": Link.LOGIT, "identity": Link.IDENTITY}
    if estimator.out_activation_ not in outputs or estimator.n_outputs_ != 1:
        raise UsageError("a network has more than one output; Kohort keeps models of one label, yes or no")
    layers = tuple(Layer(*one) for one in zip(estimator.coefs_, estimator.intercepts_, strict=True))
    return Network(layers, Activation(estimator.activation)), outputs[estimator.out_activation_]


def summed(tables: list[Tables], columns: int, **options: Any) -> Trees:
    """Return trees, each a table of nodes whose children are places in it, as one."""
    sizes = [len(one["feature"]) for one in tables]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    together: Tables = {name: np.concatenate([one[name] for one in tables]) for name in tables[0]}
    shift = np.repeat(starts, sizes)
    inner = together["feature"] != LEAF
    for side in ("left", "right"):
        together[side] = np.where(inner, together[side] + shift, 0)
    return Trees(roots=starts, columns=columns, **together, **options)


def _sklearn_table(tree: Any, value: Floats) -> Tables:
    inner = tree.children_left != LEAF
    return {
        "feature": np.where(inner, tree.feature, LEAF),
        "threshold": plain_thresholds(moved(np.where(inner, tree.threshold, 0.0))),
        "left": tree.children_left.astype(np.int64),
        "right": tree.children_right.astype(np.int64),
        "missing_left": tree.missing_go_to_left != 0,
        "value": np.asarray(value, dtype=np.float64),
        "weight": tree.weighted_n_node_samples,
    }


ESTIMATORS: Final[Mapping[str, Callable[[Any], Cored]]] = {
    **dict.fromkeys(("LogisticRegression", "LogisticRegressionCV", "LinearSVC", "SGDClassifier"), linear_of),
    **dict.fromkeys(("LinearRegression", "Ridge", "Lasso", "ElasticNet", "QuantileRegressor"), linear_of),
    **dict.fromkeys(("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier"), forest_of),
    **dict.fromkeys(("RandomForestClassifier", "ExtraTreesClassifier"), forest_of),
    **dict.fromkeys(("RandomForestRegressor", "ExtraTreesRegressor"), forest_of),
    **dict.fromkeys(("GradientBoostingClassifier", "GradientBoostingRegressor"), gradient_boosting_of),
    **dict.fromkeys(("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"), histogram_boosting_of),
    **dict.fromkeys(("MLPClassifier", "MLPRegressor"), network_of),
    **dict.fromkeys(("SVC", "SVR"), kernel_of),
}
"""How each estimator of scikit-learn becomes a core and its link, by the name of its class."""
