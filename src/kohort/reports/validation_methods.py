"""Whether what was found is that of one method alone: the others beside it, and the bars of one that was taken."""

from collections.abc import Iterator
from typing import Final

from kohort.learning.wording import COLON, SEMICOLON, Bilingual, number, percent
from kohort.reports.checks import ALL_GROUPS, Check, Detail, Held, Measured, alone, held
from kohort.reports.data import DiscoveryReport
from kohort.reports.method_data import MethodRow
from kohort.stats.intervals import Interval

_THE_SAME: Final = 0.9
_MOST_CROWDED: Final = 0.5
_MOST_OUTSIDE: Final = 0.25
_ERRORS: Final = 1.96
_SURE: Final = 3.0
"""How many standard errors a gap must be above chance: the bar by which methods are taken (clustering/choice.py)."""


def method_checks(report: DiscoveryReport) -> Iterator[Check]:
    """Yield the checks of clusters that another method than k-means found, by its own measures."""
    row = next((one for one in report.methods if one.taken and one.method != "k_means"), None)
    if row is None:
        return
    if row.gap is not None:
        yield _beyond_chance(row, row.gap)
    if row.valley is not None:
        yield _apart(row.valley)
    if row.silhouette is not None:
        yield _silhouette(report, row, row.silhouette)
    yield _outside(row)


def comparison_checks(report: DiscoveryReport) -> Iterator[Check]:
    """Yield whether other methods find the same groups, and whether any are steadier; nothing where none was tried."""
    taken = next((one for one in report.methods if one.taken), None)
    others = [one for one in report.methods if not one.taken]
    if taken is None or not others:
        return
    yield _same_groups(taken, others)
    if any(one.stability for one in others):
        yield _steadier(report, taken, others)


def _same_groups(taken: MethodRow, others: list[MethodRow]) -> Check:
    agreement = dict(taken.same)
    figures = tuple(
        Measured(one.name, alone(agreement[one.method])) for one in others if one.k > 1 and one.method in agreement
    )
    fared = [(one.name, one.words) for one in others]
    same = number(_THE_SAME, 1)
    return Check(
        "methods",
        Bilingual("Do other methods find the same groups?", "D'autres méthodes trouvent-elles les mêmes groupes ?"),
        Bilingual(
            f"These are of {taken.name.en}. " + " ".join(f"By {name.en}: {words.en}." for name, words in fared),
            f"Ceux-ci viennent de {taken.name.fr}. "
            + " ".join(f"Par {name.fr}{COLON} {words.fr}." for name, words in fared),
        ),
        Held.GUIDE,
        Bilingual(
            f"none: from {same.en} on they are the same; the plainest that holds is taken, unless another finds more",
            f"aucun{COLON} à partir de {same.fr} ce sont les mêmes{SEMICOLON} la plus simple qui tient est "
            f"retenue, sauf "
            "si une autre trouve davantage",
        ),
        Bilingual(
            "Adjusted Rand index between both, of the people in groups of both (Hubert and Arabie 1985).",
            "Indice de Rand ajusté entre les deux, parmi les personnes dans un groupe des deux (Hubert et Arabie "
            "1985).",
        ),
        figures,
        _THE_SAME,
        details=Detail.METHODS,
    )


def _steadier(report: DiscoveryReport, taken: MethodRow, others: list[MethodRow]) -> Check:
    rows = [one for one in (taken, *others) if one.stability]
    figures = tuple(Measured(one.name, alone(min(one.stability))) for one in rows)
    best = max(rows, key=lambda one: min(one.stability))
    own = number(min(taken.stability, default=0.0), 2)
    most, bar = number(min(best.stability), 2), number(report.required_stability, 2)
    others_words = Bilingual("no other method finds steadier ones", "aucune autre méthode n'en trouve de plus stables")
    if best is not taken:
        others_words = Bilingual(
            f"those of {best.name.en} come back to {most.en}", f"ceux de {best.name.fr} se retrouvent à {most.fr}"
        )
    return Check(
        "steadiest",
        Bilingual(
            "Does another method find steadier groups?", "Une autre méthode trouve-t-elle des groupes plus stables ?"
        ),
        Bilingual(
            f"The least stable of these groups comes back to {own.en}; {others_words.en}.",
            f"Le moins stable de ces groupes se retrouve à {own.fr}{SEMICOLON} {others_words.fr}.",
        ),
        Held.GUIDE,
        Bilingual(f"{bar.en} to be taken at all", f"{bar.fr} pour être retenu"),
        Bilingual(
            "Mean Jaccard similarity of the least stable group of each method, learnt from other people.",
            "Similarité de Jaccard moyenne du groupe le moins stable de chaque méthode, apprise sur d'autres "
            "personnes.",
        ),
        figures,
        report.required_stability,
        details=Detail.METHODS,
    )


