"""People: finding somebody by an identifier, and everything that is known of one person, with why they are where."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final
from urllib.parse import quote

import msgspec
from fastapi import Path, Query, Response
from starlette.responses import RedirectResponse

from kohort.definitions.score import BehaviourDefinition, RfmDefinition, ScoreDefinition
from kohort.governance.keys import PEOPLE_READ
from kohort.pipeline import biography
from kohort.project import Project
from kohort.reports.explanation import WORDS, Telling
from kohort.storage.histories import Place
from kohort.web.api.cursors import place_of, written_cursor
from kohort.web.api.models.people import HeldTrait, LivedEvent, Person
from kohort.web.api.rules import explanation_of
from kohort.web.studio.formats import Formats
from kohort.web.studio.models.people import FoundPerson, HeldScore, PeopleFound, PersonPage, PersonSegment
from kohort.web.studio.pages import Listed, Pages, Visiting
from kohort.web.studio.values import ScoreWords, shown

_MOST_EVENTS: Final = 20
_FOUND: Final = ("person_id", "kind", "value", "refused")
_LIVED: Final = ("at", "name", "source", "event_id", "properties")
Identifier = Annotated[str, Query(max_length=1_000)]
Who = Annotated[str, Path(max_length=1_000)]


def mount_people(pages: Pages) -> None:
    """Add `/people` and `/people/{person}`."""

    @pages.page("/people", PEOPLE_READ, listed=True)
    def people(visit: Visiting, identifier: Identifier = "") -> Response:
        with visit.desk.asking() as project:
            found = [FoundPerson.model_validate(one) for one in project.find_people(identifier)]
        if len(found) == 1 and visit.form == "html":
            return RedirectResponse(f"/people/{quote(found[0].person_id, safe='')}", 303)
        rows = [[getattr(one, column) for column in _FOUND] for one in found]
        return visit.shows("people", PeopleFound(identifier=identifier, found=found), Listed(_FOUND, rows))

    @pages.page("/people/{person}", PEOPLE_READ, listed=True)
    def person(
        visit: Visiting,
        person: Who,
        segment: Annotated[str, Query(max_length=200)] = "",
        event: Annotated[str, Query(max_length=200)] = "",
        before: Annotated[str, Query(max_length=2_000)] = "",
    ) -> Response:
        place = Place(*place_of(before)) if before else None
        with visit.desk.asking(person="path.person", segment="query.segment", asked="query.segment") as project:
            who = project.person(person)
            lived = project.timeline(who.person_id, place, _MOST_EVENTS + 1, event=event or None)
            held, scores = project.traits(who.person_id), project.scores
            found = project.explain(segment, who.person_id) if segment else None
            segments = _segments_of(project, who.person_id)
            names = [one for one in project.event_names() if one]
        page = PersonPage(
            person=Person.model_validate(who),
            segments=segments,
            explanation=None if found is None else explanation_of(found, segment, who.person_id),
            traits=[HeldTrait.model_validate(one) for one in _said(held, scores)],
            scores=[score for score, _, _ in _scored(held, scores)],
            event=event,
            events=[LivedEvent.model_validate(one) for one in lived[:_MOST_EVENTS]],
            next_cursor=_cursor(lived),
        )
        return visit.shows(
            "person",
            page,
            Listed(_LIVED, [_row(one) for one in page.events]),
            lived=lived[:_MOST_EVENTS],
            said=_said(held, scores),
            scored=_scored(held, scores),
            why=found,
            telling=telling_of(visit.formats),
            words=ScoreWords(scores, visit.formats),
            value=lambda one: shown(one, visit.formats),
            event_names=names,
            is_first=place is None,
        )


def telling_of(formats: Formats) -> Telling:
    """Return what tells explanations as a page writes them."""
    return Telling(
        WORDS[formats.language],
        lambda moment: "" if moment is None else formats.moment(moment),
        lambda value: shown(value, formats),
        formats.count,
    )


def _segments_of(project: Project, person: str) -> list[PersonSegment]:
    entered = {one.segment: one for one in project.memberships(person)}
    return [
        PersonSegment.model_validate(
            {
                "name": name,
                "labels": labels,
                "inside": name in entered,
                "entered_at": entered[name].entered_at if name in entered else None,
            }
        )
        for name, labels in project.labels_in_force().items()
    ]


def _said(held: Sequence[biography.HeldTrait], scores: Sequence[ScoreDefinition]) -> list[biography.HeldTrait]:
    names = {one.name for one in scores}
    return [one for one in held if one.source not in names]


def _scored(
    held: Sequence[biography.HeldTrait], scores: Sequence[ScoreDefinition]
) -> list[tuple[HeldScore, ScoreDefinition, list[biography.HeldTrait]]]:
    """Return each score that has found anything of a person, its definition, and the traits that it wrote."""
    wrote: Mapping[str, list[biography.HeldTrait]] = {
        score.name: [one for one in held if one.source == score.name] for score in scores
    }
    return [
        (
            HeldScore.model_validate(
                {
                    "name": score.name,
                    "kind": _kind(score),
                    "at": max(one.set_at for one in its),
                    "traits": [HeldTrait.model_validate(one) for one in its],
                }
            ),
            score,
            its,
        )
        for score in scores
        if (its := wrote[score.name])
    ]


def _kind(score: ScoreDefinition) -> str:
    if isinstance(score, RfmDefinition):
        return "rfm"
    return "behaviour" if isinstance(score, BehaviourDefinition) else "clusters"


def _cursor(lived: Sequence[biography.LivedEvent]) -> str | None:
    if len(lived) <= _MOST_EVENTS:
        return None
    last = lived[_MOST_EVENTS - 1]
    return written_cursor(last.at, last.event_id)


def _row(event: LivedEvent) -> list[object]:
    properties = msgspec.json.encode(event.properties).decode()
    return [event.at, event.name, event.source, event.event_id, properties]
