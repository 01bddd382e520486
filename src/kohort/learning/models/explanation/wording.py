"""Contributions in sentences, in English and French: what goes with a score, never what brings it about."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from kohort.learning.models.explanation.weights import Group, Weight
from kohort.learning.wording import COLON, Bilingual, number, percent

if TYPE_CHECKING:
    from kohort.learning.models.explanation.contributions import Contributions

READ_SO: Final = Bilingual(
    "These figures tell how the model counts. What goes with a score need not bring it about: to know what an action "
    "changes, try it on some people and not on others.",
    "Ces chiffres disent comment le modèle compte. Ce qui va de pair avec un score ne le provoque pas forcément"
    f"{COLON} pour savoir ce que change une action, essayez-la sur une partie des personnes et pas sur les autres.",
)
"""What stands beside every explanation."""
_POINTS: Final = 100


def person_words(found: "Contributions", row: int, *, probability: bool, most: int = 3) -> tuple[Bilingual, ...]:
    """Return sentences on one person: the score, then the groups that bring most, the farthest from 0 first.

    `probability`: contributions are of probabilities, and told in points; else as numbers.

    >>> import numpy as np
    >>> from kohort.learning.models.explanation.contributions import Contributions, Unit
    >>> found = Contributions((("orders",), ("days",)), 0.2, np.array([[0.3, -0.05]]), Unit.SCORE)
    >>> for one in person_words(found, 0, probability=True):
    ...     print(one.en.replace(chr(8239), " "))
    Score of 45 %; 20 % is where the model begins.
    orders goes with 30.0 points more.
    days goes with 5.0 points less.
    """
    total, base = float(found.total[row]), found.base
    said = (percent(total), percent(base)) if probability else (number(total, 2), number(base, 2))
    first = Bilingual(
        f"Score of {said[0].en}; {said[1].en} is where the model begins.",
        f"Score de {said[0].fr}{COLON} le modèle part de {said[1].fr}.",
    )
    order = sorted(range(len(found.groups)), key=lambda place: -abs(found.brought[row, place]))
    told = [place for place in order[:most] if found.brought[row, place] != 0]
    lines = (_line(found.groups[place], float(found.brought[row, place]), probability=probability) for place in told)
    return (first, *lines)


def weight_words(weight: Weight, *, probability: bool) -> Bilingual:
    """Return a sentence on a group of features and many people, with its interval.

    >>> from kohort.stats.intervals import Interval
    >>> words = weight_words(Weight(("orders", "lines"), Interval(0.04, 0.03, 0.05, 100)), probability=True)
    >>> print(words.en.replace(chr(8239), " "))
    orders, lines (read as one) go with 4.0 points more on average (3.0 to 5.0).
    """
    line = _line(weight.group, weight.brought.estimate, probability=probability, absolute=weight.absolute)
    scale = _POINTS if probability else 1
    low, high = (number(scale * one, 1) for one in (weight.brought.low, weight.brought.high))
    return Bilingual(
        f"{line.en[:-1]} on average ({low.en} to {high.en}).",
        f"{line.fr[:-1]} en moyenne (de {low.fr} à {high.fr}).",
    )


def _line(group: Group, brought: float, *, probability: bool, absolute: bool = False) -> Bilingual:
    return brought_words([Bilingual(one, one) for one in group], brought, probability=probability, absolute=absolute)


def brought_words(
    names: Sequence[Bilingual], brought: float, *, probability: bool, absolute: bool = False
) -> Bilingual:
    """Return a sentence on what goes with one feature, or with several that are read as one, by their names.

    >>> words = brought_words([Bilingual("days since the last order (42)", "jours depuis la dernière commande (42)")],
    ...                       0.12, probability=True)
    >>> print(words.fr.replace(chr(8239), " "))
    jours depuis la dernière commande (42) va de pair avec 12,0 points de plus.
    """
    scaled = abs(brought) * (_POINTS if probability else 1)
    size = number(scaled, 1 if probability else 2)
    # In French what is less than two is singular.
    units = (" points", " points" if scaled >= 2 else " point") if probability else ("", "")  # noqa: PLR2004 - as said
    alike = (" (read as one)", " (lus ensemble)") if len(names) > 1 else ("", "")
    side = ("more", "de plus") if brought > 0 else ("less", "de moins")
    side = ("more or less", "de plus ou de moins") if absolute else side
    verbs = ("go", "vont") if len(names) > 1 else ("goes", "va")
    english, french = ", ".join(one.en for one in names), ", ".join(one.fr for one in names)
    return Bilingual(
        f"{english}{alike[0]} {verbs[0]} with {size.en}{units[0]} {side[0]}.",
        f"{french}{alike[1]} {verbs[1]} de pair avec {size.fr}{units[1]} {side[1]}.",
    )
