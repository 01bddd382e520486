from itertools import combinations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from kohort.quality.duplicates.blocking import choose_rules, count_pairs, rules_to_learn_from
from kohort.quality.duplicates.preparation import SOURCE

VALUES = st.sampled_from(["a", "b", "c", None])
ROWS = st.lists(st.tuples(VALUES, VALUES, st.sampled_from("ab")), min_size=1, max_size=12)


def pairs_one_by_one(rows: list[tuple[str | None, str | None, str]], columns: list[int], *, linked: bool) -> int:
    return sum(
        all(one[k] is not None and one[k] == other[k] for k in columns) and not (linked and one[2] == other[2])
        for one, other in combinations(rows, 2)
    )


@given(ROWS, st.booleans())
def test_pairs_are_counted_as_if_each_were_looked_at(
    rows: list[tuple[str | None, str | None, str]], linked: bool
) -> None:
    town, name, source = zip(*rows, strict=True)
    table = pa.table({"town": pa.array(town, pa.string()), "name": pa.array(name, pa.string())})
    if linked:
        table = table.append_column(SOURCE, pa.array(source))
    assert count_pairs(table, ["town"]) == pairs_one_by_one(rows, [0], linked=linked)
    assert count_pairs(table, ["town", "name"]) == pairs_one_by_one(rows, [0, 1], linked=linked)


def crowd(size: int) -> pa.Table:
    """One town and one address for everybody; phones and names of a few."""
    return pa.table(
        {
            "town": ["paris"] * size,
            "address": ["1 rue du bac"] * size,
            "phone": [str(number // 2) for number in range(size)],
            "given_sound": [str(number // 5) for number in range(size)],
            "surname_sound": [str(number // 4) for number in range(size)],
        }
    )


def test_a_rule_that_would_compare_everybody_is_left_out_and_told() -> None:
    blocking = choose_rules(crowd(1_000), 50)
    assert blocking.comparisons <= 50 * 1_000
    assert [rule.columns for rule in blocking.skipped] == [("address",)]
    assert blocking.skipped[0].comparisons == 1_000 * 999 // 2
    assert ("phone",) in {rule.columns for rule in blocking.rules}


def test_the_bound_holds_whatever_it_is() -> None:
    for most in (1, 2, 3, 5):
        assert choose_rules(crowd(400), most).comparisons <= most * 400


def test_a_rule_takes_the_place_of_those_it_contains() -> None:
    table = pa.table({"birth_key": ["x", "x", "y"], "postal": ["1", "1", "2"], "town": ["a", "a", "b"]})
    assert [rule.columns for rule in choose_rules(table, 50).rules] == [("birth_key",)]


def test_nothing_is_learned_from_pairs_that_nobody_has() -> None:
    table = pa.table({"birth": ["x", "x", "y"], "given": ["1", "2", "3"], "surname": ["1", "2", "3"]})
    assert rules_to_learn_from(table, 10) == [("birth",)]
