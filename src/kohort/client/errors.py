"""What the client raises: whether to try again is the type, as everywhere in Kohort."""

from typing import Final

import msgspec

from kohort.errors import TerminalError, TransientError

_COME_AGAIN: Final = frozenset({429, 502, 503, 504})


class RefusedError(TerminalError):
    """The server refuses a request, and will refuse it again until something is mended.

    `code` is a word for programs, `where` the part of the request that is meant, None for the whole.
    """

    def __init__(self, status: int, code: str, message: str, where: str | None) -> None:
        self.status, self.code, self.where = status, code, where
        super().__init__(message)


class NotAllowedError(RefusedError):
    """The key is unknown, expired or revoked (401), or has not the scope (403)."""


class NotFoundError(RefusedError):
    """There is nothing of this name (404)."""


class ConflictError(RefusedError):
    """It cannot be done as things are (409); nothing was changed."""


class ChangedError(RefusedError):
    """What is to be changed was changed since it was looked at (412), or exists and was not looked at (428)."""


class ServerFaultError(RefusedError):
    """A file of the project is wrong, or the server failed (500): mend it there."""


class ComeAgainError(TransientError):
    """The server does not answer, or is too busy (429, 503), and was for as long as the client is patient.

    `retry_after` is how many seconds it asks to wait, None where it does not say.
    """

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        self.status, self.retry_after = status, retry_after
        super().__init__(message)


class _Problem(msgspec.Struct, frozen=True):
    code: str
    message: str
    where: str | None = None


def error_of(status: int, body: bytes, retry_after: str) -> RefusedError | ComeAgainError:
    """Return the error that an answer is.

    >>> error_of(404, b'{"code":"unknown_segment","message":"who?","where":"path.name"}', "")
    NotFoundError('who?')
    >>> error_of(503, b"<html>", "2").retry_after
    2.0
    """
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except msgspec.DecodeError:
        # Something between the client and the server has answered.
        problem = _Problem("unknown", f"status {status}")
    if status in _COME_AGAIN:
        seconds = float(retry_after) if retry_after.isdecimal() else None
        return ComeAgainError(problem.message, status=status, retry_after=seconds)
    kinds = {401: NotAllowedError, 403: NotAllowedError, 404: NotFoundError, 409: ConflictError}
    kinds |= {412: ChangedError, 428: ChangedError, 500: ServerFaultError}
    return kinds.get(status, RefusedError)(status, problem.code, problem.message, problem.where)
