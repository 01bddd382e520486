"""People: finding somebody by an identifier, and everything that is known of one person, with why they are where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final
from urllib.parse import quote

import msgspec
from fastapi import Path, Query, Response
from starlette.responses import RedirectResponse

from kohort.clock import Moment
from kohort.definitions.clusters import ClustersDefinition
from kohort.definitions.clv import ClvDefinition
from kohort.definitions.families import Family
from kohort.definitions.provenance import provenance_of
from kohort.definitions.repair import ImputationDefinition, OutliersDefinition
from kohort.definitions.rfm import RfmDefinition
from kohort.definitions.score import ScoreDefinition, kind_of
from kohort.engines.evaluation import Explanation
from kohort.errors import UnknownNameError
from kohort.governance.keys import PEOPLE_PSEUDONYMISED, PEOPLE_READ
from kohort.pipeline import biography
from kohort.pipeline.learning.explained.found import PersonScore
from kohort.pipeline.person import PersonRecord
from kohort.pipeline.wording import BEHAVIOUR_LABELS
from kohort.project import Project
from kohort.reports.explanation import WORDS, Telling
from kohort.storage.histories import Place
from kohort.web.api.cursors import place_of, written_cursor
from kohort.web.api.models.people import HeldTrait, LivedEvent, Person
from kohort.web.api.models.people import PersonScore as ToldScore
from kohort.web.api.rules import explanation_of
from kohort.web.disclosure import Disclosure, disclosure_to, identifiers_of
from kohort.web.studio.drivers import shown_scores
from kohort.web.studio.formats import Formats
from kohort.web.studio.models.people import FoundPerson, HeldScore, PeopleFound, PersonPage, PersonSegment
from kohort.web.studio.pages import Listed, Pages, Visiting
from kohort.web.studio.values import ScoreWords, family_name, shown

_MOST_EVENTS: Final = 20
_FOUND: Final = ("person_id", "kind", "value", "refused")
_LIVED: Final = ("at", "name", "source", "event_id", "properties")
_APART: Final = (RfmDefinition, ClvDefinition, ClustersDefinition, ImputationDefinition, OutliersDefinition)
"""What judges people by others, or repairs what was told: a score of its own, and no trait of a family."""
_PLACES: Final = {name: place for place, name in enumerate(BEHAVIOUR_LABELS)}
Identifier = Annotated[str, Query(max_length=1_000)]
Who = Annotated[str, Path(max_length=1_000)]


def mount_people(pages: Pages) -> None:
    """Add `/people` and `/people/{person}`."""

    @pages.page("/people", PEOPLE_READ, PEOPLE_PSEUDONYMISED, listed=True)
    def people(visit: Visiting, identifier: Identifier = "") -> Response:
        told = disclosure_to(visit.project, visit.visitor)
        with visit.desk.asking() as project:
            found = _found(project, identifier.strip(), told)
        if len(found) == 1 and visit.form == "html":
            return RedirectResponse(f"/people/{quote(found[0].person_id, safe='')}", 303)
        page = PeopleFound(identifier=identifier, found=found)
        return visit.shows("people", page, Listed.of(_FOUND, found), masks=told.masks)

    @pages.page("/people/{person}", PEOPLE_READ, PEOPLE_PSEUDONYMISED, listed=True)
    def person(
        visit: Visiting,
        person: Who,
        segment: Annotated[str, Query(max_length=200)] = "",
        event: Annotated[str, Query(max_length=200)] = "",
        before: Annotated[str, Query(max_length=2_000)] = "",
    ) -> Response:
        told = disclosure_to(visit.project, visit.visitor)
        with (
            visit.desk.asking(person="path.person", segment="query.segment", asked="query.segment") as project,
            told.asking_of(person) as one,
        ):
            lived = _Lived(event, _place(before, told) if before else None)
            known = _known(project, one, told, lived, segment)
            names, scores = project.event_names(), project.score_definitions
        page, words = _page(known, lived, scores, segment), ScoreWords(scores, visit.formats)
        chances, read_so = shown_scores(visit, known.scores, scores, words)
        return visit.shows(
            "person",
            page,
            Listed(_LIVED, [_row(one) for one in page.events]),
            lived=known.lived,
            families=_families(known.held, scores),
            family_name=partial(family_name, visit.formats.language),
            scored=_scored(known.held, scores),
            why=known.why,
            telling=telling_of(visit.formats),
            words=words,
            chances=chances,
            read_so=read_so,
            value=lambda one: shown(one, visit.formats),
            event_names=names,
            is_first=lived.before is None,
        )


@dataclass(frozen=True)
class _Lived:
    """Which part of a timeline is asked for: of one event or of all (""), before a place."""

    event: str
    before: Place | None


@dataclass(frozen=True)
class _Known:
    """What is told of a person."""

    record: PersonRecord
    segments: list[PersonSegment]
    held: Sequence[biography.HeldTrait]
    scores: Sequence[PersonScore]
    lived: Sequence[biography.LivedEvent]
    next_cursor: str | None
    why: Explanation | None


def _known(project: Project, person: str, told: Disclosure, asked: _Lived, segment: str) -> _Known:
    record = project.person(person)
    identifiers = identifiers_of(record)
    lived = project.timeline(record.person_id, asked.before, _MOST_EVENTS + 1, event=asked.event or None)
    last = lived[_MOST_EVENTS - 1] if len(lived) > _MOST_EVENTS else None
    why = project.explain(segment, record.person_id) if segment else None
    return _Known(
        told.person(record),
        _segments_of(project, record.person_id),
        told.traits(project.traits(record.person_id), identifiers),
        told.scores(project.person_scores(record.person_id), identifiers) if project.predictions() else (),
        told.timeline(lived[:_MOST_EVENTS], identifiers),
        None if last is None else written_cursor(last.at, told.cursor(last.event_id)),
        None if why is None else told.explanation(why, identifiers),
    )


def _page(known: _Known, lived: _Lived, scores: Sequence[ScoreDefinition], segment: str) -> PersonPage:
    who = known.record.person_id
    return PersonPage(
        person=Person.model_validate(known.record),
        segments=known.segments,
        explanation=None if known.why is None else explanation_of(known.why, segment, who),
        traits=[HeldTrait.model_validate(one) for one in _flat(_families(known.held, scores))],
        scores=[score for score, _, _ in _scored(known.held, scores)],
        predictions=[ToldScore.model_validate(one) for one in known.scores],
        event=lived.event,
        events=[LivedEvent.model_validate(one) for one in known.lived],
        next_cursor=known.next_cursor,
    )


def _found(project: Project, identifier: str, told: Disclosure) -> list[FoundPerson]:
    if not told.masks:
        return [FoundPerson.model_validate(one) for one in project.find_people(identifier)]
    try:
        # Who may not know who people are asks by nothing but the pseudonyms that answers had.
        with told.asking_of(identifier) as person:
            record = told.person(project.person(person))
    except UnknownNameError:
        return []
    return [FoundPerson(person_id=record.person_id, kind="person_id", value=identifier, refused="")]


def _place(cursor: str, told: Disclosure) -> Place:
    moment, event = place_of(cursor)
    return Place(moment, told.place(event))


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


@dataclass(frozen=True)
class _OfFamily:
    """A person's traits of one family: those that were told, and by score those that were computed, with its moment."""

    family: Family
    told: Sequence[biography.HeldTrait]
    computed: Sequence[tuple[ScoreDefinition, Moment, Sequence[biography.HeldTrait]]]


