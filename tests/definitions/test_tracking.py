from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kohort.definitions.families import Family
from kohort.definitions.score import family_of
from kohort.definitions.tracking import LONGEST_NAME, event_key, tracking_plan_of
from kohort.definitions.values import ValueType
from kohort.errors import DefinitionError

FILE = "tracking.yaml"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Order Completed", "order_completed"),
        ("order_completed", "order_completed"),
        ("orderCompleted", "order_completed"),
        ("OrderCompleted", "order_completed"),
        ("ORDER COMPLETED", "order_completed"),
        ("order-completed.v2", "order_completed_v2"),
        ("  Order   Completed! ", "order_completed"),
        ("HTTPError404Seen", "http_error404_seen"),
        ("Produit Ajouté", "produit_ajouté"),
        ("Été", "été"),
        ("Заказ Оформлен", "заказ_оформлен"),
        ("注文完了", "注文完了"),
        ("ऑर्डर पूरा", "ऑर्डर_पूरा"),
        ("$pageview", "pageview"),
    ],
)
def test_the_key_of_an_event_is_its_name_in_snake_case(name: str, key: str) -> None:
    assert event_key(name) == key


@settings(deadline=None)
@given(st.text(max_size=60))
@example("İstanbul")
@example("ǅ𝐀𝐁c")
@example("ﬀF")
def test_a_key_is_its_own_key_short_and_without_spaces(name: str) -> None:
    try:
        key = event_key(name)
    except ValueError:
        return
    assert event_key(key) == key
    assert 0 < len(key) <= LONGEST_NAME
    assert not any(char.isspace() for char in key)
    assert not key.startswith("_")
    assert not key.endswith("_")
    assert "__" not in key


@pytest.mark.parametrize(("name", "reason"), [("", "no letter"), ("!?", "no letter"), ("x" * 201, "longer than 200")])
def test_a_name_without_a_key_is_refused(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        event_key(name)


def test_a_plan_knows_aliases_types_and_what_is_required() -> None:
    plan = tracking_plan_of(
        {
            "events": {
                "order_completed": {
                    "aliases": ["Purchase", "checkout.done"],
                    "properties": {"total": {"type": "number", "required": True}, "tags": "list of text"},
                },
                "page_viewed": None,
            },
            "traits": {"birth_date": "moment"},
        },
        FILE,
    )
    for name in ("Order Completed", "Purchase", "purchase", "checkout.done", "checkoutDone"):
        assert plan.key_of(name) == "order_completed"
    assert plan.key_of("Something New") == "something_new"
    assert plan.types_of("order_completed") == {"total": ValueType.NUMBER, "tags": ValueType.TEXT_LIST}
    assert plan.required_of("order_completed") == ("total",)
    assert plan.types_of("page_viewed") == plan.types_of("nobody_declared_me") == {}
    assert plan.traits == {"birth_date": ValueType.MOMENT}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "tracking.yaml: expected fields"),
        ({"event": {}}, 'unknown field "event"; did you mean "events"?'),
        ({"events": {"Order Completed": None}}, 'write "order_completed", with "Order Completed" among its aliases'),
        ({"events": {"a": {"alias": ["b"]}}}, 'field "events.a": unknown field "alias"; did you mean "aliases"?'),
        ({"events": {"a": {"properties": {"t": "numbr"}}}}, 'unknown type "numbr"; did you mean "number"?'),
        ({"events": {"a": {"properties": {"t": None}}}}, "expected a type"),
        ({"events": {"a": {"properties": {"t": {"type": "text", "required": "yes"}}}}}, "expected true or false"),
        ({"events": {"a": {"aliases": ["X"]}, "b": {"aliases": ["x"]}}}, '"x" already means the event "a"'),
        ({"events": {"a": {"aliases": ["!"]}}}, 'field "events.a.aliases": the name "!" holds no letter'),
        ({"events": {"!": None}}, "holds no letter or digit"),
        ({"traits": {"age": "int"}}, 'field "traits.age": unknown type "int"'),
        ({"traits": {"age": ["int"]}}, "traits.age"),
        ({"traits": {"age": {"type": "text", "famly": "other"}}}, 'did you mean "family"'),
        ({"traits": {"x": {"type": "text", "family": "geographical"}}}, 'unknown family "geographical"; did you mean'),
        ({"events": {"a": {"properties": {"n" * 201: "text"}}}}, "a name has 1 to 200 characters"),
    ],
)
def test_what_is_wrong_in_a_plan_is_named(document: Any, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        tracking_plan_of(document, FILE)
    assert FILE in str(caught.value)
    assert message in str(caught.value)


def test_traits_may_say_of_which_family_they_are() -> None:
    traits = {"shoe_size": {"type": "number", "family": "demographic"}, "age": "number", "motto": {"type": "text"}}
    plan = tracking_plan_of({"traits": traits}, "tracking.yaml")
    assert plan.traits == {"shoe_size": ValueType.NUMBER, "age": ValueType.NUMBER, "motto": ValueType.TEXT}
    found = {name: family_of(name, None, plan.families) for name in plan.traits}
    assert found == {"shoe_size": Family.DEMOGRAPHIC, "age": Family.DEMOGRAPHIC, "motto": Family.OTHER}
