"""Sources: what has come in, what was refused, and files that are sent."""

import secrets
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from kohort.clock import MINUTE, SECOND
from kohort.collection.acceptance import RequestRefusedError
from kohort.governance.roles import sees_people
from kohort.web.api.asking import Desk, Shown, answered, answered_if_new
from kohort.web.api.cursors import place_of, written_cursor
from kohort.web.api.models.sources import DeadLetter, DeadLetters, Ingested, Source, Sources
from kohort.web.callers import Caller
from kohort.web.rates import PAUSE

_LONGEST: Final = 10_000
_AT_ONCE: Final = 2
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_KINDS: Final = ("application/octet-stream", "text/csv", "application/vnd.apache.parquet", "application/x-ndjson")
_DESCRIPTION: Final = """The body is the file itself: CSV, JSON lines (either may be packed with gzip) or Parquet. What
it is shows in its first bytes; neither its name nor its type is asked for. The same content again changes nothing. A
gate of the source may stop it: then nothing of it is taken in.
"""
DespiteGates = Annotated[bool, Query(description="Take in what a gate of the source would stop.")]


def mount_sources(router: APIRouter, desk: Desk) -> None:
    """Add `GET /sources`."""

    @router.get("/sources", response_model=Sources, summary="Where data come from, and what they brought")
    def list_sources(if_none_match: Shown = None) -> Response:
        with desk.asking() as project:
            found = project.sources()
        return answered_if_new(Sources(sources=[Source.model_validate(one) for one in found]), if_none_match)


def mount_dead_letters(router: APIRouter, desk: Desk, caller: object) -> None:
    """Add `GET /dead-letters`; `caller` is the dependency that gives who asks."""

    @router.get("/dead-letters", response_model=DeadLetters, summary="What was refused, the newest first")
    def list_dead_letters(
        asker: Annotated[Caller, caller],
        source: Annotated[str | None, Query(max_length=1_000, description="Those of a source; of all without.")] = None,
        limit: Annotated[int, Query(ge=1, le=1_000, description="The most a page.")] = 100,
        cursor: Annotated[str | None, Query(max_length=1_000, description="next_cursor of the page before.")] = None,
        if_none_match: Shown = None,
    ) -> Response:
        if not sees_people(asker.scopes):
            problem = "dead letters are as they came, and say who people are; who sees pseudonyms may not read them"
            raise RequestRefusedError(403, "personal", problem)
        after = None if cursor is None else place_of(cursor)
        with desk.asking() as project:
            page = project.dead_letter_page(source, after, limit)
        letters = [
            DeadLetter.model_validate({**one, "raw": one["raw"][:_LONGEST], "cut": len(one["raw"]) > _LONGEST})
            for one in page.letters
        ]
        last = page.letters[-1] if page.more else None
        following = None if last is None else written_cursor(last["recorded_at"], last["dead_letter_id"])
        return answered_if_new(DeadLetters(dead_letters=letters, next_cursor=following), if_none_match)


def mount_files(router: APIRouter, desk: Desk) -> None:
    """Add `POST /sources/{name}/files`."""
    under_way: set[str] = set()

    @router.post(
        "/sources/{name}/files",
        response_model=Ingested,
        summary="Send a file of a source",
        description=_DESCRIPTION,
        openapi_extra={"requestBody": {"required": True, "content": dict.fromkeys(_KINDS, _BINARY)}},
    )
    async def send_file(
        name: Annotated[str, Path(max_length=1_000)], request: Request, *, despite_gates: DespiteGates = False
    ) -> Response:
        await run_in_threadpool(_check, desk, name)
        _check_length(request, desk.project.settings.api.file)
        if len(under_way) >= _AT_ONCE:
            raise RequestRefusedError(503, "busy", "enough other files are being read; come again", retry_after=PAUSE)
        ours = secrets.token_hex(16)
        under_way.add(ours)
        try:
            return await _received(desk, name, ours, request, despite_gates=despite_gates)
        finally:
            under_way.discard(ours)


def _check(desk: Desk, name: str) -> None:
    with desk.changing(source="path.name") as project:
        project.check_source(name)


def _check_length(request: Request, most: int) -> None:
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > most:
        problem = f"the file is larger than {most:,} bytes; split it, or raise api.file in kohort.yaml"
        raise RequestRefusedError(413, "too_large", problem, where="body")


async def _received(desk: Desk, name: str, ours: str, request: Request, *, despite_gates: bool) -> Response:
    """Take the body piece by piece, each written before the next is asked for, then read it."""
    begun = desk.project.clock.now()
    with desk.changing(source="path.name") as project, project.receiving(ours) as upload:
        try:
            async for piece in request.stream():
                await run_in_threadpool(upload.write, piece)
                if desk.project.clock.now() - begun > _SLOWEST:
                    problem = f"the file took longer than {_SLOWEST // SECOND} seconds to come; split it"
                    raise RequestRefusedError(408, "too_slow", problem, where="body")
        except ClientDisconnect as error:
            raise RequestRefusedError(400, "incomplete", "the file did not come to its end", where="body") from error
        found: Any = await run_in_threadpool(project.ingest_upload, upload, name, despite_gates=despite_gates)
    return answered(Ingested.model_validate(found))


_SLOWEST: Final = 30 * MINUTE
