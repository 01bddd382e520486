"""What all texts have in common: spaces, invisible characters, Unicode forms, quotes of spreadsheets."""

import re
import unicodedata
from typing import Final, NamedTuple

from kohort.definitions.normalisation import UnicodeForm
from kohort.quality.normalisation.outcomes import Reason, Repair, UnreadableError

LONGEST: Final = 500
"""The most characters of a value that is no free text; more are refused before any pattern looks at them."""

_JOINERS: Final = "\u200c\u200d"
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\x01-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]"
)
_ANY_JOINER: Final = re.compile(f"[{_JOINERS}]")
# Between letters of other scripts, and in pictures, joiners say something.
_IDLE_JOINER: Final = re.compile(rf"(?<![^\x00-\x7f])[{_JOINERS}]|[{_JOINERS}](?![^\x00-\x7f])")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_QUOTED: Final = re.compile(r"""=?"([^"]*)"|'([+\d][^']*)|'([^']*)'""")


class Cleaned(NamedTuple):
    """A text without what nobody sees, and what was repaired."""

    text: str
    repairs: tuple[Repair, ...]


def cleaned(given: str, form: UnicodeForm = UnicodeForm.NFKC) -> Cleaned:
    r"""Return a short text without spaces around and twice, invisible characters and quotes of spreadsheets.

    Raises UnreadableError for a text that cannot be read or is empty.

    >>> cleaned("\u200b ada  lovelace").text, cleaned('="0612"').text
    ('ada lovelace', '0612')
    """
    if len(given) > LONGEST:
        raise UnreadableError(Reason.TOO_LONG)
    found = tidied(given, form, joiners=False)
    quoted = _QUOTED.fullmatch(found.text)
    if not quoted:
        return found
    inner = tidied(next(part for part in quoted.groups() if part is not None), form, joiners=False)
    return Cleaned(inner.text, (*found.repairs, Repair.QUOTES))


def tidied(given: str, form: UnicodeForm, *, joiners: bool) -> Cleaned:
    r"""Return a text of any length in a normal form of Unicode, without invisible characters and needless spaces.

    With `joiners`, the zero-width joiners between characters beyond ASCII stay. Raises as `cleaned` does.

    >>> tidied("e\u0301te\u0301", UnicodeForm.NFC, joiners=True)
    Cleaned(text='été', repairs=(<Repair.UNICODE: 'Unicode form'>,))
    """
    if given.isascii() and given.isprintable():
        text = " ".join(given.split())
        if not text:
            raise UnreadableError(None)
        return Cleaned(text, (Repair.SPACES,) if text != given else ())
    problem = _problem(given)
    if problem is not None:
        raise UnreadableError(problem)
    visible = _INVISIBLE.sub("", given)
    visible = (_IDLE_JOINER if joiners else _ANY_JOINER).sub("", visible)
    formed = unicodedata.normalize(form.value, visible)
    text = " ".join(formed.split())
    if not text:
        raise UnreadableError(None)
    repairs = []
    if visible != given:
        repairs.append(Repair.INVISIBLE)
    if " ".join(visible.split()) != text:
        repairs.append(Repair.UNICODE)
    if len(formed.split(" ")) != len(text.split(" ")) or " ".join(visible.split()) != visible:
        repairs.append(Repair.SPACES)
    return Cleaned(text, tuple(repairs))


def plain_name(text: str) -> str:
    """Return a name as names are compared: small letters and digits without accents.

    >>> plain_name("Côte d'Ivoire"), plain_name("ÅLAND")
    ('cotedivoire', 'aland')
    """
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in parts if char.isalnum())


def _problem(text: str) -> Reason | None:
    if "\0" in text:
        return Reason.NUL
    if _SURROGATE.search(text):
        return Reason.BROKEN
    return Reason.LOST if "\ufffd" in text else None
