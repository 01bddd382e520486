"""The message: what collection hands to the journal, and the projection reads back.

Values are typed and exact from here on: numbers are micros, moments are microseconds UTC. Nested objects
have been flattened to dotted names; what no rule can speak of (a list of objects) is kept as JSON text.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Literal, TypeVar

import msgspec

from kohort.clock import Moment

MessageType = Literal["track", "page", "screen", "identify", "alias", "group", "consent"]


class Values(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Named values by type: an event's properties, or the traits of an identify; `removed` are traits set to null."""

    numbers: dict[str, int] = {}
    texts: dict[str, str] = {}
    booleans: dict[str, bool] = {}
    moments: dict[str, Moment] = {}
    lists: dict[str, list[str]] = {}
    others: dict[str, str] = {}
    removed: list[str] = []

    def kinds(self) -> tuple[Mapping[str, object], ...]:
        """Return the values of each type, by name."""
        return self.numbers, self.texts, self.booleans, self.moments, self.lists, self.others

    def has(self, name: str) -> bool:
        """Return whether there is a value of a name; asked of every value of a load.

        >>> Values(texts={"store": "7"}).has("store"), Values().has("store")
        (True, False)
        """
        return (
            name in self.numbers
            or name in self.texts
            or name in self.booleans
            or name in self.moments
            or name in self.lists
            or name in self.others
        )


_NOTHING: Final = Values()
_V = TypeVar("_V")


class Choices(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What somebody consented to and what they refused, in the words of the banner that asked.

    `form` says how it was told ("segment", "rudderstack", "google", "record"), `proof` by what it can be shown: a page,
    the version of a text.
    """

    form: str
    granted: list[str] = []
    denied: list[str] = []
    proof: str = ""


class Message(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One accepted message.

    `event_id` is the message id that the sender gave, else a hash (see `derived_id`). `name` is the event key
    for what becomes an event (track, page, screen) and empty otherwise. At least one of `user_id` and
    `anonymous_id` is set; `previous_id` only by an alias. `ts` is the event's time. Where that was corrected by when
    the message came, `said_at` is the time that the sender gave (0 for none): the same however often it is sent.
    `shared` are identifiers of other kinds that the project declares unique, by kind, beside those that stand in
    traits. A "consent" has `choices` and nothing else. `normalised` names the values that
    their sender wrote in another form, which stands beside each as a text, or a list of texts, under its name with
    ".raw" behind.
    """

    event_id: str
    type: MessageType
    ts: Moment
    received_at: Moment
    source: str
    name: str = ""
    user_id: str = ""
    anonymous_id: str = ""
    previous_id: str = ""
    values: Values = _NOTHING
    shared: dict[str, str] = {}
    choices: Choices | None = None
    said_at: Moment | None = None
    normalised: list[str] = []

    def digest(self) -> int:
        """Return a 63-bit hash of what the message says, not of when it came: tells a repeat from a conflict.

        Of a value that was normalised it is what the sender wrote, so that a repeat is one however it is read later.
        """
        values = _as_written(self.values, self.normalised) if self.normalised else self.values
        said = self.ts if self.said_at is None else self.said_at
        return Lasting(
            self.event_id, self.type, said, self.source, self.name, self.user_id, self.anonymous_id, self.previous_id,
            values, self.shared, self.choices,
        ).digest()  # fmt: skip


class Lasting(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What a message says, whenever it comes; `ts` is the time that its sender gave."""

    event_id: str
    type: MessageType
    ts: Moment
    source: str
    name: str = ""
    user_id: str = ""
    anonymous_id: str = ""
    previous_id: str = ""
    values: Values = _NOTHING
    shared: dict[str, str] = {}
    choices: Choices | None = None

    def digest(self) -> int:
        """Return the digest of the message."""
        return int.from_bytes(hashlib.blake2b(_ENCODER.encode(self), digest_size=8).digest(), "big") >> 1


_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_DECODER: Final = msgspec.json.Decoder(list[Message])


def _as_written(values: Values, normalised: Collection[str]) -> Values:
    """Return values with those that were normalised as their sender wrote them."""
    raw = {f"{name}.raw": name for name in normalised}

    def others(kind: dict[str, _V]) -> dict[str, _V]:
        return {name: value for name, value in kind.items() if name not in normalised}

    texts = {raw.get(name, name): value for name, value in others(values.texts).items()}
    return msgspec.structs.replace(
        values, numbers=others(values.numbers), texts=texts, moments=others(values.moments), lists=others(values.lists)
    )


def encode_messages(messages: Sequence[Message]) -> bytes:
    """Return messages as the payload of one journal record."""
    return msgspec.json.encode(messages)


def decode_messages(payload: bytes) -> list[Message]:
    """Return the messages of one journal record."""
    return _DECODER.decode(payload)


def derived_id(source: str, parts: Iterable[str]) -> str:
    """Return the event id of a row without one: hash(source, declared key), or hash(source, content, occurrence).

    >>> derived_id("orders", ["42"]) == derived_id("orders", ["42"]) != derived_id("orders", ["43"])
    True
    """
    text = msgspec.json.encode([source, *parts])
    return hashlib.blake2b(text, digest_size=16).hexdigest()
