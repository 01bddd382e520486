"""A person: who they are, what they did, their traits, the segments that they are in."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from kohort.storage.histories import Place
from kohort.web.api.asking import Desk, Shown, answered_if_new
from kohort.web.api.cursors import place_of, written_cursor
from kohort.web.api.models.people import (
    HeldMembership,
    HeldTrait,
    LivedEvent,
    Memberships,
    Person,
    Timeline,
    Traits,
)

Who = Annotated[str, Path(max_length=1_000, description="A person id, user id or anonymous id.")]
At = Annotated[str | None, Query(description="A moment, ISO 8601; by default the project's present.")]


def mount_people(router: APIRouter, desk: Desk) -> None:
    """Add `GET /people/{person}`, and its `/events`, `/traits` and `/segments`."""

    @router.get("/people/{person}", response_model=Person, summary="Who somebody is")
    def get_person(person: Who, at: At = None, if_none_match: Shown = None) -> Response:
        moment = desk.moment(at, "query.at")
        with desk.asking(person="path.person") as project:
            found = project.person(person, moment)
        return answered_if_new(Person.model_validate(found), if_none_match)

    @router.get("/people/{person}/events", response_model=Timeline, summary="What somebody did, the newest first")
    def person_events(
        person: Who,
        limit: Annotated[int, Query(ge=1, le=1_000, description="The most events a page.")] = 100,
        cursor: Annotated[str | None, Query(description="next_cursor of the page before.")] = None,
        if_none_match: Shown = None,
    ) -> Response:
        before = None if cursor is None else Place(*place_of(cursor))
        with desk.asking(person="path.person") as project:
            found = project.timeline(person, before, limit + 1)
        last = found[limit - 1] if len(found) > limit else None
        shown = [LivedEvent.model_validate(one) for one in found[:limit]]
        following = None if last is None else written_cursor(last.at, last.event_id)
        return answered_if_new(Timeline(events=shown, next_cursor=following), if_none_match)

    @router.get("/people/{person}/traits", response_model=Traits, summary="Somebody's traits, and their sources")
    def person_traits(person: Who, at: At = None, if_none_match: Shown = None) -> Response:
        moment = desk.moment(at, "query.at")
        with desk.asking(person="path.person") as project:
            found = project.traits(person, moment)
        return answered_if_new(Traits(traits=[HeldTrait.model_validate(one) for one in found]), if_none_match)

    @router.get("/people/{person}/segments", response_model=Memberships, summary="The segments that somebody is in")
    def person_segments(person: Who, if_none_match: Shown = None) -> Response:
        with desk.asking(person="path.person") as project:
            found = project.memberships(person)
        held = [HeldMembership.model_validate(one) for one in found]
        return answered_if_new(Memberships(segments=held), if_none_match)
