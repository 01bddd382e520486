"""Trees of LightGBM and XGBoost as cores, from what these libraries themselves write as text."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from kohort.errors import UsageError
from kohort.learning.models.conversion.estimators import Cored, Tables, summed
from kohort.learning.models.plain import Link
from kohort.learning.models.trees import LEAF, moved, plain_thresholds

_LIGHTGBM_LINKS: Final = {
    "regression": Link.IDENTITY,
    "regression_l1": Link.IDENTITY,
    "huber": Link.IDENTITY,
    "quantile": Link.IDENTITY,
    "mape": Link.IDENTITY,
    "poisson": Link.LOG,
    "gamma": Link.LOG,
    "tweedie": Link.LOG,
}
_XGBOOST_LINKS: Final = {
    "binary:logistic": Link.LOGIT,
    "reg:logistic": Link.LOGIT,
    "reg:squarederror": Link.IDENTITY,
    "reg:absoluteerror": Link.IDENTITY,
    "reg:quantileerror": Link.IDENTITY,
    "count:poisson": Link.LOG,
    "reg:gamma": Link.LOG,
    "reg:tweedie": Link.LOG,
}


def lightgbm_of(estimator: Any) -> Cored:
    """Return the trees of LGBMClassifier or LGBMRegressor, up to the best iteration if training stopped early."""
    written = estimator.booster_.dump_model(num_iteration=estimator.best_iteration_ or -1)
    objective, *options = str(written.get("objective", "none")).split()
    if written["num_tree_per_iteration"] != 1 or (objective != "binary" and objective not in _LIGHTGBM_LINKS):
        raise UsageError(f"LightGBM's objective {objective!r} has no plain form; train a binary or a plain regression")
    if objective == "binary" and options != ["sigmoid:1"]:
        raise UsageError("LightGBM's sigmoid is not 1; train without the parameter sigmoid")
    tables = [_lightgbm_table(one["tree_structure"]) for one in written["tree_info"]]
    divisor = len(tables) if written["average_output"] else 1
    trees = summed(tables, estimator.n_features_in_, divisor=divisor)
    return trees, Link.LOGIT if objective == "binary" else _LIGHTGBM_LINKS[objective]


def _lightgbm_table(root: Mapping[str, Any]) -> Tables:
    # Parents come before their children; a stack, for a tree may be as deep as it has leaves.
    rows: list[list[float]] = []
    waiting: list[tuple[Mapping[str, Any], int, int]] = [(root, -1, 0)]
    while waiting:
        node, parent, side = waiting.pop()
        if parent >= 0:
            rows[parent][side] = len(rows)
        if "split_feature" not in node:
            weight = node.get("leaf_count", 1)
            rows.append([LEAF, 0.0, 0, 0, 0, node["leaf_value"], weight])
            continue
        if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
            raise UsageError("LightGBM split a categorical feature, or takes 0 for missing; encode it before training")
        threshold = node["threshold"]
        # Where training met no missing value, LightGBM reads 0 for one.
        left = node["default_left"] if node["missing_type"] == "NaN" else threshold >= 0
        rows.append([node["split_feature"], threshold, 0, 0, left, 0.0, node["internal_count"]])
        waiting += [(node["right_child"], len(rows) - 1, 3), (node["left_child"], len(rows) - 1, 2)]
    feature, threshold, left, right, missing, value, weight = np.array(rows, dtype=np.float64).T
    return {
        "feature": feature.astype(np.int64),
        "threshold": plain_thresholds(threshold),
        "left": left.astype(np.int64),
        "right": right.astype(np.int64),
        "missing_left": missing != 0,
        "value": value,
        "weight": weight,
    }


def xgboost_of(estimator: Any) -> Cored:
    """Return the trees of XGBClassifier or XGBRegressor, up to the best iteration if training stopped early.

    XGBoost rounds features to 32 bits, goes left for `<`, and rounds its sums to 32 bits after each tree.
    """
    learner = json.loads(bytes(estimator.get_booster().save_raw("json")))["learner"]
    objective, boosted = learner["objective"]["name"], learner["gradient_booster"]
    if boosted["name"] != "gbtree" or objective not in _XGBOOST_LINKS:
        raise UsageError(
            f"XGBoost's {boosted['name']} for {objective} has no plain form; train gbtree, binary:logistic"
        )
    link, base = _XGBOOST_LINKS[objective], np.float32(learner["learner_model_param"]["base_score"].strip("[]"))
    if link is Link.LOGIT:
        # In 32 bits, but for the logarithm, which is rounded once.
        base = np.float32(-math.log(np.float32(1) / base - np.float32(1)))
    elif link is Link.LOG:
        base = np.float32(math.log(base))
    trees = boosted["model"]["trees"]
    best = learner["attributes"].get("best_iteration")
    if best is not None:
        trees = trees[: boosted["model"]["iteration_indptr"][int(best) + 1]]
    tables = [_xgboost_table(one) for one in trees]
    return summed(tables, estimator.n_features_in_, base=float(base), narrow=True), link


def _xgboost_table(tree: Mapping[str, Any]) -> Tables:
    left = np.array(tree["left_children"], dtype=np.int64)
    inner = left != LEAF
    if np.array(tree["split_type"])[inner].any():
        raise UsageError("XGBoost split a categorical feature; encode it as numbers before training")
    conditions = np.array(tree["split_conditions"], dtype=np.float32).astype(np.float64)
    return {
        "feature": np.where(inner, np.array(tree["split_indices"], dtype=np.int64), LEAF),
        "threshold": plain_thresholds(moved(np.where(inner, conditions, 0.0), strict=True)),
        "left": left,
        "right": np.array(tree["right_children"], dtype=np.int64),
        "missing_left": np.array(tree["default_left"]) != 0,
        "value": np.where(inner, 0.0, conditions),
        "weight": np.array(tree["sum_hessian"], dtype=np.float64),
    }


BOOSTERS: Final[Mapping[str, Callable[[Any], Cored]]] = {
    "LGBMClassifier": lightgbm_of,
    "LGBMRegressor": lightgbm_of,
    "XGBClassifier": xgboost_of,
    "XGBRegressor": xgboost_of,
}
"""How each estimator of a boosting library becomes a core and its link, by the name of its class."""
