"""Which members look-alikes at their moments of entry are not learnt from, in words."""

from collections.abc import Iterator

from kohort.learning.wording import COLON, Bilingual, number
from kohort.pipeline.learning.lookalikes.documents import EntriesLookedAt

_WHY = (
    ("unlogged", "whose entry is not logged yet", "dont l'entrée n'est pas encore au journal"),
    ("unknown", "of whom nothing was known before it", "dont on ne savait rien avant celle-ci"),
    (
        "unmatched",
        "in whose time hardly anybody else was known",
        "entrés quand presque personne d'autre n'était connu",
    ),
    ("asked_for_not", "not asked about then", "dont il n'était pas question alors"),
    ("entered_before", "in the segment before", "déjà passés par le segment"),
)


def entry_words(entries: EntriesLookedAt, entered_before: int) -> Iterator[Bilingual]:
    """Yield what looking at members at their own entry means, and who is not learnt from, with the reasons.

    >>> words = list(entry_words(EntriesLookedAt((1, 2), 80, 300, unlogged=3, former=5), 0))
    >>> words[1].en
    'Members not learnt from: 3 whose entry is not logged yet.'
    >>> words[2].en
    'Members once who are none now: 5, on neither side.'
    """
    yield Bilingual(
        "Nothing that came after a member entered is learnt from.",
        "Rien de ce qui suit l'entrée d'un membre n'est appris.",
    )
    counts = {**vars(entries), "entered_before": entered_before}
    lost = [(number(counts[name]), en, fr) for name, en, fr in _WHY if counts[name]]
    if lost:
        yield Bilingual(
            f"Members not learnt from: {', '.join(f'{count.en} {why}' for count, why, _ in lost)}.",
            f"Membres laissés de côté{COLON} {', '.join(f'{count.fr} {why}' for count, _, why in lost)}.",
        )
    if entries.former:
        former = number(entries.former)
        yield Bilingual(
            f"Members once who are none now: {former.en}, on neither side.",
            f"Anciens membres{COLON} {former.fr}, d'aucun des deux côtés.",
        )
