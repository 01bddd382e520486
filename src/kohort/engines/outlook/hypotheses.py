"""A history to which something has been added: what a person could do, or a trait that could be set."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import numpy as np

from kohort.clock import Moment, moment_of
from kohort.definitions.values import VALUE_COLUMNS, ValueType, micros_of
from kohort.engines.columns import MISSING, NO_CODE, Block, Column, Rows
from kohort.engines.evaluation import Doing, Setting, Shown
from kohort.rules.catalog import Catalog

_DTYPES = {ValueType.NUMBER: np.int64, ValueType.MOMENT: np.int64, ValueType.BOOLEAN: np.int8}


def supposing(block: Block, change: Doing | Setting, after: Moment, catalog: Catalog) -> tuple[Block, Moment]:
    """Return the history of a block of one person with `change`, and the moment at which it is complete.

    Events follow one another from a microsecond after `after` on.

    >>> nobody = Block(np.array([0]), {}, {})
    >>> block, moment = supposing(nobody, Doing("visit", times=2), 5, Catalog(events={"visit": {}}))
    >>> block.events["visit"].ts.tolist(), moment
    ([6, 7], 7)
    """
    match change:
        case Setting():
            # A consent is a boolean that the catalog does not list among the traits.
            kind = catalog.traits.get(change.trait, ValueType.BOOLEAN)
            values = {VALUE_COLUMNS[kind]: (kind, change.value)}
            rows = _added(block.traits.get(change.trait, _empty()), [after + 1], values)
            return replace(block, traits={**block.traits, change.trait: rows}), after + 1
        case Doing():
            types = catalog.events[change.event]
            values = {types[name][type_of(value)]: (type_of(value), value) for name, value in change.properties}
            moments = [after + 1 + number for number in range(change.times)]
            rows = _added(block.events.get(change.event, _empty()), moments, values)
            return replace(block, events={**block.events, change.event: rows}), moments[-1]


def type_of(value: Shown) -> ValueType:
    """Return the type of a value as people read it; raises TypeError for none.

    >>> type_of(Decimal(1)).value
    'number'
    """
    match value:
        case bool():
            return ValueType.BOOLEAN
        case Decimal():
            return ValueType.NUMBER
        case str():
            return ValueType.TEXT
        case datetime():
            return ValueType.MOMENT
        case tuple():
            return ValueType.TEXT_LIST
        case None:
            raise TypeError("nothing has no type")


def _empty() -> Rows:
    return Rows(np.zeros(0, np.int32), np.zeros(0, np.int64))


def _added(rows: Rows, moments: list[Moment], values: Mapping[str, tuple[ValueType, Shown]]) -> Rows:
    """Return rows with one more at each of `moments`, each in its place in time."""
    size, number = len(rows.ts), len(moments)
    columns = dict(rows.columns)
    for name, (kind, _) in values.items():
        if name not in columns:
            dtype = _DTYPES.get(kind, np.int32)
            columns[name] = Column(np.full(size, MISSING if dtype is np.int64 else NO_CODE, dtype))
    ts = np.append(rows.ts, np.array(moments, np.int64))
    order = np.argsort(ts, kind="stable")
    found = {name: _longer(column, number, values.get(name), order) for name, column in columns.items()}
    return Rows(np.append(rows.people, np.zeros(number, np.int32))[order], ts[order], found)


def _longer(
    column: Column, number: int, value: tuple[ValueType, Shown] | None, order: np.typing.NDArray[np.intp]
) -> Column:
    values, dictionary = column.values, list(column.dictionary)
    raw = column.missing
    if value is not None and value[1] is not None:
        match value[1]:
            case bool() as truth:
                raw = int(truth)
            case Decimal() as decimal:
                raw = micros_of(decimal)
            case datetime() as time:
                raw = moment_of(time)
            case text:
                raw = bisect_left(dictionary, text)
                if dictionary[raw : raw + 1] != [text]:
                    dictionary.insert(raw, text)
                    values = np.where(values >= raw, values + 1, values)
    added = np.concatenate([values, np.full(number, raw)]).astype(column.values.dtype)
    return Column(added[order], dictionary)
