import json

import numpy as np
import pytest

from kohort.errors import CorruptionError, ProjectError, UnknownNameError
from kohort.learning.clustering.methods.assigners import Centroids
from kohort.learning.clustering.model import ClusterModel
from kohort.learning.features.preparation import fit_preparation
from kohort.learning.features.table import FeatureTable

IDS = ("a", "b", "c", "d")
TABLE = FeatureTable(IDS, ("orders", "basket"), np.array([[1.0, 9.0], [2.0, 8.0], [8.0, 1.0], [9.0, np.nan]]))
MODEL = ClusterModel(
    fit_preparation(TABLE), Centroids(((1.0, -1.0), (-1.0, 1.0))), ("many orders", "big baskets"), seed=7
)


def test_people_are_assigned_by_the_names_of_their_features() -> None:
    assert MODEL.assign(TABLE).tolist() == [1, 1, 0, 0]
    swapped = FeatureTable(IDS, ("extra", "basket", "orders"), np.column_stack([np.zeros(4), TABLE.values[:, ::-1]]))
    assert MODEL.assign(swapped).tolist() == [1, 1, 0, 0]


def test_people_of_a_later_time_are_assigned_by_the_first_times_scale() -> None:
    later = FeatureTable(("x", "y"), TABLE.names, np.array([[1.5, 8.5], [1.6, 8.4]]))
    assert MODEL.assign(later).tolist() == [1, 1]


def test_a_model_survives_json_to_the_last_bit() -> None:
    third = ClusterModel(MODEL.preparation, Centroids(((1 / 3, -0.1), (0.2, 1e-17))), MODEL.names, seed=7)
    copy = ClusterModel.from_json(third.to_json())
    assert copy == third
    assert copy.digest == third.digest


def test_a_changed_model_is_refused() -> None:
    record = json.loads(MODEL.to_json())
    record["assigner"]["centroids"][0][0] = 1.1
    with pytest.raises(CorruptionError, match="does not match its digest"):
        ClusterModel.from_json(json.dumps(record))


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"format": "kohort.cluster-model/3"}'])
def test_what_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(ProjectError, match="cannot be read"):
        ClusterModel.from_json(text)


def test_a_model_of_a_newer_version_is_refused_by_name() -> None:
    record = json.loads(MODEL.to_json()) | {"format": "kohort.cluster-model/4"}
    with pytest.raises(ProjectError, match="this version reads"):
        ClusterModel.from_json(json.dumps(record))


def test_people_without_a_needed_feature_are_refused() -> None:
    with pytest.raises(UnknownNameError, match='unknown feature "basket"'):
        MODEL.assign(FeatureTable(("x",), ("orders",), np.ones((1, 1))))
