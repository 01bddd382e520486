"""One delivery of a webhook, from headers and body to what becomes of it: plain data, without HTTP."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from kohort.clock import Moment
from kohort.collection.scalars import JSON, container_problem, text_of
from kohort.collection.webhooks.signing import doubt_of, key_of
from kohort.collection.webhooks.translation import Headers, UnreadableError, encoded, picked, translate
from kohort.definitions.references import Reference
from kohort.definitions.webhook import ANY_OTHER, DeliveryMapping, WebhookDefinition
from kohort.errors import did_you_mean, shorten
from kohort.storage.messages import derived_id

_REMEMBERED: Final = 100_000
"""How many deliveries are recognised without looking into the journal."""


@dataclass(frozen=True)
class Unread:
    """Why a genuine delivery could not be read, and at which place: it becomes a dead letter."""

    place: str
    reason: str


@dataclass(frozen=True)
class WebhookOutcome:
    """What becomes of a delivery: the HTTP status, a word for programs, a sentence.

    `events` are JSON texts of the Segment format, to be kept like any other; `unread` says why a delivery that is
    genuine has none. `delivery_id` is for `Webhooks.remember`, once what is to be kept is on disk.
    """

    status: int
    code: str
    message: str
    source: str = ""
    delivery_id: str = ""
    events: tuple[bytes, ...] = ()
    unread: Unread | None = None


class Webhooks:
    """The webhooks of a project, by source.

    `secret_of` looks up what a reference names; whatever it raises for one that is missing, this raises too, so that
    nothing starts without its secrets.
    """

    def __init__(self, definitions: Sequence[WebhookDefinition], secret_of: Callable[[Reference], str]) -> None:
        self._definitions = {one.source: one for one in definitions}
        self._keys = {one.source: [key_of(one.scheme, secret_of(ref)) for ref in one.secrets] for one in definitions}
        self._remembered: dict[str, None] = {}

    def definition(self, source: str) -> WebhookDefinition:
        """Return what is declared for a source that `receive` knows."""
        return self._definitions[source]

    def receive(self, source: str, headers: Headers, body: bytes, now: Moment) -> WebhookOutcome:
        """Return what becomes of a delivery to `/v1/webhook/{source}`; names of `headers` are in lower case.

        Status 401 for what is not believed, 404 for a source that nobody declared, 200 for all that is genuine: what
        cannot be read is kept as a dead letter, since sending it again would not help.
        """
        definition = self._definitions.get(source)
        if definition is None:
            hint = did_you_mean(source, self._definitions)
            return WebhookOutcome(404, "unknown_source", f'no webhook is declared for "{shorten(source)}"; {hint}')
        scheme = definition.scheme
        if scheme.ping and _is_ping(scheme.ping, headers, scheme.header, body):
            return WebhookOutcome(200, "ping", "somebody answers", source)
        doubt = doubt_of(scheme, self._keys[source], headers, body, now)
        if doubt is not None:
            return WebhookOutcome(401, doubt.code, doubt.message, source)
        return self._read(definition, headers, body, now)

    def remember(self, outcome: WebhookOutcome) -> None:
        """Remember a delivery that has been kept, so that the same again is only acknowledged."""
        if outcome.delivery_id:
            self._remembered[outcome.delivery_id] = None
            if len(self._remembered) > _REMEMBERED:
                del self._remembered[next(iter(self._remembered))]

    def _read(self, definition: WebhookDefinition, headers: Headers, body: bytes, now: Moment) -> WebhookOutcome:
        source = definition.source
        try:
            read = read_delivery(definition, headers, body, now)
        except UnreadableError as error:
            known, unread = _content_id(source, body), Unread(error.place, error.reason)
            if known in self._remembered:
                return WebhookOutcome(200, "duplicate", "this delivery was kept before", source)
            return WebhookOutcome(200, "unread", error.reason, source, known, unread=unread)
        if read.delivery_id in self._remembered:
            return WebhookOutcome(200, "duplicate", "this delivery was kept before", source)
        if read.ignored:
            return WebhookOutcome(200, "ignored", f'the kind "{shorten(read.kind)}" is ignored', source)
        return WebhookOutcome(200, "accepted", "", source, read.delivery_id, read.events)


class ReadDelivery(NamedTuple):
    """What a delivery says: its kind, its id, and its events as JSON texts of the Segment format."""

    kind: str
    delivery_id: str
    events: tuple[bytes, ...] = ()
    ignored: bool = False


def read_delivery(definition: WebhookDefinition, headers: Headers, body: bytes, now: Moment) -> ReadDelivery:
    """Read a delivery that is genuine, received `now`; raises UnreadableError for what the mapping cannot read."""
    document = _decoded(body)
    kind = _kind(definition, document, headers)
    message_id = delivery_id(definition, document, headers, body)
    if kind in definition.ignored:
        return ReadDelivery(kind, message_id, ignored=True)
    messages = translate(_mapping(definition, kind), message_id, document, headers, now)
    return ReadDelivery(kind, message_id, tuple(encoded(one) for one in messages))


def delivery_id(definition: WebhookDefinition, document: object, headers: Headers, body: bytes) -> str:
    """Return the id that a delivery's messages get: hash(source, what the definition says makes it unique).

    Without such values it is made of the id that the scheme signs, else of the whole body: a delivery that somebody
    recorded and sends again gets the same id, and so changes nothing.
    """
    values = [picked(picks, document, headers) for picks in definition.message_id]
    in_body = [one for one, picks in zip(values, definition.message_id, strict=True) if not picks[0].header]
    if any(one is not None for one in in_body):
        return derived_id(definition.source, ["webhook", *("" if one is None else text_of(one) for one in values)])
    if definition.scheme.id_header:
        return derived_id(definition.source, ["webhook", headers[definition.scheme.id_header]])
    return _content_id(definition.source, body)


def _content_id(source: str, body: bytes) -> str:
    return derived_id(source, ["webhook body", blake2b(body, digest_size=16).hexdigest()])


def _kind(definition: WebhookDefinition, document: object, headers: Headers) -> str:
    kind = picked(definition.select, document, headers) if definition.select else ANY_OTHER
    return "" if kind is None else text_of(kind)


def _mapping(definition: WebhookDefinition, kind: str) -> DeliveryMapping:
    mapping = definition.mappings.get(kind) or definition.mappings.get(ANY_OTHER)
    if mapping is None:
        hint = did_you_mean(kind, definition.mappings)
        raise UnreadableError("", f'nothing is declared for the kind "{shorten(kind)}"; {hint}; or ignore it')
    return mapping


def _decoded(body: bytes) -> object:
    try:
        document = JSON.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableError("", f"the body is no JSON: {error}") from error
    except RecursionError as error:
        raise UnreadableError("", "the body is nested too deep") from error
    if not isinstance(document, Mapping):
        raise UnreadableError("", "the body is no JSON object")
    problem = container_problem(document)
    if problem:
        raise UnreadableError("", f"the body is {problem}" if problem.startswith("nested") else problem)
    return document


def _is_ping(ping: str, headers: Headers, signature: str, body: bytes) -> bool:
    rest = body.removeprefix(ping.encode())
    return signature not in headers and len(rest) < len(body) and rest.isdigit()
