"""What `as:` may say, and how what is wrong in it is answered."""

from zoneinfo import ZoneInfo

import pytest
import yaml

from kohort.definitions.normalisation import (
    ClockForm,
    DateOrder,
    DecimalMark,
    Kind,
    LetterCase,
    Normalisation,
    UnicodeForm,
    WhenFlagged,
)
from kohort.definitions.source import Aggregate, SourceDefinition, source_definition_of
from kohort.definitions.values import ValueType
from kohort.errors import DefinitionError

FILE = "sources/crm.yaml"


def source(value: str, *, time: str = "{at: 2026-01-01}") -> SourceDefinition:
    """Return a source of traits with one, which is declared like that."""
    document = f"name: crm\nfiles: 'crm*'\nperson: id\ntime: {time}\ntraits: {{it: {value}}}"
    return source_definition_of(yaml.safe_load(document), FILE)


def order(value: str) -> SourceDefinition:
    """Return a source of orders with one property, which is declared like that."""
    document = (
        f"name: till\nfiles: 't*'\nevent: sale\nperson: id\ntime: at\ngroup_by: receipt\nproperties: {{it: {value}}}"
    )
    return source_definition_of(yaml.safe_load(document), FILE)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{column: c, as: phone}", Normalisation(Kind.PHONE)),
        (
            "{column: c, as: phone, region: BE, flagged: reject}",
            Normalisation(Kind.PHONE, WhenFlagged.REJECT, region="BE"),
        ),
        ("{column: c, as: phone, region: {column: country}}", Normalisation(Kind.PHONE, beside="country")),
        ("{column: c, as: amount, currency: USD}", Normalisation(Kind.AMOUNT, currency="USD")),
        ("{column: c, as: amount, currency: {column: devise}}", Normalisation(Kind.AMOUNT, beside="devise")),
        ("{column: c, as: amount, decimal: comma}", Normalisation(Kind.AMOUNT, decimal=DecimalMark.COMMA)),
        ("{column: c, as: quantity, unit: kg}", Normalisation(Kind.QUANTITY, unit="kg")),
        ("{column: c, as: duration}", Normalisation(Kind.DURATION, unit="seconds")),
        (
            "{column: c, as: duration, unit: minutes, clock: 'minutes:seconds'}",
            Normalisation(Kind.DURATION, unit="minutes", clock=ClockForm.MINUTES),
        ),
        (
            "{column: c, as: date, order: day first, time_zone: Europe/Paris}",
            Normalisation(Kind.DATE, order=DateOrder.DAY, zone=ZoneInfo("Europe/Paris")),
        ),
        ("{column: c, as: date, formats: '%d%m%y'}", Normalisation(Kind.DATE, formats=("%d%m%y",))),
        ("{column: c, as: date, formats: [excel days]}", Normalisation(Kind.DATE, formats=("excel days",))),
        (
            "{column: c, as: text, case: title, unicode: NFKC}",
            Normalisation(Kind.TEXT, case=LetterCase.TITLE, unicode=UnicodeForm.NFKC),
        ),
    ],
)
def test_a_kind_and_its_options(value: str, expected: Normalisation) -> None:
    assert source(value).values[0].normalisation == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{column: c, as: fone}", 'field "traits.it.as": unknown kind "fone"; did you mean "phone"?'),
        ("{column: c, as: date, order: day frist}", 'unknown order "day frist"; did you mean "day first"?'),
        ("{column: c, as: phone, unit: kg}", '"phone" has no such option; it has: region, flagged'),
        ("{column: c, as: phone, regoin: FR}", 'unknown field "regoin"; did you mean "region"?'),
        ("{column: c, unit: kg}", "this is an option of as; name the kind, such as as: date"),
        ("{column: c, as: phone, type: text}", 'expected no type beside as: "phone" gives text'),
        ("{column: c, as: phone, region: France}", "expected two capitals such as FR, or {column: …}"),
        ("{column: c, as: amount, currency: euro}", "expected three capitals such as EUR, or {column: …}"),
        ("{column: c, as: amount, currency: {colunm: c}}", 'field "traits.it.currency.column": expected text'),
        ("{column: c, as: quantity}", 'field "traits.it.unit": expected text, got nothing'),
        ("{column: c, as: duration, unit: fortnights}", 'unknown unit "fortnights"'),
        ("{column: c, as: date, formats: '%d %B'}", "expected patterns such as %d/%m/%Y"),
        ("{column: c, as: date, formats: [second]}", "or: seconds, milliseconds, excel days"),
        ("{column: c, as: date, time_zone: Paris}", 'unknown time zone "Paris"'),
        ("{column: c, as: text, flagged: drop}", 'unknown flagged "drop"; known: "missing", "reject"'),
        ("{column: c, as: text, case: [lower]}", "expected text"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(value: str, message: str) -> None:
    with pytest.raises(DefinitionError) as error:
        source(value)
    assert message in str(error.value)
    assert FILE in str(error.value)


def test_the_time_of_rows_may_be_a_date_in_other_forms() -> None:
    time = source("c", time="{column: at, as: date, order: day first, time_zone: UTC}").time
    assert time.normalisation == Normalisation(Kind.DATE, WhenFlagged.REJECT, order=DateOrder.DAY, zone=ZoneInfo("UTC"))
    assert source("c", time="{column: at, time_zone: UTC}").time.normalisation is None


@pytest.mark.parametrize(
    ("time", "message"),
    [
        ("{column: at, as: phone}", "expected date"),
        ("{column: at, as: date, flagged: missing}", "expected reject, since nothing happens at no time"),
        ("{at: 2026-01-01, as: date}", "only the times of a column are normalised"),
        ("{column: at, order: day first}", 'unknown field "order"'),
    ],
)
def test_the_time_of_rows_is_nothing_but_a_date(time: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        source("c", time=time)


def test_the_columns_beside_are_asked_for() -> None:
    assert source("{column: c, as: amount, currency: {column: devise}}").columns()["devise"] == "it"


def test_grouped_values_are_normalised_and_a_wrong_one_refuses_the_group() -> None:
    total = order("{sum: price, as: amount}").values[0]
    assert (total.aggregate, total.type) == (Aggregate.SUM, ValueType.NUMBER)
    assert total.normalisation == Normalisation(Kind.AMOUNT, WhenFlagged.REJECT)
    assert order("{first: day, as: date, flagged: missing}").values[0].normalisation == Normalisation(Kind.DATE)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{sum: tel, as: phone}", "expected a kind that sum can take"),
        ("{count: tel, as: phone}", "expected a kind that count can take"),
        ("{distinct: price, as: amount}", "expected a kind that distinct can take"),
        ("{sum: [price, tax], as: amount}", "expected one column, since as speaks of one"),
    ],
)
def test_an_aggregate_takes_kinds_of_its_type(value: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        order(value)


def test_the_name_of_what_was_written_is_taken() -> None:
    document = "name: c\nfiles: 'c*'\nperson: id\ntime: at\ntraits: {tel: {column: t, as: phone}, tel.raw: u}"
    with pytest.raises(DefinitionError, match='what "tel" was before it was normalised is kept under this name'):
        source_definition_of(yaml.safe_load(document), FILE)


def test_values_of_a_table_stay_as_they_are() -> None:
    document = "name: c\nstore: w\ntable: a.b\nkey: id\nperson: id\ntime: at\ntraits: {tel: {column: t, as: phone}}"
    with pytest.raises(DefinitionError, match="the values of a table are not normalised"):
        source_definition_of(yaml.safe_load(document), FILE)
