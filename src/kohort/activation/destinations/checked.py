"""Asking another server, at an address that was checked, with nothing followed and little read."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import httpx

from kohort.activation.destinations.addresses import addresses_of, allowed
from kohort.errors import RemoteError, shorten

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
TIMEOUT: Final = 10.0
_LARGEST: Final = 2**20


@dataclass(frozen=True)
class Reply:
    """What a server answered; `retry_after` is when it wants to be asked again, as it says it."""

    status: int
    body: bytes
    retry_after: str = ""


@dataclass(frozen=True)
class CheckedClient:
    """Asks servers whose addresses are public, unless `allow_private`, and only by TLS, unless so too.

    `tls` says whom to believe, by default the usual authorities; `resolve` finds a host's addresses; `timeout` is in
    seconds, for all of a question; `agent` is who asks. Proxies of the environment are not used: they would choose the
    address.
    """

    allow_private: bool = False
    tls: ssl.SSLContext | None = None
    resolve: Resolve = addresses_of
    timeout: float = TIMEOUT
    agent: str = "kohort"

    async def ask(
        self,
        address: str,
        form: Mapping[str, str] | None = None,
        login: tuple[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
    ) -> Reply:
        """Get an address, or post a form to it, with `files` (name, content and type by field).

        Raises RemoteError where there is no answer, or none is asked for.
        """
        try:
            async with asyncio.timeout(self.timeout):
                return await self._ask(httpx.URL(address), form, login, files)
        except TimeoutError as error:
            raise RemoteError(f"{_host(address)} did not answer within {self.timeout:g} seconds") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            problem = shorten(str(error) or type(error).__name__)
            raise RemoteError(f"{_host(address)} could not be asked: {problem}") from error

    async def _ask(
        self,
        url: httpx.URL,
        form: Mapping[str, str] | None,
        login: tuple[str, str] | None,
        files: Mapping[str, tuple[str, bytes, str]] | None,
    ) -> Reply:
        if url.scheme != "https" and not (self.allow_private and url.scheme == "http"):
            raise RemoteError(f"{_host(str(url))} is asked by https only; nothing else is safe")
        found = await self.resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
        addresses = allowed(found, allow_private=self.allow_private)
        if not addresses:
            raise RemoteError(f"{_host(str(url))} has no public address, and `allow_private` is not set")
        limits = {"verify": self.tls or usual_authorities(), "trust_env": False, "follow_redirects": False}
        async with httpx.AsyncClient(timeout=self.timeout, auth=login, **limits) as client:  # type: ignore[arg-type]
            # To the very address that was checked: a second look at the name could give another. TLS is with the name.
            request = client.build_request(
                "GET" if form is None else "POST",
                url.copy_with(host=addresses[0]),
                data=form,
                files=files,
                headers={"host": url.netloc.decode(), "user-agent": self.agent, "accept": "application/json"},
                extensions={"sni_hostname": url.host},
            )
            response = await client.send(request, stream=True)
            try:
                return Reply(response.status_code, await _read(response), response.headers.get("retry-after", ""))
            finally:
                await response.aclose()


@cache
@cache
def usual_authorities() -> ssl.SSLContext:
    """Return whom to believe where nobody says otherwise; read once, since it takes a fifteenth of a second."""
    return httpx.create_ssl_context(trust_env=False)


async def _read(response: httpx.Response) -> bytes:
    parts: list[bytes] = []
    async for part in response.aiter_bytes():
        parts.append(part)
        if sum(map(len, parts)) > _LARGEST:
            raise RemoteError("the answer has more than a megabyte")
    return b"".join(parts)


def _host(address: str) -> str:
    return shorten(httpx.URL(address).host or address) if "://" in address else shorten(address)
