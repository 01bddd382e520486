"""Arrays that a model is made of: of one type, checked, and not to be changed."""

from typing import Any

import numpy as np
import numpy.typing as npt

from kohort.errors import UsageError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.signedinteger[Any]]
Flags = npt.NDArray[np.bool_]


def floats(values: npt.ArrayLike, what: str, axes: int, *, missing: bool = False) -> Floats:
    """Return finite numbers (or NaN, where `missing` is allowed) as float64; raises UsageError for others.

    >>> floats([1, 2], "weights", 1).tolist()
    [1.0, 2.0]
    """
    array = np.array(values, dtype=np.float64, order="C")
    check(array.ndim == axes, f"{what} have {array.ndim} axes in the place of {axes}")
    known = np.isfinite(array) | np.isnan(array) if missing else np.isfinite(array)
    check(bool(known.all()), f"{what} hold a number that is not finite")
    return _kept(array)


def integers(values: npt.ArrayLike, what: str, below: int, *, lowest: int = 0) -> Integers:
    """Return whole numbers from `lowest` to before `below`, as int32 of one axis; raises UsageError for others.

    >>> integers([0, 3], "columns", 3)
    Traceback (most recent call last):
    ...
    kohort.errors.UsageError: this is no model: columns lie outside 0 to 2; train it again
    """
    array = np.array(values, dtype=np.int64)
    check(array.ndim == 1, f"{what} are no list")
    outside = bool(((array < lowest) | (array >= below)).any())
    check(not outside, f"{what} lie outside {lowest} to {below - 1}")
    return _kept(array.astype(np.int32))


def flags(values: npt.ArrayLike) -> Flags:
    """Return truth values of one axis."""
    return _kept(np.array(values, dtype=np.bool_))


def finite(value: float, what: str) -> float:
    """Return a number as a float; raises UsageError for NaN and infinities."""
    check(bool(np.isfinite(value)), f"the {what} is not finite")
    return float(value)


def keep(model: object, **checked: object) -> None:
    """Put what was checked in the place of what a frozen dataclass was made with."""
    for name, value in checked.items():
        object.__setattr__(model, name, value)


def check(holds: bool, problem: str) -> None:
    """Raise UsageError with the problem unless it `holds`."""
    if not holds:
        raise UsageError(f"this is no model: {problem}; train it again")


def _kept(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.setflags(write=False)
    return array
