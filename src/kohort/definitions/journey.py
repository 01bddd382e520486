"""What a file in `journeys/` declares: who is told by a webhook when people enter or leave a segment."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

from kohort.clock import DAY, parse_duration
from kohort.definitions.fields import Fields
from kohort.definitions.references import Reference, references_of
from kohort.errors import DefinitionError

Change = Literal["entered", "left"]

VERSION: Final = 1
"""The version of the form of these files."""
_TRIGGERS: Final[dict[str, Change]] = {"enters": "entered", "leaves": "left"}
_OPPOSITE: Final[dict[Change, Change]] = {"entered": "left", "left": "entered"}
_NOTHING: Final = "nothing"
_NAME: Final = re.compile(r"\w[\w.-]{0,99}", re.ASCII)
_LONGEST: Final = 366 * DAY
_LONGEST_URL: Final = 2_000


@dataclass(frozen=True)
class Cap:
    """At most so many `times` within any stretch of `every` microseconds, for each person."""

    times: int
    every: int


@dataclass(frozen=True)
class Endpoint:
    """Where webhooks go: an address, and the secrets that sign (several while one is being changed).

    With `allow_private` the address may lie in a private network, or on this machine.
    """

    url: str
    secrets: tuple[Reference, ...]
    allow_private: bool = False


@dataclass(frozen=True)
class JourneyDefinition:
    """Tell `webhook` of each person whose `change` in `segment` it is, `wait` microseconds after it.

    Whoever does the change `unless` during the wait is not told of (None: is told of all the same); `at_most` caps how
    often one person is.
    """

    name: str
    file: str
    change: Change
    segment: str
    webhook: Endpoint
    wait: int = 0
    unless: Change | None = None
    at_most: Cap | None = None


def journey_definition_of(document: object, file: str) -> JourneyDefinition:
    """Read the content of one file of `journeys/`.

    Raises DefinitionError with the file and field of what is wrong, and the nearest known name.

    >>> document = {"version": 1, "name": "offer", "when": {"enters": "keen"}, "wait": "1 hour",
    ...             "webhook": {"url": "https://mail.example/hook", "secret": {"env": "OFFER_SECRET"}}}
    >>> journey = journey_definition_of(document, "journeys/offer.yaml")
    >>> journey.change, journey.segment, journey.unless
    ('entered', 'keen', 'left')
    """
    fields = Fields(document, file)
    version = fields.integer("version")
    if version != VERSION:
        raise DefinitionError(
            f"{fields.place('version')}: this Kohort reads version {VERSION}, not {version}; install another Kohort, "
            f"or write `version: {VERSION}`"
        )
    name = fields.text("name")
    if not _NAME.fullmatch(name):
        raise fields.wrong("name", 'a name of letters, digits, "_", "-" and "."', name)
    change, segment = _trigger(fields)
    wait = _duration(fields, "wait") if fields.value("wait") is not None else 0
    journey = JourneyDefinition(
        name, file, change, segment, _endpoint(fields), wait, _unless(fields, change, wait), _cap(fields)
    )
    fields.refuse_unknown()
    return journey


def _trigger(fields: Fields) -> tuple[Change, str]:
    when = fields.inner("when")
    if when is None:
        raise fields.wrong("when", "{enters: SEGMENT} or {leaves: SEGMENT}", None)
    given = [word for word in _TRIGGERS if when.value(word) is not None]
    when.refuse_unknown()
    if len(given) != 1:
        raise fields.wrong("when", "one of {enters: SEGMENT} and {leaves: SEGMENT}", fields.value("when"))
    return _TRIGGERS[given[0]], when.text(given[0])


def _unless(fields: Fields, change: Change, wait: int) -> Change | None:
    opposite = _OPPOSITE[change]
    text = fields.text("unless", default=opposite)
    if text not in {opposite, _NOTHING}:
        raise fields.wrong("unless", f'"{opposite}" or "{_NOTHING}"', text)
    if fields.value("unless") is not None and not wait:
        raise DefinitionError(f"{fields.place('unless')}: speaks of what happens during `wait`, and there is none")
    return opposite if wait and text == opposite else None


def _cap(fields: Fields) -> Cap | None:
    inner = fields.inner("at_most")
    if inner is None:
        return None
    times = inner.integer("times", default=1)
    if times < 1:
        raise inner.wrong("times", "a whole number from 1 on", times)
    cap = Cap(times, _duration(inner, "every"))
    inner.refuse_unknown()
    return cap


def _duration(fields: Fields, name: str) -> int:
    duration = fields.build(name, parse_duration)
    if duration > _LONGEST:
        raise fields.wrong(name, f"at most {_LONGEST // DAY} days", fields.value(name))
    return duration


def _endpoint(fields: Fields) -> Endpoint:
    inner = fields.inner("webhook")
    if inner is None:
        raise fields.wrong("webhook", "fields with url and secret", None)
    private = inner.value("allow_private")
    if private not in {None, True, False}:
        raise inner.wrong("allow_private", "true or false", private)
    url = inner.text("url")
    try:
        _check_url(url, allow_private=bool(private))
    except ValueError as error:
        # An address may hold a token, so it is not shown.
        raise DefinitionError(f"{inner.place('url')}: {error}") from error
    endpoint = Endpoint(url, references_of(inner, "secret"), allow_private=bool(private))
    inner.refuse_unknown()
    return endpoint


def _check_url(url: str, *, allow_private: bool) -> None:
    """Raise ValueError for an address that webhooks may not go to, as far as it tells by itself."""
    parts = _parts(url)
    address = _address(parts.hostname or "")
    loopback = parts.hostname == "localhost" or (address is not None and address.is_loopback)
    if parts.scheme == "http" and not loopback:
        raise ValueError("without TLS, webhooks would travel in the clear; write https://")
    if not allow_private and (loopback or (address is not None and not address.is_global)):
        raise ValueError("this is no public address; if it is meant, add `allow_private: true`")


def _parts(url: str) -> SplitResult:
    expected = "expected an address such as https://mail.example/hook, without a user, a password or a #fragment"
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > _LONGEST_URL:
        raise ValueError(expected)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(expected) from error
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or port == 0
        or "@" in parts.netloc
        or parts.fragment
    ):
        raise ValueError(expected)
    return parts


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
