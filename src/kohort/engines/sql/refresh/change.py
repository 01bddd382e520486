"""What can have changed between two evaluations: rows that came, and moments that windows took in or let go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlglot import expressions as exp

from kohort.clock import Moment
from kohort.engines.context import Context
from kohort.engines.plan import Feature
from kohort.engines.sql.refresh.arrivals import Arrivals
from kohort.engines.sql.refresh.ranges import union, without
from kohort.engines.sql.terms import all_of, any_of, column, in_ranges, number
from kohort.rules.nodes import Aggregate
from kohort.rules.windows import Range, Window


@dataclass(frozen=True)
class Change:
    """The step from one evaluation to the next: None before the first, to which every row is new.

    Both contexts have the same `earliest`, so that a month of every year is the same set of moments in both.
    """

    before: Context | None
    after: Context
    events: Arrivals
    traits: Arrivals

    @property
    def first(self) -> "Change":
        """The same as the first evaluation: everything is new."""
        return Change(None, self.after, self.events.anew, self.traits.anew)

    @property
    def passed(self) -> tuple[Range, ...]:
        """The moments that have come between the two."""
        return self.gained(None)

    @property
    def already(self) -> Moment:
        """The moment up to which everything had come before."""
        return self.after.at if self.before is None else self.before.at

    def counted(self, window: Window | None) -> tuple[Range, ...]:
        """Return the moments that `window` holds now."""
        return _ranges(window, self.after)

    def gained(self, window: Window | None) -> tuple[Range, ...]:
        """Return the moments that `window` holds now and did not hold before."""
        return () if self.before is None else without(self.counted(window), _ranges(window, self.before))

    def lost(self, window: Window | None) -> tuple[Range, ...]:
        """Return the moments that `window` held before and does not hold now."""
        return () if self.before is None else without(_ranges(window, self.before), self.counted(window))

    def moved(self, windows: Iterable[Window | None]) -> tuple[Range, ...]:
        """Return the moments that any of `windows` took in or let go."""
        return union(one for window in windows for one in (*self.gained(window), *self.lost(window)))

    def entering(self, window: Window | None, arrivals: Arrivals) -> exp.Expr:
        """Return whether a row counts in `window` now and did not before."""
        time = column(arrivals.time)
        new = all_of([arrivals.new(), in_ranges(time, self.counted(window))])
        gained = self.gained(window)
        return any_of([new, all_of([arrivals.old(), in_ranges(time.copy(), gained)])]) if gained else new

    def leaving(self, window: Window | None) -> exp.Expr | None:
        """Return whether an event counted in `window` before and does not now; None if none can."""
        lost = self.lost(window)
        return all_of([self.events.old(), in_ranges(column(self.events.time), lost)]) if lost else None

    def touching(self, ranges: Sequence[Range], arrivals: Arrivals) -> exp.Expr:
        """Return whether a row is new, its time come, or was there and lies in `ranges`."""
        time = column(arrivals.time)
        new = all_of([arrivals.new(), exp.LTE(this=time, expression=number(self.after.at))])
        return any_of([new, all_of([arrivals.old(), in_ranges(time.copy(), ranges)])] if ranges else [new])


def window_of(feature: Feature) -> Window | None:
    """Return the window of a feature over events; None where it looks at all time."""
    return feature.measure.window if isinstance(feature.measure, Aggregate) else None


def shifted(ranges: Sequence[Range], length: int) -> tuple[Range, ...]:
    """Return `ranges`, each `length` earlier.

    >>> shifted([(10, 20)], 3)
    ((7, 17),)
    """
    return tuple((None if low is None else low - length, high - length) for low, high in ranges)


def _ranges(window: Window | None, context: Context) -> tuple[Range, ...]:
    ever: tuple[Moment | None, Moment] = (None, context.at)
    return (ever,) if window is None else context.ranges(window)
