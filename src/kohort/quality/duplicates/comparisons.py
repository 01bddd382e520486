"""What is compared, and in which degrees two values agree: the levels of splink's model, for any of its databases."""

from collections.abc import Callable, Collection
from typing import Final

import splink.comparison_level_library as levels
from splink import SettingsCreator, block_on
from splink.comparison_library import CustomComparison
from splink.internals.comparison_level_creator import ComparisonLevelCreator

from kohort.quality.duplicates.blocking import Columns
from kohort.quality.duplicates.preparation import RECORD, SOURCE

Level = ComparisonLevelCreator

NAMES: Final = {"given": "given name", "surname": "surname", "birth": "birth date", "place": "place",
                "address": "address", "email": "e-mail", "phone": "phone"}  # fmt: skip
"""What people call each comparison."""

_CLOSE: Final = 0.92  # Jaro-Winkler: a letter or two of a name
_NEAR: Final = 0.8
_FAR: Final = 0.75
_MONTH: Final = 31


def settings(columns: Collection[str], rules: Collection[Columns], prior: float) -> SettingsCreator:
    """Return the model of duplicates for a table with these columns, as `prepared` names them.

    `prior` is the probability that two records taken at random are one person's. The levels say nothing that is
    special to one database, so the same model runs on DuckDB and on Spark.
    """
    made = [
        (output, make(columns))
        for output, (needed, make) in _COMPARISONS.items()
        if any(one in columns for one in needed)
    ]
    made += [(name, _text(name)) for name in sorted(columns) if name.startswith("text_")]
    return SettingsCreator(
        link_type="link_only" if SOURCE in columns else "dedupe_only",
        comparisons=[_comparison(name, one) for name, one in made],
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules],
        probability_two_random_records_match=prior,
        unique_id_column_name=RECORD,
        source_dataset_column_name=SOURCE,
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=True,
        em_convergence=1e-4,
    )  # fmt: skip


def _comparison(name: str, made: list[Level]) -> CustomComparison:
    return CustomComparison(output_column_name=f"of_{name}", comparison_levels=[*_with_guesses(made)])


def _given(columns: Collection[str]) -> list[Level]:
    swapped = [_swapped()] if "surname" in columns else []
    return [
        levels.NullLevel("given"),
        levels.ExactMatchLevel("given", term_frequency_adjustments=True),
        *swapped,
        levels.Or(levels.JaroWinklerLevel("given", _CLOSE), levels.ExactMatchLevel("given_sound")),
        levels.Or(
            levels.JaroWinklerLevel("given", _NEAR),
            levels.LevenshteinLevel("given", 1),
            levels.ExactMatchLevel("given_first"),
            _initial("given"),
        ),
        levels.ElseLevel(),
    ]


def _surname(columns: Collection[str]) -> list[Level]:
    # What is swapped is told once, by the given name.
    null = (
        levels.Or(levels.NullLevel("surname"), _swapped()).configure(is_null_level=True)
        if "given" in columns
        else levels.NullLevel("surname")
    )
    return [
        null,
        levels.ExactMatchLevel("surname", term_frequency_adjustments=True),
        levels.Or(levels.JaroWinklerLevel("surname", _CLOSE), levels.ExactMatchLevel("surname_sound")),
        levels.Or(
            levels.JaroWinklerLevel("surname", _NEAR),
            levels.LevenshteinLevel("surname", 1),
            levels.ExactMatchLevel("surname_soundex"),
            _part_of_compound("surname"),
        ),
        levels.ElseLevel(),
    ]


def _birth(_: Collection[str]) -> list[Level]:
    # Two typing errors leave the year, the month or the day as it is, which is found out at less cost than a distance.
    parts = ("birth_year", "birth_month", "birth_of_month")
    some_part = levels.Or(*[levels.ExactMatchLevel(one) for one in parts])
    return [
        levels.NullLevel("birth"),
        levels.ExactMatchLevel("birth"),
        levels.CustomLevel("birth_l = birth_turned_r", "day and month swapped"),
        levels.And(some_part, levels.DamerauLevenshteinLevel("birth", 1)),
        levels.Or(
            levels.And(some_part, levels.DamerauLevenshteinLevel("birth", 2)),
            levels.CustomLevel(f"abs(birth_day_l - birth_day_r) <= {_MONTH}", "within a month"),
        ),
        levels.ElseLevel(),
    ]


