import pytest

from kohort.definitions.clusters import ClustersDefinition
from kohort.definitions.preparation import PreparationDefinition, Scaling
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


@pytest.mark.parametrize(
    ("declared", "said"),
    [
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
