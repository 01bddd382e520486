"""How French names sound: one code for all spellings of a sound, where Soundex follows English."""

import re
from functools import lru_cache
from typing import Final

from kohort.quality.duplicates.folding import words_of

_NEXT_IS_NO_VOWEL: Final = "(?![aeiouynm])"

# The first rule that fits at a place is taken. A capital stands for a sound, 1 to 3 for the nasals of "blanc", "fin"
# and "bon"; what no rule names is silent.
_RULES: Final = (
    # endings
    ("(?:eau|au|o)(?:l?[tdsx]+|x|ps?|cs?)$", "O"),
    ("eau|aux?$|au", "O"),
    ("oul[tdsx]+$|oux$", "U"),
    ("(?<=[iy])e(?:rs?|z|ts?)$|(?<=[gj])ers?$|(?<=ch)ers?$|e[tz]s?$", "E"),
    ("(?<=e)rcq?s?$", "R"),
    ("(?<=.)(?<=[iy])en[sdt]*$", "2"),
    ("(?<=..)(?:ees?|es?)$", ""),
    ("(?<=n)cs?$|(?<=[nr])gs?$|(?<=m)[pb]s?$", ""),
    ("(?<=.)[dtsxz]+$", ""),
    # consonants
    ("sch|sh|ch(?=[aeiouy])", "X"),
    ("ch", "K"),
    ("ph", "F"),
    ("bv|[vw]+", "V"),
    ("gn", "N"),
    ("[gj]e(?=[ao])(?!eau)", "J"),
    ("gu(?=[eiy])|gh", "G"),
    ("g+(?=[eiy])|j", "J"),
    ("s?c(?=[eiy]|ois)|[sz]+", "S"),
    ("(?:cc|ck|qu|cq|[ckq])[ckq]*h?", "K"),
    ("x", "KS"),
    # vowels
    (f"(?:aim|ain|eim|ein|im|in|ym|yn|um|un){_NEXT_IS_NO_VOWEL}", "2"),
    (f"(?:aen|aem|am|an|em|en){_NEXT_IS_NO_VOWEL}", "1"),
    (f"(?:om|on){_NEXT_IS_NO_VOWEL}", "3"),
    ("oi|oy", "UA"),
    ("ou", "U"),
    ("oeu|oe|eu", "Ø"),
    ("ai|ay|ei|ey|ae|e(?=an)", "E"),
    ("[iy]+", "I"),
    ("u", "Y"),
    ("[aeo]", None),
    # one sound, however often it is written
    ("b+", "B"),
    ("d+h?", "D"),
    ("f+", "F"),
    ("g+", "G"),
    ("l+h?", "L"),
    ("m+", "M"),
    ("n+h?", "N"),
    ("p+", "P"),
    ("r+h?", "R"),
    ("t+h?", "T"),
    ("h", ""),
)
_ANY: Final = re.compile("|".join(f"({pattern})" for pattern, _ in _RULES))
_TWICE: Final = re.compile(r"(.)\1+")


@lru_cache(maxsize=1 << 16)
def french_sound(name: str) -> str:
    """Return how a French name sounds: names that are said alike have one code, whatever their spelling.

    Accents, silent letters and endings, double letters, hyphens and the short form of "Saint" make no difference; a
    name of several words is the sound of all of them. A name without a Latin letter has no sound: an empty text.

    >>> french_sound("Thibault") == french_sound("Thibaud") == french_sound("Tibo")
    True
    >>> french_sound("Lefebvre"), french_sound("Lefèvre"), french_sound("Saint-Jean"), french_sound("St Jean")
    ('LEFEVR', 'LEFEVR', 'S2J1', 'S2J1')
    """
    return "".join(_sound_of_word(word) for word in words_of(name))


def _sound_of_word(word: str) -> str:
    return _TWICE.sub(r"\1", _ANY.sub(_sound_of_match, word))


def _sound_of_match(match: re.Match[str]) -> str:
    sound = _RULES[(match.lastindex or 1) - 1][1]
    return match[0].upper() if sound is None else sound
