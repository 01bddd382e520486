"""What may follow, at the end of a sentence that somebody is writing."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.definitions.values import ValueType
from kohort.rules.catalog import Catalog
from kohort.rules.complete import completions
from kohort.rules.languages import Language

POINT = dict.fromkeys(("home.latitude", "home.longitude"), ValueType.NUMBER)
CATALOG = Catalog(
    events={"order_completed": {"total": {ValueType.NUMBER: "total"}, "shop": {ValueType.TEXT: "shop"}}, "visit": {}},
    traits={"clv": ValueType.NUMBER, "my trait": ValueType.TEXT, **POINT},
    segments={"vip": "clv in top 5%"},
    purposes={"ads_matching": (), "e-mail": ()},
    periods={"sale": (date(2026, 7, 1), date(2026, 7, 31))},
)


@pytest.mark.parametrize(
    ("sentence", "follows"),
    [
        ("", ["not", "did", "count of", "clv", "`my trait`", "in segment", "("]),
        ("c", ["count of", "clv"]),
        ("consent to ", ["ads_matching", "`e-mail`"]),
        ("count", ["count of"]),
        ("count of ", ["order_completed", "visit", "order_completed.total"]),
        ("sum of order_completed.t", ["order_completed.total"]),
        ("did ", ["order_completed", "visit"]),
        ("did order_completed where ", ["total", "shop"]),
        ("did order_completed where s", ["shop"]),
        ("did order_completed t", ["then", "today", "this week"]),
        ("did order_completed this", ["this week", "this month", "this year"]),
        ("did order_completed then not v", ["visit"]),
        ("clv ", [">=", "between", "exists", "in top", "is missing"]),
        ("clv in", ["in top", "in bottom"]),
        ("clv in top 5% ", ["among", "and", "or"]),
        ("count of visit in last 7 ", ["seconds", "days"]),
        ("in segment ", ['"vip"']),
        ("did visit in period ", ['"sale"']),
        ("not c", ["clv", "count of"]),
        ("(clv", []),
        ("clv > 3 and ", ["home", "home.latitude", "within polygon", "in cell"]),
        ("home in", ["in cell"]),
        ("home w", ["within polygon"]),
        ("distance from h", ["home"]),
        ('home in cell "', []),
        ("clv > > ", []),
    ],
)
def test_what_may_follow(sentence: str, follows: list[str]) -> None:
    found = [one.text for one in completions(sentence, CATALOG)]
    assert [text for text in follows if text not in found] == []
    assert follows or not found


def test_what_follows_takes_the_place_of_what_is_written() -> None:
    (found,) = completions("clv > 3 and did vis", CATALOG)
    assert ("clv > 3 and did vis"[: found.start] + found.text) == "clv > 3 and did visit"


def test_in_french() -> None:
    found = {one.text for one in completions("clv > 3 e", replace(CATALOG, language=Language.FR))}
    assert found == {"et"}


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=30)
    | st.lists(st.sampled_from(("did", "clv", "(", '"', "`", "in", "visit", "5")), max_size=5).map(" ".join)
)
def test_whatever_is_written_something_or_nothing_follows(sentence: str) -> None:
    completions(sentence, CATALOG)
