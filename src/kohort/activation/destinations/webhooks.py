"""Posting webhooks: signed, to an address that was checked, with nothing followed and little read."""

import asyncio
import ssl
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Final, Self

import httpx

from kohort.activation.deliveries import Answer, Delivery, body_of
from kohort.activation.destinations.addresses import addresses_of, allowed
from kohort.activation.destinations.checked import Resolve, usual_authorities
from kohort.activation.signatures import signed_headers
from kohort.clock import DAY, SECOND, Clock, Moment, moment_of
from kohort.definitions.journey import Endpoint
from kohort.errors import shorten

TIMEOUT: Final = 15.0
"""The seconds that a receiver has to answer, from the first look at its address on."""
_BUSY: Final = frozenset({429, 503})
_MOST_READ: Final = 2**16
_LONGEST_WAIT: Final = DAY


class WebhookDestination:
    """One receiver of webhooks, while the context lasts; `keys` sign.

    `tls` says whom to believe, by default the usual authorities; `resolve` finds a host's addresses; `timeout` is in
    seconds. Proxies of the environment are not used: they would choose the address.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        keys: Sequence[bytes],
        clock: Clock,
        *,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._endpoint, self._keys, self._clock = endpoint, keys, clock
        self._resolve, self._timeout = resolve or addresses_of, timeout
        # The client's limit is for each read and write; `post` keeps one for the whole attempt.
        self._client = httpx.AsyncClient(
            verify=tls or usual_authorities(), trust_env=False, follow_redirects=False, timeout=timeout
        )

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def post(self, delivery: Delivery) -> Answer:
        """Make one attempt and return what came of it; whatever goes wrong with the receiver is an answer too."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._post(delivery)
        except TimeoutError:
            return Answer(None, f"no answer within {self._timeout:g} seconds")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Answer(None, f"no connection: {shorten(str(error) or type(error).__name__)}")

    async def _post(self, delivery: Delivery) -> Answer:
        url = httpx.URL(self._endpoint.url)
        port = url.port or (443 if url.scheme == "https" else 80)
        found = await self._resolve(url.host, port)
        addresses = allowed(found, allow_private=self._endpoint.allow_private)
        if not addresses:
            return Answer(None, "no public address: the host's are all private, and `allow_private` is not set")
        for address in addresses[:-1]:
            try:
                return await self._post_to(address, url, delivery)
            except httpx.ConnectError:
                continue  # nothing was sent, and the host has another
        return await self._post_to(addresses[-1], url, delivery)

    async def _post_to(self, address: str, url: httpx.URL, delivery: Delivery) -> Answer:
        body = body_of(delivery)
        headers = signed_headers(delivery.delivery_id, self._clock.now(), body, self._keys)
        headers |= {"content-type": "application/json", "host": url.netloc.decode(), "user-agent": "kohort"}
        # To the very address that was checked: a second look at the name could give another. TLS is with the name.
        request = self._client.build_request(
            "POST", url.copy_with(host=address), content=body, headers=headers, extensions={"sni_hostname": url.host}
        )
        response = await self._client.send(request, stream=True)
        try:
            await _read_some(response)
        finally:
            await response.aclose()
        return answer_of(response, self._clock.now())


def answer_of(response: httpx.Response, now: Moment) -> Answer:
    """Return what a response means: only 2xx says that the webhook was received.

    >>> answer_of(httpx.Response(204), now=0)
    Answer(status=204, reason='', wait=None)
    >>> answer_of(httpx.Response(429, headers={"retry-after": "120"}), now=0)
    Answer(status=429, reason='answered 429', wait=120000000)
    """
    status = response.status_code
    if response.is_success:
        return Answer(status)
    wait = wait_of(response.headers.get("retry-after", ""), now) if status in _BUSY else None
    return Answer(status, f"answered {status}", wait)


def wait_of(text: str, now: Moment) -> int | None:
    """Return the microseconds that `Retry-After` asks for: a number of seconds, or a date; a day at most."""
    if text.isascii() and text.isdigit():
        return min(int(text[:9]) * SECOND, _LONGEST_WAIT)
    try:
        until = moment_of(parsedate_to_datetime(text).astimezone())
    except (ValueError, OverflowError):
        return None
    return min(max(until - now, 0), _LONGEST_WAIT)


async def _read_some(response: httpx.Response) -> None:
    """Read a short answer to its end, so that the connection can be used again; a long one is left."""
    read = 0
    async for part in response.aiter_raw():
        read += len(part)
        if read > _MOST_READ:
            return
