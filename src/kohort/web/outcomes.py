"""What became of each request, told to whoever listens in this process: measurements, the debug view."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from kohort.clock import Moment
from kohort.collection.acceptance import EventError
from kohort.storage.received import Received

_MOST_WAITING: Final = 1_000


class Outcome(msgspec.Struct, frozen=True):
    """A request that was acknowledged, in whole or in part, or refused as a whole.

    `code` is "" for what was acknowledged, else a word for the reason, and `message` the reason. `received` are the
    events that are in the journal, None for a request refused as a whole; `errors` those refused one by one. So many
    events were `withheld` for want of consent, for the reason `message`. `source` is "" while nobody knows who sent it.
    """

    at: Moment
    source: str
    code: str = ""
    message: str = ""
    received: Received | None = None
    errors: tuple[EventError, ...] = ()
    withheld: int = 0


class Outcomes:
    """Hands each outcome to its listeners, which must be quick, and must not raise.

    >>> outcomes = Outcomes()
    >>> with outcomes.followed() as waiting:
    ...     outcomes.tell(Outcome(0, "web", "invalid_json", "…"))
    ...     [one.code for one in waiting]
    ['invalid_json']
    """

    def __init__(self) -> None:
        self._listeners: list[Callable[[Outcome], None]] = []

    def listen(self, listener: Callable[[Outcome], None]) -> None:
        """Call `listener` with every outcome from now on."""
        self._listeners.append(listener)

    @contextmanager
    def followed(self) -> Iterator[deque[Outcome]]:
        """Collect outcomes for a follower that takes them when it can; of too many, the newest stay."""
        waiting: deque[Outcome] = deque(maxlen=_MOST_WAITING)
        self._listeners.append(waiting.append)
        try:
            yield waiting
        finally:
            self._listeners.remove(waiting.append)

    def tell(self, outcome: Outcome) -> None:
        """Hand an outcome to everybody who listens."""
        for listener in self._listeners:
            listener(outcome)
