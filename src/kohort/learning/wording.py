"""Numbers and sentences in English and French, with the typography of each."""

from dataclasses import dataclass
from typing import Final

NARROW_SPACE: Final = "\u202f"
COLON: Final = f"{NARROW_SPACE}:"
SEMICOLON: Final = f"{NARROW_SPACE};"


@dataclass(frozen=True)
class Bilingual:
    """The same text in English and in French."""

    en: str
    fr: str


def number(value: float, places: int = 0) -> Bilingual:
    r"""Write a number with a fixed count of decimals; a narrow space sets thousands apart in both languages.

    >>> number(1234.5, 1)
    Bilingual(en='1\u202f234.5', fr='1\u202f234,5')
    """
    text = f"{value:,.{places}f}".replace(",", NARROW_SPACE)
    return Bilingual(text, text.replace(".", ","))


def percent(share: float, places: int = 0) -> Bilingual:
    r"""Write a share of 0 to 1 as a percentage.

    >>> percent(0.125, 1)
    Bilingual(en='12.5\u202f%', fr='12,5\u202f%')
    """
    digits = number(100 * share, places)
    return Bilingual(f"{digits.en}{NARROW_SPACE}%", f"{digits.fr}{NARROW_SPACE}%")


def sentence_case(text: str) -> str:
    """Return `text` with its first letter in upper case and the others untouched.

    >>> sentence_case("private-label fans, USA")
    'Private-label fans, USA'
    """
    return text[:1].upper() + text[1:]
