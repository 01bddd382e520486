"""How endpoints ask the project: one at a time, and with refusals that say what in the request is meant."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from typing import Annotated, Any

from fastapi import Header, Response
from pydantic import BaseModel

from kohort.clock import Moment
from kohort.collection.acceptance import RequestRefusedError
from kohort.errors import (
    ChangedSinceError,
    CheckError,
    DefinitionError,
    InputError,
    NotEvaluatedError,
    RuleError,
    StoppedError,
    TooLargeError,
    UnknownNameError,
    UsageError,
)
from kohort.project import Project
from kohort.web.api.problems import ALWAYS, steady_tables

Shown = Annotated[str | None, Header(alias="If-None-Match", description="The ETag of an answer that is held.")]
"""What a request says of an answer that it holds already."""
_FRESH = {**ALWAYS, "cache-control": "private, no-cache"}


@dataclass(frozen=True)
class Desk:
    """A project behind the API. Questions are answered one at a time: each may take a core, and memory."""

    project: Project
    _one_at_a_time: Lock = field(default_factory=Lock)

    @contextmanager
    def asking(self, **places: str) -> Iterator[Project]:
        """Give the project to a block; what it refuses is answered with the place of the request that it is about.

        `places` says where a kind of name stands in the request, such as `segment="path.name"`, where the `rule` does,
        and what is meant where the call makes no sense: `asked`. A name of the path that nobody knows is answered with
        404, another wrong one with 422.
        """
        with self._one_at_a_time, self.changing(**places) as project:
            yield project

    @contextmanager
    def changing(self, **places: str) -> Iterator[Project]:
        """Give the project to a block that waits for its lock: questions go on meanwhile; otherwise as `asking`."""
        try:
            with steady_tables():
                yield self.project
        except RequestRefusedError:
            raise
        except (DefinitionError, UsageError, CheckError, InputError) as error:
            raise _refusal(error, places) from error

    def moment(self, text: str | None, where: str) -> Moment | None:
        """Return the moment that a parameter names, None for none; raises RequestRefusedError."""
        return None if text is None else self.moment_of(text, where)

    def moment_of(self, text: str, where: str) -> Moment:
        """Return the moment that a parameter names; raises RequestRefusedError."""
        try:
            return self.project.moment(text)
        except UsageError as error:
            raise RequestRefusedError(422, "invalid_moment", str(error), where=where) from error


def _refusal(error: DefinitionError | UsageError | CheckError | InputError, places: dict[str, str]) -> Exception:
    status, code, place = 422, "invalid_request", places.get("asked") if isinstance(error, UsageError) else None
    match error:
        case UnknownNameError():
            place = places.get(error.kind) or places.get("rule")
            status = 404 if place and place.startswith("path.") else 422
            code = f"unknown_{error.kind}".replace(" ", "_")
        case RuleError():
            code, place = "invalid_rule", places.get("rule")
        case NotEvaluatedError():
            status, code, place = 409, "not_evaluated", places.get("segment")
        case TooLargeError():
            status, code, place = 413, "too_large", "body"
        case StoppedError():
            status, code, place = 409, "stopped_by_a_gate", "body"
        case InputError():
            code, place = "invalid_file", "body"
        case ChangedSinceError():
            status, code = (428, "precondition_required") if error.unsaid else (412, "changed_since")
            place = "header.if-match"
        case CheckError():
            status, code, place = 409, "refused", None
    if isinstance(error, DefinitionError) and place is None:
        return error  # a file of the project is wrong, and not the request
    return RequestRefusedError(status, code, str(error), where=place)


def answered(model: BaseModel, **headers: str) -> Response:
    """Return the answer that a model is."""
    return answer_of(model.model_dump_json().encode(), **headers)


def answer_of(body: bytes, **headers: str) -> Response:
    """Return the answer that JSON is."""
    return Response(body, 200, {**_FRESH, **headers}, "application/json")


def answered_unless_shown(model: BaseModel, tag: str, shown: str | None) -> Response:
    """Return the answer that a model is, of which `tag` is the tag; 304 if `shown` has it already."""
    if shown is not None and tag in (one.strip() for one in shown.split(",")):
        return Response(None, 304, {**_FRESH, "etag": tag})
    return answered(model, etag=tag)


def answered_if_new(model: BaseModel, shown: str | None, *, aside: Any = None) -> Response:
    """Return the answer that a model is, with its tag; 304 if `shown`, the header If-None-Match, has the tag already.

    `aside` are fields that make nothing new, such as how long ago it is, as pydantic excludes them.

    >>> from kohort.web.api.problems import Problem
    >>> first = answered_if_new(Problem(code="a", message="b", where=None), None)
    >>> answered_if_new(Problem(code="a", message="b", where=None), first.headers["etag"]).status_code
    304
    """
    # Weak: what is put aside may differ.
    tag = f'W/"{sha256(model.model_dump_json(exclude=aside).encode()).hexdigest()[:32]}"'
    return answered_unless_shown(model, tag, shown)
