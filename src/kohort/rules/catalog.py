"""The names and types that a rule may speak of, and the columns that hold them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from kohort.definitions.values import ValueType
from kohort.rules.languages import Language
from kohort.rules.windows import Periods


@dataclass(frozen=True)
class Catalog:
    """What a project knows: its events with their properties, its traits (scores included), its segments.

    `events` maps an event key to its properties; a property maps each type seen to the physical column of
    that type, because a property whose type changes between events keeps each value. `traits` maps a trait's
    name to its type. `aliases` maps other names of an event to its key. `segments` maps a segment's name to
    its sentence, so that `in segment` can be resolved. `periods` maps the name of a campaign period to its first
    and last day. `language` is that in which the project writes its rules. `zone` is the project's time zone, in
    which a rule's dates and its times without an offset are meant. `purposes` maps what people consent to, or not, to
    the categories of banners that speak of it.

    >>> catalog = Catalog(events={"order_completed": {"total": {ValueType.NUMBER: "total"}}})
    >>> catalog.events["order_completed"]["total"][ValueType.NUMBER]
    'total'
    """

    events: Mapping[str, Mapping[str, Mapping[ValueType, str]]] = field(default_factory=dict)
    traits: Mapping[str, ValueType] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)
    periods: Periods = field(default_factory=dict)
    purposes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    language: Language = Language.EN
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))

    @property
    def points(self) -> tuple[str, ...]:
        """The names of the points: each is two number traits, its latitude and its longitude.

        >>> Catalog(traits=dict.fromkeys(("home.latitude", "home.longitude", "clv"), ValueType.NUMBER)).points
        ('home',)
        """
        numbers = {name for name, type_ in self.traits.items() if type_ is ValueType.NUMBER}
        named = [name.removesuffix(".latitude") for name in sorted(numbers) if name.endswith(".latitude")]
        return tuple(point for point in named if f"{point}.longitude" in numbers)
