"""Whether what clustering found holds: each check as a question, an answer in words, and the numbers behind it.

A check says yes or no where a bar was declared before looking; a guide informs and never decides.
"""

from collections.abc import Iterator

from kohort.learning.value.results import ValueStudy
from kohort.learning.wording import COLON, SEMICOLON, Bilingual, number, percent, sentence_case
from kohort.reports.checks import ALL_GROUPS, Check, Detail, Held, Measured, alone, held, weakest
from kohort.reports.data import CandidateRow, DiscoveryReport
from kohort.reports.periods_data import NOTHING_YET, ClustersOverTime
from kohort.reports.preparation_data import PreparationSummary
from kohort.reports.validation_conversion import conversion_checks
from kohort.reports.validation_methods import comparison_checks, method_checks
from kohort.reports.validation_periods import period_checks
from kohort.reports.validation_value import value_checks
from kohort.stats.intervals import Interval


def validation_of(
    report: DiscoveryReport, over_time: ClustersOverTime = NOTHING_YET, value: ValueStudy | None = None
) -> tuple[Check, ...]:
    """Return what was checked of the clusters that were found, in the order in which they are read.

    `over_time` is what is kept of whether they hold and foretell, `value` what was found of people's value. Without
    clusters there is nothing to hold, and no check: the reasons stand in the words of the verdict.

    >>> validation_of(DiscoveryReport("no stable clusters", Bilingual("No.", "Non."), None, None, False, 0.75, ()))
    ()
    """
    if report.k is None:
        return ()
    # The table of numbers of clusters is of k-means; other methods have a row of their own.
    chosen = next((one for one in report.candidates if one.k == report.k_of_candidates), None)
    return (
        *_checks(report, chosen),
        *period_checks(over_time),
        *conversion_checks(over_time),
        *comparison_checks(report),
        *(value_checks(value) if value else ()),
    )


def _checks(report: DiscoveryReport, chosen: CandidateRow | None) -> Iterator[Check]:
    yield _comes_back(report)
    if report.folds:
        yield _left_out(report)
    if report.required_share:
        yield _large_enough(report)
    if chosen is not None:
        yield _beyond_chance(report, chosen)
        yield _apart(report, chosen)
        yield _cohesion(chosen)
        yield _silhouette(report, chosen)
    yield from method_checks(report)
    if report.preparation is not None and any(one.skewness is not None for one in report.preparation.features):
        yield _one_scale(report.preparation)


def _comes_back(report: DiscoveryReport) -> Check:
    figures = tuple(Measured(one.name, one.stability) for one in report.personas)
    least, bar = weakest(figures), number(report.required_stability, 2)
    return Check(
        "stability",
        Bilingual("Do the same groups come back?", "Retrouve-t-on les mêmes groupes ?"),
        Bilingual(
            f"People were drawn again {least.n} times; of the least stable group {percent(least.estimate).en} of "
            "the people stayed together on average.",
            f"Les personnes ont été tirées à nouveau {least.n} fois{SEMICOLON} dans le groupe le moins stable, "
            f"{percent(least.estimate).fr} des personnes sont restées ensemble en moyenne.",
        ),
        held(least.estimate >= report.required_stability),
        Bilingual(f"at least {bar.en} for every group", f"au moins {bar.fr} pour chaque groupe"),
        Bilingual(
            "Mean Jaccard similarity over bootstraps, groups matched one to one (Hennig 2007).",
            "Similarité de Jaccard moyenne sur des tirages bootstrap, groupes appariés un à un (Hennig 2007).",
        ),
        figures,
        report.required_stability,
        details=Detail.PERSONAS,
    )


