"""Texts, the calendar, populations that a rule names, and places on the globe."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from kohort.clock import Moment, parse_moment
from kohort.definitions.values import ValueType
from kohort.engines.reference import Event, Person, TraitValue, Typed
from kohort.rules.catalog import Catalog
from kohort.rules.read import read_rule
from kohort.testing.suite.base import EngineCases

_PARIS = ZoneInfo("Europe/Paris")
_NOW: Moment = parse_moment("2026-03-31T12:00", _PARIS)  # a Tuesday
_CATALOG = Catalog(
    events={"order": {"total": {ValueType.NUMBER: "total"}, "shop": {ValueType.TEXT: "shop"}}},
    traits={
        "city": ValueType.TEXT,
        "interests": ValueType.TEXT_LIST,
        "clv": ValueType.NUMBER,
        "country": ValueType.TEXT,
        **dict.fromkeys(
            ("location.latitude", "location.longitude", "home.latitude", "home.longitude"), ValueType.NUMBER
        ),
        "signed_up": ValueType.MOMENT,
    },
    segments={"french": 'country = "FR"'},
    periods={"sale": (date(2026, 3, 29), date(2026, 3, 30))},
    zone=_PARIS,
)


def _person(name: str, *events: Event, **traits: str | int | tuple[str, ...]) -> Person:
    kinds = {str: ValueType.TEXT, tuple: ValueType.TEXT_LIST}
    values = [
        TraitValue(
            key,
            "v",
            0,
            Typed(ValueType.NUMBER, Fraction(value)) if isinstance(value, int) else Typed(kinds[type(value)], value),
        )
        for key, value in traits.items()
    ]
    return Person(name, 0, events, tuple(values))


_PEOPLE = [
    _person("ada", Event("1", "order", _NOW), Event("2", "order", _NOW), clv=10, country="FR"),
    _person("bob", Event("3", "order", _NOW), clv=20, country="FR"),
    _person("cleo", clv=30, country="BE"),
    _person("dan", clv=60, country="BE"),
    _person("eve"),
]


class WindowAndTextCases(EngineCases):
    """Texts, the calendar, populations that a rule names, and places on the globe."""

    def _members(self, everybody: Sequence[Person], sentence: str) -> list[str]:
        return self.answers(everybody, _CATALOG, {"rule": read_rule(sentence, _CATALOG)}, _NOW)["rule"]

    @pytest.mark.parametrize(
        ("text", "predicate", "holds"),
        [
            ("Paris", 'contains "ari"', True),
            ("Paris", 'contains "ARI"', False),
            ("Paris", 'contains "ARI" ignoring case', True),
            ("Paris", 'starts with "Par"', True),
            ("Paris", 'starts with "par"', False),
            ("Paris", 'ends with "IS" ignoring case', True),
            ("Paris", 'contains ""', True),
            ("", 'ends with "x"', False),
            ("Strasse", 'contains "STRAßE" ignoring case', True),  # ß folds to ss
            ("E\u0301tampes", 'starts with "É"', True),  # e and its accent are one character, however written
            ("ÉTAMPES", 'starts with "étampes" ignoring case', True),
            ("Paris", 'matches "^P.*s$"', True),
            ("Paris", 'matches "RI"', False),
            ("Paris", 'matches "RI" ignoring case', True),
            ("Paris", 'is one of ("Lyon", "Paris")', True),
            ("Paris", 'is one of ("paris")', False),
            ("100%", 'contains "%"', True),
            ("Paris", 'contains "_"', False),
        ],
    )
    def test_questions_about_a_text(self, text: str, predicate: str, holds: bool) -> None:
        shopper = _person("ada", Event("1", "order", _NOW, {"shop": Typed(ValueType.TEXT, text)}), city=text)
        for sentence in (f"city {predicate}", f"did order where shop {predicate}", f"last of order.shop {predicate}"):
            assert (self._members([shopper], sentence) == ["ada"]) is holds
            assert (self._members([shopper], f"not {sentence}") == ["ada"]) is not holds

    @pytest.mark.parametrize("predicate", ['contains ""', 'matches ""', 'is one of ("a")'])
    def test_a_question_about_a_missing_text_is_answered_no(self, predicate: str) -> None:
        assert self._members([_person("ada")], f"city {predicate}") == []
        assert self._members([_person("ada")], f"not city {predicate}") == ["ada"]

    def test_a_list_includes_an_element_exactly(self) -> None:
        everybody = [_person("ada", interests=("golf", "tea")), _person("bob", interests=()), _person("cleo")]
        assert self._members(everybody, 'interests includes "golf"') == ["ada"]
        assert self._members(everybody, 'interests includes "gol"') == []
        assert self._members(everybody, 'not interests includes "golf"') == ["bob", "cleo"]

    @pytest.mark.parametrize(
        ("local", "window", "inside"),
        [
            ("2026-03-31T00:00", "today", True),
            ("2026-03-30T23:59:59.999999", "today", False),
            ("2026-03-30T23:59:59.999999", "yesterday", True),
            ("2026-03-30T00:00", "yesterday", True),
            ("2026-03-31T00:00", "yesterday", False),
            ("2026-03-29T23:59:59.999999", "yesterday", False),
            ("2026-03-30T00:00", "this week", True),  # Monday
            ("2026-03-29T23:59:59.999999", "this week", False),
            ("2026-03-01T00:00", "this month", True),
            ("2026-02-28T23:59:59.999999", "this month", False),
            ("2026-01-01T00:00", "this year", True),
            ("2025-12-31T23:59:59.999999", "this year", False),
            ("2026-03-31T12:00:00.000001", "today", False),  # its time has not come
            ("2026-03-29T00:00", "since 2026-03-29", True),
            ("2026-03-28T23:59:59.999999", "since 2026-03-29", False),
            ("2026-03-29T09:30", "since 2026-03-29T09:30", True),
            ("2026-03-29T09:29:59.999999", "since 2026-03-29T09:30", False),
            ("2026-03-29T23:59:59.999999", "between 2026-03-28 and 2026-03-29", True),  # a day of 23 hours
            ("2026-03-30T00:00", "between 2026-03-28 and 2026-03-29", False),
            ("2026-03-27T23:59:59.999999", "between 2026-03-28 and 2026-03-29", False),
            ("2025-03-01T00:00", "in March", True),
            ("1999-03-31T23:59:59.999999", "in March", True),
            ("2025-04-01T00:00", "in March", False),
            ("2025-12-31T23:59:59.999999", "in December", True),
            ("2026-03-29T00:00", 'in period "sale"', True),
            ("2026-03-30T23:59:59.999999", "in period sale", True),
            ("2026-03-31T00:00", "in period sale", False),
            ("2026-03-31T00:00", "between 2027-01-01 and 2027-12-31", False),
        ],
    )
    def test_calendar_windows_follow_the_days_of_the_project(self, local: str, window: str, inside: bool) -> None:
        ada = [_person("ada", Event("1", "order", parse_moment(local, _PARIS)))]
        assert (self._members(ada, f"did order {window}") == ["ada"]) is inside
        assert (self._members(ada, f"count of order {window} = 1") == ["ada"]) is inside

    @pytest.mark.parametrize(
        ("sentence", "expected"),
        [
            ("clv > median", "cleo dan"),  # 25
            ("clv <= quantile 0.25", "ada"),  # 17.5
            ("clv >= quantile 1", "dan"),
            ("clv <= quantile 0", "ada"),
            ("clv = quantile 0.333333", ""),  # 19.99999…
            ("clv in top 50%", "cleo dan"),
            ('clv in top 50% among country = "FR"', "bob"),
            ('clv in top 50% among in segment "french"', "bob"),
            ('not clv in top 50% among country = "FR"', "ada cleo dan eve"),
            ('clv > mean among country = "FR"', "bob cleo dan"),  # 15, compared with everybody
            ("clv in bottom 50% among clv in top 50%", "cleo"),  # of those two
            ("count of order in bottom 50%", "bob"),
            ("count of order in bottom 50% among everyone", "cleo dan eve"),  # three of five have none
            ("count of order < mean among everyone", "cleo dan eve"),  # 0.6
            ("score of count of order out of 5 among everyone = 1", "cleo dan eve"),
            ('score of clv out of 2 among (country = "BE") = 2', "dan"),
            ('score of clv out of 2 among (country = "BE") is missing', "ada bob eve"),
            ('score of clv out of 2 among (country = "BE") exists', "cleo dan"),
            ('score of clv out of 2 among (country = "BE") != 2', "cleo"),
            ('clv in top 50% among country = "DE"', ""),
            ('clv > mean among country = "DE"', ""),
        ],
    )
    def test_thresholds_follow_the_population_that_is_named(self, sentence: str, expected: str) -> None:
        assert self._members(_PEOPLE, sentence) == expected.split()

    @pytest.mark.parametrize(
        ("born", "days", "holds"),
        [
            ("1990-03-31", 1, True),  # today
            ("1990-04-07", 7, True),
            ("1990-04-08", 7, False),
            ("1990-03-30", 7, False),
            ("2026-03-31T09:00", 7, False),  # no year has gone by
            ("2025-03-31T09:00", 7, True),
            ("1990-03-31T23:59:59.999999", 1, True),  # a day of the project's calendar
            ("1990-04-02T00:00", 1, False),
            ("1990-02-28", 366, True),
            ("1996-02-29", 334, True),  # 28 February 2027
            ("1996-02-29", 333, False),
        ],
    )
    def test_an_anniversary_is_a_day_of_the_calendar(self, born: str, days: int, holds: bool) -> None:
        moment = Typed(ValueType.MOMENT, parse_moment(born, _PARIS))
        ada = [Person("ada", 0, traits=(TraitValue("signed_up", "v", 0, moment),))]
        assert (self._members(ada, f"anniversary of signed_up in next {days} days") == ["ada"]) is holds

    @pytest.mark.parametrize(
        ("sentence", "expected"),
        [
            ("distance to (0, 0) < 112 km", "near"),  # a degree is 111.195 km
            ("distance to (0, 0) <= 111.1 km", ""),
            ("distance to (0, 0) > 112 km", "far"),
            ("not distance to (0, 0) < 112 km", "far nowhere off"),
            ("distance to (0, -179) < 112000 m", "far"),  # across the date line
            ("distance from home to (0, 0) < 1 km", ""),
        ],
    )
    def test_a_distance_is_that_on_the_globe(self, sentence: str, expected: str) -> None:
        points = {"near": (1, 0), "far": (0, 180), "off": (0, 200), "nowhere": None}
        everybody = [
            _person(name, **({} if place is None else {"location.latitude": place[0], "location.longitude": place[1]}))
            for name, place in points.items()
        ]
        assert self._members(everybody, sentence) == expected.split()
