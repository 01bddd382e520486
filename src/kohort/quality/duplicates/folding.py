"""Names as they are compared: small letters without accents, words apart, "Saint" in full."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_LIGATURES: Final = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d"})
_WORD: Final = re.compile(r"[a-z]+")
_IN_FULL: Final = {"st": "saint", "ste": "sainte", "sts": "saints"}
_SOUNDEX: Final = {
    letter: digit
    for digit, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), start=1)
    for letter in letters
}
_SOUNDEX_LENGTH: Final = 4


def folded(text: str) -> str:
    """Return a text in small letters without accents, whatever its normal form of Unicode; ligatures are two letters.

    >>> folded("Lefèvre"), folded("Cœur"), folded("ÉTÉ")
    ('lefevre', 'coeur', 'ete')
    """
    composed = unicodedata.normalize("NFC", text.casefold()).translate(_LIGATURES)
    return "".join(one for one in unicodedata.normalize("NFKD", composed) if not unicodedata.combining(one))


@lru_cache(maxsize=1 << 16)
def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name, folded, "St" and "Ste" in full.

    >>> words_of("St-Exupéry"), words_of("Jean  Pierre"), words_of("L'Isle-d'Abeau")
    (('saint', 'exupery'), ('jean', 'pierre'), ('l', 'isle', 'd', 'abeau'))
    """
    return tuple(_IN_FULL.get(word, word) for word in _WORD.findall(folded(name)))


@lru_cache(maxsize=1 << 16)
def soundex(name: str) -> str:
    """Return the Soundex code of a name (Russell and Odell; the rules of the National Archives), "" without a letter.

    >>> soundex("Robert"), soundex("Rupert"), soundex("Ashcraft"), soundex("Tymczak"), soundex("42")
    ('R163', 'R163', 'A261', 'T522', '')
    """
    letters = "".join(words_of(name))
    if not letters:
        return ""
    code, last = letters[0].upper(), _SOUNDEX.get(letters[0])
    for letter in letters[1:]:
        digit = _SOUNDEX.get(letter)
        if digit is not None and digit != last:
            code += str(digit)
        # h and w part nothing; a vowel does.
        if letter not in "hw":
            last = digit
    return code[:_SOUNDEX_LENGTH].ljust(_SOUNDEX_LENGTH, "0")
