import json
from dataclasses import asdict

import numpy as np
import pytest
from sklearn.decomposition import PCA

from kohort.definitions.preparation import PreparationDefinition, Reduction, ReductionDefinition
from kohort.errors import ProjectError, UsageError
from kohort.learning.features.components import PrincipalComponents, fit_components
from kohort.learning.features.preparation import Preparation, fit_preparation
from kohort.learning.features.table import FeatureTable

POINTS = np.random.default_rng(8).normal(size=(300, 5)) @ np.random.default_rng(9).normal(size=(5, 5)) + 3


def test_components_their_shares_and_the_way_back_are_those_of_scikit_learn() -> None:
    ours, theirs = fit_components(POINTS, components=3), PCA(3).fit(POINTS)
    assert np.allclose(ours.explained, theirs.explained_variance_ratio_)
    assert np.allclose(np.abs(ours.loadings), np.abs(theirs.components_))
    assert np.allclose(np.abs(ours.apply(POINTS)), np.abs(theirs.transform(POINTS)))
    assert np.allclose(ours.inverse(ours.apply(POINTS)), theirs.inverse_transform(theirs.transform(POINTS)))


@pytest.mark.parametrize("share", [0.5, 0.8, 0.9, 0.999, 1.0])
def test_as_few_components_as_explain_the_share_are_kept(share: float) -> None:
    explained = np.cumsum(PCA().fit(POINTS).explained_variance_ratio_)
    count = fit_components(POINTS, variance=share).components
    assert explained[count - 1] >= share - 1e-9
    assert count == 1 or explained[count - 2] < share


def test_each_component_has_its_largest_loading_positive() -> None:
    loadings = np.array(fit_components(POINTS, components=5).loadings)
    assert (np.take_along_axis(loadings, np.abs(loadings).argmax(axis=1)[:, None], axis=1) > 0).all()


def test_more_components_than_columns_are_refused() -> None:
    with pytest.raises(UsageError, match="6 principal components need as many columns"):
        fit_components(POINTS, components=6)


def test_people_of_later_are_reduced_by_the_components_of_the_first_and_json_keeps_them() -> None:
    table = FeatureTable(tuple(map(str, range(300))), tuple("abcde"), POINTS)
    options = PreparationDefinition(reduction=ReductionDefinition(Reduction.PCA, components=2))
    preparation = fit_preparation(table, options)
    assert preparation.names == ("component_1", "component_2")
    assert isinstance(preparation.reduction, PrincipalComponents)
    again = Preparation.from_json(preparation.to_json())
    assert again == preparation
    one = table.take(np.array([7]))
    assert np.allclose(again.apply(one), preparation.apply(table)[7])


def test_no_model_stands_on_a_picture() -> None:
    table = FeatureTable(tuple(map(str, range(300))), tuple("abcde"), POINTS)
    record = asdict(fit_preparation(table)) | {"reduction": {"method": "tsne", "positions": [[0.0, 1.0]]}}
    with pytest.raises(ProjectError, match="tsne"):
        Preparation.from_json(json.dumps(record))
