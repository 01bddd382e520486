"""What the conditions of a plan need to know before they are plain questions about values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kohort.clock import Moment
from kohort.engines.texts import TextQuestion
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Anniversary
from kohort.rules.windows import Range, Window, ranges_of


@dataclass(frozen=True)
class Context:
    """The catalog, the moment of evaluation, and what an engine has looked up in the data.

    `texts` gives for each question about texts those that answer yes, `anniversaries` for each of these the
    moments that come round; `earliest` is the moment of the first event
    (needed only for months of every year).
    """

    catalog: Catalog
    at: Moment
    texts: Mapping[TextQuestion, tuple[str, ...]] = field(default_factory=dict)
    anniversaries: Mapping[Anniversary, tuple[Moment, ...]] = field(default_factory=dict)
    earliest: Moment = 0

    def ranges(self, window: Window) -> tuple[Range, ...]:
        """Return the ranges of moments that `window` holds as of `at`.

        >>> from kohort.rules.literals import Last
        >>> Context(Catalog(), at=10).ranges(Last(1, "second"))
        ((-999989, 10),)
        """
        return ranges_of(window, self.at, self.catalog.zone, self.catalog.periods, self.earliest)
