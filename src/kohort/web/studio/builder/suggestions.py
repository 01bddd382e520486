"""What a field suggests: names that data have shown, with their counts, and the most frequent values."""

from dataclasses import dataclass
from typing import Final

from kohort.collection.acceptance import RequestRefusedError
from kohort.errors import UnknownNameError, UsageError
from kohort.governance.keys import PEOPLE_PSEUDONYMISED, PEOPLE_READ
from kohort.project import Project
from kohort.web.disclosure import disclosure_to
from kohort.web.studio.builder.choices import TYPE_NAMES
from kohort.web.studio.builder.lines import in_field
from kohort.web.studio.pages import Visit

_MOST: Final = 200
_MOST_VALUES: Final = 30


@dataclass(frozen=True)
class Suggestion:
    """A text to write, and what to know of it."""

    value: str
    label: str = ""


def suggested(visit: Visit, of: str, *, event: str, name: str, trait: str, prefix: str) -> list[Suggestion]:
    """Return what a field of a kind suggests, beside the event, property or trait that its card names.

    Raises RequestRefusedError for a kind that nobody knows.
    """
    with visit.desk.asking() as project:
        match of:
            case "events":
                found = [Suggestion(one.name, _times(visit, one.count)) for one in project.taxonomy().events]
            case "traits":
                found = [Suggestion(one.name, _people(visit, one.count)) for one in project.taxonomy().traits]
            case "properties":
                found = _properties(visit, project, event)
            case "segments":
                found = [
                    Suggestion(one.name, one.labels[visit.language.value]) for one in project.segments() if not one.note
                ]
            case "values":
                found = _values(visit, project, event, name, trait, prefix)
            case "purposes" | "points" | "periods":
                found = [Suggestion(one) for one in sorted(getattr(project.catalog(visit.language), of))]
            case _:
                raise RequestRefusedError(422, "invalid_request", "nothing of the kind is chosen", where="query.of")
    return found[:_MOST]


def _properties(visit: Visit, project: Project, event: str) -> list[Suggestion]:
    known = {one.name: one for one in project.taxonomy().events}
    known |= {alias: one for one in known.values() for alias in one.aliases}
    if event not in known:
        return []
    return [
        Suggestion(one.name, ", ".join(visit.say(TYPE_NAMES[kind]) for kind in one.types))
        for one in known[event].properties
    ]


def _values(visit: Visit, project: Project, event: str, name: str, trait: str, prefix: str) -> list[Suggestion]:
    """Values may tell of single people, so only who may see people is told them."""
    if not visit.visitor.may(PEOPLE_READ, PEOPLE_PSEUDONYMISED) or not (trait or (event and name)):
        return []
    try:
        if trait:
            found = project.trait_values(trait, prefix, _MOST_VALUES)
        else:
            found = project.property_values(event, name, prefix, _MOST_VALUES)
        told = disclosure_to(project, visit.visitor).values(trait or name, found, trait=bool(trait))
    except (UnknownNameError, UsageError, RequestRefusedError):
        return []  # a name that is still being written, of too many values to choose from, or one that says who it is
    return [Suggestion(in_field(one.value), _people(visit, one.actors)) for one in told]


def _times(visit: Visit, count: int) -> str:
    return visit.say_number("%(count)s event", "%(count)s events", count)


def _people(visit: Visit, count: int) -> str:
    return visit.say_number("%(count)s person", "%(count)s people", count)
