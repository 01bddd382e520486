"""What checks over tables have found, as findings: in words, and without anybody's values."""

from collections.abc import Sequence
from typing import Final

from kohort.clock import HOUR
from kohort.definitions.comparing import PERSON, SourceComparison
from kohort.definitions.values import ValueType, format_micros
from kohort.quality.checks import INFO, WARNING
from kohort.quality.cross_checks.agreement import Agreement, ValueAgreement
from kohort.quality.cross_checks.orders import BrokenOrder
from kohort.quality.cross_checks.silence import Silence
from kohort.stats.goodness import Fit
from kohort.stats.intervals import Interval, wilson_interval
from kohort.storage.records import Finding

FEWEST_PEOPLE: Final = 100
"""How many people a source must have before it is said to be biased."""
SURE: Final = 0.01
"""The p-value up to which it is."""
_SMALL: Final = 0.1
_LEAST_EXPECTED: Final = 5


def agreement_findings(
    source: str, declared: SourceComparison, found: Agreement, kinds: Sequence[ValueType | None]
) -> list[Finding]:
    """Return what a comparison of a source with another one has found; `kinds` are the types of the values.

    >>> found = Agreement(here=10, there=12, both=9, values=())
    >>> declared = SourceComparison("crm", (PERSON, PERSON))
    >>> [(one.check, one.count, one.severity) for one in agreement_findings("shop", declared, found, [])]
    [('missing in another source', 1, 'warning'), ('missing in another source', 3, 'warning')]
    """
    key = "people" if declared.on[0] == PERSON else f"values of {declared.on[0]}"
    findings = []
    for one, other, held in ((source, declared.other, found.here), (declared.other, source, found.there)):
        missing = held - found.both
        if missing:
            detail = f"{_of(missing, held)} {key} of {one} are not in {other}"
            severity = _severity(missing, held, declared.most)
            findings.append(Finding("missing in another source", one, other, severity, missing, missing / held, detail))
    for value, kind in zip(found.values, kinds, strict=True):
        if value.differ:
            detail = f"{_of(value.differ, value.both)} {key} have another {_named(value)} in {declared.other}"
            detail += f" than in {source}{_how(value, kind)}{_one_sided(value, source, declared.other)}"
            severity = _severity(value.differ, value.both, declared.most)
            share = value.differ / value.both
            findings.append(
                Finding(
                    "sources disagree", source, f"{declared.other}: {value.here}", severity, value.differ, share, detail
                )
            )
    return findings


def bias_finding(source: str, trait: str, categories: Sequence[str], fit: Fit, left_out: int) -> Finding:
    """Return how far the people of a source are from a population, of whom `left_out` are in none of its categories.

    It is a bias where there are people enough, so many that each category should have five, the difference is hardly
    one of chance, and not small by Cohen's measure; else it is told for what it is.
    """
    furthest, people = fit.furthest, fit.shares[0].n
    found = fit.shares[furthest]
    enough = people >= FEWEST_PEOPLE and fit.smallest >= _LEAST_EXPECTED
    biased = enough and fit.p_value <= SURE and fit.effect >= _SMALL
    said = "is biased" if biased else "shows no bias" if enough else "has too few people to tell a bias"
    detail = (
        f"{source} {said} by {trait}: {_percent(found.estimate)} of its {people:,} people are "
        f"{categories[furthest]}, {_between(found)}, against {_percent(fit.expected[furthest])} of the population; "
        f"w = {fit.effect:.2f}, chi-square p = {fit.p_value:.2g}"
    )
    if left_out:
        detail += f"; {left_out:,} have no {trait} that the population has"
    apart = abs(found.estimate - fit.expected[furthest])
    count = round(apart * people)
    return Finding("bias of a source", source, trait, WARNING if biased else INFO, count, apart, detail)


def silence_finding(source: str, found: Silence, moment: str) -> Finding:
    """Return that an event has fallen silent; `moment` is the end of what was looked at, in words.

    >>> silence_finding("web", Silence("page_viewed", 6, 0, 80.0, 8, 0.001), "6").detail
    '0 page_viewed came from web in the 6 hours before 6; 80.0 is usual at this time of the week (8 weeks, p = 0.001)'
    """
    hours = "hour" if found.hours == 1 else f"{found.hours} hours"
    detail = (
        f"{found.count:,} {found.event} came from {source} in the {hours} before {moment}; {found.expected:,.1f} is "
        f"usual at this time of the week ({found.weeks} weeks, p = {found.p_value:.2g})"
    )
    missing = max(1, round(found.expected) - found.count)
    share = 1 - found.count / found.expected
    return Finding("sudden silence", source, found.event, WARNING, missing, share, detail)


def broken_order_finding(found: BrokenOrder) -> Finding:
    """Return that an event no longer comes after the one that it usually comes after."""
    detail = (
        f"{_percent(found.lately.estimate)} of {found.lately.n:,} people had {found.before} before {found.event} in "
        f"the last 7 days, {_between(found.lately)}, against {_percent(found.earlier.estimate)} of {found.earlier.n:,} "
        f"before (p = {found.p_value:.2g}); is {found.before} still sent?"
    )
    count = round((found.earlier.estimate - found.lately.estimate) * found.lately.n)
    share = found.earlier.estimate - found.lately.estimate
    return Finding("broken order", "events", f"{found.event} after {found.before}", WARNING, count, share, detail)


def impossible_order_finding(event: str, before: str, count: int, total: int) -> Finding:
    """Return that an event came without the one that tracking.yaml says comes before it.

    >>> impossible_order_finding("order_completed", "cart_viewed", 3, 200).detail
    '3 of 200 (1.5 %) order_completed came to people who had no cart_viewed before, which tracking.yaml says they have'
    """
    detail = (
        f"{_of(count, total)} {event} came to people who had no {before} before, which tracking.yaml says they have"
    )
    return Finding("impossible order", "events", f"{event} after {before}", WARNING, count, count / total, detail)


def _severity(count: int, total: int, most: float) -> str:
    return WARNING if count > most * total else INFO


def _of(count: int, total: int) -> str:
    return f"{count:,} of {total:,} ({_percent(count / total)})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _between(interval: Interval) -> str:
    return f"{100 * interval.low:.1f} to {_percent(interval.high)}"


def _named(value: ValueAgreement) -> str:
    return value.here if value.here == value.there else f"{value.here} ({value.there})"


def _how(value: ValueAgreement, kind: ValueType | None) -> str:
    interval = wilson_interval(value.differ, value.both)
    said = [f"95 % interval {_between(interval)}"]
    if value.spelling:
        said.append(f"{value.spelling:,} differ in case, accents or blanks alone")
    if value.largest and kind is ValueType.NUMBER:
        said.append(f"the largest difference is {format_micros(value.largest)}")
    if value.largest and kind is ValueType.MOMENT:
        said.append(f"the largest difference is {value.largest / HOUR:,.1f} hours")
    if kind is None:
        said.append("their types differ")
    return f" ({'; '.join(said)})"


def _one_sided(value: ValueAgreement, here: str, there: str) -> str:
    said = [
        f"{count:,} have one in {source} alone"
        for count, source in ((value.here_only, here), (value.there_only, there))
        if count
    ]
    return f"; {', '.join(said)}" if said else ""
