"""What rules mean: windows, aggregates, traits, dates, populations; each row holds for the reference, too."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kohort.clock import DAY, HOUR, Moment, parse_moment
from kohort.definitions.values import LARGEST_MICROS, MICRO, ValueType, micros_of
from kohort.engines.reference import Event, Person, Plain, TraitValue, Typed
from kohort.rules.catalog import Catalog
from kohort.rules.read import read_rule
from kohort.testing.suite.base import EngineCases

_NOW: Moment = parse_moment("2026-03-29T12:00:00", ZoneInfo("UTC"))
_PARIS = ZoneInfo("Europe/Paris")
_CATALOG = Catalog(
    events={
        "order": {
            "total": {ValueType.NUMBER: "total"},
            "shop": {ValueType.TEXT: "shop"},
            "gift": {ValueType.BOOLEAN: "gift"},
            "code": {ValueType.NUMBER: "code_number", ValueType.TEXT: "code_text"},
            "tags": {ValueType.TEXT_LIST: "tags"},
        },
        "visit": {},
    },
    traits={"clv": ValueType.NUMBER, "country": ValueType.TEXT, "signed_up": ValueType.MOMENT},
    segments={"french": 'country = "FR"', "not french": 'not in segment "french"'},
    zone=_PARIS,
)


def _typed(value: str | float | bool | list[str]) -> Typed:
    match value:
        case bool():
            return Typed(ValueType.BOOLEAN, value)
        case str():
            return Typed(ValueType.TEXT, value)
        case list():
            return Typed(ValueType.TEXT_LIST, tuple(value))
        case _:
            return Typed(ValueType.NUMBER, Fraction(micros_of(value), MICRO))


def _event(event_id: str, name: str, age: int, **properties: str | float | bool | list[str]) -> Event:
    return Event(event_id, name, _NOW - age, {key: _typed(value) for key, value in properties.items()})


def _people(**histories: Iterable[Event | TraitValue]) -> tuple[Person, ...]:
    """Return people who exist since long ago, by name."""
    found = []
    for name, history in histories.items():
        listed = list(history)
        events = tuple(one for one in listed if isinstance(one, Event))
        traits = tuple(one for one in listed if isinstance(one, TraitValue))
        found.append(Person(name, 0, events, traits))
    return tuple(found)


def _trait(name: str, value: str | float | None, age: int, value_id: str = "v") -> TraitValue:
    return TraitValue(name, value_id, _NOW - age, None if value is None else _typed(value))


_SHOPPERS = _people(
    ada=[
        _event("1", "order", 1 * DAY, total=50, shop="Paris", gift=True, tags=["a", "b"]),
        _event("2", "order", 2 * DAY, total=0.5, shop="Lyon", tags=["b"]),
        _event("3", "order", 9 * DAY, total=-1, code="x"),
        _trait("country", "FR", DAY),
        _trait("clv", 100, DAY),
    ],
    bob=[_event("4", "order", 3 * DAY, shop="Paris", code=7), _trait("country", "DE", DAY)],
    cleo=[_event("5", "visit", DAY), _trait("clv", 20, DAY)],
)


class MeaningCases(EngineCases):
    """What rules mean."""

    def _members_now(self, everybody: tuple[Person, ...], sentence: str, at: Moment = _NOW) -> list[str]:
        return self.answers(everybody, _CATALOG, {"rule": read_rule(sentence, _CATALOG)}, at)["rule"]

    @pytest.mark.parametrize(
        ("age", "inside"),
        [
            (DAY, False),  # exactly a day old: (t − D, t] does not hold t − D
            (DAY - 1, True),
            (DAY + 1, False),
            (0, True),  # at t itself
            (1, True),
            (-1, False),  # its time has not come
        ],
    )
    @pytest.mark.parametrize(
        "sentence",
        [
            "did visit in last 1 day",
            "count of visit in last 24 hours >= 1",
            "did visit in last 1 day and count of visit >= 0",  # beside a value that looks at older events too
        ],
    )
    def test_a_window_holds_its_end_and_not_its_start(self, sentence: str, age: int, inside: bool) -> None:
        assert (self._members_now(_people(ada=[_event("1", "visit", age)]), sentence) == ["ada"]) is inside

    @pytest.mark.parametrize(
        ("age", "sentence", "inside"),
        [
            (7 * DAY, "days since last visit < 7", False),
            (7 * DAY - 1, "days since last visit < 7", True),
            (7 * DAY, "days since last visit <= 7", True),
            (7 * DAY + 1, "days since last visit <= 7", False),
            (7 * DAY, "days since last visit = 7", True),
            (12 * HOUR, "days since last visit = 0.5", True),
            (-1, "days since last visit exists", False),
            (0, "days since last visit = 0", True),
        ],
    )
    def test_days_since_is_exact_to_the_microsecond(self, age: int, sentence: str, inside: bool) -> None:
        assert (self._members_now(_people(ada=[_event("1", "visit", age)]), sentence) == ["ada"]) is inside

    @pytest.mark.parametrize(
        ("sentence", "expected"),
        [
            ("count of order >= 3", "ada"),
            ("count of order < 3", "bob cleo"),
            ("count of order = 0", "cleo"),
            ("count of order.total = 0", "bob cleo"),
            ("sum of order.total = 49.5", "ada"),
            ("sum of order.total = 0", "bob cleo"),
            ("mean of order.total = 16.5", "ada"),
            ("mean of order.total != 16.5", ""),
            ("not mean of order.total = 16.5", "bob cleo"),
            ("min of order.total = -1", "ada"),
            ("max of order.total in last 30 hours = 50", "ada"),
            ("distinct of order.shop = 2", "ada"),
            ("distinct of order.tags = 2", "ada"),
            ("distinct of order.shop = 0", "cleo"),
            ('first of order.shop = "Lyon"', "ada"),
            ('last of order.shop = "Paris"', "ada bob"),
            ("last of order.code exists", "ada bob"),
            ("last of order.code = 7", "bob"),
            ('last of order.code = "x"', "ada"),
            ("did order where total > 10", "ada"),
            ("did order where not total > 10", "ada bob"),
            ("did order where (total is missing and code exists)", "bob"),
            ('did order where shop != "Paris"', "ada"),
            ("did order where gift = true", "ada"),
            ("did order where gift != true", ""),
            ("did order where total between 0.5 and 50 in last 2 days", "ada"),
            ("count of order where tags exists = 2", "ada"),
            ('country = "FR"', "ada"),
            ('country != "FR"', "bob"),
            ('not country = "FR"', "bob cleo"),
            ("country is missing", "cleo"),
            ('in segment "french"', "ada"),
            ('in segment "not french"', "bob cleo"),
            ('in segment "not french" or in segment "french"', "ada bob cleo"),
            ("clv > mean", "ada"),  # of 100 and 20: 60
            ("clv < mean", "cleo"),
            ("count of order < mean", "bob cleo"),  # of 3 and 1, by those who have any: 2; cleo has 0
            ("clv > mean + 1 std", ""),  # 60 + 56.57
            ("clv in top 50%", "ada"),
            ("clv in top 51%", "ada cleo"),
            ("clv in bottom 1%", "cleo"),
            ("clv > 100", ""),
            ("clv >= 100", "ada"),
            ("clv < 20", ""),
            ("clv <= 20", "cleo"),
            ("count of order in last 60 hours in bottom 1%", "ada"),  # bob's order is too old
            ("count of order where total > 10 in bottom 1%", "ada"),  # bob's order does not match
            ("count of order in bottom 1%", "bob"),  # cleo is outside the population
            ("sum of order.total in bottom 1%", "bob"),  # an order without a total is an order of 0
            ("mean of order.total in bottom 1%", "ada"),
            ("score of clv out of 5 = 3", "ada"),
            ("score of clv out of 5 = 1", "cleo"),
            ("score of clv out of 5 != 1", "ada"),
            ("not score of clv out of 5 = 1", "ada bob"),
            ("score of clv out of 5 >= 1.5", "ada"),
            ("score of clv out of 5 reversed = 1", "ada"),
            ("score of clv out of 5 reversed >= 2", "cleo"),
            ("score of clv out of 5 is missing", "bob"),
            ("score of clv out of 5 >= 5.5", ""),
            ("score of clv out of 5 != 9", "ada cleo"),
            ("score of count of visit out of 5 exists", "cleo"),
        ],
    )
    def test_the_members_of_a_rule(self, sentence: str, expected: str) -> None:
        assert self._members_now(_SHOPPERS, sentence) == expected.split()

    @pytest.mark.parametrize(
        ("totals", "mean"),
        [
            (["0.000001", "0.000002"], "0.000002"),  # 1.5 to the even 2
            (["0.000002", "0.000003"], "0.000002"),  # 2.5 to the even 2
            (["-0.000001", "-0.000002"], "-0.000002"),
            (["-0.000002", "-0.000003"], "-0.000002"),
            (["-0.000001", "0"], "0"),
            (["1", "1", "2"], "1.333333"),
            (["-1", "-1", "-2"], "-1.333333"),
            (["9223372036854.775807"] * 3, "9223372036854.775807"),
        ],
    )
    def test_a_mean_is_rounded_half_even_to_six_places(self, totals: list[str], mean: str) -> None:
        orders = [
            Event(str(index), "order", _NOW, {"total": Typed(ValueType.NUMBER, Fraction(Decimal(total)))})
            for index, total in enumerate(totals)
        ]
        assert self._members_now(_people(ada=orders), f"mean of order.total = {mean}") == ["ada"]

    def test_a_sum_that_64_bits_cannot_hold_is_missing(self) -> None:
        most = Typed(ValueType.NUMBER, Fraction(LARGEST_MICROS, MICRO))
        twice = _people(ada=[Event(str(index), "order", _NOW, {"total": most}) for index in range(2)], bob=[])
        assert self._members_now(twice, "sum of order.total exists") == ["bob"]
        assert self._members_now(twice, "sum of order.total > 0 or sum of order.total <= 0") == ["bob"]
        assert self._members_now(twice, "sum of order.total in top 100%") == []

    def test_windows_within_one_another_are_asked_together(self) -> None:
        ada = [_event(name, "order", age, total=total) for name, age, total in (("3", HOUR, 5), ("2", 2 * DAY, 7))]
        ada.append(_event("1", "order", 5 * DAY, total=3))
        by_days: dict[str, tuple[int, int, int]] = {  # in the last 1, 3 and 10 days
            "count": (1, 2, 3),
            "sum": (5, 12, 15),
            "mean": (5, 6, 5),
            "min": (5, 5, 3),
            "max": (5, 7, 7),
            "distinct": (1, 2, 3),
            "first": (5, 7, 3),
            "last": (5, 5, 5),
        }
        rules = {
            f"{function} {days}": read_rule(f"{function} of order.total in last {days} days = {value}", _CATALOG)
            for function, values in by_days.items()
            for days, value in zip((1, 3, 10), values, strict=True)
        }
        assert self.answers(_people(ada=ada), _CATALOG, rules, _NOW) == {name: ["ada"] for name in rules}

    def test_the_largest_sum_that_64_bits_hold_is_there(self) -> None:
        parts = (LARGEST_MICROS - MICRO, MICRO)
        orders = [
            Event(str(index), "order", _NOW, {"total": Typed(ValueType.NUMBER, Fraction(part, MICRO))})
            for index, part in enumerate(parts)
        ]
        for asked in ("= 9223372036854.775807", "exists", "> 0"):
            assert self._members_now(_people(ada=orders), f"sum of order.total {asked}") == ["ada"], asked

    @pytest.mark.parametrize(
        ("values", "number"),
        [
            ([{"shop": "Paris"}, {"shop": "Paris"}, {"shop": "Lyon"}], 2),
            ([{"shop": "Paris"}, {"shop": "Lyon"}, {"shop": "Paris"}], 2),
            ([{"total": 1}, {"total": 1}], 1),
            ([{"code": 7}, {"code": "7"}, {"code": 7}], 2),  # a number and a text are different
            ([{"tags": ["a", "b"]}, {"tags": ["b", "b"]}], 2),
            ([{}, {}], 0),
        ],
    )
    def test_equal_values_count_once(self, values: list[dict[str, Any]], number: int) -> None:
        orders = [_event(str(index), "order", index, **its) for index, its in enumerate(values)]
        name = next(iter(values[0]), "shop")
        assert self._members_now(_people(ada=orders), f"distinct of order.{name} = {number}") == ["ada"]

    def test_ties_in_time_are_broken_by_event_id(self) -> None:
        tied = _people(ada=[_event("b", "order", 0, shop="second"), _event("a", "order", 0, shop="first")])
        assert self._members_now(tied, 'first of order.shop = "first" and last of order.shop = "second"') == ["ada"]

    @pytest.mark.parametrize(
        ("values", "sentence", "holds"),
        [
            ([_trait("clv", 1, 2), _trait("clv", 2, 1)], "clv = 2", True),
            ([_trait("clv", 1, 0, "a"), _trait("clv", 2, 0, "b")], "clv = 2", True),
            ([_trait("clv", 1, 2), _trait("clv", None, 1)], "clv is missing", True),
            ([_trait("clv", 1, 1), _trait("clv", None, 2)], "clv = 1", True),
            ([_trait("clv", 1, 2), _trait("clv", 2, -1)], "clv = 1", True),
            ([_trait("clv", 1, 2), _trait("clv", "dear", 1)], "clv is missing", True),
        ],
        ids=["the latest", "ties by id", "removed", "set again", "not yet", "another type"],
    )
    def test_a_trait_is_the_latest_value_set(self, values: list[TraitValue], sentence: str, holds: bool) -> None:
        assert (self._members_now(_people(ada=values), sentence) == ["ada"]) is holds

    @pytest.mark.parametrize(
        ("local", "sentence", "holds"),
        [
            # 29 March 2026 has 23 hours in Paris: from 2026-03-28T23:00Z to 2026-03-29T22:00Z.
            ("2026-03-29T00:00:00", "signed_up = 2026-03-29", True),
            ("2026-03-28T23:59:59.999999", "signed_up = 2026-03-29", False),
            ("2026-03-29T23:59:59.999999", "signed_up <= 2026-03-29", True),
            ("2026-03-30T00:00:00", "signed_up <= 2026-03-29", False),
            ("2026-03-30T00:00:00", "signed_up > 2026-03-29", True),
            ("2026-03-29T23:59:59.999999", "signed_up > 2026-03-29", False),
            ("2026-03-29T00:00:00", "signed_up < 2026-03-29", False),
            ("2026-03-28T23:59:59.999999", "signed_up < 2026-03-29", True),
            ("2026-03-29T12:00:00", "signed_up != 2026-03-29", False),
            ("2026-03-29T23:59:59.999999", "signed_up between 2026-03-28 and 2026-03-29", True),
            ("2026-03-29T12:00:00", "signed_up = 2026-03-29T12:00", True),
            ("2026-03-29T12:00:00", "signed_up = 2026-03-29T10:00Z", True),
        ],
    )
    def test_a_date_is_a_whole_day_in_the_projects_time_zone(self, local: str, sentence: str, holds: bool) -> None:
        moment: Plain = parse_moment(local, _PARIS)
        ada = _people(ada=[TraitValue("signed_up", "v", 0, Typed(ValueType.MOMENT, moment))])
        assert (self._members_now(ada, sentence) == ["ada"]) is holds

    def test_only_people_who_exist_are_members_even_of_a_not(self) -> None:
        everybody = (Person("ada", _NOW), Person("bob", _NOW + 1))
        assert self._members_now(everybody, "not did visit") == ["ada"]
        assert self._members_now(everybody, "not did visit", at=_NOW + 1) == ["ada", "bob"]

    def test_people_who_do_not_exist_yet_are_in_no_population(self) -> None:
        known: Mapping[str, int] = {"ada": 0, "bob": 0, "cleo": _NOW + 1}
        everybody = tuple(
            Person(name, seen, traits=(_trait("clv", clv, DAY),))
            for clv, (name, seen) in enumerate(known.items(), start=1)
        )
        assert self._members_now(everybody, "clv in top 50%") == ["bob"]
