"""Segments: what there are, what they mean and meant, how large they are, and how they lie in one another."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from kohort.errors import UnknownNameError
from kohort.web.api.asking import Desk, Shown, answered_if_new
from kohort.web.api.members import lag_seconds
from kohort.web.api.models.memberships import Segment, Segments
from kohort.web.api.models.segments import Flows, History, Overlap, SegmentDetail, SizeAt, Sizes, Version

At = Annotated[str | None, Query(description="A moment, ISO 8601; without it, as recorded.")]
Names = Annotated[list[str], Query(description="The segments; without one, all that can be evaluated.")]


def mount_segments(router: APIRouter, desk: Desk) -> None:
    """Add `GET /segments`."""

    @router.get("/segments", response_model=Segments, summary="Every segment: size and freshness")
    def list_segments(if_none_match: Shown = None) -> Response:
        with desk.asking() as project:
            found, now = project.segments(), project.clock.now()
        rows = [
            Segment.model_validate({**vars(one), "lag_seconds": lag_seconds(one.evaluated_at, now)}) for one in found
        ]
        aside = {"segments": {"__all__": {"lag_seconds"}}}
        return answered_if_new(Segments(segments=rows), if_none_match, aside=aside)


def mount_segment_details(router: APIRouter, desk: Desk) -> None:
    """Add `GET /segments/{name}`, its `/history` and `/sizes`, `GET /overlap` and `GET /flows`."""

    @router.get("/segments/{name}", response_model=SegmentDetail, summary="What a segment means")
    def get_segment(name: str, if_none_match: Shown = None) -> Response:
        with desk.asking(segment="path.name") as project:
            found = {one.name: one for one in project.segments()}
            if name not in found:
                raise UnknownNameError("segment", name, found)
        return answered_if_new(SegmentDetail.model_validate(found[name]), if_none_match)

    @router.get("/segments/{name}/history", response_model=History, summary="What a segment meant before")
    def segment_history(name: str, if_none_match: Shown = None) -> Response:
        with desk.asking(segment="path.name") as project:
            found = [Version.model_validate(one) for one in project.history(name)]
        return answered_if_new(History(segment=name, versions=found), if_none_match)

    @router.get("/segments/{name}/sizes", response_model=Sizes, summary="How large a segment was")
    def segment_sizes(
        name: str,
        since: Annotated[str | None, Query(description="By default 31 moments are told.")] = None,
        until: Annotated[str | None, Query(description="By default the project's present.")] = None,
        every: Annotated[str, Query(description="A duration, such as 7 days.")] = "1 day",
        if_none_match: Shown = None,
    ) -> Response:
        first, last = desk.moment(since, "query.since"), desk.moment(until, "query.until")
        with desk.asking(segment="path.name", asked="query.every") as project:
            found = [SizeAt.model_validate(one) for one in project.sizes(name, first, last, every=every)]
        return answered_if_new(Sizes(segment=name, sizes=found), if_none_match)

    @router.get("/overlap", response_model=Overlap, summary="How segments lie in one another")
    def overlap(
        segment: Names = [],  # noqa: B006 - FastAPI copies it
        at: At = None,
        if_none_match: Shown = None,
    ) -> Response:
        moment = desk.moment(at, "query.at")
        with desk.asking(segment="query.segment") as project:
            found = project.overlap(segment, moment)
        return answered_if_new(Overlap.model_validate(found), if_none_match)

    @router.get("/flows", response_model=Flows, summary="Who went from which segment to which")
    def flows(
        since: Annotated[str, Query(description="A moment, ISO 8601.")],
        until: Annotated[str | None, Query(description="A later one; by default the project's present.")] = None,
        segment: Names = [],  # noqa: B006 - FastAPI copies it
        if_none_match: Shown = None,
    ) -> Response:
        first, last = desk.moment_of(since, "query.since"), desk.moment(until, "query.until")
        with desk.asking(segment="query.segment", asked="query.since") as project:
            found = project.flows(first, last, segment)
        return answered_if_new(Flows.model_validate(found), if_none_match)
