"""Looking for duplicates in tables: read, told what the columns are, compared, cut into people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from kohort.collection.rows import concatenated
from kohort.collection.scalars import text_of
from kohort.collection.tables import open_rows
from kohort.definitions.duplicates import Linkage, LinkedField
from kohort.errors import InputError, UsageError, did_you_mean
from kohort.quality.duplicates.blocking import Blocking, choose_rules
from kohort.quality.duplicates.clusters import Bridge, bridges_of, clusters_of
from kohort.quality.duplicates.guessing import fields_of
from kohort.quality.duplicates.linking import Pairs, link
from kohort.quality.duplicates.preparation import prepared
from kohort.quality.duplicates.thresholds import Threshold, choose_threshold, told_threshold
from kohort.reports.spreadsheets import text_in_cell

Columns = dict[str, list[str | None]]

_MOST_TABLES: Final = 2
_LEAST_SHOWN: Final = 0.1
_YES: Final = frozenset({"1", "yes", "oui", "true"})
_NO: Final = frozenset({"0", "no", "non", "false"})


@dataclass(frozen=True, eq=False)
class Records:
    """The records of one table or two, by column; `ids` tell them apart, `tables` says whose each is, of two."""

    columns: Columns
    ids: tuple[str, ...]
    tables: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Duplicates:
    """What was found: of n records the cluster of each (int64, the number of its first record), and what led to it.

    `confidence` is the probability of the surest link of each record, 0 where it has none.
    """

    records: Records
    fields: tuple[LinkedField, ...]
    blocking: Blocking
    pairs: Pairs
    threshold: Threshold
    clusters: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    bridges: tuple[Bridge, ...]

    @property
    def largest(self) -> int:
        """The number of records of the largest cluster."""
        return max(Counter(self.clusters.tolist()).values())

    @property
    def people(self) -> int:
        """The number of clusters."""
        return len(set(self.clusters.tolist()))

    def linked(self) -> list[tuple[int, int]]:
        """Return the pairs that are sure enough and of no family, the surest first."""
        return _chosen(self.pairs, self.pairs.sure(self.threshold.value))

    def to_review(self) -> list[int]:
        """Return the numbers of the pairs that somebody should look at: those near the threshold, and families.

        The one that is nearest to the threshold comes first.
        """
        found = np.flatnonzero(self.pairs.probability >= _LEAST_SHOWN)
        away = np.abs(self.pairs.probability[found] - self.threshold.value) + self.pairs.kin[found]
        return [int(one) for one in found[np.argsort(away, kind="stable")]]


def read_records(paths: Sequence[Path], id_column: str | None = None) -> Records:
    """Return the records of one table, or of two with the same columns; without an id column they are numbered from 1.

    CSV, Parquet and JSON lines. Raises InputError for a line that is no row, ids that are missing or not distinct, and
    tables without a column in common; UsageError for more than two tables and for an unknown column.
    """
    if not 1 <= len(paths) <= _MOST_TABLES:
        raise UsageError(f"duplicates are looked for in one table or between two, not in {len(paths)}")
    tables = [_texts(path) for path in paths]
    names = [name for name in tables[0] if all(name in table for table in tables)]
    if not names:
        raise InputError(f"{paths[0]} and {paths[1]} have no column in common; give them the same names")
    columns = {name: [value for table in tables for value in table[name]] for name in names}
    sizes = [len(next(iter(table.values()))) for table in tables]
    if not all(sizes):
        raise InputError(f"{paths[sizes.index(0)]} has no row: there is nothing to compare")
    labels = [label for label, size in zip("ab", sizes, strict=False) for _ in range(size)] if len(paths) > 1 else []
    return Records(columns, _ids(columns, id_column, sizes), tuple(labels))


def find_duplicates(records: Records, linkage: Linkage, labels: Sequence[tuple[str, str, bool]] = ()) -> Duplicates:
    """Return which records are one person's. `labels` are pairs of ids, and whether they are one person.

    Raises UsageError for columns that say nothing, InputError for labels that cannot be used, MissingExtraError without
    the extra `[people]`.
    """
    fields = fields_of(records.columns, linkage.fields, linkage.ignored)
    table = prepared(records.columns, fields, records.tables)
    blocking = choose_rules(table, linkage.most_comparisons)
    pairs = link(table, blocking, seed=linkage.seed)
    if not linkage.families_apart:
        pairs = pairs.with_families_joined()
    threshold = told_threshold(linkage.threshold)
    if labels and linkage.threshold is None:
        threshold = labelled_threshold(records, pairs, labels)
    sure = pairs.sure(threshold.value)
    links = _chosen(pairs, sure)
    clusters = clusters_of(len(records), links, _chosen(pairs, pairs.kin))
    probabilities = pairs.probability[sure]
    confidence = np.zeros(len(records))
    for side in (pairs.left[sure], pairs.right[sure]):
        np.maximum.at(confidence, side, probabilities)
    bridges = bridges_of(clusters, links, probabilities.tolist())
    return Duplicates(records, fields, blocking, pairs, threshold, clusters, confidence, tuple(bridges))


def labelled_threshold(records: Records, pairs: Pairs, labels: Sequence[tuple[str, str, bool]]) -> Threshold:
    """Return the threshold that labelled pairs choose: of ids, of two tables the first one's first."""
    first, second = dict[str, int](), dict[str, int]()
    for number, one in enumerate(records.ids):
        for table, known in (("a", first), ("b", second)):
            if not records.tables or records.tables[number] == table:
                known[one] = number
    of = {
        (int(left), int(right)): 0.0 if kin else float(probability)
        for left, right, probability, kin in zip(pairs.left, pairs.right, pairs.probability, pairs.kin, strict=True)
    }
    probabilities = []
    for left, right, _ in labels:
        if left not in first or right not in second:
            raise InputError(f'the labelled pair "{left}", "{right}" is not one of both tables, in their order')
        numbers = sorted((first[left], second[right]))
        probabilities.append(of.get((numbers[0], numbers[1]), 0.0))
    return choose_threshold(probabilities, [label for _, _, label in labels])


