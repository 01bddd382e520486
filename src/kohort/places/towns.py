"""Names of French towns, in a form in which the spellings of one name are equal."""

import re
import unicodedata
from typing import Final

LONGEST_TOWN: Final = 100
"""The most characters that the name of a town may have; the longest commune's has 45."""

ALIKE: Final = 0.85
"""From which similarity on (Ratcliff and Metzener 1988) two names are spellings of one."""

_LIGATURES: Final = str.maketrans({"œ": "oe", "æ": "ae"})
_WORD: Final = re.compile(r"[^\W_]+")
_ASIDE: Final = re.compile(r"\([^()]*\)|,.*", re.DOTALL)
_ARTICLES: Final = frozenset({"le", "la", "les", "l"})
_WRITTEN_OUT: Final = {
    "st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes", "nd": "notre dame", "s": "sur", "ss": "sous",
    "lez": "les",
}  # fmt: skip
_DIGITS_OF_A_CODE: Final = 5
_WITH_DISTRICTS: Final = {"paris": 20, "marseille": 16, "lyon": 9}
_DISTRICT: Final = re.compile(r"0?([1-9][0-9]?)(?:er|nd|e|eme|ieme)?")
_ROMAN: Final = {
    "i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10, "xi": 11, "xii": 12,
    "xiii": 13, "xiv": 14, "xv": 15, "xvi": 16, "xvii": 17, "xviii": 18, "xix": 19, "xx": 20,
}  # fmt: skip
_CEDEX: Final = "cedex"
_SHORTEST: Final = 3
_ALMOST_NO_NAMES: Final = frozenset({"saint", "sainte", "notre", "notre dame", "sur", "sous", "les"})
_FRANCE: Final = frozenset({
    "fr", "fra", "france", "gp", "mq", "gf", "re", "yt", "pm", "bl", "mf", "nc", "pf", "wf", "guadeloupe", "martinique",
    "guyane", "reunion", "mayotte", "saint pierre et miquelon", "nouvelle caledonie", "polynesie francaise",
    "wallis et futuna",
})  # fmt: skip


def town_key(name: str) -> str:
    """Return the name of a French town in the form in which its spellings are equal; empty if no letter is left.

    Case, accents, hyphens, apostrophes and an article at either end do not count; abbreviations are written out; what
    stands behind CEDEX, in brackets or behind a comma is left out, and so is a postal code in front. A district of
    Paris, Lyon or Marseille is a number. Only the first `LONGEST_TOWN` characters are read.

    >>> [town_key(one) for one in ("LE HAVRE", "Havre (Le)", "St-Étienne CEDEX 2", "Paris XIe arrondissement")]
    ['havre', 'havre', 'saint etienne', 'paris 11']
    """
    plain = unicodedata.normalize("NFKD", name[:LONGEST_TOWN].casefold().translate(_LIGATURES))
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    words = " ".join(_WRITTEN_OUT.get(one, one) for one in _WORD.findall(_ASIDE.sub(" ", letters))).split()
    if _CEDEX in words:
        words = words[: words.index(_CEDEX)]
    if words and len(words[0]) == _DIGITS_OF_A_CODE and words[0].isdecimal():
        words = words[1:]
    if words and words[0] in _WITH_DISTRICTS:
        return _with_district(words)
    while len(words) > 1 and words[0] in _ARTICLES:
        words = words[1:]
    while len(words) > 1 and words[-1] in _ARTICLES:
        words = words[:-1]
    return " ".join(words)


def _with_district(words: list[str]) -> str:
    """Return the name of a town that has districts, with the number of the district if one is named."""
    town, *rest = words
    for word in rest[:1]:
        match = _DISTRICT.fullmatch(word)
        number = int(match[1]) if match else _ROMAN.get(word.removesuffix("eme").removesuffix("e"), 0)
        if 0 < number <= _WITH_DISTRICTS[town]:
            return f"{town} {number}"
    return " ".join(words)


def is_part(short: str, name: str) -> bool:
    """Return whether some words of a name, as they follow each other, are `short`, which must say something.

    >>> is_part("saint denis", "plaine saint denis"), is_part("saint", "plaine saint denis")
    (True, False)
    """
    return len(short) >= _SHORTEST and short not in _ALMOST_NO_NAMES and f" {short} " in f" {name} "


def is_france(country: object) -> bool:
    """Return whether a country, by its name or code of ISO 3166-1, is France, overseas included.

    >>> is_france("FR"), is_france("La Réunion"), is_france("Belgique")
    (True, True, False)
    """
    return isinstance(country, str) and town_key(country) in _FRANCE
