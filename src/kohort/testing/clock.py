"""A clock that stands still until it is told to move."""

from kohort.clock import Moment


class SettableClock:
    """A clock for tests and simulations.

    >>> clock = SettableClock(10)
    >>> clock.advance(5)
    >>> clock.now()
    15
    """

    def __init__(self, moment: Moment = 0) -> None:
        self.moment = moment

    def now(self) -> Moment:
        """Return the moment that was set."""
        return self.moment

    def advance(self, duration: int) -> None:
        """Move on by `duration` microseconds."""
        self.moment += duration
