"""Columns in which many rows are alike: what is asked of each is asked once."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Column: TypeAlias = Any
"""A column of Arrow, whole or in chunks."""


def distinct_rows(columns: Sequence[Column]) -> tuple[list[tuple[Any, ...]], NDArray[np.int64]]:
    """Return the rows of columns of one length, each once, and for every row its place among them, shape (rows,).

    >>> rows, places = distinct_rows([pa.array(["a", "b", "a"]), pa.array([1, None, 1])])
    >>> rows, places.tolist()
    ([('a', 1), ('b', None)], [0, 1, 0])
    """
    combined = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        codes = pc.fill_null(whole.dictionary_encode().indices, -1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
        # Numbered anew after each column, so that the product of both counts stays below 2⁶³.
        combined = np.unique(combined * (codes.max(initial=0) + 1) + codes, return_inverse=True)[1].reshape(-1)
    _, first, places = np.unique(combined, return_index=True, return_inverse=True)
    picked = [column.take(pa.array(first)).to_pylist() for column in columns]
    return list(zip(*picked, strict=True)), places.reshape(-1)


def spread(values: Sequence[Any], places: NDArray[np.int64], kind: pa.DataType) -> pa.Array:
    """Return one value for every row, from one for each distinct row.

    >>> spread(["x", None], np.array([0, 1, 0]), pa.string()).to_pylist()
    ['x', None, 'x']
    """
    return pa.array(values, kind).take(pa.array(places))