def _left_out(report: DiscoveryReport) -> Check:
    figures = tuple(Measured(one.name, fold) for one, fold in zip(report.personas, report.folds, strict=True))
    least, bar = weakest(figures), number(report.required_stability, 2)
    alike = number(least.estimate, 2)
    return Check(
        "folds",
        Bilingual(
            "Do people who were left out fall into the same groups?",
            "Les personnes laissées de côté tombent-elles dans les mêmes groupes ?",
        ),
        Bilingual(
            f"Groups were sought {least.n} times without a part of the people; those left out agree to {alike.en} at "
            "the least.",
            f"Les groupes ont été cherchés {least.n} fois sans une partie des personnes{SEMICOLON} celles-ci "
            f"s'accordent à {alike.fr} au moins.",
        ),
        held(least.estimate >= report.required_stability),
        Bilingual(f"at least {bar.en} for every group", f"au moins {bar.fr} pour chaque groupe"),
        Bilingual(
            "Mean Jaccard similarity among the people of each fold left out, with the worst and the best fold "
            "(after Tibshirani and Walther 2005).",
            "Similarité de Jaccard moyenne parmi les personnes de chaque pli laissé de côté, avec le pire et le "
            "meilleur pli (d'après Tibshirani et Walther 2005).",
        ),
        figures,
        report.required_stability,
        details=Detail.PERSONAS,
    )


def _large_enough(report: DiscoveryReport) -> Check:
    people = sum(one.people for one in report.personas)
    figures = tuple(
        Measured(one.name, Interval(one.share_of_people, one.share_of_people, one.share_of_people, one.people))
        for one in report.personas
    )
    least, bar = weakest(figures), percent(report.required_share, 1)
    size, share = number(least.n), percent(least.estimate, 1)
    return Check(
        "size",
        Bilingual("Is every group large enough to act on?", "Chaque groupe est-il assez grand pour agir ?"),
        Bilingual(
            f"The smallest group has {size.en} of {number(people).en} people, {share.en}.",
            f"Le plus petit groupe compte {size.fr} personnes sur {number(people).fr}, soit {share.fr}.",
        ),
        held(least.estimate >= report.required_share),
        Bilingual(f"at least {bar.en} of the people", f"au moins {bar.fr} des personnes"),
        Bilingual("Counted, of everyone who is in a group.", "Compté, parmi toutes les personnes d'un groupe."),
        figures,
        report.required_share,
        is_share=True,
        details=Detail.PERSONAS,
    )


def _beyond_chance(report: DiscoveryReport, chosen: CandidateRow) -> Check:
    tighter = chosen.tighter_than_chance if report.gradual else chosen.tighter_than_ellipse
    share = percent(max(tighter, 0.0))
    return Check(
        "chance",
        Bilingual(
            "Would people without any groups look the same?",
            "Une population sans groupes donnerait-elle la même chose ?",
        ),
        Bilingual(
            f"The groups leave {share.en} less difference inside them than those found in made-up people without "
            "groups.",
            f"Les groupes laissent {share.fr} de différences internes de moins que ceux trouvés dans des populations "
            "simulées sans groupes.",
        ),
        held(tighter > 0),
        Bilingual("at least 1 %, and three standard errors", "au moins 1 %, et trois erreurs types"),
        Bilingual(
            "Gap statistic (Tibshirani, Walther and Hastie 2001) against "
            + ("the same traits with no favoured combination." if report.gradual else "one ellipse."),
            "Statistique du gap (Tibshirani, Walther et Hastie 2001), contre "
            + ("les mêmes traits sans combinaison favorisée." if report.gradual else "une seule ellipse."),
        ),
        (Measured(ALL_GROUPS, Interval(tighter, tighter, tighter, sum(one.people for one in report.personas))),),
        is_share=True,
        details=Detail.CURVES,
    )


def _apart(report: DiscoveryReport, chosen: CandidateRow) -> Check:
    crowd = percent(chosen.border_density)
    return Check(
        "separation",
        Bilingual("Is there a gap between the groups?", "Y a-t-il un creux entre les groupes ?"),
        Bilingual(
            f"At the most crowded border live {crowd.en} as many people as at the emptier centre"
            + ("; borders are gradual, and the verdict says so." if report.gradual else "."),
            f"À la frontière la plus peuplée vivent {crowd.fr} d'autant de personnes qu'au centre le moins peuplé"
            + (f"{SEMICOLON} les frontières sont graduelles, et le verdict le dit." if report.gradual else "."),
        ),
        Held.GUIDE if report.gradual else Held.YES,
        Bilingual("at most half, to call groups separated", "la moitié au plus, pour parler de groupes séparés"),
        Bilingual(
            "Density at the middle of the line between centres, of the least separated pair (Ray and Lindsay 2005).",
            "Densité au milieu du segment entre les centres, pour la paire la moins séparée (Ray et Lindsay 2005).",
        ),
        (Measured(ALL_GROUPS, alone(chosen.border_density)),),
        is_share=True,
        details=Detail.CURVES,
    )


