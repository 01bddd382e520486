"""What the checks of a source say of its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kohort.definitions.checking import DatesInOrder, PostalTown, RowCheck, TotalOfLines
from kohort.quality.cross_checks.dates import judge_dates
from kohort.quality.cross_checks.postal_towns import judge_towns
from kohort.quality.cross_checks.totals import judge_total

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Judgement:
    """What one check says of rows, in two arrays of shape (rows,).

    `judged` are the rows whose values are all there and can be compared; `failed`, some of these, are those that
    contradict themselves. `reason` says, without anybody's values, what is wrong with them.
    """

    check: RowCheck
    judged: Flags
    failed: Flags
    reason: str


def judge(checks: Sequence[RowCheck], columns: Mapping[str, Sequence[object]], size: int) -> list[Judgement]:
    """Judge rows by each of the checks of their source; nothing is raised for what values are like.

    `columns` holds by name the values that the `size` rows become, None where there is none: moments in microseconds,
    numbers in micros (int) or as they are (float), texts. A column that is not there is missing everywhere.

    >>> columns = {"birth": [0, 9, None], "first_order": [5, 5, 5]}
    >>> found = judge([DatesInOrder(("birth", "first_order"))], columns, 3)[0]
    >>> found.judged.tolist(), found.failed.tolist(), found.reason
    ([True, True, False], [False, True, False], 'the dates are not in this order: birth, first_order')
    """
    nothing = [None] * size
    return [_judgement(check, {name: columns.get(name, nothing) for name in check.names}) for check in checks]


def _judgement(check: RowCheck, columns: Mapping[str, Sequence[object]]) -> Judgement:
    match check:
        case DatesInOrder():
            reason = f"the dates are not in this order: {', '.join(check.values)}"
            return Judgement(check, *judge_dates([columns[name] for name in check.values], check.tolerance), reason)
        case PostalTown():
            reason = f"{check.postal_code} is no postal code of {check.town}"
            countries = columns[check.country] if check.country else None
            judged, failed = judge_towns(columns[check.postal_code], columns[check.town], countries)
            return Judgement(check, judged, failed, reason)
        case TotalOfLines():
            return Judgement(check, *judge_total(check, columns), f"it does not hold that {check}")
