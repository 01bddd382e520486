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


def test_levels_are_one_number_or_one_for_each_axis_and_limits_and_cells_follow() -> None:
    cell = CELL | {"scores": [{"recency": [1, 3], "monetary": [9, 10]}]}
    levels = {"recency": 3, "monetary": 10}
    found = one(RFM | {"levels": levels, "limits": {"recency": [30, 90]}, "cells": [cell]})
    assert isinstance(found, RfmDefinition)
    assert found.levels == (3, 5, 10)
    assert found.cells[0].boxes == (((1, 3), (1, 5), (9, 10)),)
    assert found.limits == {"recency": (30.0, 90.0)}
    same = one(RFM | {"levels": 4, "cells": [CELL | {"scores": [{"recency": 4}]}]})
    assert isinstance(same, RfmDefinition)
    assert same.levels == (4, 4, 4)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"levels": 3}, r"cells.*cells of your own, for Kohort's are of 5 levels"),
        ({"levels": {"recency": 1}}, "levels.recency.*two levels or more"),
        ({"levels": {"money": 3}}, "money"),
        ({"levels": {"recency": 3}, "cells": [CELL]}, "1 to 3"),
        (
            {"levels": {"recency": 3}, "limits": {"recency": [1, 2, 3]}, "cells": [{**CELL, "scores": [{}]}]},
            "2 numbers",
        ),
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
