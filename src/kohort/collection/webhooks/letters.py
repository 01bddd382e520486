"""Dead letters of webhooks: a delivery with what is needed to read it again, once its mapping is mended."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from kohort.clock import Moment
from kohort.collection.batches import Batch
from kohort.collection.segment_messages import Reader, ReadMessage, read_message
from kohort.collection.webhooks.deliveries import Unread, read_delivery
from kohort.collection.webhooks.translation import Headers, UnreadableError
from kohort.definitions.webhook import Pick, WebhookDefinition
from kohort.errors import InputError, did_you_mean, shorten
from kohort.storage.messages import Message
from kohort.storage.received import WEBHOOK, Received, Refused
from kohort.storage.records import Rejection


class Letter(msgspec.Struct, frozen=True):
    """A delivery: the headers that its mapping reads (never a signature), its body as text, when it was received."""

    headers: dict[str, str]
    body: str
    received_at: Moment


_LETTER = msgspec.json.Decoder(Letter)


def received_unread(
    definition: WebhookDefinition, unread: Unread, headers: Headers, body: bytes, now: Moment
) -> Received:
    """Return what the journal keeps of a genuine delivery that could not be read."""
    kept = {name: headers[name] for name in sorted(_headers_of(definition)) if name in headers}
    raw = msgspec.json.encode(Letter(kept, body.decode(errors="replace"), now)).decode()
    return Received(definition.source, now, refused=[Refused(0, unread.place, unread.reason, raw)], origin=WEBHOOK)


def reread_deliveries(
    letters: Iterable[Rejection], definitions: Sequence[WebhookDefinition], reader: Reader
) -> Iterator[Batch]:
    """Read dead letters of one source again, by today's mapping; each is taken in whole, or stays.

    Raises InputError if the source has no webhook any more.
    """
    by_source = {one.source: one for one in definitions}
    definition = by_source.get(reader.source)
    if definition is None:
        hint = did_you_mean(reader.source, by_source)
        raise InputError(f'no webhook is declared for the source "{shorten(reader.source)}"; {hint}')
    for one in letters:
        yield _reread(one, definition, reader)


def _reread(letter: Rejection, definition: WebhookDefinition, reader: Reader) -> Batch:
    given = _LETTER.decode(letter.raw)
    try:
        events = read_delivery(definition, given.headers, given.body.encode(), given.received_at).events
    except UnreadableError as error:
        return Batch(rejected=[_again(letter, error.place, error.reason)], rows=1)
    messages: list[Message] = []
    for read in (read_message(event, reader) for event in events):
        if read.message is None:
            return Batch(rejected=[_again(letter, *_breach(read))], rows=1)
        messages.append(read.message)
    return Batch(messages=messages, rows=1)


def _breach(read: ReadMessage) -> tuple[str, str]:
    return (read.breach.pointer, read.breach.reason) if read.breach else ("", "nothing could be read")


def _again(letter: Rejection, field: str, reason: str) -> Rejection:
    return msgspec.structs.replace(letter, field=field, reason=reason)


def _headers_of(definition: WebhookDefinition) -> set[str]:
    """Return the headers that a definition reads values from; the proof of who sent it is none of them."""
    found = {pick.header for picks in (definition.select, *definition.message_id) for pick in picks}
    for mapping in definition.mappings.values():
        places: list[Sequence[Pick]] = [mapping.user_id, mapping.anonymous_id]
        places += [*mapping.properties.values(), *mapping.traits.values()]
        places += [mapping.event] if not isinstance(mapping.event, str) else []
        places += [mapping.time.picks] if mapping.time else []
        found |= {pick.header for picks in places for pick in picks}
    return found - {"", definition.scheme.header}
