"""Which rows of `actors` were changed since somebody was told, whoever changed them."""

from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

_MOST: Final = 10_000
"""How many changes are remembered for somebody who does not ask any more."""


class MovedRows(NamedTuple):
    """Rows of some actors before a change, and after it."""

    before: pa.Table
    after: pa.Table


class MovedActors:
    """Remembers changes for whoever follows, from the first time on that they were told.

    >>> def actors(person):
    ...     return pa.table({"actor_id": ["a", "b"], "person_id": ["a", person], "first_seen": [1, 2]})
    >>> moved = MovedActors()
    >>> moved.tell()
    >>> moved.lose(actors("b"))
    False
    >>> [(one.before.num_rows, one.after.to_pylist()) for one in moved.of(actors("a"))]
    [(1, [{'actor_id': 'b', 'person_id': 'a', 'first_seen': 2}])]
    """

    def __init__(self) -> None:
        self._changes: list[MovedRows] = []
        self._stood: pa.Table | None = None
        self._is_followed = False

    def add(self, before: pa.Table, after: pa.Table) -> None:
        """Remember that some actors had rows, and have others."""
        if self._is_followed and self._stood is None:
            self._changes.append(MovedRows(before, after))

    def lose(self, stood: pa.Table | None) -> bool:
        """Remember how all actors stood before all may change; whether that is unknown to whoever follows."""
        if self._is_followed and self._stood is None:
            self._stood = stood
        return self._is_followed and self._stood is None

    def of(self, now: pa.Table | None) -> list[MovedRows]:
        """Return the changes since somebody was told, in order, given all actors as they are `now` if `is_lost`."""
        last = [] if self._stood is None or now is None else [_changed(self._stood, now)]
        return [*self._changes, *last]

    @property
    def is_lost(self) -> bool:
        """Whether all may have changed."""
        return self._stood is not None

    def tell(self) -> None:
        """Begin anew: whoever follows has been told."""
        self._changes, self._stood, self._is_followed = [], None, True

    def undo(self) -> bool:
        """Forget the changes, of which some are undone; whether there were any."""
        had, self._changes = bool(self._changes), []
        return had

    def is_deaf(self) -> bool:
        """Tell whether nobody asks any more, and forget all then."""
        if len(self._changes) <= _MOST:
            return False
        self._changes, self._is_followed = [], False
        return True


def _changed(before: pa.Table, after: pa.Table) -> MovedRows:
    """Return the rows of actors that are not as they were, before and after."""
    places = pc.index_in(after.column("actor_id"), value_set=before.column("actor_id").combine_chunks())
    same = [
        pc.fill_null(pc.equal(after.column(name), before.column(name).take(places)), False)
        for name in ("person_id", "first_seen")
    ]
    changed = pc.invert(pc.and_(*same))
    return MovedRows(before.take(places.filter(changed).drop_null()), after.filter(changed))
