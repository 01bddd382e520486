"""French postal codes beside the towns that they should belong to."""

import difflib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kohort.places.communes import Communes, department_of, french_communes
from kohort.places.postal_codes import postal_code_of, text_of
from kohort.places.towns import ALIKE, is_france, is_part, town_key

Flags = NDArray[np.bool_]


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
        french = country is None or is_france(country)
        asked = text_of(code), town if isinstance(town, str) else "", country is not None
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
    postal_code, key = postal_code_of(code), town_key(town)
    if not (postal_code and key):
        return None
    found = _agrees(postal_code.code, key, communes)
    return None if found is False and postal_code.restored and not french else found


def _agrees(code: str, key: str, communes: Communes) -> bool | None:
    own = communes.towns.get(code)
    if own is None:
        department = department_of(code)
        if key not in communes.codes or department not in communes.departments:
            return None
        return department in set(map(department_of, communes.codes[key]))
    if key in own or any(is_part(key, one) and one.startswith(key) for one in own):
        return True
    if key in communes.codes:
        return False
    part = any(is_part(one, key) or is_part(key, one) for one in own)
    return True if part or difflib.get_close_matches(key, own, n=1, cutoff=ALIKE) else None
