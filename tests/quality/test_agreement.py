"""Sources beside each other and beside a population, as findings that a person reads."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from kohort.definitions.comparing import SourceComparison
from kohort.definitions.values import ValueType
from kohort.quality.cross_checks.agreement import compare
from kohort.quality.cross_checks.wording import agreement_findings, bias_finding
from kohort.stats.goodness import fit_of

SIDES = st.dictionaries(st.text("abc", min_size=1, max_size=2), st.none() | st.integers(-(2**63), 2**63 - 1))


def table(values: dict[str, int | None]) -> pa.Table:
    return pa.table(
        [pa.array([*values], pa.string()), pa.array([*values.values()], pa.int64())], names=["key", "value"]
    )


@given(SIDES, SIDES)
def test_what_differs_is_what_differs_key_by_key(here: dict[str, int | None], there: dict[str, int | None]) -> None:
    found = compare(table(here), table(there), [("total", "amount")])
    pairs = [(here[key], there[key]) for key in here.keys() & there.keys()]
    known = [(one, other) for one, other in pairs if one is not None and other is not None]
    value = found.values[0]
    assert (found.here, found.there, found.both) == (len(here), len(there), len(pairs))
    assert (value.both, value.differ) == (len(known), sum(one != other for one, other in known))
    assert value.here_only == sum(one is not None and other is None for one, other in pairs)
    assert value.there_only == sum(one is None and other is not None for one, other in pairs)
    assert value.largest <= max((abs(one - other) for one, other in known), default=0)


def test_lists_are_the_same_in_any_order_and_types_that_differ_are_said_to() -> None:
    keys = pa.array(["1", "2"])
    lists = compare(
        pa.table([keys, pa.array([["a", "b"], ["a"]])], names=["key", "its"]),
        pa.table([keys, pa.array([["b", "a"], ["c"]])], names=["key", "its"]),
        [("likes", "likes")],
    )
    assert lists.values[0].differ == 1
    mixed = compare(table({"1": 5}), pa.table({"key": ["1"], "its": ["5"]}), [("total", "total")])
    said = agreement_findings("shop", SourceComparison("crm", ("total", "total")), mixed, [None])
    assert "their types differ" in said[0].detail


def test_a_difference_is_told_without_anybodys_values() -> None:
    here = pa.table({"key": ["1", "2", "3"], "mail": ["Ana@x.fr", "bob@x.fr", "cid@x.fr"], "spent": [1, 10_500_000, 3]})
    there = pa.table({"key": ["1", "2", "3"], "mail": ["ana@x.fr", "bob@y.fr", None], "spent": [1, 500_000, 3]})
    found = compare(here, there, [("mail", "email"), ("spent", "spent")])
    declared = SourceComparison("crm", ("number", "number"), most=0.4)
    mail, spent = agreement_findings("shop", declared, found, [ValueType.TEXT, ValueType.NUMBER])
    assert (mail.severity, mail.count, spent.severity, spent.count) == ("warning", 2, "info", 1)
    assert mail.detail == (
        "2 of 2 (100.0 %) values of number have another mail (email) in crm than in shop (95 % interval 34.2 to "
        "100.0 %; 1 differ in case, accents or blanks alone); 1 have one in shop alone"
    )
    assert spent.detail.endswith("the largest difference is 10)")
    assert "@" not in mail.detail


def test_a_bias_is_said_only_with_people_enough_and_a_difference_that_counts() -> None:
    def said(counts: list[int]) -> str:
        finding = bias_finding("crm", "sex", ["f", "m"], fit_of(counts, [52, 48]), 0)
        assert (finding.severity == "warning") == ("is biased" in finding.detail)
        return finding.detail

    assert "is biased by sex: 70.0 % of its 1,000 people are f" in said([700, 300])
    assert "has too few people to tell a bias" in said([55, 5])
    assert "shows no bias" in said([530, 470])
    assert "shows no bias" in said([530_000, 470_000])  # certain, and of no account


def test_people_who_are_in_no_category_are_counted_beside() -> None:
    detail = bias_finding("crm", "sex", ["f", "m"], fit_of([700, 300], [52, 48]), 12).detail
    assert detail.endswith("; 12 have no sex that the population has")
