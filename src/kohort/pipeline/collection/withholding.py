"""What the collector may not even keep: of a source that requires consent, what does not itself tell of it.

Each event is judged by its own context and that of its batch, before the journal: what was chosen before is not looked
for, since who is who is found out only later, and unknown is never granted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kohort.collection.acceptance import Acceptance
from kohort.collection.consents import choices_in, consent_alone
from kohort.collection.segment_messages import Request, complete
from kohort.pipeline.collection.admission import told_by
from kohort.storage.messages import derived_id
from kohort.storage.received import NOTHING

_LASTING = ("messageId", "userId", "anonymousId", "timestamp", "originalTimestamp", "sentAt", "purposes", "proof")
"""What a record of consent has, beside its type and a context."""


@dataclass(frozen=True)
class Withholding:
    """The purposes that sources require, by source, and what banners call each purpose."""

    required: Mapping[str, Sequence[str]] = field(default_factory=dict)
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def judge(self, acceptance: Acceptance) -> Acceptance:
        """Return what may be kept of a request: an event that tells of no consent leaves only what it tells of it.

        An event that was refused becomes a dead letter only if it tells of consent.

        >>> from kohort.storage.received import Received
        >>> event = msgspec.Raw(b'{"type":"page","userId":"u","context":{"consent":{"ads":"denied"}},"name":"Home"}')
        >>> received = Acceptance(Received("web", 0, events=[event]))
        >>> judged = Withholding({"web": ["ads"]}, {"ads": ["ads"]}).judge(received)
        >>> judged.withheld, judged.stored
        (1, 0)
        >>> bytes(judged.received.events[0])
        b'{"type":"consent","userId":"u","context":{"consent":{"categoryPreferences":{},"ads":false}}}'
        """
        received = acceptance.received
        purposes = self.required.get(received.source)
        if not purposes:
            return acceptance
        request = Request(context=msgspec.json.decode(received.context))
        events: list[msgspec.Raw] = []
        places: list[int] = []
        stored = withheld = whole = 0
        for place, raw in zip(received.places or range(len(received.events)), received.events, strict=True):
            document = complete(msgspec.json.decode(raw), request)
            granted = self._grants(document, purposes)
            if granted or document["type"] == "consent":
                stored += 1
            else:
                withheld += 1
            whole += granted
            kept = raw if granted else _consent_of(document, received.source)
            if kept is not None:
                events.append(kept)
                places.append(place)
        refused = [one for one in received.refused if self._may_be_kept(one.raw, request, purposes)]
        shared = {} if whole or refused else {"context": NOTHING, "integrations": NOTHING}
        if len(events) == len(received.events):
            places = received.places
        bare = msgspec.structs.replace(received, events=events, places=places, refused=refused, **shared)
        return msgspec.structs.replace(acceptance, received=bare, withheld=withheld, consents=len(events) - stored)

    def reason(self, source: str) -> str:
        """Return the words for why an event of a source was withheld.

        >>> Withholding({"web": ["analytics"]}).reason("web")
        'not stored, for want of consent to analytics'
        """
        return f"not stored, for want of consent to {', '.join(self.required[source])}"

    def _grants(self, document: Mapping[str, Any], purposes: Sequence[str]) -> bool:
        choices = choices_in(document)
        return all(told_by(choices, self.categories[one]) for one in purposes)

    def _may_be_kept(self, text: str, request: Request, purposes: Sequence[str]) -> bool:
        try:
            document = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return False
        return isinstance(document, dict) and self._grants(complete(document, request), purposes)


def _consent_of(document: Mapping[str, Any], source: str) -> msgspec.Raw | None:
    """Return what a message tells of consent as a message of its own, None if it tells nothing of it."""
    context = consent_alone(document)
    recorded = document["type"] == "consent"
    if not (context or recorded):
        return None
    alone = {name: document[name] for name in _LASTING if name in document}
    if not recorded:
        # The event itself may come again, and be kept, once there is consent.
        alone.pop("purposes", None)
        alone.pop("proof", None)
        if alone.get("messageId"):
            alone["messageId"] = derived_id(source, ["consent", str(alone["messageId"]).strip()])
    return msgspec.Raw(msgspec.json.encode({"type": "consent", **alone, "context": context}))
