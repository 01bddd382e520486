"""What scores/*.yaml may say, and what is refused."""

import pytest

from kohort.definitions.rfm import RfmDefinition
from kohort.definitions.score import score_definitions_of
from kohort.errors import DefinitionError

RFM = {"kind": "rfm", "name": "rfm", "event": "order_completed", "value": "total"}
CELL = {"name": "best", "label": {"en": "Best", "fr": "Meilleurs"}, "scores": [{"recency": [4, 5], "frequency": 5}]}


def one(score: dict[str, object]) -> object:
    (definition,) = score_definitions_of({"scores": [score]}, "scores/a.yaml")
    return definition


def test_cells_are_boxes_of_scores_and_an_axis_left_out_is_any_score() -> None:
    definition = one(RFM | {"cells": [CELL]})
    assert isinstance(definition, RfmDefinition)
    assert definition.cells[0].boxes == (((4, 5), (5, 5), (1, 5)),)
    assert definition.cells[0].label["fr"] == "Meilleurs"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "rmf"}, r"scores\[0\].kind.*rfm"),
        ({"wieghts": {}}, 'did you mean "weights"'),
        ({"weights": {"recency": 1}}, "frequency"),
        ({"window": "a year"}, "56 days"),
        ({"event": None}, "event"),
        ({"cells": [CELL | {"scores": [{"recency": [5, 9]}]}]}, "1 to 5"),
        ({"cells": [CELL | {"scores": []}]}, "recency, frequency or monetary"),
        ({"cells": [CELL | {"label": {"en": "Best"}}]}, "fr"),
        ({"kind": "clusters", "features": []}, "features"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_field(change: dict[str, object], said: str) -> None:
    with pytest.raises(DefinitionError, match=said) as caught:
        one(RFM | change)
    assert "scores/a.yaml" in str(caught.value)
