"""Whether the groups hold from month to month: what became of each, and what has moved, in words and numbers."""

from collections.abc import Iterator, Sequence
from typing import Final

from kohort.learning.clustering.period_results import Fate, PeriodFound, Shift
from kohort.learning.wording import COLON, SEMICOLON, Bilingual, number, sentence_case
from kohort.reports.checks import Check, Detail, Measured, held, listed, weakest
from kohort.reports.periods_data import ClustersOverTime, PeriodsReport

REQUIRED: Final = 0.5
"""The similarity of its people below which a group is not the same any more."""
FATE_WORDS: Final = {
    Fate.PERSISTS: Bilingual("is found again", "se retrouve"),
    Fate.SPLIT: Bilingual("is split", "est divisé"),
    Fate.MERGED: Bilingual("is merged with another", "est fondu dans un autre"),
    Fate.DISSOLVED: Bilingual("is dissolved", "est dissous"),
    Fate.MOVED: Bilingual("has moved away", "s'est déplacé"),
}
"""What became of a group, after its name."""


def period_checks(over_time: ClustersOverTime) -> Iterator[Check]:
    """Yield whether the groups hold over time; nothing where nobody followed them."""
    report = over_time.periods
    if report is None or not report.periods:
        return
    figures = tuple(_least_alike(report))
    least = weakest(figures)
    bar = number(REQUIRED, 2)
    yield Check(
        "periods",
        Bilingual("Do the groups hold from month to month?", "Les groupes tiennent-ils d'un mois à l'autre ?"),
        _answer(report),
        held(all(one.silent for one in report.periods)),
        Bilingual(
            f"every group is found again in every month (similarity of at least {bar.en}), and nothing of it has moved "
            "beyond chance",
            f"chaque groupe se retrouve chaque mois (similarité d'au moins {bar.fr}), et rien n'a bougé au-delà "
            f"du hasard",
        ),
        Bilingual(
            f"Clusters sought anew each month by {report.sought_by.en}, on the scale of the first, matched one to one; "
            "Jaccard similarity with people drawn again; means and spreads of people's features in each, and "
            "correlations, at 1 % after Holm over all months.",
            f"Groupes recherchés chaque mois par {report.sought_by.fr}, à l'échelle du premier, appariés un à un"
            f"{SEMICOLON} similarité de Jaccard, personnes tirées à nouveau{SEMICOLON} moyennes et dispersions des "
            "caractéristiques des personnes de chacun, et corrélations, à 1 % après Holm sur tous les mois.",
        ),
        figures,
        REQUIRED,
        details=Detail.PERIODS,
        decisive=least,
    )


def changes_of(report: PeriodsReport) -> tuple[Bilingual, ...]:
    """Return what changed, each in a clause: fates by the month in which they are seen first, then what moved most."""
    return (*_fates(report), *_appeared(report.periods), *_moved(report))


def shift_words(shift: Shift, report: PeriodsReport) -> Bilingual:
    """Say how far one measure has moved, with its interval.

    >>> from kohort.stats.intervals import Interval
    >>> empty = PeriodsReport("persona", "2026-01", (), {"spend": Bilingual("spend", "dépense")}, (), (), (),
    ...                       Bilingual("", ""))
    >>> shift_words(Shift("centre", 0, "spend", None, Interval(0.5, 0.3, 0.7, 100), 0.001, found=True), empty).en
    'spend by +0.50 standard deviations (0.30 to 0.70)'
    """
    size, low, high = (number(one, 2) for one in (shift.change.estimate, shift.change.low, shift.change.high))
    sign = "+" if shift.change.estimate > 0 else ""
    names = [report.features[one] for one in (shift.feature, shift.other) if one]
    what = {
        "centre": (Bilingual("", ""), Bilingual("standard deviations", "écarts types")),
        "spread": (
            Bilingual("the spread of ", "la dispersion de "),
            Bilingual("of its logarithm", "de son logarithme"),
        ),
        "correlation": (Bilingual("the link of ", "le lien entre "), Bilingual("of correlation", "de corrélation")),
    }
    before, unit = what[shift.kind]
    return Bilingual(
        f"{before.en}{listed([one.en for one in names], 'and')} by {sign}{size.en} {unit.en} ({low.en} to {high.en})",
        f"{before.fr}{listed([one.fr for one in names], 'et')} de {sign}{size.fr} {unit.fr} ({low.fr} à {high.fr})",
    )


def _answer(report: PeriodsReport) -> Bilingual:
    months, first, last = number(len(report.periods)), report.first, report.periods[-1].name
    changes = changes_of(report)
    start = Bilingual(
        f"The groups of {first} were sought anew at the end of each of the {months.en} months up to {last}.",
        f"Les groupes de {first} ont été recherchés à la fin de chacun des {months.fr} mois jusqu'à {last}.",
    )
    if not changes:
        return Bilingual(
            f"{start.en} Every one is found again, and nothing of it has moved beyond chance.",
            f"{start.fr} Chacun se retrouve, et rien n'a bougé au-delà du hasard.",
        )
    return Bilingual(
        " ".join([start.en, *(f"{sentence_case(one.en)}." for one in changes)]),
        " ".join([start.fr, *(f"{sentence_case(one.fr)}." for one in changes)]),
    )


def _least_alike(report: PeriodsReport) -> Iterator[Measured]:
    for cluster, name in enumerate(report.names):
        alike = [one.jaccard for each in report.periods for one in each.fates if one.cluster == cluster]
        if alike:
            yield Measured(name, min(alike, key=lambda one: one.estimate))


def _fates(report: PeriodsReport) -> Iterator[Bilingual]:
    told = set()
    for period in report.periods:
        for one in period.fates:
            if one.fate is not Fate.PERSISTS and one.cluster not in told:
                told.add(one.cluster)
                name, fate = report.names[one.cluster], FATE_WORDS[one.fate]
                yield Bilingual(
                    f"in {period.name} “{name.en}” {fate.en}",
                    f"en {period.name}, «\u202f{name.fr}\u202f» {fate.fr}",
                )


def _appeared(periods: Sequence[PeriodFound]) -> Iterator[Bilingual]:
    for period in periods:
        if period.appeared:
            many = len(period.appeared)
            yield Bilingual(
                f"in {period.name} a new group appears" if many == 1 else f"in {period.name} {many} new groups appear",
                f"en {period.name}, un nouveau groupe apparaît"
                if many == 1
                else f"en {period.name}, {many} nouveaux groupes apparaissent",
            )
            return


def _moved(report: PeriodsReport) -> Iterator[Bilingual]:
    """Yield, for each group and for links between features, the shift that is the farthest in its kind."""
    found = [(one, period.name) for period in report.periods for one in period.shifts if one.found]
    for cluster in sorted({one.cluster for one, _ in found}, key=lambda one: -1 if one is None else one):
        own = [(one, month) for one, month in found if one.cluster == cluster]
        centres = [pair for pair in own if pair[0].kind == "centre"] or own
        shift, month = max(centres, key=lambda pair: abs(pair[0].change.estimate))
        said = shift_words(shift, report)
        if cluster is None:
            yield Bilingual(f"{said.en} in {month}", f"{said.fr} en {month}")
        else:
            name = report.names[cluster]
            yield Bilingual(
                f"“{name.en}” has moved most in {said.en}, in {month}",
                f"«\u202f{name.fr}\u202f» a bougé surtout{COLON} {said.fr}, en {month}",
            )
