"""How the API describes itself: OpenAPI 3.1 with stable names, and every answer that there can be."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from kohort.web.api.problems import Problem

REFUSALS: Final[Mapping[int, str]] = {
    400: "The body cannot be read.",
    401: "No secret key or session, or one that is unknown, ended or revoked.",
    403: "The key, or the role, has not the scope; or another page sent what a session should change.",
    404: "There is nothing of this name.",
    408: "The body took too long to come.",
    409: "It cannot be done as things are; the message says what it waits for.",
    412: "What is to be changed was changed since; look at it anew.",
    413: "The body is larger than is taken.",
    422: "A part of the request makes no sense; `where` names it.",
    428: "Say with If-Match which version is to be changed.",
    429: "More than the key may ask; come again after the seconds of the header Retry-After.",
    500: "A file of the project is wrong, or the server failed.",
    503: "Come again, after the seconds of the header Retry-After.",
}
"""Every status of a refusal, and what it means."""
_METHODS: Final = ("get", "put", "post", "delete")
_OF_BODIES: Final = frozenset({400, 413})
_OF_CHANGES: Final = frozenset({412, 428})
_OF_FILES: Final = frozenset({408})
_COME_AGAIN: Final = frozenset({429, 503})
_PROBLEM: Final = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def operation_name(route: APIRoute) -> str:
    """Return the name of an operation: that of its function, which does not change."""
    return route.name


def described(app: FastAPI) -> dict[str, Any]:
    """Return the description of an application, made when it is first asked for."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        for path in schema["paths"].values():
            for method in _METHODS:
                if method in path:
                    _complete(path[method], method)
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema()
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        app.openapi_schema = schema
    return app.openapi_schema


def _complete(operation: dict[str, Any], method: str) -> None:
    """Add the answers that an operation may give besides what was asked for."""
    responses = operation["responses"]
    bodies = operation.get("requestBody", {}).get("content", {})
    left_out = set() if bodies else set(_OF_BODIES)
    left_out |= set() if method in {"put", "delete"} and _takes(operation, "if-match") else _OF_CHANGES
    left_out |= set() if "text/csv" in bodies else _OF_FILES
    for status, words in REFUSALS.items():
        responses.pop(str(status), None)
        if status not in left_out:
            headers = {"headers": {"Retry-After": _whole("In so many seconds.")}} if status in _COME_AGAIN else {}
            responses[str(status)] = {"description": words, "content": _PROBLEM, **headers}
    if _takes(operation, "if-none-match"):
        responses["304"] = {"description": "Nothing is new since the answer whose ETag If-None-Match shows."}
        responses["200"].setdefault("headers", {})["ETag"] = {"schema": {"type": "string"}}


def _takes(operation: Mapping[str, Any], header: str) -> bool:
    return any(one["in"] == "header" and one["name"].lower() == header for one in operation.get("parameters", ()))


def _whole(words: str) -> dict[str, Any]:
    return {"schema": {"type": "integer", "minimum": 0}, "description": words}
