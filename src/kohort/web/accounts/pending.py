"""What a browser keeps while its user signs in with their organisation."""

from typing import Final

import msgspec

from kohort.clock import MINUTE

PATIENCE: Final = 10 * MINUTE
"""How long somebody may take over there."""


class Pending(msgspec.Struct, frozen=True):
    """An attempt that began at the moment `began`, and goes on at `path`; sealed, so that nobody reads or makes one."""

    state: str
    nonce: str
    verifier: str
    path: str
    began: int
