"""Whether the groups foretell what people do later, against chance and against an obvious rule."""

from collections.abc import Iterator
from typing import Final

from kohort.learning.wording import SEMICOLON, Bilingual, number, percent
from kohort.reports.checks import Check, Detail, Held, Measured, held
from kohort.reports.periods_data import ClusterConversion, ClustersOverTime
from kohort.stats.intervals import Interval

CHANCE: Final = 0.5
"""The area under the curve of who knows nothing."""
_GROUPS: Final = Bilingual("the groups", "les groupes")
RULE: Final = Bilingual("how lately people came", "la récence de leur venue")
_BAR: Final = Bilingual(
    "an area above 0.50, that of chance, with its whole interval",
    "une aire au-dessus de 0,50, celle du hasard, avec tout son intervalle",
)


def conversion_checks(over_time: ClustersOverTime) -> Iterator[Check]:
    """Yield, for each outcome, whether the groups foretell who does it; nothing where nobody looked."""
    for place, one in enumerate(over_time.conversions, start=1):
        power = one.power
        area = None if power is None else power.groups.area
        yield Check(
            f"conversion-{place}",
            Bilingual(
                f"Do the groups foretell who {one.did.en}?", f"Les groupes annoncent-ils ceux qui {one.did.fr} ?"
            ),
            foretelling_words(one),
            Held.GUIDE if area is None else held(area.low > CHANCE),
            _BAR,
            _method(one),
            () if power is None else (Measured(_GROUPS, power.groups.area), Measured(RULE, power.rule.area)),
            CHANCE,
            details=Detail.CONVERSION,
            decisive=area,
        )


def _method(one: ClusterConversion) -> Bilingual:
    return Bilingual(
        f"Groups sought before the split alone, by {one.sought_by.en}; area under the ROC curve, rates learnt on four "
        "fifths of the people rank the others; bootstrap of people.",
        "Groupes recherchés avec ce qui était connu avant la coupure seulement, par "
        f"{one.sought_by.fr}{SEMICOLON} aire sous la courbe ROC, les taux appris sur quatre cinquièmes des personnes "
        f"classent les autres{SEMICOLON} bootstrap des personnes.",
    )


def foretelling_words(one: ClusterConversion) -> Bilingual:
    """Say how well the groups tell who did something, beside chance and how lately people came."""
    if one.power is None:
        return Bilingual(
            f"Too few people {one.did.en} within {one.horizon.en}, or too few did not, to say.",
            f"Trop peu de personnes {one.did.fr} sous {one.horizon.fr}, ou trop peu ne l'ont pas fait, pour le dire.",
        )
    groups, rule, gain = one.power.groups.area, one.power.rule.area, one.power.gain
    start = Bilingual(
        f"Of two people, one who {one.did.en} within {one.horizon.en} and one who did not, the groups put the "
        f"right one "
        f"first in {percent(groups.estimate).en} of cases ({_between(groups).en}), where chance does in half.",
        f"De deux personnes, dont une seule est de celles qui {one.did.fr} sous {one.horizon.fr}, les groupes la "
        f"placent "
        f"en tête dans {percent(groups.estimate).fr} des cas ({_between(groups).fr}), le hasard dans la moitié.",
    )
    beside = percent(rule.estimate)
    if gain.low > 0:
        end = Bilingual(
            f"How lately people came alone does so in {beside.en}: the groups tell more.",
            f"La seule récence y arrive dans {beside.fr}{SEMICOLON} les groupes en disent plus.",
        )
    elif gain.high < 0:
        end = Bilingual(
            f"How lately people came alone does so in {beside.en}: that plain rule tells more.",
            f"La seule récence y arrive dans {beside.fr}{SEMICOLON} cette règle simple en dit plus.",
        )
    else:
        end = Bilingual(
            f"How lately people came alone does so in {beside.en}: the two do not differ beyond chance.",
            f"La seule récence y arrive dans {beside.fr}{SEMICOLON} l'écart ne dépasse pas le hasard.",
        )
    return Bilingual(f"{start.en} {end.en}", f"{start.fr} {end.fr}")


def power_words(one: ClusterConversion) -> str:
    """Say the same in one line of figures, and which method sought the clusters, for a terminal or a log."""
    if one.power is None:
        return f"{one.did.en} in {one.horizon.en}: too few people did, or did not, to say whether clusters foretell it"
    groups, rule, gain = one.power.groups, one.power.rule, one.power.gain
    return (
        f"{one.did.en} in {one.horizon.en}: area under the curve {_span(groups.area)}, Cramér's V "
        f"{_span(groups.association)}; quintiles of recency {_span(rule.area)}; difference {_span(gain)}; "
        f"clusters sought by {one.sought_by.en}"
    )


def _span(found: Interval) -> str:
    return f"{found.estimate:.3f} ({found.low:.3f} to {found.high:.3f})"


def _between(found: Interval) -> Bilingual:
    low, high = number(100 * found.low, 0), percent(found.high)
    return Bilingual(f"{low.en} to {high.en}", f"{low.fr} à {high.fr}")
