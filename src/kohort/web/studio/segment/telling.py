"""How differences are told: what a trait is called, and its values in its unit, in the language of the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from kohort.definitions.values import MICRO
from kohort.learning.traits import TraitKind
from kohort.pipeline.learning.segment_insights import Distinctions
from kohort.rules.languages import Language
from kohort.web.studio.drawing import spoken
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Visit
from kohort.web.studio.segment.models import Difference

_: Final[Callable[[str], str]] = marked
_LARGE: Final = 100
_KINDS: Final[Mapping[str, str]] = {"number": _("mean"), "category": _("share"), "event": _("share, last 90 days")}


@dataclass(frozen=True)
class Teller:
    """Tells of the differences of one comparison."""

    visit: Visit
    found: Distinctions

    def label(self, one: Difference) -> str:
        """Return what is compared, in words."""
        subject = self._subject(one)
        if one.kind == "event":
            return self.visit.say(_("did %(event)s")) % {"event": one.subject}
        return subject if not one.value else f"{subject} = {self._value(one)}"

    def what(self, one: Difference) -> str:
        """Return which number of it is compared."""
        return self.visit.say(_KINDS[one.kind])

    def written(self, one: Difference, number: float) -> str:
        """Return a share, or a mean in the unit of its trait."""
        formats = self.visit.formats
        if one.kind != "number":
            return formats.percent(number)
        label = self.found.labels.get(one.subject)
        if label is not None and label.kind is TraitKind.MONEY:
            return formats.money(round(number * MICRO))
        if label is not None and label.kind is TraitKind.SHARE:
            return formats.percent(number)
        return formats.decimal(number, 0 if abs(number) >= _LARGE else 2)

    def _subject(self, one: Difference) -> str:
        label = self.found.labels.get(one.subject)
        if label is None:
            return one.subject.replace("_", " ")
        return (label.fr if self.visit.language is Language.FR else label.en).replace("'", "’")

    def _value(self, one: Difference) -> str:
        text = self.found.values.get((one.subject, one.value))
        return one.value if text is None else spoken(text, self.visit.language)
