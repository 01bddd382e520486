"""What the collector acknowledged: the events of one request, kept as they came.

They are read into messages when the tables are brought up to date, by the tracking plan that was in force when they
arrived, which is a record too: making the tables again gives the same rows, whatever `tracking.yaml` says by then.
"""

from dataclasses import dataclass
from functools import cached_property

import msgspec

from kohort.clock import Moment

NOTHING = msgspec.Raw(b"{}")
HTTP = "http"
WEBHOOK = "webhook"


class Refused(msgspec.Struct, frozen=True):
    """An event that the collector refused: its place in the request (from 0), the pointer, the reason, its text."""

    place: int
    field: str
    reason: str
    raw: str


class Received(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request: its source, when it was received and when its sender's clock says that it was sent (UTC).

    `context` and `integrations` are those of the whole batch: each event's own come before them. `events` are the JSON
    texts of the accepted events, each an object with its `type`; `places` are their places in the request, where some
    were refused. `origin` stands for a file in their dead letters, and says what these hold: HTTP, an event of the
    Segment format; WEBHOOK, a delivery as `kohort.collection.webhooks.letters` writes it. `taken` is where it stood
    before it came into the journal, "" for nowhere: what is taken twice from one place is known by it.
    """

    source: str
    received_at: Moment
    sent_at: Moment | None = None
    context: msgspec.Raw = NOTHING
    integrations: msgspec.Raw = NOTHING
    events: list[msgspec.Raw] = []
    places: list[int] = []
    refused: list[Refused] = []
    origin: str = HTTP
    taken: str = ""


class PlanAdopted(msgspec.Struct, frozen=True):
    """The tracking plan by which what is received from here on is read: `tracking.yaml` as JSON, and the time zone."""

    document: str
    time_zone: str


_RECEIVED = msgspec.json.Decoder(Received)
_PLAN = msgspec.json.Decoder(PlanAdopted)


def encode_received(received: Received) -> bytes:
    """Return what was received as the body of one journal record.

    >>> one = Received("web", 0, events=[msgspec.Raw(b'{"type":"track"}')])
    >>> encode_received(one)
    b'{"source":"web","received_at":0,"events":[{"type":"track"}]}'
    >>> bytes(decode_received(encode_received(one)).events[0])
    b'{"type":"track"}'
    """
    return msgspec.json.encode(received)


def decode_received(body: bytes) -> Received:
    """Return what one journal record of the kind "received" holds."""
    return _RECEIVED.decode(body)


@dataclass(frozen=True)
class Kept:
    """The body of a journal record of the kind "received", which is decoded when it is asked for.

    >>> Kept(b'{"source":"web","received_at":0}').received.source
    'web'
    """

    body: bytes

    @cached_property
    def received(self) -> Received:
        """What was received."""
        return decode_received(self.body)


def decode_plan(body: bytes) -> PlanAdopted:
    """Return what one journal record of the kind "plan" holds."""
    return _PLAN.decode(body)
