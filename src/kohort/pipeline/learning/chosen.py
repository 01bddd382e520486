"""Chances and who is chosen by them, as traits."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from kohort.definitions.values import MICRO, ValueType
from kohort.learning.prediction.judged import Chances

Written = tuple[pa.Table, dict[str, ValueType]]
"""People (column person_id) with a column for each trait, and the traits' types."""


def chosen_from(traits: tuple[str, str], people: Sequence[str], chances: Chances, threshold: float) -> Written:
    """Return the chances of people, shape (people,), and whether they reach a threshold, under two names.

    >>> table, types = chosen_from(("fit", "fit_chosen"), ["ann", "bob"], np.array([0.25, 0.5]), 0.5)
    >>> table.to_pydict(), [str(kind) for kind in types.values()]
    ({'person_id': ['ann', 'bob'], 'fit': [250000, 500000], 'fit_chosen': [False, True]}, ['number', 'boolean'])
    """
    chance, chosen = traits
    columns = {
        "person_id": pa.array(people, pa.string()),
        chance: np.rint(chances * MICRO).astype(np.int64),
        chosen: chances >= threshold,
    }
    return pa.table(columns), {chance: ValueType.NUMBER, chosen: ValueType.BOOLEAN}
