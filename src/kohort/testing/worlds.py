"""Random worlds: people, their histories, a catalog, rules and a moment; one law holds every engine to them.

An engine agrees with the reference if, for every world, it gives the members that `Reference` gives.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from kohort.clock import Moment
from kohort.definitions.consent import consent_trait
from kohort.definitions.values import ValueType
from kohort.engines.reference import ConsentChoice, Event, Person, TraitValue, Typed
from kohort.profiles.consents import Choice, consent_course
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Rule
from kohort.rules.print import print_rule
from kohort.testing.random_rules import rules
from kohort.testing.random_values import NOON, ZONES, moments, typed_values

MOST_PEOPLE: Final = 6

_PROPERTIES: Final[Mapping[str, Mapping[ValueType, str]]] = {
    "total": {ValueType.NUMBER: "total"},
    "mixed": {ValueType.NUMBER: "mixed_number", ValueType.TEXT: "mixed_text", ValueType.TEXT_LIST: "mixed_list"},
    "shop": {ValueType.TEXT: "shop"},
    "gift": {ValueType.BOOLEAN: "gift"},
    "due": {ValueType.MOMENT: "due"},
    'tags ";--': {ValueType.TEXT_LIST: 'tags ";--'},
}
_TRAITS: Final = {
    "clv": ValueType.NUMBER,
    "home.latitude": ValueType.NUMBER,
    "home.longitude": ValueType.NUMBER,
    "country": ValueType.TEXT,
    "subscribed": ValueType.BOOLEAN,
    "signed up": ValueType.MOMENT,
    "interests": ValueType.TEXT_LIST,
}
CATALOG: Final = Catalog(
    events={"order": _PROPERTIES, 'odd "name"; DROP TABLE people --': {"total": {ValueType.NUMBER: "total"}}},
    traits=_TRAITS,
    periods={"spring sale": (date(2026, 3, 29), date(2026, 3, 31))},
    purposes={"ads": ("ads", "Advertising"), "e-mail's": ("e-mail's",)},
)


@dataclass(frozen=True)
class World:
    """All that an evaluation depends on; `actors` gives the actor of each event by its id, for merged people."""

    people: tuple[Person, ...]
    actors: Mapping[str, str]
    catalog: Catalog
    rules: Mapping[str, Rule]
    at: Moment


@st.composite
def worlds(draw: st.DrawFn, *, most_rules: int = 6, least_events: int = 0) -> World:
    """Worlds of a few people, some of them merged from two actors, evaluated near noon."""
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    plain = replace(CATALOG, zone=zone)
    inner = draw(rules(plain))
    nested = replace(plain, segments={"inner": print_rule(inner)})
    outer = draw(rules(nested))
    catalog = replace(plain, segments={"inner": print_rule(inner), "outer": print_rule(outer)})
    asked = draw(st.lists(rules(catalog), min_size=1, max_size=most_rules))
    owners = draw(st.lists(st.integers(0, MOST_PEOPLE - 1), min_size=1, max_size=MOST_PEOPLE + 2))
    events = draw(st.lists(st.tuples(st.integers(0, len(owners) - 1), _events()), min_size=least_events, max_size=14))
    values = draw(st.lists(st.tuples(st.integers(0, len(owners) - 1), _trait_values()), max_size=8))
    choices = draw(st.lists(st.tuples(st.integers(0, len(owners) - 1), _choices()), max_size=6))
    told = [(actor, replace(one, actor=f"a{actor}")) for actor, one in choices]
    identified = draw(st.lists(moments(), min_size=len(owners), max_size=len(owners)))
    ids = draw(st.permutations(range(len(events))))
    numbered = [
        (actor, Event(f"e{number:02}", event.name, event.ts, event.properties))
        for number, (actor, event) in zip(ids, events, strict=True)
    ]
    set_values = [
        (actor, TraitValue(one.name, f"v{number:02}", one.set_at, one.value))
        for number, (actor, one) in enumerate(values)
    ]
    people = tuple(
        _person(
            owner, [actor for actor, its in enumerate(owners) if its == owner], numbered, set_values, told, identified
        )
        for owner in sorted(set(owners))
    )
    at = draw(st.sampled_from((NOON, NOON, NOON - 1, NOON + 1)) | moments())
    return World(
        people,
        {event.event_id: f"a{actor}" for actor, event in numbered},
        catalog,
        {f"rule {number}": rule for number, rule in enumerate(asked)},
        at,
    )


def consent_values(person: Person, catalog: Catalog) -> list[TraitValue]:
    """Return a person's consent to each purpose as engines read it: the values of a boolean trait.

    >>> ada = Person("ada", 0, choices=(ConsentChoice("a1", "banner", "Advertising", 5, granted=True),))
    >>> [(one.name, one.set_at, one.value.value) for one in consent_values(ada, CATALOG)]
    [('consent to ads', 5, True)]
    """
    choices = [Choice(one.actor, one.form, one.category, one.effective_at, one.granted) for one in person.choices]
    return [
        TraitValue(consent_trait(purpose), "", moment, Typed(ValueType.BOOLEAN, granted))
        for purpose, categories in catalog.purposes.items()
        for moment, granted in consent_course(choices, categories)
    ]


def _person(
    owner: int,
    actors: list[int],
    events: list[tuple[int, Event]],
    values: list[tuple[int, TraitValue]],
    choices: list[tuple[int, ConsentChoice]],
    identified: list[Moment],
) -> Person:
    """Return the person that `actors` are: one history, who exists from the earliest sign of any of them."""
    history = tuple(event for actor, event in events if actor in actors)
    seen = [event.ts for event in history] or [identified[actor] for actor in actors]
    traits = tuple(one for actor, one in values if actor in actors)
    told = tuple(one for actor, one in choices if actor in actors)
    return Person(f"p{owner}", min(seen), history, traits, told)


@st.composite
def _events(draw: st.DrawFn) -> Event:
    name = draw(st.sampled_from(sorted(CATALOG.events)))
    properties: dict[str, Typed] = {}
    for key, types in CATALOG.events[name].items():
        if draw(st.booleans()):
            properties[key] = draw(typed_values(draw(st.sampled_from(sorted(types)))))
    return Event("", name, draw(moments()), properties)


def _choices() -> st.SearchStrategy[ConsentChoice]:
    categories = sorted({one for its in CATALOG.purposes.values() for one in its} | {"Functional"})
    forms = st.sampled_from(("banner", "paper"))
    return st.builds(ConsentChoice, st.just(""), forms, st.sampled_from(categories), moments(), st.booleans())


@st.composite
def _trait_values(draw: st.DrawFn) -> TraitValue:
    name, type_ = draw(st.sampled_from(sorted(CATALOG.traits.items())))
    kept: Any = typed_values(type_) | typed_values(ValueType.TEXT) | st.none()
    return TraitValue(name, "", draw(moments()), draw(kept))
