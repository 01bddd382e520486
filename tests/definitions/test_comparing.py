from typing import Any

import pytest
import yaml

from kohort.definitions.comparing import PERSON, ReferencePopulation, SourceComparison
from kohort.definitions.source import SourceDefinition, source_definition_of
from kohort.definitions.tracking import tracking_plan_of
from kohort.errors import DefinitionError

PEOPLE = {
    "name": "shop", "files": "shop*", "person": "id", "time": {"at": "2026-01-01"},
    "traits": {"email": "email", "birth": "birth", "number": "number"},
}  # fmt: skip
ORDERS = {
    "name": "orders", "files": "orders*", "person": "id", "time": "at", "event": "order_completed",
    "properties": {"number": "number", "total": "total"},
}  # fmt: skip


def source(base: dict[str, Any], written: str) -> SourceDefinition:
    return source_definition_of({**base, **yaml.safe_load(written)}, "sources/shop.yaml")


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("{with: crm, on: person}", SourceComparison("crm", (PERSON, PERSON))),
        (
            "{with: crm, on: person, values: [email, {birth: born}], most: 1 %}",
            SourceComparison("crm", (PERSON, PERSON), (("email", "email"), ("birth", "born")), 0.01),
        ),
        (
            "{with: crm, on: {number: customer}, values: email}",
            SourceComparison("crm", ("number", "customer"), (("email", "email"),)),
        ),
    ],
)
def test_a_source_is_compared_on_a_key_that_both_have(written: str, means: SourceComparison) -> None:
    assert source(PEOPLE, f"compare: [{written}]").comparisons == (means,)


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("{trait: sex, shares: {f: 52, m: 48}}", ReferencePopulation("sex", (("f", 52.0), ("m", 48.0)))),
        ("{trait: vip, shares: {true: 1, false: 9}}", ReferencePopulation("vip", (("true", 1.0), ("false", 9.0)))),
        (
            "{trait: age, bands: [25, 50.5], shares: [1, 2, 1]}",
            ReferencePopulation("age", (("below 25", 1.0), ("25 to 50.5", 2.0), ("50.5 and more", 1.0)), (25.0, 50.5)),
        ),
        ("{trait: region, file: reference/regions.csv}", ReferencePopulation("region", file="reference/regions.csv")),
    ],
)
def test_a_population_is_written_beside_a_source_or_in_a_file(written: str, means: ReferencePopulation) -> None:
    assert source(PEOPLE, f"reference: [{written}]").references == (means,)


@pytest.mark.parametrize(
    ("base", "written", "message"),
    [
        (PEOPLE, "compare: [{with: crm}]", '"compare[0].on": expected a value'),
        (PEOPLE, "compare: [{on: person}]", '"compare[0].with": expected text, got nothing'),
        (PEOPLE, "compare: [{with: crm, on: emial}]", 'no row becomes "emial"; did you mean "email"?'),
        (PEOPLE, "compare: [{with: crm, on: person, values: [tel]}]", 'no row becomes "tel"'),
        (PEOPLE, "compare: [{with: crm, on: {person: id}}]", "expected person on both sides"),
        (PEOPLE, "compare: [{with: crm, on: [email, birth]}]", "expected one value that both have"),
        (PEOPLE, "compare: [{with: crm, on: person, most: many}]", 'is no share such as "60 %"'),
        (PEOPLE, "compare: [{with: crm, on: person, valeus: email}]", 'unknown field "valeus"; did you mean "values"?'),
        (ORDERS, "compare: [{with: erp, on: person, values: total}]", "since a person has many"),
        (PEOPLE, "reference: [{trait: sex}]", "expected either shares or a file"),
        (PEOPLE, "reference: [{trait: sex, shares: {f: 1}, file: x.csv}]", "expected either shares or a file"),
        (PEOPLE, "reference: [{trait: sex, shares: {f: 1}}]", "expected a share for each category"),
        (PEOPLE, "reference: [{trait: sex, shares: {f: 1, m: 0}}]", "expected shares, or numbers of people, above 0"),
        (PEOPLE, "reference: [{trait: sex, shares: {f: 1, m: .inf}}]", "above 0"),
        (PEOPLE, "reference: [{trait: age, bands: [25], shares: [1]}]", "expected a list of 2 shares"),
        (PEOPLE, "reference: [{trait: age, bands: [50, 25], shares: [1, 1, 1]}]", "expected numbers that grow"),
        (PEOPLE, "reference: [{trait: age, bands: [.nan], shares: [1, 1]}]", "expected numbers that grow"),
        (PEOPLE, "reference: [{trait: age, bands: [young], shares: [1, 1]}]", "expected numbers, such as"),
        (PEOPLE, "reference: [{trait: sex, file: ../secret.csv}]", "expected a CSV file in the project's folder"),
        (PEOPLE, "reference: [{trait: sex, file: /etc/passwd}]", "expected a CSV file in the project's folder"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(base: dict[str, Any], written: str, message: str) -> None:
    with pytest.raises(DefinitionError) as raised:
        source(base, written)
    assert message in str(raised.value)


def test_an_event_says_which_come_before_it() -> None:
    plan = tracking_plan_of(
        {"events": {"order_completed": {"after": "cart_viewed"}, "cart_viewed": None}}, "tracking.yaml"
    )
    assert plan.events["order_completed"].after == ("cart_viewed",)
    for wrong in ("cart_veiwed", "order_completed"):
        with pytest.raises(
            DefinitionError, match=rf'after": "{wrong}" is no other event declared here; .*"cart_viewed"'
        ):
            tracking_plan_of({"events": {"order_completed": {"after": wrong}, "cart_viewed": None}}, "tracking.yaml")