def _beyond_chance(row: MethodRow, gap: float) -> Check:
    reach = _SURE * (row.gap_error or 0.0)
    size = number(gap, 2)
    return Check(
        "chance",
        Bilingual(
            "Are the groups more than this method finds in a crowd?",
            "Les groupes sont-ils plus que ce que la méthode trouve dans une foule ?",
        ),
        Bilingual(
            f"In its own measure they are worth {size.en} more than those it finds in made-up people without groups.",
            f"Selon sa propre mesure, ils valent {size.fr} de plus que ceux trouvés dans des populations simulées sans "
            "groupes.",
        ),
        held(gap - reach > 0),
        Bilingual("more than 0, and three standard errors", "plus de 0, et trois erreurs types"),
        Bilingual(
            "Gap to one ellipse in the method's measure (log inertia, log likelihood a person or density validity).",
            "Écart à une seule ellipse dans la mesure de la méthode (log-inertie, log-vraisemblance par personne ou "
            "validité de densité).",
        ),
        (Measured(row.name, Interval(gap, gap - reach, gap + reach, 0)),),
        0.0,
        details=Detail.METHODS,
    )


def _apart(valley: float) -> Check:
    crowd = percent(valley)
    return Check(
        "separation",
        Bilingual("Is there a gap between the groups?", "Y a-t-il un creux entre les groupes ?"),
        Bilingual(
            f"At the most crowded border live {crowd.en} as many people as at the emptier centre.",
            f"À la frontière la plus peuplée vivent {crowd.fr} d'autant de personnes qu'au centre le moins peuplé.",
        ),
        held(valley <= _MOST_CROWDED),
        Bilingual("at most half, to call groups separated", "la moitié au plus, pour parler de groupes séparés"),
        Bilingual(
            "Density between the least separated pair, along the way the method joins them.",
            "Densité entre la paire la moins séparée, sur le chemin par lequel la méthode les relie.",
        ),
        (Measured(ALL_GROUPS, alone(valley)),),
        is_share=True,
        details=Detail.METHODS,
    )


def _silhouette(report: DiscoveryReport, row: MethodRow, silhouette: float) -> Check:
    mean, guide = number(silhouette, 2), number(report.silhouette_guide, 2)
    reach = _ERRORS * (row.silhouette_error or 0.0)
    return Check(
        "silhouette",
        Bilingual(
            "Are people nearer to their own group than to the next?",
            "Les personnes sont-elles plus proches de leur groupe que du suivant ?",
        ),
        Bilingual(
            f"On average {mean.en} on a scale of −1 to 1; groups of any shape but round ones score low.",
            f"En moyenne {mean.fr} sur une échelle de −1 à 1{SEMICOLON} des groupes qui ne sont pas ronds ont un score "
            "bas.",
        ),
        Held.GUIDE,
        Bilingual(f"{guide.en} as a guide", f"{guide.fr} comme repère"),
        Bilingual(
            "Mean silhouette of people in groups (Rousseeuw 1987), ± 1.96 standard errors.",
            "Silhouette moyenne des personnes dans un groupe (Rousseeuw 1987), ± 1,96 erreur type.",
        ),
        (Measured(ALL_GROUPS, Interval(silhouette, silhouette - reach, silhouette + reach, 0)),),
        details=Detail.METHODS,
    )


def _outside(row: MethodRow) -> Check:
    share, most = percent(row.outside, 1), percent(_MOST_OUTSIDE)
    return Check(
        "outside",
        Bilingual("How many people are in no group?", "Combien de personnes ne sont dans aucun groupe ?"),
        Bilingual(
            f"{share.en} of the people are strays whom {row.name.en} puts in none.",
            f"{share.fr} des personnes sont à l'écart, et {row.name.fr} ne les met dans aucun.",
        ),
        held(row.outside <= _MOST_OUTSIDE),
        Bilingual(f"at most {most.en}", f"au plus {most.fr}"),
        Bilingual("Counted on the sample that was looked at.", "Compté sur l'échantillon examiné."),
        (Measured(ALL_GROUPS, alone(row.outside)),),
        _MOST_OUTSIDE,
        is_share=True,
        details=Detail.METHODS,
    )
