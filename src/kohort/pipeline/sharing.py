"""What steps of one run have computed of people, so that the next one that asks the same need not do it again."""

from collections.abc import Callable, Hashable

import pyarrow as pa

from kohort.definitions.values import ValueType

Computed = tuple[pa.Table, dict[str, ValueType]]
"""People (column person_id) with a column for each trait, and the traits' types."""
_MOST = 5_000_000


class Shared:
    """Traits by what they were asked for; the oldest go where there would be more than `most` values in all.

    >>> shared, made = Shared(most=4), []
    >>> def traits() -> Computed:
    ...     made.append(1)
    ...     return pa.table({"person_id": ["a", "b"]}), {}
    >>> _ = shared.traits("orders", traits), shared.traits("orders", traits)
    >>> len(made)
    1
    >>> _ = shared.traits("visits", traits), shared.traits("habits", traits), shared.traits("orders", traits)
    >>> len(made)
    4
    """

    def __init__(self, *, most: int = _MOST) -> None:
        self._most = most
        self._held: dict[Hashable, Computed | None] = {}

    def traits(self, asked: Hashable, make: Callable[[], Computed | None]) -> Computed | None:
        """Return what was made for the same question, or else make it."""
        if asked not in self._held:
            self._held[asked] = make()
            while sum(map(_values, self._held.values())) > self._most and len(self._held) > 1:
                del self._held[next(iter(self._held))]
        return self._held[asked]


def _values(found: Computed | None) -> int:
    return 0 if found is None else found[0].num_rows * found[0].num_columns
