"""What is said of a survey: whether its items make one scale, and what all who answered say."""

from typing import Final

import numpy as np

from kohort.definitions.survey import SurveyDefinition, SurveyMeasure
from kohort.stats.intervals import wilson_interval
from kohort.stats.scales import Values, complete_answers, cronbach_alpha, item_rest_correlations, net_promoter_score
from kohort.storage.records import Finding

_FEWEST_PEOPLE: Final = 3
_WEAK: Final = 0.2
"""An item that goes with the rest less than so hardly measures the same (Streiner & Norman 2008, chapter 5)."""


def survey_findings(definition: SurveyDefinition, told: Values, answers: Values) -> list[Finding]:
    """Say what a survey found of everybody who answered.

    `told` are the answers as given, of shape (people, items), NaN for none; `answers` are those within the scale,
    reversed items turned.
    """
    outside = int((np.isnan(answers) & ~np.isnan(told)).sum())
    given = int((~np.isnan(told)).sum())
    found = []
    if outside:
        detail = (
            f"{outside:,} of {given:,} answers are no whole numbers from {definition.lowest} to {definition.highest} "
            "and count as none"
        )
        found.append(Finding("answers outside", "traits", definition.name, "warning", outside, outside / given, detail))
    match definition.measure:
        case SurveyMeasure.SCALE:
            return found + _scale_findings(definition, answers)
        case SurveyMeasure.NPS:
            return found + _nps_findings(definition, answers[:, 0])
        case SurveyMeasure.CSAT:
            return found + _csat_findings(definition, answers[:, 0])


def _scale_findings(definition: SurveyDefinition, answers: Values) -> list[Finding]:
    whole = complete_answers(answers)
    people, items = whole.shape
    if items < 2 or people < _FEWEST_PEOPLE or np.ptp(whole.sum(axis=1)) == 0:  # noqa: PLR2004 - one item is no scale
        return []
    alpha = cronbach_alpha(answers)
    detail = (
        f"Cronbach's alpha of {items} items is {alpha.estimate:.2f} (95 %: {alpha.low:.2f} to {alpha.high:.2f}), by "
        f"the {people:,} people who answered all of them"
    )
    found = [Finding("alpha", "traits", definition.name, "info", people, None, detail)]
    for item, together in zip(definition.items, item_rest_correlations(answers), strict=True):
        if np.isnan(together):
            detail, severity = f"{item.label} has the same answer of everybody, and tells nobody apart", "warning"
        else:
            detail = f"{item.label} goes with the rest of the scale by a correlation of {together:.2f}"
            severity = "warning" if together < _WEAK else "info"
            detail += "; is its direction right?" if together < _WEAK else ""
        found.append(Finding("item and rest", "traits", definition.name, severity, people, None, detail))
    return found


def _nps_findings(definition: SurveyDefinition, answers: Values) -> list[Finding]:
    known = answers[~np.isnan(answers)]
    if not known.size:
        return []
    score = net_promoter_score(known)
    detail = (
        f"the net promoter score is {100 * score.estimate:+.0f} (95 %: {100 * score.low:+.0f} to "
        f"{100 * score.high:+.0f}), by {score.n:,} people"
    )
    return [Finding("net promoter score", "traits", definition.name, "info", score.n, None, detail)]


def _csat_findings(definition: SurveyDefinition, answers: Values) -> list[Finding]:
    known = answers[~np.isnan(answers)]
    if not known.size:
        return []
    share = wilson_interval(int((known >= definition.highest - 1).sum()), known.size)
    detail = (
        f"{100 * share.estimate:.0f} % are satisfied (95 %: {100 * share.low:.0f} % to {100 * share.high:.0f} %), by "
        f"{share.n:,} people"
    )
    return [Finding("satisfied", "traits", definition.name, "info", share.n, share.estimate, detail)]
