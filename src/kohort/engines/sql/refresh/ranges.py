"""Sets of moments as ranges with both ends included; None is no lower bound."""

from collections.abc import Iterable, Sequence

from kohort.rules.windows import Range


def without(ranges: Sequence[Range], others: Sequence[Range]) -> tuple[Range, ...]:
    """Return the moments of `ranges` that lie in none of `others`.

    >>> without([(1, 10)], [(4, 6)])
    ((1, 3), (7, 10))
    >>> without([(None, 10)], [(None, 4)])
    ((5, 10),)
    """
    found = list(ranges)
    for low, high in others:
        before = [
            (start, min(end, low - 1)) for start, end in found if low is not None and (start is None or start < low)
        ]
        after = [(high + 1 if start is None else max(start, high + 1), end) for start, end in found if end > high]
        found = [*before, *after]
    return tuple(found)


def union(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """Return the same moments as the fewest ranges, in the order of time.

    >>> union([(5, 9), (1, 4), (20, 30), (25, 26)])
    ((1, 9), (20, 30))
    """
    found: list[Range] = []
    for low, high in sorted(ranges, key=lambda one: (one[0] is not None, one[0] or 0)):
        if found and (low is None or low <= found[-1][1] + 1):
            found[-1] = found[-1][0], max(high, found[-1][1])
        else:
            found.append((low, high))
    return tuple(found)
