"""Pseudonyms: what stands for a person, or an identifier, where who it is may not be told.

A person id is a hash of an identifier, so whoever guesses the identifier has the id; a pseudonym needs a secret, which
is made once and stands in the state store. It is stable, and Kohort can turn it back: AES-SIV (RFC 5297) encrypts the
same text to the same pseudonym, and refuses one that it did not make.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cached_property
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from kohort.storage.state import State

_PREFIX: Final = "pn_"
_NAME: Final = "pseudonyms"
_BLOCK: Final = 24
"""Texts are filled up to a multiple of this, so that a pseudonym does not tell how long its text is."""
_FILL: Final = b"\x80"


class Pseudonyms:
    """The pseudonyms of a project.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pseudonyms = Pseudonyms(State(Path(folder) / "state.sqlite"))
    ...     made = pseudonyms.of("ada@example.org")
    ...     made == pseudonyms.of("ada@example.org"), len(made), pseudonyms.text_of(made), pseudonyms.text_of("pn_x")
    (True, 57, 'ada@example.org', None)
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def of(self, text: str, kind: str = "person") -> str:
        """Return the pseudonym of a text, always the same; those of another kind, such as a cursor, are others."""
        data = text.encode(errors="surrogatepass") + _FILL
        sealed = self._cipher.encrypt(data + bytes(-len(data) % _BLOCK), [kind.encode()])
        return _PREFIX + urlsafe_b64encode(sealed).decode().rstrip("=")

    def text_of(self, pseudonym: str, kind: str = "person") -> str | None:
        """Return the text that a pseudonym stands for, None for what is no pseudonym of this project and kind."""
        body = pseudonym.removeprefix(_PREFIX)
        if body == pseudonym or not body.isascii():
            return None
        try:
            data = self._cipher.decrypt(urlsafe_b64decode(body + "=" * (-len(body) % 4)), [kind.encode()])
        except (binascii.Error, ValueError, InvalidTag):
            return None
        return data[: data.rindex(_FILL)].decode(errors="surrogatepass")

    @cached_property
    def _cipher(self) -> AESSIV:
        return AESSIV(self._state.kept_secret(_NAME, lambda: AESSIV.generate_key(512)))