def read_labels(path: Path, ids: Sequence[str]) -> list[tuple[str, str, bool]]:
    """Return labelled pairs: the columns `left`, `right` and `decision` of a file, 1 for one person and 0 for two.

    A review list with decisions filled in is such a file; rows without a decision are passed over. An apostrophe that
    kept a spreadsheet from taking an id for a formula is taken off.

    Raises InputError for a missing column, an unknown id and a decision that is neither.
    """
    columns = read_columns(path, ("left", "right", "decision"))
    known = set(ids)
    found = []
    rows = zip(columns["left"], columns["right"], columns["decision"], strict=True)
    for number, (left, right, decision) in enumerate(rows, start=1):
        word = (decision or "").strip().casefold()
        if not word:
            continue
        if word not in _YES | _NO:
            raise InputError(f'{path}, row {number}: the decision is "{decision}"; write 1 for one person, 0 for two')
        pair = [_told_id(one, known) for one in (left, right)]
        for one in pair:
            if one not in known:
                raise InputError(f'{path}, row {number}: no record has the id "{one}"')
        found.append((pair[0], pair[1], word in _YES))
    return found


def read_columns(path: Path, names: Sequence[str]) -> Columns:
    """Return the columns of a table as texts; raises InputError if one of `names` is not there."""
    columns = _texts(path)
    for name in names:
        if name not in columns:
            raise InputError(f'{path} has no column "{name}"; {did_you_mean(name, columns)}')
    return columns


def _told_id(text: str | None, known: set[str]) -> str:
    told = text or ""
    return told if told in known else text_in_cell(told)


def _chosen(pairs: Pairs, chosen: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    return list(zip(pairs.left[chosen].tolist(), pairs.right[chosen].tolist(), strict=True))


def _texts(path: Path) -> Columns:
    rows = concatenated(list(open_rows(path)))
    if rows.malformed:
        first = rows.malformed[0]
        raise InputError(
            f"{path}, line {first.line}: {first.reason}; mend it first, a record that is left out is nobody's"
        )
    return {
        name: [None if value is None else text_of(value).strip() or None for value in column.plain()]
        for name, column in rows.columns.items()
    }


def _ids(columns: Mapping[str, Sequence[str | None]], id_column: str | None, sizes: Sequence[int]) -> tuple[str, ...]:
    if id_column is None:
        return tuple(str(number) for size in sizes for number in range(1, size + 1))
    if id_column not in columns:
        raise UsageError(f'the table has no column "{id_column}"; {did_you_mean(id_column, columns)}')
    begin, ids = 0, list[str]()
    for size in sizes:
        part = columns[id_column][begin : begin + size]
        missing = next((number for number, value in enumerate(part, start=1) if value is None), None)
        if missing is not None:
            raise InputError(f'row {missing} has no "{id_column}"; each record needs an id of its own')
        own = [value or "" for value in part]
        twice = next((value for value, times in Counter(own).items() if times > 1), None)
        if twice is not None:
            raise InputError(f'several records have the {id_column} "{twice}"; an id is one record\'s own')
        ids += own
        begin += size
    return tuple(ids)