def _cohesion(chosen: CandidateRow) -> Check:
    told = percent(1 - chosen.inertia_share)
    return Check(
        "cohesion",
        Bilingual("How alike are people within a group?", "Les personnes d'un groupe se ressemblent-elles ?"),
        Bilingual(
            f"The groups account for {told.en} of what makes people different by these traits.",
            f"Les groupes rendent compte de {told.fr} de ce qui distingue les personnes selon ces traits.",
        ),
        Held.GUIDE,
        Bilingual("none: it grows with the number of groups", f"aucun{COLON} cela croît avec le nombre de groupes"),
        Bilingual("Share of variance between groups.", "Part de variance entre groupes."),
        (Measured(ALL_GROUPS, alone(1 - chosen.inertia_share)),),
        is_share=True,
        details=Detail.CURVES,
    )


def _silhouette(report: DiscoveryReport, chosen: CandidateRow) -> Check:
    mean, guide = number(chosen.silhouette, 2), number(report.silhouette_guide, 2)
    reached = chosen.silhouette >= report.silhouette_guide
    reach = 1.96 * chosen.silhouette_error
    return Check(
        "silhouette",
        Bilingual(
            "Are people nearer to their own group than to the next?",
            "Les personnes sont-elles plus proches de leur groupe que du suivant ?",
        ),
        Bilingual(
            f"On average {mean.en} on a scale of −1 to 1, {'above' if reached else 'below'} the usual guide of "
            f"{guide.en}.",
            f"En moyenne {mean.fr} sur une échelle de −1 à 1, {'au-dessus' if reached else 'en dessous'} du repère "
            f"habituel de {guide.fr}.",
        ),
        Held.GUIDE,
        Bilingual(
            f"{guide.en} as a guide: skewed money left as it is scores high, with nearly everybody in one group",
            f"{guide.fr} comme repère{COLON} des montants laissés bruts donnent un bon score, avec presque tout le "
            "monde dans un seul groupe",
        ),
        Bilingual(
            "Mean silhouette of a sample over plain distances (Rousseeuw 1987), ± 1.96 standard errors.",
            "Silhouette moyenne d'un échantillon, distances ordinaires (Rousseeuw 1987), ± 1,96 erreur type.",
        ),
        (Measured(ALL_GROUPS, Interval(chosen.silhouette, chosen.silhouette - reach, chosen.silhouette + reach, 0)),),
        details=Detail.CURVES,
    )


def _one_scale(preparation: PreparationSummary) -> Check:
    figures = tuple(
        Measured(one.label, Interval(abs(one.skewness), abs(one.skewness), abs(one.skewness), 0))
        for one in preparation.features
        if one.skewness is not None
    )
    even = Bilingual(
        "Every trait counts alike: none is so uneven that a handful of people would decide the groups.",
        f"Chaque trait compte autant{COLON} aucun n'est inégal au point qu'une poignée de personnes décide des "
        "groupes.",
    )
    said = (*(preparation.warnings or (even,)), *preparation.left_out)
    bar = number(preparation.most_skewed)
    return Check(
        "scale",
        Bilingual("Do all traits count alike?", "Tous les traits comptent-ils autant ?"),
        Bilingual(" ".join(_sentence(one.en) for one in said), " ".join(_sentence(one.fr) for one in said)),
        held(not preparation.warnings),
        Bilingual(f"skewness of at most {bar.en} as scaled", f"asymétrie d'au plus {bar.fr} une fois à l'échelle"),
        Bilingual(
            "Skewness of each trait on the scale of all; that of an exponential distribution is 2.",
            "Asymétrie de chaque trait à l'échelle commune, celle d'une loi exponentielle étant 2.",
        ),
        figures,
        preparation.most_skewed,
        details=Detail.PREPARATION,
    )


def _sentence(text: str) -> str:
    return sentence_case(text if text.endswith(".") else f"{text}.")
