"""French postal codes beside the towns that they should belong to."""

import difflib
import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.definitions.values import LARGEST_MICROS, MICRO
from kohort.quality.cross_checks.communes import Communes, department_of, french_communes
from kohort.quality.cross_checks.towns import town_key

Flags = NDArray[np.bool_]

_CODE: Final = re.compile(r"(?:F|FR|FRA)?[- ]?([0-9]{2} ?[0-9]{3}|[0-9]{4})(?:\.0)?", re.IGNORECASE)
_DIGITS: Final = 5
_LONGEST_CODE: Final = 20
_ALIKE: Final = 0.85
_SHORTEST: Final = 3
_ALMOST_NO_NAMES: Final = frozenset({"saint", "sainte", "notre", "notre dame", "sur", "sous", "les"})
_FRANCE: Final = frozenset({
    "fr", "fra", "france", "gp", "mq", "gf", "re", "yt", "pm", "bl", "mf", "nc", "pf", "wf", "guadeloupe", "martinique",
    "guyane", "reunion", "mayotte", "saint pierre et miquelon", "nouvelle caledonie", "polynesie francaise",
    "wallis et futuna",
})  # fmt: skip


def judge_towns(
    codes: Sequence[object],
    towns: Sequence[object],
    countries: Sequence[object] | None = None,
    communes: Communes | None = None,
) -> tuple[Flags, Flags]:
    """Return in which rows a postal code can be held against a town, and in which of these it is not the town's.

    Codes are texts or numbers (an int is micros), towns texts; `countries` leaves rows of other countries out.

    >>> codes, towns = ["13001", "76600", "33074", "75001"], ["LYON", "Havre (Le)", "Bordeaux CEDEX", "La Défense"]
    >>> [flags.tolist() for flags in judge_towns(codes, towns)]
    [[True, True, True, False], [True, False, False, False]]
    """
    known = communes or french_communes()
    answers: dict[tuple[str, str, bool], bool | None] = {}
    found: list[bool | None] = []
    for code, town, country in zip(codes, towns, countries or [None] * len(codes), strict=True):
        french = country is None or _is_france(country)
        asked = _text_of(code), town if isinstance(town, str) else "", country is not None
        if asked not in answers:
            answers[asked] = agrees(*asked[:2], known, french=asked[2]) if all(asked[:2]) else None
        found.append(answers[asked] if french else None)
    judged = np.fromiter((one is not None for one in found), np.bool_, len(found))
    return judged, np.fromiter((one is False for one in found), np.bool_, len(found))


def agrees(code: str, town: str, communes: Communes, *, french: bool = False) -> bool | None:
    """Return whether a town has a postal code; None where nobody can tell: only a town elsewhere contradicts a code.

    A name is also the code's if it begins as one of its towns does, has one of them in it, or is spelled almost like
    one (Ratcliff and Metzener 1988: similarity of .85 or more). A code that no town has may be that of a business
    (CEDEX): then the town must be in its department. A code of four digits has lost its zero; it contradicts no town
    unless the place is known to be `french`, since other countries have such codes.

    >>> towns = ["BORDEAUX", "Bordeaux centre", "Bordeau", "Lyon", "Chartrons"]
    >>> [agrees("33000", town, french_communes()) for town in towns]
    [True, True, True, False, None]
    """
    match, key = _CODE.fullmatch(code.strip()), town_key(town)
    if not (match and key):
        return None
    digits = match[1].replace(" ", "")
    found = _agrees(digits.rjust(_DIGITS, "0"), key, communes)
    return None if found is False and len(digits) < _DIGITS and not french else found


def _agrees(code: str, key: str, communes: Communes) -> bool | None:
    own = communes.towns.get(code)
    if own is None:
        department = department_of(code)
        if key not in communes.codes or department not in communes.departments:
            return None
        return department in set(map(department_of, communes.codes[key]))
    if key in own or any(_is_part(key, one) and one.startswith(key) for one in own):
        return True
    if key in communes.codes:
        return False
    part = any(_is_part(one, key) or _is_part(key, one) for one in own)
    return True if part or difflib.get_close_matches(key, own, n=1, cutoff=_ALIKE) else None


def _is_part(short: str, name: str) -> bool:
    """Return whether some words of a name, as they follow each other, are `short`, which must say something."""
    return len(short) >= _SHORTEST and short not in _ALMOST_NO_NAMES and f" {short} " in f" {name} "


def _text_of(code: object) -> str:
    """Return a postal code as text, though it was read as a number; empty for what is none."""
    if isinstance(code, str):
        return code if len(code) <= _LONGEST_CODE else ""
    if isinstance(code, bool) or not isinstance(code, int | float):
        return ""
    number = code / MICRO if isinstance(code, int) and abs(code) <= LARGEST_MICROS else code
    return str(int(number)) if 0 < number < 10**_DIGITS and number == int(number) else ""


def _is_france(country: object) -> bool:
    return isinstance(country, str) and town_key(country) in _FRANCE
