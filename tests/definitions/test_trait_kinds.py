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


EMAIL = {"sent": "email_sent", "opened": "email_opened"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"channels": {}}, "channels, each with"),
        ({"channels": {"email": {"sent": "email_sent"}}}, "opened, clicked or replied beside sent"),
        ({"channels": {"email": EMAIL, "sms": EMAIL}}, "each mean one thing"),
        ({"conversion": "email_opened"}, "each mean one thing"),
        ({"weights": {"open": 0}}, "not all of them 0"),
        ({"weights": {"open": -1}}, "weights from 0 on"),
        ({"winsorise": 0.5}, "less than 0.5"),
        ({"prior": -1}, "from 0 on"),
        ({"windw": "2 days"}, 'did you mean "window"'),
    ],
)
def test_engagement_names_events_that_mean_one_thing_each(change: dict[str, object], said: str) -> None:
    refused({"kind": "engagement", "channels": {"email": EMAIL}} | change, said)


def test_pages_are_some_of_the_events_of_visits() -> None:
    refused({"kind": "visits", "events": ["app_opened"], "pages": ["page_viewed"]}, "some of the events: app_opened")


MARRIED = {"trait": "marital_status", "values": {"married": ["M", "marié"]}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"birth_date": None}, "a trait, or traits to harmonise"),
        ({"bands": [25, 18]}, "numbers that grow"),
        ({"bands": [18, float("inf")]}, "numbers that grow"),
        ({"bands": []}, "numbers that grow"),
        ({"harmonise": {"birth_date": MARRIED}}, "no told or computed trait has"),
        ({"harmonise": {"age_band": MARRIED}}, "no told or computed trait has"),
        ({"harmonise": {"civil": {"trait": "marital_status"}}}, "what told words mean, or borders"),
        ({"harmonise": {"civil": MARRIED | {"borders": [1]}}}, "what told words mean, or borders"),
        ({"harmonise": {"civil": MARRIED | {"type": "number"}}}, "numbers, as the type says.*married"),
        ({"harmonise": {"civil": MARRIED | {"type": "boolean"}}}, "number or text"),
        ({"harmonise": {"civil": {"trait": "income", "type": "number", "borders": [1]}}}, "stand bands"),
        ({"harmonise": {"civil": MARRIED | {"values": {"a": ["M"], "b": ["m "]}}}}, "each told value once"),
        ({"harmonise": {"civil": None}}, "the trait that it is made of"),
    ],
)
def test_demographics_say_what_told_words_mean_without_taking_their_names(change: dict[str, object], said: str) -> None:
    refused({"kind": "demographics", "birth_date": "birth_date"} | change, said)
