"""How often somebody may fail to sign in."""

import math
from ipaddress import IPv6Address, ip_address
from typing import Final

from kohort.clock import MINUTE, SECOND, Clock, Moment
from kohort.errors import AttemptsError

WINDOW: Final = 15 * MINUTE
PER_ACCOUNT: Final = 10
"""The most failures on one account from one address within the window."""
PER_ADDRESS: Final = 30
PER_NAME: Final = 100
"""The most on one account from everywhere: high, since who reaches it keeps its holder out."""
_MOST_KEPT: Final = 10_000


class Attempts:
    """The failures of the last quarter of an hour, by account and address; kept in memory.

    A try is counted as it begins, so that many at once are no way around, and forgotten when it succeeds.

    >>> from kohort.testing.clock import SettableClock
    >>> attempts = Attempts(SettableClock())
    >>> for _ in range(PER_ACCOUNT):
    ...     attempts.begin("ada", "192.0.2.1")
    >>> attempts.begin("ada", "192.0.2.1")
    Traceback (most recent call last):
    kohort.errors.AttemptsError: too many attempts to sign in; try again in 900 s
    >>> attempts.begin("ada", "192.0.2.2")
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failed: dict[tuple[str, str], list[Moment]] = {}

    def begin(self, name: str, address: str) -> None:
        """Count an attempt; raises AttemptsError where there were too many."""
        now = self._clock.now()
        limits = _limits(name, address)
        for key, most in limits.items():
            # A clock that was set back shuts nobody out for longer than the window.
            recent = [at for at in self._failed.get(key, ()) if now - WINDOW < at <= now]
            if len(recent) >= most:
                raise AttemptsError(math.ceil((recent[-most] + WINDOW - now) / SECOND))
            self._failed[key] = recent
        for key in limits:
            self._failed[key].append(now)
        self._forget_oldest()

    def succeeded(self, name: str, address: str) -> None:
        """Forget what failed on an account from an address, and the attempt that now has not."""
        for key in _limits(name, address):
            if all(key):
                self._failed.pop(key, None)
            elif self._failed.get(key):
                self._failed[key].pop()

    def _forget_oldest(self) -> None:
        while len(self._failed) > _MOST_KEPT:
            del self._failed[min(self._failed, key=lambda one: self._failed[one][-1:])]


def _limits(name: str, address: str) -> dict[tuple[str, str], int]:
    network = _network(address)
    return {(name, network): PER_ACCOUNT, ("", network): PER_ADDRESS, (name, ""): PER_NAME}


def _network(address: str) -> str:
    """Return what one sender may well have in whole: an IPv4 address, or 64 bits of an IPv6 one.

    >>> _network("2001:db8::1") == _network("2001:db8::ffff:2"), _network("192.0.2.1"), _network("elsewhere")
    (True, '192.0.2.1', 'elsewhere')
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:100]
    return str(IPv6Address(int(found) >> 64 << 64)) if isinstance(found, IPv6Address) else str(found)
