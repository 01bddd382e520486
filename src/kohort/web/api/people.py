"""A person: who they are, what they did, their traits, the segments that they are in."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response

from kohort.project import Project
from kohort.storage.histories import Place
from kohort.web.api.asking import Desk, Shown, answered_if_new
from kohort.web.api.cursors import place_of, written_cursor
from kohort.web.api.models.people import (
    HeldMembership,
    HeldTrait,
    LivedEvent,
    Memberships,
    Person,
    PersonCluster,
    PersonScore,
    PersonScores,
    Timeline,
    Traits,
)
from kohort.web.callers import Caller
from kohort.web.disclosure import Disclosure, disclosure_to, identifiers_of

Who = Annotated[str, Path(max_length=1_000, description="A person id, user id or anonymous id.")]
At = Annotated[str | None, Query(description="A moment, ISO 8601; by default the project's present.")]

_NOW: Final = "now"
ScoredAt = Annotated[
    str | None,
    Query(
        description="A moment, ISO 8601: the newest run that speaks of one up to then, by default the newest of all. "
        "now: the features are computed as of the project's present and scored by the model in force."
    ),
]


def mount_people(router: APIRouter, desk: Desk, caller: object) -> None:
    """Add `GET /people/{person}` and what stands below it; `caller` gives who asks."""

    @router.get("/people/{person}", response_model=Person, summary="Who somebody is")
    def get_person(
        person: Who, asker: Annotated[Caller, caller], at: At = None, if_none_match: Shown = None
    ) -> Response:
        moment, told = desk.moment(at, "query.at"), disclosure_to(desk.project, asker)
        with desk.asking(person="path.person") as project, told.asking_of(person) as one:
            found = project.person(one, moment)
        return answered_if_new(Person.model_validate(told.person(found)), if_none_match)

    @router.get("/people/{person}/events", response_model=Timeline, summary="What somebody did, the newest first")
    def person_events(
        person: Who,
        asker: Annotated[Caller, caller],
        limit: Annotated[int, Query(ge=1, le=1_000, description="The most events a page.")] = 100,
        cursor: Annotated[str | None, Query(description="next_cursor of the page before.")] = None,
        if_none_match: Shown = None,
    ) -> Response:
        told = disclosure_to(desk.project, asker)
        before = None if cursor is None else _place(cursor, told)
        with desk.asking(person="path.person") as project, told.asking_of(person) as one:
            found = project.timeline(one, before, limit + 1)
            shown = told.timeline(found[:limit], _identifiers(project, one, told))
        last = found[limit - 1] if len(found) > limit else None
        more = None if last is None else written_cursor(last.at, told.cursor(last.event_id))
        page = Timeline(events=[LivedEvent.model_validate(one) for one in shown], next_cursor=more)
        return answered_if_new(page, if_none_match)

    @router.get("/people/{person}/traits", response_model=Traits, summary="Somebody's traits, and their sources")
    def person_traits(
        person: Who, asker: Annotated[Caller, caller], at: At = None, if_none_match: Shown = None
    ) -> Response:
        moment, told = desk.moment(at, "query.at"), disclosure_to(desk.project, asker)
        with desk.asking(person="path.person") as project, told.asking_of(person) as one:
            found = told.traits(project.traits(one, moment), _identifiers(project, one, told))
        return answered_if_new(Traits(traits=[HeldTrait.model_validate(one) for one in found]), if_none_match)

    @router.get("/people/{person}/scores", response_model=PersonScores, summary="Somebody's scores, and their drivers")
    def person_scores(
        person: Who, asker: Annotated[Caller, caller], at: ScoredAt = None, if_none_match: Shown = None
    ) -> Response:
        moment = None if at == _NOW else desk.moment(at, "query.at")
        told = disclosure_to(desk.project, asker)
        with desk.asking(person="path.person") as project, told.asking_of(person) as one:
            scores = project.person_scores_now(one) if at == _NOW else project.person_scores(one, moment)
            found = told.scores(scores, _identifiers(project, one, told))
        return answered_if_new(PersonScores(scores=[PersonScore.model_validate(one) for one in found]), if_none_match)

    @router.get("/people/{person}/segments", response_model=Memberships, summary="The segments that somebody is in")
    def person_segments(person: Who, asker: Annotated[Caller, caller], if_none_match: Shown = None) -> Response:
        told = disclosure_to(desk.project, asker)
        with desk.asking(person="path.person") as project, told.asking_of(person) as one:
            found = project.memberships(one)
        held = [HeldMembership.model_validate(one) for one in found]
        return answered_if_new(Memberships(segments=held), if_none_match)

    _mount_cluster(router, desk, caller)


def _mount_cluster(router: APIRouter, desk: Desk, caller: object) -> None:
    @router.get("/people/{person}/cluster", response_model=PersonCluster, summary="Somebody's cluster as of now")
    def person_cluster(
        person: Who,
        asker: Annotated[Caller, caller],
        score: Annotated[str | None, Query(max_length=1_000, description="A clusters score; the only one.")] = None,
        at: At = None,
        if_none_match: Shown = None,
    ) -> Response:
        moment, told = desk.moment(at, "query.at"), disclosure_to(desk.project, asker)
        places = {"person": "path.person", "clusters score": "query.score", "asked": "query.score"}
        with desk.asking(**places) as project, told.asking_of(person) as one:
            found = project.person_cluster(one, score, moment)
        shown = PersonCluster.model_validate({**vars(found), "person_id": told.person_id(found.person_id)})
        return answered_if_new(shown, if_none_match)


def _place(cursor: str, told: Disclosure) -> Place:
    moment, event = place_of(cursor)
    return Place(moment, told.place(event))


def _identifiers(project: Project, person: str, told: Disclosure) -> list[str]:
    """Return what somebody's values may not hold, where they are masked."""
    return identifiers_of(project.person(person)) if told.masks else []
