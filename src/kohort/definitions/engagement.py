"""What a file in `scores/` declares of engagement: the events of messages sent and answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kohort.clock import DAY, parse_duration
from kohort.definitions.fields import Fields

WEIGHTS: Final[Mapping[str, float]] = {"open": 1.0, "click": 2.0, "conversion": 3.0, "recency": 1.0}
"""What each part of the engagement index weighs, unless a score says otherwise."""


@dataclass(frozen=True)
class ContactChannel:
    """The events of one channel: a message is sent, opened, clicked and replied to; "" where there is no such event."""

    name: str
    sent: str
    opened: str = ""
    clicked: str = ""
    replied: str = ""


@dataclass(frozen=True)
class EngagementDefinition:
    """Answers to messages of `channels`, each within `window` microseconds, and what people did after.

    `message` names a text property by which an answer finds its message; without one it belongs to the last message of
    its channel. `conversion` is the event that messages are meant to bring about ("" for none), within `horizon`.
    `prior` is how many messages the rate of everybody counts for in each person's own. `weights` are those of the
    parts of the index, whose ranks are winsorised by the share `winsorise` at both ends.
    Traits written: `TRAITS` of `profiles.engagement`, `prefix` before each.
    """

    name: str
    channels: tuple[ContactChannel, ...]
    message: str = ""
    window: int = 3 * DAY
    conversion: str = ""
    horizon: int = 7 * DAY
    prior: float = 10.0
    weights: Mapping[str, float] = field(default_factory=lambda: WEIGHTS)
    winsorise: float = 0.05
    prefix: str = ""


def engagement_of(fields: Fields) -> EngagementDefinition:
    """Read a score of the kind `engagement`; raises DefinitionError.

    >>> document = {"channels": {"email": {"sent": "email_sent", "opened": "email_opened"}}}
    >>> engagement_of(Fields(document, "scores/a.yaml")).channels[0].opened
    'email_opened'
    """
    channels = fields.inner("channels")
    found = EngagementDefinition(
        name=fields.text("name", default="engagement"),
        prefix=fields.text("prefix", default=""),
        channels=tuple(_channel(channels, name) for name in channels.names()) if channels else (),
        message=fields.text("message", default=""),
        window=fields.build("window", parse_duration, default="3 days"),
        conversion=fields.text("conversion", default=""),
        horizon=fields.build("horizon", parse_duration, default="7 days"),
        prior=fields.number("prior", default=10.0),
        weights=_weights(fields.inner("weights")),
        winsorise=fields.number("winsorise", default=0.05),
    )
    if not found.channels:
        raise fields.wrong("channels", "channels, each with the event sent, and opened, clicked or replied", None)
    events = [event for one in found.channels for event in (one.sent, one.opened, one.clicked, one.replied) if event]
    if len(set(events)) < len(events) or found.conversion in events:
        raise fields.wrong("channels", "events that each mean one thing", ", ".join(events))
    if found.prior < 0:
        raise fields.wrong("prior", "a number of messages from 0 on", found.prior)
    if not 0 <= found.winsorise < 0.5:  # noqa: PLR2004 - half of them at either end are all
        raise fields.wrong("winsorise", "a share from 0 to less than 0.5", found.winsorise)
    return found


def _channel(channels: Fields, name: str) -> ContactChannel:
    fields = channels.inner(name)
    if fields is None:
        raise channels.wrong(name, "the event sent, and opened, clicked or replied", None)
    answers = {answer: fields.text(answer, default="") for answer in ("opened", "clicked", "replied")}
    channel = ContactChannel(name, fields.text("sent"), **answers)
    if not any(answers.values()):
        raise channels.wrong(name, "an event opened, clicked or replied beside sent", channel.sent)
    fields.refuse_unknown()
    return channel


def _weights(fields: Fields | None) -> Mapping[str, float]:
    if fields is None:
        return WEIGHTS
    weights = {part: fields.number(part, default=0.0) for part in WEIGHTS}
    if min(weights.values()) < 0 or not any(weights.values()):
        raise fields.wrong("open", "weights from 0 on, not all of them 0", weights["open"])
    fields.refuse_unknown()
    return weights
