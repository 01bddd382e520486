"""Laws that hold for any text at all: nothing raises, what is normal stays as it is, every value is accounted for."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from normal_values import EVERY_KIND, FRIDAY, declared, outcome, reader, shown

from kohort.collection.normalised_columns import Companions, normalise_column
from kohort.collection.rows import Column
from kohort.definitions.normalisation import Asked, Given, Outcome, Status
from kohort.definitions.values import ValueType

PIECES = [
    *("06 12 34 56 78", "+33", "12,50", "1.234", "€", "$", "kg", "h", "min", "31/01/2026", "2026-01-31", "janvier"),
    *("T09:30", "ada@example.org", "<", ">", ";", "France", "fr", "-", "(", ")", "\u200b", "\u202e", "\0", "\u00a0"),
    *("=", '"', "'", "é", "\ufffd", "\ud800", "1e9", "PT1H", ":", "/", "%", "²", "İ", "ǆ", "\u0301", "٣", "00", "ﬁ"),
    "\u200d",
]  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(PIECES), max_size=5).map("".join),
    st.from_regex(r"[-+(]?[0-9]{1,4}([.,/ :][0-9]{1,4}){0,3} ?[a-zA-Z€$°']{0,4}", fullmatch=True),
)
NUMBERS = st.one_of(
    st.decimals(), st.integers().map(Decimal), st.sampled_from(["1e999999", "-1e-999999", "NaN"]).map(Decimal)
)


@given(values=st.lists(st.one_of(TEXTS, NUMBERS), max_size=10), beside=TEXTS, day=st.none() | st.dates())
def test_nothing_raises_and_each_value_has_one_outcome(values: list[Given], beside: str, day: date | None) -> None:
    for kind in EVERY_KIND:
        found = reader(kind)([Asked(one, beside, day) for one in values])
        assert len(found) == len(values)
        for one in found:
            assert (one.value is None) == (one.status in {Status.FLAGGED, Status.EMPTY})
            assert bool(one.rules) == (one.status in {Status.REPAIRED, Status.FLAGGED})
            assert isinstance(one.value, str) == (one.value is not None and declared(kind).type is ValueType.TEXT)


@given(value=TEXTS)
def test_what_is_in_normal_form_stays_as_it_is(value: str) -> None:
    for kind in EVERY_KIND:
        found = outcome(kind, value)
        if found.value is not None:
            again = normal_again(kind, shown(kind, found))
            assert (again.status, again.value) == (Status.VALID, found.value), kind


def normal_again(kind: str, normal: str) -> Outcome:
    """Return what becomes of a value in normal form."""
    match declared(kind).type:
        case ValueType.NUMBER:  # without a unit it is in that of the project and of the kind
            return outcome(kind.removesuffix(", unit: minutes").removesuffix(", currency: USD"), Decimal(normal))
        case ValueType.MOMENT:
            return outcome(kind, f"{normal}Z")
        case _:
            return outcome(kind, normal)


@given(
    rows=st.lists(
        st.tuples(
            st.none() | TEXTS.filter(lambda one: "\ud800" not in one),
            st.none() | st.sampled_from(["EUR", "usd", "?", ""]),
            st.integers(-3, 3),
        ),
        max_size=30,
    ),
    kept=st.data(),
)
def test_columns_give_what_single_values_give_and_totals_tie_out(
    rows: list[tuple[str | None, str | None, int]], kept: st.DataObject
) -> None:
    asked = [kept.draw(st.booleans()) for _ in rows]
    values, beside = [one for one, *_ in rows], [one for _, one, _ in rows]
    read = reader("amount, currency: {column: currency}")
    first = (FRIDAY - date(1970, 1, 1)).days
    found = normalise_column(
        Column(pa.array(values, pa.string())),
        declared("amount, currency: {column: currency}"),
        read,
        ("total", "amount"),
        Companions(Column(pa.array(beside, pa.string())), pa.array([first + shift for *_, shift in rows], pa.int32())),
        asked_rows=pa.array(asked, pa.bool_()).to_numpy(zero_copy_only=False),
    )
    one_by_one = [
        read([Asked(value or "", text or "", FRIDAY + timedelta(days=day))])[0]
        for (value, text, day), counts in zip(rows, asked, strict=True)
        if counts
    ]
    places = [place for place, counts in enumerate(asked) if counts]
    assert [found.values[place].as_py() for place in places] == [one.value for one in one_by_one]
    assert found.tally.statuses == Counter(one.status for one in one_by_one)
    assert found.tally.statuses.total() == len(places)
    assert found.tally.rules == Counter((one.status, rule) for one in one_by_one for rule in one.rules)
    written = [
        None if one.status in {Status.VALID, Status.EMPTY} else values[place]
        for place, one in zip(places, one_by_one, strict=True)
    ]
    assert [found.raw[place].as_py() for place in places] == written
    left_out = [place for place, counts in enumerate(asked) if not counts]
    assert {found.values[place].as_py() for place in left_out} <= {None}
