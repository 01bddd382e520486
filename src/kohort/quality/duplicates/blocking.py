"""Which pairs are compared: those that agree in something, by rules whose pairs are counted before any is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kohort.quality.duplicates.preparation import SOURCE

Columns = tuple[str, ...]

_RULES: Final[tuple[Columns, ...]] = (
    ("email",),
    ("phone",),
    ("address",),
    ("name_key",),
    ("name_key", "area"),
    ("name_key", "birth_year"),
    ("birth_key",),
    ("birth_key", "surname_soundex"),
    ("birth_key", "given_soundex"),
    ("birth_key", "postal"),
    ("birth_key", "town"),
    ("postal", "surname_sound"),
    ("postal", "given_sound"),
    ("postal", "birth_year"),
    ("town", "surname_sound"),
    ("town", "given_sound"),
    ("area", "birth_year", "surname_soundex"),
    ("birth_year", "given_sound", "surname_soundex"),
    ("birth_year", "surname_sound", "given_soundex"),
)
_LEARN_FROM: Final[tuple[Columns, ...]] = (("birth",), ("given", "surname"))
_ELSE_FROM: Final[tuple[Columns, ...]] = (
    ("email",),
    ("phone",),
    ("given", "surname"),
    ("surname",),
    ("postal", "town"),
)
"""Where there is no birth date or no name. Who shares an address may be family: nothing is learned from that."""


@dataclass(frozen=True)
class BlockingRule:
    """Pairs that agree in all `columns` are compared: `comparisons` many, those of other rules among them."""

    columns: Columns
    comparisons: int


@dataclass(frozen=True)
class Blocking:
    """The rules whose pairs are compared, and those that were left out since they would compare too many."""

    rules: tuple[BlockingRule, ...]
    skipped: tuple[BlockingRule, ...]
    most: int

    @property
    def comparisons(self) -> int:
        """The most pairs that are compared: what several rules ask for counts several times."""
        return sum(rule.comparisons for rule in self.rules)


def choose_rules(table: pa.Table, most_a_record: int) -> Blocking:
    """Return the rules for a table as `prepared` gives it, at most `most_a_record` pairs a record, all rules together.

    The rules that compare least come first; one that contains another takes its place where there is room for it.
    """
    texts = [name for name in table.column_names if name.startswith("text_")]
    candidates = [*_RULES, *((name, "surname_sound") for name in texts), *((name,) for name in texts)]
    possible = [columns for columns in candidates if set(columns) <= set(table.column_names)]
    counted = sorted((BlockingRule(one, count_pairs(table, one)) for one in possible), key=lambda one: one.comparisons)
    most = most_a_record * table.num_rows
    taken: list[BlockingRule] = []
    skipped = []
    for rule in counted:
        if not rule.comparisons or any(set(one.columns) <= set(rule.columns) for one in taken):
            continue
        rest = [one for one in taken if not set(rule.columns) < set(one.columns)]
        if sum(one.comparisons for one in rest) + rule.comparisons <= most:
            taken = [*rest, rule]
        else:
            skipped.append(rule)
    return Blocking(tuple(taken), tuple(skipped), most)


def rules_to_learn_from(table: pa.Table, most: int) -> list[Columns]:
    """Return what pairs agree in from which it is learned how duplicates differ in everything else.

    Raw columns: what is compared in a rule's own columns cannot be learned from its pairs. At most `most` pairs each.
    """
    found = [columns for columns in _LEARN_FROM if _is_enough(table, columns, most)]
    if len(found) == len(_LEARN_FROM):
        return found
    return [*found, *(one for one in _ELSE_FROM if one not in found and _is_enough(table, one, most))]


def _is_enough(table: pa.Table, columns: Columns, most: int) -> bool:
    return set(columns) <= set(table.column_names) and 0 < count_pairs(table, columns) <= most


def count_pairs(table: pa.Table, columns: Sequence[str]) -> int:
    """Return how many pairs agree in all columns, missing values never; of two sources, those between them.

    >>> count_pairs(pa.table({"town": ["a", "a", "a", "b", None, None]}), ["town"])
    3
    """
    keys = [*columns, *([SOURCE] if SOURCE in table.column_names else [])]
    known = table.select(keys)
    for name in columns:
        known = known.filter(pc.is_valid(known[name]))
    groups = known.group_by(keys).aggregate([([], "count_all")])
    sizes = groups["count_all"].to_numpy().astype(np.int64)
    within = int((sizes * (sizes - 1) // 2).sum())
    if SOURCE not in keys:
        return within
    whole = groups.group_by(list(columns)).aggregate([("count_all", "sum")])["count_all_sum"].to_numpy()
    return int((whole * (whole - 1) // 2).sum()) - within
