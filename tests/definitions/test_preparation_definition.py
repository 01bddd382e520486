import pytest

from kohort.definitions.clusters import ClustersDefinition
from kohort.definitions.preparation import (
    Encoding,
    EncodingDefinition,
    PreparationDefinition,
    Reduction,
    ReductionDefinition,
    Scaling,
    SelectionDefinition,
)
from kohort.definitions.score import score_definitions_of
from kohort.errors import DefinitionError


def prepared(**declared: object) -> PreparationDefinition:
    score = {"kind": "clusters", "name": "persona", "features": ["orders", "revenue"], **declared}
    [definition] = score_definitions_of({"scores": [score]}, "scores/persona.yaml")
    assert isinstance(definition, ClustersDefinition)
    return definition.preparation


def test_features_are_scaled_automatically_unless_declared_otherwise() -> None:
    assert prepared() == PreparationDefinition()
    assert prepared().scaling_of("orders") is Scaling.AUTOMATIC


def test_one_scaling_may_be_declared_for_all_features_or_for_each() -> None:
    assert prepared(scaling="robust") == PreparationDefinition(Scaling.ROBUST)
    assert prepared(scaling={"default": "standard", "revenue": "log"}) == PreparationDefinition(
        Scaling.STANDARD, {"revenue": Scaling.LOG}
    )
    assert prepared(scaling={"revenue": "log"}).scaling_of("orders") is Scaling.AUTOMATIC


def test_texts_are_encoded_one_hot_by_frequency_or_in_their_order() -> None:
    found = prepared(
        features=["tier", "town", "shop"], encoding={"tier": ["bronze", "gold"], "town": "frequency", "shop": "one_hot"}
    )
    assert found.encoding_of("tier") == EncodingDefinition(Encoding.ORDINAL, ("bronze", "gold"))
    assert found.encoding_of("town").method is Encoding.FREQUENCY
    assert found.encoding_of("anything") == found.encoding_of("shop") == EncodingDefinition()


def test_selection_and_reduction_are_made_only_where_declared() -> None:
    assert prepared(selection={}).selection == SelectionDefinition()
    assert prepared(selection={"missing": 0.3, "noise": True}).selection == SelectionDefinition(0.3, noise=True)
    assert prepared(reduction={"method": "pca"}).reduction == ReductionDefinition(Reduction.PCA)
    assert prepared(reduction={"method": "pca", "variance": 0.8}).reduction == ReductionDefinition(
        Reduction.PCA, variance=0.8
    )
    assert prepared(reduction={"method": "autoencoder", "components": 2}).reduction == ReductionDefinition(
        Reduction.AUTOENCODER, 2
    )


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"encoding": {"orders": "hash"}}, r"encoding\.orders.*one_hot, frequency, or the list"),
        ({"encoding": {"orders": ["a", "a"]}}, r"encoding\.orders.*each once"),
        ({"encoding": {"town": "one_hot"}}, 'unknown feature "town"'),
        ({"selection": {"missing": 0}}, r"selection\.missing.*above 0 and up to 1"),
        ({"selection": {"noise": "yes"}}, r"selection\.noise.*true or false"),
        ({"selection": {"dispersion": 0.1}}, 'unknown field "dispersion"'),
        ({"reduction": {"method": "tsne"}}, r"reduction\.method.: t-SNE cannot place people of another day"),
        ({"reduction": {"method": "umap"}}, r"reduction\.method.: UMAP cannot place people of another day"),
        ({"reduction": {"method": "svd"}}, r"reduction\.method.*one of pca, autoencoder"),
        ({"reduction": {"method": "pca", "components": 0}}, r"reduction\.components.*a number from 1"),
        ({"reduction": {"method": "pca", "components": 2, "variance": 0.9}}, r"nothing beside components"),
        ({"reduction": {"method": "autoencoder"}}, r"reduction\.components.*how many columns"),
        ({"scaling": "z"}, r"scaling.*one of automatic, log, yeo_johnson, robust, standard, min_max"),
        ({"scaling": {"revenue": "loud"}}, r"scaling\.revenue.*one of"),
        ({"scaling": ["log"]}, "scaling.*expected text"),
        ({"scaling": {"revenus": "log"}}, 'unknown feature "revenus"'),
    ],
)
def test_what_is_wrong_is_named_with_file_and_field(declared: dict[str, object], said: str) -> None:
    with pytest.raises(DefinitionError, match=said) as caught:
        prepared(**declared)
    assert "scores/persona.yaml" in str(caught.value)
