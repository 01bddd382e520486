"""How traits are worded, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kohort.learning.wording import COLON, NARROW_SPACE, Bilingual, number, percent

_SMALL: Final = 10


class TraitKind(StrEnum):
    """What a trait measures, hence how its values are written."""

    COUNT = "count"
    DAYS = "days"
    MONEY = "money"
    SHARE = "share"
    NUMBER = "number"


@dataclass(frozen=True)
class TraitLabel:
    """How to speak of one trait: its name, and noun phrases for people who have much or little of it.

    `high_after` and `low_after` say the same after a noun ("with large baskets", "seen lately"), where the phrases are
    none for people. Unless `names_people` is true, a phrase without them stands in a list only.

    >>> label = TraitLabel("basket", "basket value", "panier moyen", "big baskets", "gros paniers",
    ...                    "small baskets", "petits paniers", TraitKind.MONEY)
    >>> label.phrase(high=True)
    Bilingual(en='big baskets', fr='gros paniers')
    """

    name: str
    en: str
    fr: str
    high_en: str
    high_fr: str
    low_en: str
    low_fr: str
    kind: TraitKind = TraitKind.NUMBER
    high_after: Bilingual | None = None
    low_after: Bilingual | None = None
    names_people: bool = True

    def phrase(self, *, high: bool) -> Bilingual:
        """Return the noun phrase for much or little of the trait."""
        return Bilingual(self.high_en, self.high_fr) if high else Bilingual(self.low_en, self.low_fr)

    def after(self, *, high: bool) -> Bilingual | None:
        """Return how much or little of the trait is said after a noun, None where the phrase is a noun itself."""
        return self.high_after if high else self.low_after


def label_of(name: str, labels: Mapping[str, TraitLabel]) -> TraitLabel:
    r"""Return the label of a trait, or one made of its name if nobody gave any.

    >>> label_of("stores_visited", {}).phrase(high=True)
    Bilingual(en='high stores visited', fr='stores visited\u202f: niveau élevé')
    """
    if name in labels:
        return labels[name]
    plain = name.replace("_", " ")
    high, low = (f"{plain}{COLON} niveau {level}" for level in ("élevé", "bas"))
    return TraitLabel(name, plain, plain, f"high {plain}", high, f"low {plain}", low, names_people=False)


def write_value(value: float, kind: TraitKind, *, currency: str = "") -> Bilingual:
    r"""Write a typical value of a trait; `currency` is a symbol such as "$" or "€".

    >>> write_value(1234.5, TraitKind.MONEY, currency="$")
    Bilingual(en='$1\u202f234.50', fr='1\u202f234,50\u202f$')
    >>> write_value(0.123, TraitKind.SHARE), write_value(12.0, TraitKind.DAYS).fr
    (Bilingual(en='12\u202f%', fr='12\u202f%'), '12\u202fjours')
    """
    if kind is TraitKind.SHARE:
        return percent(value, 0 if value == 0 or value >= _SMALL / 100 else 1)
    if kind is TraitKind.MONEY:
        digits = number(value, 2)
        return Bilingual(f"{currency}{digits.en}", f"{digits.fr}{NARROW_SPACE}{currency}".rstrip(NARROW_SPACE))
    digits = number(value, 0 if float(value).is_integer() or abs(value) >= _SMALL else 1)
    if kind is TraitKind.DAYS:
        one = digits.en == "1"
        plural_fr = "jours" if abs(value) >= 2 else "jour"  # noqa: PLR2004 - French counts from two
        return Bilingual(f"{digits.en} day{'' if one else 's'}", f"{digits.fr}{NARROW_SPACE}{plural_fr}")
    return digits
