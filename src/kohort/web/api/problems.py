"""The one shape of every refusal: a word for programs, words for people, and where in the request it is."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel, Field
from starlette.routing import compile_path

from kohort.collection.acceptance import RequestRefusedError
from kohort.errors import KohortError, TransientError, did_you_mean, shorten
from kohort.web.rates import PAUSE

ALWAYS: Final = {"x-content-type-options": "nosniff"}
"""The headers of every answer."""
_UNREADABLE, _UNKNOWN, _METHOD, _WRONG, _FAULT = 400, 404, 405, 422, 500


class Problem(BaseModel):
    """Why a request is refused."""

    code: str = Field(description="A word for programs, which does not change.")
    message: str = Field(description="What is wrong, and what to do next.")
    where: str | None = Field(description="Which part of the request, such as query.at; null for the whole.")


def problem_answer(error: RequestRefusedError) -> Response:
    """Return the answer to a request that is refused.

    >>> problem_answer(RequestRefusedError(404, "unknown_segment", "who?", where="path.name")).body
    b'{"code":"unknown_segment","message":"who?","where":"path.name"}'
    """
    body = Problem(code=error.code, message=str(error), where=error.where).model_dump_json()
    headers = {**ALWAYS, "cache-control": "no-store"}
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    if error.status == 401:  # noqa: PLR2004 - the one status with a header of its own
        headers["www-authenticate"] = "Bearer"
    return Response(body, error.status, headers, "application/json")


Refusing = Callable[[Request, RequestRefusedError], Response]
"""What answers a request that is refused."""


def refused_in_one_shape(_request: Request, error: RequestRefusedError) -> Response:
    """Answer a request that is refused, whoever sent it."""
    return problem_answer(error)


def mount_problems(app: FastAPI, refusing: Refusing) -> None:
    """Answer whatever goes wrong in an application as `refusing` does."""

    async def unknown(request: Request, _error: Exception) -> Response:
        known = [path for path, _ in _operations(app)]
        problem = f'nothing is at "{shorten(request.url.path)}"; {did_you_mean(request.url.path, known)}'
        return refusing(request, RequestRefusedError(_UNKNOWN, "not_found", problem))

    async def wrong_method(request: Request, _error: Exception) -> Response:
        problem = f"this path does not answer {shorten(request.method)}"
        answer = refusing(request, RequestRefusedError(_METHOD, "wrong_method", problem))
        answer.headers["allow"] = ", ".join(_methods(app, request.url.path))
        return answer

    async def unreadable(request: Request, error: Exception) -> Response:
        if isinstance(error.__cause__, RequestRefusedError):
            return refusing(request, error.__cause__)
        problem = "the body cannot be read: send JSON, in UTF-8"
        return refusing(request, RequestRefusedError(_UNREADABLE, "invalid_body", problem, where="body"))

    async def wrong(request: Request, error: Exception) -> Response:
        return refusing(request, _validation(error) if isinstance(error, RequestValidationError) else _fault())

    async def refused(request: Request, error: Exception) -> Response:
        return refusing(request, _refusal_of(error))

    async def failed(request: Request, _error: Exception) -> Response:
        # What happened is told to the log, where whoever keeps the server looks.
        return refusing(request, _fault())

    app.add_exception_handler(_UNREADABLE, unreadable)
    app.add_exception_handler(_UNKNOWN, unknown)
    app.add_exception_handler(_METHOD, wrong_method)
    app.add_exception_handler(RequestValidationError, wrong)
    app.add_exception_handler(KohortError, refused)
    app.add_exception_handler(Exception, failed)


def _methods(app: FastAPI, path: str) -> list[str]:
    """Return every method that a path answers, whichever route would."""
    found = [methods for template, methods in _operations(app) if compile_path(template)[0].match(path)]
    return sorted(set[str]().union(*found))


def _operations(app: FastAPI) -> Iterator[tuple[str, Collection[str]]]:
    """Return each path that the description of an application has, and methods that it answers."""
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute) and route.include_in_schema:
            yield route.path_format or "", route.methods or ()


@contextmanager
def steady_tables() -> Iterator[None]:
    """Say of tables that go while the block reads them, as a rebuild makes them go, to come again."""
    try:
        yield
    except FileNotFoundError as error:
        problem = "the tables are being made anew; come again"
        raise RequestRefusedError(503, "rebuilding", problem, retry_after=PAUSE) from error


def _refusal_of(error: Exception) -> RequestRefusedError:
    if isinstance(error, RequestRefusedError):
        return error
    if isinstance(error, TransientError):
        return RequestRefusedError(503, "busy", str(error), retry_after=PAUSE)
    return RequestRefusedError(_FAULT, "project_error", str(error))


def _validation(error: RequestValidationError) -> RequestRefusedError:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return RequestRefusedError(_WRONG, "invalid_request", f"{where}: {first['msg']}", where=where)


def _fault() -> RequestRefusedError:
    return RequestRefusedError(_FAULT, "internal_error", "the server failed at this request, and its log says why")
