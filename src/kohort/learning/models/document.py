"""A plain model as a document: JSON of numbers and names, with its version, a digest, and a project's signature.

Whoever reads one trusts nothing in it: the signature first, over the very bytes that are then decoded, by a typed
decoder that knows no other fields; then every index, shape, size and number by `kohort.learning.models.plain`.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from kohort.errors import CorruptionError, ProjectError, UsageError
from kohort.learning.models.plain import PlainModel
from kohort.learning.models.records import read, written
from kohort.storage.state import State

FORMAT: Final = "kohort.model/1"
MOST_BYTES: Final = 256 * 2**20
SHORTEST_KEY: Final = 32


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    """What stands in the file; `model` are the bytes that were signed."""

    format: str
    digest: str
    signature: str
    model: msgspec.Raw


def document_of(model: PlainModel, key: bytes) -> bytes:
    """Return a model as a document, signed by `key`, at least 32 secret bytes of the project.

    The signature is HMAC-SHA256 (RFC 2104) over the format and the model's bytes. The same model gives the same bytes.

    Raises UsageError for a shorter key, or a model that makes a larger document than is read.

    >>> import numpy as np
    >>> from kohort.learning.models.plain import Linear, Link, Part
    >>> model = PlainModel(("orders",), (Part(Linear(np.array([0.1]), -1.0), Link.LOGIT),))
    >>> document = document_of(model, bytes(32))
    >>> model_of(document, [bytes(32)]).parts[0].core.weights.tolist()
    [0.1]
    """
    body = written(model)
    document = msgspec.json.encode(_Document(FORMAT, _digest(body), _signature(key, body), msgspec.Raw(body)))
    if len(document) > MOST_BYTES:
        raise UsageError(
            f"the model's document would be {len(document):,} bytes, of at most {MOST_BYTES:,}; "
            "train with fewer or smaller trees, such as max_leaf_nodes=500"
        )
    return document


def signing_key(state: State, randomness: Callable[[int], bytes] = secrets.token_bytes) -> bytes:
    """Return the key that signs a project's models, made when first asked for; it stands in the state store alone.

    Whoever moves models to another project signs them there anew. It must never be shown.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     state = State(Path(folder) / "state.sqlite")
    ...     len(signing_key(state)), signing_key(state) == signing_key(state)
    (32, True)
    """
    return state.kept_secret("models", lambda: randomness(SHORTEST_KEY))


def digest_of(model: PlainModel) -> str:
    """Return the SHA-256 of a model's parameters in hexadecimal: its version, and the digest in its document."""
    return _digest(written(model))


def model_of(content: bytes, keys: Sequence[bytes]) -> PlainModel:
    """Read a document that one of `keys` signed: today's, and older ones while keys are changed.

    Raises CorruptionError if it is not as it was written, or nobody with such a key wrote it, and ProjectError if it
    is of another version, too large, or no model. Nothing of it is used before its signature was found right.

    >>> model_of(b"a pickle", [bytes(32)])
    Traceback (most recent call last):
    ...
    kohort.errors.ProjectError: a stored model cannot be read: it is no document of kohort.model/1; train it again
    """
    if len(content) > MOST_BYTES:
        raise ProjectError(f"a stored model is {len(content):,} bytes long, of at most {MOST_BYTES:,}; train it again")
    try:
        document = msgspec.json.decode(content, type=_Document)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise _unreadable(f"it is no document of {FORMAT}") from error
    if document.format != FORMAT:
        raise ProjectError(f"a stored model is of format {document.format[:80]!r}; this version reads {FORMAT!r}")
    body = bytes(document.model)
    if not any(_same(_signature(key, body), document.signature) for key in keys):
        raise CorruptionError(
            "a stored model was changed, or this project did not sign it; do not use it: restore it, or train it again"
        )
    if not _same(_digest(body), document.digest):
        raise CorruptionError("a stored model does not match its digest; restore it, or train it again")
    try:
        return read(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, OverflowError) as error:
        raise _unreadable(str(error)) from error
    except (UsageError, ValueError, TypeError, KeyError) as error:
        raise ProjectError(f"a stored model cannot be used: {error}") from error


def _unreadable(problem: str) -> ProjectError:
    return ProjectError(f"a stored model cannot be read: {problem}; train it again")


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _signature(key: bytes, body: bytes) -> str:
    if len(key) < SHORTEST_KEY:
        raise UsageError(f"a key that signs models has at least {SHORTEST_KEY} bytes; got {len(key)}")
    return hmac.digest(key, FORMAT.encode() + b"\0" + body, "sha256").hex()


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode())
