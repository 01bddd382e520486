"""Segments, and who is in them: as recorded, or as of any moment."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from threading import Lock
from typing import Annotated, Final

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel

from kohort.clock import SECOND, Moment, format_utc
from kohort.collection.acceptance import RequestRefusedError
from kohort.errors import UnknownNameError, UsageError
from kohort.pipeline.member_lists import MemberList
from kohort.project import Project
from kohort.web.api.models import Member, Members, Segment, Segments
from kohort.web.api.problems import ALWAYS, steady_tables

_USUAL: Final = 1_000
_MOST: Final = 10_000


def mount_segments(router: APIRouter, project: Project) -> None:
    """Add `GET /segments` and `GET /segments/{name}/members`."""
    # One at a time: evaluating takes a core and the memory that kohort.yaml allows.
    reading = Lock()

    @router.get("/segments", response_model=Segments, summary="Every segment: size and freshness")
    def segments() -> Response:
        with reading, steady_tables():
            found, now = project.segments(), project.clock.now()
        rows = [
            Segment(
                name=one.name,
                label=one.label,
                version=one.version,
                size=one.size,
                share=one.share,
                at=_written(one.at),
                evaluated_at=_written(one.evaluated_at),
                lag_seconds=_lag(one.evaluated_at, now),
                stalled=one.stalled,
                note=one.note,
            )
            for one in found
        ]
        return _answer(Segments(segments=rows))

    @router.get("/segments/{name}/members", response_model=Members, summary="Who is in a segment")
    def members(
        name: str,
        at: Annotated[str | None, Query(description="A moment, ISO 8601; without it, the recorded members.")] = None,
        limit: Annotated[int, Query(ge=1, le=_MOST, description="The most members a page.")] = _USUAL,
        cursor: Annotated[str | None, Query(description="next_cursor of the page before.")] = None,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        after = None if cursor is None else _person_of(cursor)
        with reading, steady_tables():
            found = _member_list(project, name, at)
        page = _page(found, after, limit, project.clock.now())
        tag = _tag(page.model_copy(update={"lag_seconds": None}))
        if if_none_match is not None and tag in (one.strip() for one in if_none_match.split(",")):
            return Response(None, 304, {**ALWAYS, "etag": tag, "cache-control": "private, no-cache"})
        return _answer(page, etag=tag)


def _member_list(project: Project, name: str, at: str | None) -> MemberList:
    try:
        moment = None if at is None else project.moment(at)
    except UsageError as error:
        raise RequestRefusedError(422, "invalid_moment", str(error), where="query.at") from error
    try:
        return project.member_list(name, moment)
    except UnknownNameError as error:
        if (error.kind, error.name) != ("segment", name):
            raise
        raise RequestRefusedError(404, "unknown_segment", str(error), where="path.name") from error
    except UsageError as error:
        raise RequestRefusedError(409, "not_evaluated", str(error), where="path.name") from error


def _page(found: MemberList, after: str | None, limit: int, now: Moment) -> Members:
    table = found.members
    rest = table if after is None else table.filter(pc.greater(table.column("person_id"), after))
    shown = rest.slice(0, limit)
    moments = shown.column("entered_at").cast(pa.int64()).to_pylist()
    rows = zip(shown.column("person_id").to_pylist(), shown.column("user_id").to_pylist(), moments, strict=True)
    members = [Member(person_id=person, user_id=user, entered_at=_written(since)) for person, user, since in rows]
    return Members(
        segment=found.segment,
        version=found.version,
        at=format_utc(found.at),
        evaluated_at=_written(found.evaluated_at),
        lag_seconds=_lag(found.evaluated_at, now),
        seq=found.seq,
        size=table.num_rows,
        members=members,
        next_cursor=_cursor_of(members[-1].person_id) if rest.num_rows > limit else None,
    )


def _cursor_of(person: str) -> str:
    return urlsafe_b64encode(person.encode()).decode().rstrip("=")


def _person_of(cursor: str) -> str:
    """Return the person whom a cursor means; raises RequestRefusedError for one that we did not give.

    >>> _person_of(_cursor_of("user:ada"))
    'user:ada'
    """
    try:
        return urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode()
    except (UnicodeError, binascii.Error) as error:
        problem = "this cursor is none that a page gave; begin again without one"
        raise RequestRefusedError(422, "invalid_cursor", problem, where="query.cursor") from error


def _tag(page: BaseModel) -> str:
    # Weak: how long ago is left out, so that what has not changed is not sent again.
    return f'W/"{sha256(page.model_dump_json().encode()).hexdigest()[:32]}"'


def _answer(model: BaseModel, **headers: str) -> Response:
    usual = {**ALWAYS, "cache-control": "private, no-cache"}
    return Response(model.model_dump_json(), 200, {**usual, **headers}, "application/json")


def _written(moment: Moment | None) -> str | None:
    return None if moment is None else format_utc(moment)


def _lag(evaluated_at: Moment | None, now: Moment) -> float | None:
    # A clock that was set back makes nothing fresher than fresh.
    return None if evaluated_at is None else max(0, now - evaluated_at) / SECOND