def _families(held: Sequence[biography.HeldTrait], scores: Sequence[ScoreDefinition]) -> list[_OfFamily]:
    """Return the traits that are no scores of their own, by family, in the order of families."""
    wrote = {one.name: one for one in scores}
    found = []
    for family in Family:
        its = [one for one in held if one.family is family]
        told = [one for one in its if provenance_of(one.source).name not in wrote]
        computed = [
            (score, max(one.set_at for one in mine), sorted(mine, key=_as_documented))
            for score in scores
            if not isinstance(score, _APART) and (mine := [one for one in its if one.source == score.name])
        ]
        if told or computed:
            found.append(_OfFamily(family, told, computed))
    return found


def _as_documented(trait: biography.HeldTrait) -> tuple[int, str]:
    return _PLACES.get(trait.name, len(_PLACES)), trait.name


def _flat(families: Sequence[_OfFamily]) -> list[biography.HeldTrait]:
    return [one for its in families for part in (its.told, *(mine for _, _, mine in its.computed)) for one in part]


def _scored(
    held: Sequence[biography.HeldTrait], scores: Sequence[ScoreDefinition]
) -> list[tuple[HeldScore, ScoreDefinition, list[biography.HeldTrait]]]:
    """Return each score that stands apart from traits and has found anything of a person, and what it wrote."""
    wrote: Mapping[str, list[biography.HeldTrait]] = {
        score.name: [one for one in held if provenance_of(one.source).name == score.name]
        for score in scores
        if isinstance(score, _APART)
    }
    return [
        (
            HeldScore.model_validate(
                {
                    "name": score.name,
                    "kind": kind_of(score),
                    "at": max(one.set_at for one in its),
                    "traits": [HeldTrait.model_validate(one) for one in its],
                }
            ),
            score,
            its,
        )
        for score in scores
        if (its := wrote.get(score.name))
    ]


def _row(event: LivedEvent) -> list[object]:
    properties = msgspec.json.encode(event.properties).decode()
    return [event.at, event.name, event.source, event.event_id, properties]
