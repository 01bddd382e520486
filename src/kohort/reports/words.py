"""What the figures mean, in plain words; every sentence is made from the numbers it speaks of."""

from typing import Final

from kohort.reports.data import OutcomeRow, OutcomeTable, PersonaTrait, ReportData
from kohort.reports.formatting import NARROW_SPACE, count, decimal, percent, percent_range
from kohort.stats.intervals import Interval

FEW_PEOPLE: Final = 10
"""A group smaller than this might let somebody be recognised."""

_LEVEL: Final = 0.05
_STABILITY: Final = ((0.85, "very stable"), (0.75, "stable"), (0.6, "only a pattern"), (0.0, "unstable"))
_EFFECT: Final = ((0.8, "much "), (0.5, ""), (0.0, "slightly "))


def stability_words(stability: Interval) -> str:
    """Put a mean Jaccard similarity into words, by the thresholds of Hennig 2007, Comput. Stat. Data Anal. 52:258.

    >>> stability_words(Interval(0.93, 0.88, 0.97, 20))
    'very stable'
    """
    return next(words for threshold, words in _STABILITY if stability.estimate >= threshold)


def trait_words(trait: PersonaTrait) -> str:
    """Say how a trait differs, by the sizes of Cohen 1988, Statistical Power Analysis, 2.2.3.

    >>> from kohort.learning.wording import Bilingual
    >>> same = Bilingual("1", "1")
    >>> trait_words(PersonaTrait(Bilingual("orders", "commandes"), Interval(-1.2, -1.4, -1.0, 90), same, same))
    'much lower'
    """
    effect = trait.effect.estimate
    strength = next(words for threshold, words in _EFFECT if abs(effect) >= threshold)
    return f"{strength}{'higher' if effect > 0 else 'lower'}"


def outcome_words(table: OutcomeTable, row: OutcomeRow) -> str:
    """Say in one sentence how a group did against everybody else.

    >>> from datetime import UTC, datetime
    >>> from kohort.learning.wording import Bilingual
    >>> from kohort.measurement.outcomes import measure_outcomes
    >>> ids = [str(number) for number in range(100)]
    >>> [found] = measure_outcomes({"vip": set(ids[:50])}, everyone=set(ids), converted=set(ids[5:60]), value={})
    >>> table = OutcomeTable(Bilingual("ordered", "ont commandé"), Bilingual("8 weeks", "8 semaines"),
    ...                      datetime(2017, 11, 1, tzinfo=UTC), found.base, ())
    >>> print(outcome_words(table, OutcomeRow("segment", Bilingual("VIP", "VIP"), found)).replace(NARROW_SPACE, " "))
    VIP ordered in the next 8 weeks: 90.0 % [78.6–95.7] against 20.0 % of the others.
    """
    members, others, comparison = row.outcome.members, row.outcome.others, row.outcome.comparison
    if members is None:
        return f"{row.label.en}: nobody was in it at the split."
    rate = f"{percent(members.estimate)} {percent_range(members.low, members.high)}"
    said = f"{row.label.en} {table.did.en} in the next {table.horizon.en}: {rate}"
    if others is None or comparison is None:
        return f"{said}; there is nobody else to compare with."
    small = " Few cases: read the interval, not the estimate." if row.outcome.small else ""
    unclear = "" if comparison.adjusted_p_value < _LEVEL else ", which may be chance"
    return f"{said} against {percent(others.estimate)} of the others{unclear}.{small}"


def headlines(data: ReportData) -> list[str]:
    """Return what a reader should know if they read no further.

    >>> from datetime import UTC, datetime
    >>> now = datetime(2018, 1, 1, tzinfo=UTC)
    >>> headlines(ReportData("shop", now, now, "EUR", people=0, revenue=0))
    ['Nobody is known yet: ingest some data, then run kohort run.']
    """
    if not data.people:
        return ["Nobody is known yet: ingest some data, then run kohort run."]
    lines = _segment_lines(data)
    if data.discovery:
        lines.append(data.discovery.words.en)
    lines.extend(_outcome_lines(data))
    if data.findings:
        grave = [finding for finding in data.findings if finding.severity in {"warning", "error"}]
        total = count(len(data.findings))
        lines.append(f"Quality checks: {count(len(grave))} of {total} findings are warnings or errors.")
    return lines


def smallest_group(data: ReportData) -> int | None:
    """Return the size of the smallest group of people that the report shows, None if it shows none.

    >>> from datetime import UTC, datetime
    >>> now = datetime(2018, 1, 1, tzinfo=UTC)
    >>> smallest_group(ReportData("shop", now, now, "EUR", people=40, revenue=0))
    """
    sizes = [segment.size for segment in data.segments]
    if data.rfm:
        sizes += [people for row in data.rfm.people for people in row] + [cell.size for cell in data.rfm.cells]
    if data.discovery:
        sizes += [persona.people for persona in data.discovery.personas]
    if data.overlap:
        sizes += [people for row in data.overlap.shared for people in row]
    if data.intersections:
        sizes += [row.people for row in data.intersections.rows]
    return min((size for size in sizes if size), default=None)


def privacy_words(data: ReportData) -> list[str]:
    """Return what the file holds about people, for whoever decides with whom it is shared.

    >>> from datetime import UTC, datetime
    >>> now = datetime(2018, 1, 1, tzinfo=UTC)
    >>> len(privacy_words(ReportData("shop", now, now, "EUR", people=40, revenue=0)))
    2
    """
    lines = [
        "This page is one file: it loads nothing from anywhere and runs no script.",
        "It holds totals of groups, no names and no addresses.",
    ]
    if data.discovery and any(persona.example for persona in data.discovery.personas):
        lines.append("Each persona names one typical person by a pseudonymous id, which is still personal data.")
    if data.discovery and data.discovery.map:
        points = count(len(data.discovery.map.points))
        lines.append(f"The map shows {points} sampled people as dots without any id.")
    smallest = smallest_group(data)
    if smallest is not None:
        people = f"{count(smallest)} {'person' if smallest == 1 else 'people'}"
        care = ", so that somebody might be recognised: share it with care" if smallest < FEW_PEOPLE else ""
        lines.append(f"The smallest group shown holds {people}{care}.")
    return lines


def _segment_lines(data: ReportData) -> list[str]:
    lines = []
    filled = [segment for segment in data.segments if segment.share and not segment.note]
    if filled:
        largest = max(filled, key=lambda segment: segment.size)
        lines.append(
            f"The largest segment is {largest.label.en}: {count(largest.size)} of {count(data.people)} people "
            f"({percent(largest.share)})."
        )
        richest = max(filled, key=lambda segment: segment.revenue_share / segment.share)
        if richest.revenue_share > richest.share:
            times = decimal(richest.revenue_share / richest.share, 1)
            lines.append(
                f"Value is most concentrated in {richest.label.en}: {percent(richest.share)} of people bring "
                f"{percent(richest.revenue_share)} of revenue, {times}{NARROW_SPACE}times their share."
            )
    left_out = [segment.label.en for segment in data.segments if segment.note]
    if left_out:
        lines.append(f"Left out of this run: {', '.join(left_out)}.")
    return lines


def _outcome_lines(data: ReportData) -> list[str]:
    clear = [
        (abs(comparison.difference.estimate), outcome_words(table, row))
        for table in data.outcomes
        for row in table.rows
        if (comparison := row.outcome.comparison) and comparison.adjusted_p_value < _LEVEL and not row.outcome.small
    ]
    return [max(clear)[1]] if clear else []
