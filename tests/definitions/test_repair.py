"""What a score may say of missing and unusual values, and what is refused."""

import pytest

from kohort.definitions.repair import DetectionMethod, Drawing, ImputationDefinition, OutliersDefinition, repaired_trait
from kohort.definitions.score import score_definitions_of
from kohort.errors import DefinitionError

FILL: dict[str, object] = {
    "kind": "imputation",
    "name": "fill",
    "traits": ["income"],
    "method": "mice",
    "predictors": ["age"],
}
ODD: dict[str, object] = {"kind": "outliers", "name": "odd", "traits": ["income"]}


def one(score: dict[str, object]) -> object:
    (definition,) = score_definitions_of({"scores": [score]}, "scores/a.yaml")
    return definition


def test_what_is_left_out_has_a_default() -> None:
    definition = one(FILL)
    assert isinstance(definition, ImputationDefinition)
    assert (definition.draws, definition.rounds, definition.drawing) == (10, 5, Drawing.MATCHING)
    assert definition.columns == ("income", "age")
    outliers = one(ODD)
    assert isinstance(outliers, OutliersDefinition)
    assert outliers.methods == (DetectionMethod.IQR, DetectionMethod.Z_SCORE, DetectionMethod.ROBUST)
    assert (outliers.treatment, outliers.by, outliers.reaches[DetectionMethod.ROBUST]) == ("keep", "iqr", 3.5)


def test_a_trait_is_known_behind_all_that_was_made_of_it() -> None:
    assert [repaired_trait(one) for one in ("age_capped_filled", "age_missing", "age", "_filled")] == [
        "age", "age", "age", "_filled",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (FILL | {"method": "mcie"}, "one of mean, median, mode, constant, knn, mice"),
        (FILL | {"predictors": None}, "a trait or more that the method mice finds the value from"),
        (FILL | {"method": "mean"}, "looks at the trait alone"),
        (FILL | {"method": "constant", "predictors": None}, "a value for the method constant"),
        (FILL | {"constant": 5}, "for no other"),
        (FILL | {"draws": 1}, "a whole number from 2 on"),
        (FILL | {"nieghbours": 3}, 'did you mean "neighbours"'),
        (FILL | {"drawing": "luck"}, "matching, normal"),
        (ODD | {"methods": ["iqr", "guess"]}, "iqr, z-score, robust z-score, bounds, isolation forest, lof"),
        (ODD | {"bounds": {"income": {"from": 0}}}, "limits by trait for the method bounds"),
        (ODD | {"methods": ["bounds"]}, "limits by trait for the method bounds"),
        (ODD | {"methods": ["bounds"], "bounds": {"age": {"from": 0}}}, "of traits among: income"),
        (ODD | {"methods": ["bounds"], "bounds": {"income": {"from": 9, "to": 1}}}, "a number from 9 on"),
        (ODD | {"by": "lof"}, "one of the methods: iqr"),
        (ODD | {"methods": ["lof"], "treatment": "cap"}, "limits to cap at"),
        (ODD | {"treatment": "delete"}, "keep, cap, exclude"),
        (ODD | {"reach": {"iqr": 0}}, "above zero"),
        (ODD | {"reach": {"lof": 2}}, "methods that are used"),
        (ODD | {"scale": "square"}, "raw or log"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_field(score: dict[str, object], said: str) -> None:
    with pytest.raises(DefinitionError, match=said) as caught:
        one(score)
    assert "scores/a.yaml" in str(caught.value)
