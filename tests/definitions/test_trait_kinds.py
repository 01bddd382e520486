"""What the scores that compute traits of a family may say, and what is refused."""

import pytest

from kohort.definitions.score import score_definitions_of
from kohort.errors import DefinitionError

BEHAVIOUR = {"kind": "behaviour", "event": "order_completed", "value": "total"}


def refused(score: dict[str, object], said: str) -> None:
    with pytest.raises(DefinitionError, match=said) as caught:
        score_definitions_of({"scores": [score]}, "scores/a.yaml")
    assert "scores/a.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ({"values": []}, "values"),
        ({"values": ["a b", "a-b"]}, "differ by a letter"),
        ({"values": ["Other"]}, "none called other"),
        ({"values": ["!"]}, "differ by a letter"),
        ({"values": [str(number) for number in range(51)]}, "at most 50"),
        ({"values": ["a"], "by": "weight"}, "value, orders, items"),
        ({"values": ["a"], "by": "items"}, "names no property as its items"),
        ({"values": ["a"], "bye": "items"}, 'did you mean "by"'),
    ],
)
def test_a_split_names_few_values_that_can_be_told_apart(split: dict[str, object], said: str) -> None:
    refused(BEHAVIOUR | {"splits": {"channel": split}}, said)