def _place(columns: Collection[str]) -> list[Level]:
    """Return the levels of postal code and town together: strangers of one town have both in common."""
    if "postal" not in columns or "town" not in columns:
        only = "town" if "town" in columns else "postal"
        near: Level = (
            levels.JaroWinklerLevel("town", _CLOSE) if only == "town" else levels.DamerauLevenshteinLevel(only, 1)
        )
        area = [levels.ExactMatchLevel("area")] if only == "postal" else []
        return [levels.NullLevel(only), levels.ExactMatchLevel(only), near, *area, levels.ElseLevel()]
    return [
        levels.And(levels.NullLevel("postal"), levels.NullLevel("town")).configure(is_null_level=True),
        levels.And(levels.ExactMatchLevel("postal"), levels.ExactMatchLevel("town")),
        levels.Or(levels.ExactMatchLevel("postal"), levels.ExactMatchLevel("town")),
        levels.Or(levels.DamerauLevenshteinLevel("postal", 1), levels.JaroWinklerLevel("town", _CLOSE)),
        levels.ExactMatchLevel("area"),
        levels.ElseLevel(),
    ]


def _text(name: str) -> list[Level]:
    return [
        levels.NullLevel(name),
        levels.ExactMatchLevel(name, term_frequency_adjustments=True),
        levels.JaroWinklerLevel(name, _CLOSE),
        levels.JaroWinklerLevel(name, _FAR),
        levels.ElseLevel(),
    ]


def _email(_: Collection[str]) -> list[Level]:
    # An address is made of its owner's name: one that is nearly the same says nothing that the names have not said.
    return [levels.NullLevel("email"), levels.ExactMatchLevel("email"), levels.ElseLevel()]


def _phone(_: Collection[str]) -> list[Level]:
    exact, near = levels.ExactMatchLevel("phone"), levels.DamerauLevenshteinLevel("phone", 1)
    return [levels.NullLevel("phone"), exact, near, levels.ElseLevel()]


def _swapped() -> Level:
    return levels.ColumnsReversedLevel("given", "surname", symmetrical=True)


def _initial(name: str) -> Level:
    one, other = f"{name}_l", f"{name}_r"
    return levels.Or(
        levels.CustomLevel(f"length({one}) = 1 and substr({other}, 1, 1) = {one}", "its initial"),
        levels.CustomLevel(f"length({other}) = 1 and substr({one}, 1, 1) = {other}", "its initial"),
    )


def _part_of_compound(name: str) -> Level:
    pairs = [("l", "r"), ("r", "l")]
    parts = [f"{name}_{one} = {name}_{part}_{other}" for one, other in pairs for part in ("first", "last")]
    return levels.Or(*[levels.CustomLevel(part, "a part of the other") for part in parts])


def _with_guesses(given: list[Level]) -> list[Level]:
    """Return levels with probabilities to begin with, which stay where the data shows no pair of a level."""
    degrees = len(given) - 1
    for place, level in enumerate(given[1:]):
        level.configure(m_probability=_BEGIN[0] if place == 0 else (1 - _BEGIN[0]) / (degrees - 1))
        level.configure(
            u_probability=_BEGIN[1] * 4**place if place < degrees - 1 else 1 - _BEGIN[1] * 4 ** (degrees - 1) / 3
        )
    return given


_BEGIN: Final = (0.85, 1e-4)
_COMPARISONS: Final[dict[str, tuple[Columns, Callable[[Collection[str]], list[Level]]]]] = {
    "given": (("given",), _given),
    "surname": (("surname",), _surname),
    "birth": (("birth",), _birth),
    "place": (("postal", "town"), _place),
    "address": (("address",), lambda _: _text("address")),
    "email": (("email",), _email),
    "phone": (("phone",), _phone),
}
