"""All members of a segment as one file: CSV for people or for machines, or Arrow."""

import csv
import io
from collections.abc import Iterator
from typing import Annotated, Final
from urllib.parse import quote

import pyarrow as pa
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from kohort.pipeline.segments.member_lists import MemberList
from kohort.reports.spreadsheets import spreadsheet_cell
from kohort.web.api.asking import Desk
from kohort.web.api.models.answer import written
from kohort.web.api.problems import ALWAYS
from kohort.web.callers import Caller
from kohort.web.disclosure import Disclosure, disclosure_to

_ROWS: Final = 10_000
"""How many rows are written at a time."""
_CSV: Final = "text/csv; charset=utf-8; header=present"
_ARROW: Final = "application/vnd.apache.arrow.stream"

At = Annotated[str | None, Query(description="A moment, ISO 8601; without it, the recorded members.")]


def mount_exports(router: APIRouter, desk: Desk, caller: object) -> None:
    """Add `GET /segments/{name}/members.csv` and `.arrow`; `caller` is the dependency that gives who asks."""

    def found(name: str, at: str | None) -> MemberList:
        moment = desk.moment(at, "query.at")
        with desk.asking(segment="path.name") as project:
            return project.member_list(name, moment)

    @router.get(
        "/segments/{name}/members.csv",
        response_class=StreamingResponse,
        responses={200: {"content": {_CSV: {}}, "description": "person_id, user_id, entered_at"}},
        summary="All members of a segment, as CSV",
    )
    def members_csv(
        name: str,
        asker: Annotated[Caller, caller],
        at: At = None,
        raw: Annotated[bool, Query(description="As it is, for machines; else no cell is a formula.")] = False,
    ) -> StreamingResponse:
        told = disclosure_to(desk.project, asker)
        answer = _csv_of(found(name, at).members, told, raw=raw)
        return StreamingResponse(answer, headers=_headers(name, "csv"), media_type=_CSV)

    @router.get(
        "/segments/{name}/members.arrow",
        response_class=StreamingResponse,
        responses={200: {"content": {_ARROW: {}}, "description": "person_id, user_id, entered_at"}},
        summary="All members of a segment, as a stream of Arrow",
    )
    def members_arrow(name: str, asker: Annotated[Caller, caller], at: At = None) -> StreamingResponse:
        answer = _arrow_of(found(name, at).members, disclosure_to(desk.project, asker))
        return StreamingResponse(answer, headers=_headers(name, "arrow"), media_type=_ARROW)


def _headers(name: str, ending: str) -> dict[str, str]:
    # A name may hold anything (RFC 8187).
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}.{ending}"
    return {**ALWAYS, "cache-control": "private, no-store", "content-disposition": disposition}


def _csv_of(members: pa.Table, told: Disclosure, *, raw: bool) -> Iterator[bytes]:
    yield _lines([members.column_names])
    for batch in map(told.members, members.to_batches(max_chunksize=_ROWS)):
        moments = batch.column("entered_at").cast(pa.int64()).to_pylist()
        rows = zip(batch.column("person_id").to_pylist(), batch.column("user_id").to_pylist(), moments, strict=True)
        cells = [[person, user, written(at)] for person, user, at in rows]
        yield _lines(cells if raw else [[spreadsheet_cell(one) for one in row] for row in cells])


def _lines(rows: "list[list[object]]") -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _arrow_of(members: pa.Table, told: Disclosure) -> Iterator[bytes]:
    written = io.BytesIO()
    with pa.ipc.new_stream(written, members.schema) as stream:
        for batch in members.to_batches(max_chunksize=_ROWS):
            stream.write_batch(told.members(batch))
            yield _taken(written)
    yield _taken(written)


def _taken(written: io.BytesIO) -> bytes:
    """Return what was written, and begin anew."""
    content = written.getvalue()
    written.seek(0)
    written.truncate()
    return content
