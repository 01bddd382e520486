"""Names of personas: what a marketer would call a group, from what sets it apart most."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from kohort.learning.traits import TraitLabel
from kohort.learning.wording import Bilingual, sentence_case

LARGE_ENOUGH: Final = 0.5
"""The least effect, in standard deviations, that a name tells of (Cohen 1988, 2.2.3: "medium")."""
_TRAITS: Final = 3
_WITH: Final = "with "
_HOLDING: Final = (_WITH, "without ")
_AVERAGE: Final = Bilingual("Close to the average", "Proches de la moyenne")
_PEOPLE: Final = Bilingual("customers", "clients")


@dataclass(frozen=True)
class Leaning:
    """A trait that a group has more or less of than others: its wording, and the effect in standard deviations."""

    label: TraitLabel
    effect: float


def distinct_names(groups: Sequence[Sequence[Leaning]]) -> tuple[Bilingual, ...]:
    """Name groups after their three largest effects of at least `LARGE_ENOUGH`; no two names are alike.

    Where two would be, the later one tells of more traits, and at last bears a number. A group without such an effect
    is called average. Each group's traits are given with the largest effect first.

    >>> [name.fr for name in distinct_names([(), ()])]
    ['Proches de la moyenne', 'Proches de la moyenne (2)']
    """
    names: list[Bilingual] = []
    for group in groups:
        large = [one for one in group if abs(one.effect) >= LARGE_ENOUGH]
        lengths = range(min(_TRAITS, len(large)), len(group) + 1) if large else range(1)
        proposals = [name_of(group[:length]) for length in lengths]
        numbered = (
            Bilingual(f"{proposals[0].en} ({count})", f"{proposals[0].fr} ({count})")
            for count in range(2, len(groups) + 1)
        )
        taken_en, taken_fr = {name.en for name in names}, {name.fr for name in names}
        free = (name for name in (*proposals, *numbered) if name.en not in taken_en and name.fr not in taken_fr)
        names.extend(islice(free, 1))
    return tuple(names)


def name_of(traits: Sequence[Leaning]) -> Bilingual:
    """Return the name that these traits make: what people are, then what goes with it.

    >>> from kohort.learning.traits import label_of
    >>> name_of([Leaning(label_of("orders", {}), 0.9)]).en
    'High orders'
    """
    if not traits:
        return _AVERAGE
    leanings = [(one.label, one.effect > 0) for one in traits]
    phrases = [label.phrase(high=high) for label, high in leanings]
    after = [label.after(high=high) for label, high in leanings]
    if any(one is None and not label.names_people for one, (label, _) in zip(after, leanings, strict=True)):
        return Bilingual(
            sentence_case(", ".join(one.en for one in phrases)), sentence_case(", ".join(one.fr for one in phrases))
        )
    heads = [phrase for phrase, follows in zip(phrases, after, strict=True) if follows is None] or [_PEOPLE]
    told = [one for one in after if one is not None]
    held = [one for one in told if one.en.startswith(_HOLDING)]
    apart = [one for one in told if one not in held]
    english = [", ".join(one.en for one in heads), *_joined([one.en for one in held], " and ")]
    french = [", ".join(one.fr for one in heads), *_joined([one.fr for one in held], " et ")]
    return Bilingual(
        sentence_case(", ".join([" ".join(english), *(one.en for one in apart)])),
        sentence_case(", ".join([" ".join(french), *(one.fr for one in apart)])),
    )


def _joined(words: Sequence[str], link: str) -> list[str]:
    """Return what goes with people as one phrase, "with" being said once."""
    return [link.join([words[0], *(one.removeprefix(_WITH) for one in words[1:])])] if words else []
