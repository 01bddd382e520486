"""The numbers behind each chart, as tables that a screen reader, a printer and a copy command can use."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from markupsafe import Markup

from kohort.definitions.gates import DIMENSIONS
from kohort.definitions.values import MICRO
from kohort.learning.cards import ModelCard
from kohort.learning.wording import Bilingual
from kohort.reports.checks import Check, Detail
from kohort.reports.data import (
    ClusterMap,
    DiscoveryReport,
    IntersectionTable,
    OutcomeTable,
    Overlap,
    RfmGrid,
    SegmentRow,
    SizePoint,
    SourceScores,
)
from kohort.reports.formatting import count, date, decimal, money, percent, percent_range, probability, timestamp
from kohort.stats.intervals import Interval
from kohort.storage.records import Finding

LONGEST: Final = 200
_ABSENT: Final = "–"
_SECTIONS: Final = {
    Detail.PERSONAS: ("personas", "Personas"),
    Detail.CURVES: ("selection", "Curves"),
    Detail.METHODS: ("methods", "Methods compared"),
    Detail.PREPARATION: ("preparation", "Features"),
    Detail.PERIODS: ("over-time", "Over time"),
    Detail.CONVERSION: ("foretold", "What they foretell"),
    Detail.VALUE: ("value", "Value"),
}
"""Where more stands of a check: the id of the section, and its name."""


@dataclass(frozen=True)
class Table:
    """A caption, the heads of the columns, and rows whose first cell names the row.

    A cell is text, or the same text in both languages. `words` are the columns, from 0, that hold words and not
    numbers.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | Bilingual, ...], ...]
    words: frozenset[int] = frozenset({0})


def segments_table(segments: Sequence[SegmentRow], currency: str) -> Table:
    """Return sizes and revenue of each segment.

    >>> vip = SegmentRow("vip", Bilingual("VIP", "VIP"), "", "clv in top 5%", 5, 0.05, 80_000_000, 0.2)
    >>> segments_table([vip], "EUR").rows[0][1:] == ("5", percent(0.05), money(80_000_000, "EUR"), percent(0.2))
    True
    """
    return Table(
        "Segments: people and revenue",
        ("Segment", "People", "Share of people", "Revenue", "Share of revenue"),
        tuple(
            (
                one.label,
                count(one.size),
                percent(one.share),
                money(one.revenue, currency),
                percent(one.revenue_share),
            )
            for one in segments
        ),
    )


def sizes_table(points: Sequence[SizePoint]) -> Table:
    """Return one row per moment, the latest first, and one column per segment.

    >>> from datetime import UTC, datetime
    >>> sizes_table([SizePoint("VIP", datetime(2017, 1, day, tzinfo=UTC), 10 * day) for day in (1, 2)]).rows[0][1]
    '20'
    """
    names = list(dict.fromkeys(point.segment for point in points))
    sizes = {(point.at, point.segment): count(point.size) for point in points}
    moments = sorted({point.at for point in points}, reverse=True)
    rows = tuple((at.date().isoformat(), *(sizes.get((at, name), _ABSENT) for name in names)) for at in moments)
    return _limited("Size of each segment over time", ("Day", *names), rows)


def rfm_table(grid: RfmGrid, currency: str) -> Table:
    """Return people and mean value for each pair of scores that somebody has, the best first.

    >>> [row[:2] for row in rfm_table(RfmGrid(((3, 0), (1, 2)), ((1, None), (1, 1)), ()), "EUR").rows]
    [('R2 F2', '2'), ('R2 F1', '1'), ('R1 F1', '3')]
    """
    recencies, frequencies = grid.levels
    rows = tuple(
        (
            f"R{recency + 1} F{frequency + 1}",
            count(grid.people[recency][frequency]),
            _ABSENT if (mean := grid.mean_value[recency][frequency]) is None else money(mean, currency),
        )
        for recency in reversed(range(recencies))
        for frequency in reversed(range(frequencies))
        if grid.people[recency][frequency]
    )
    return Table("People by recency (R) and frequency (F) score", ("Scores", "People", "Mean value"), rows)


def cells_table(grid: RfmGrid) -> Table:
    """Return the named cells of the RFM cube, the largest first.

    >>> from kohort.reports.data import RfmCellRow
    >>> cells = [RfmCellRow(Bilingual(name, name), size, 0.5, 0.5) for name, size in (("Lost", 1), ("Loyal", 9))]
    >>> [row[0].en for row in cells_table(RfmGrid((), (), tuple(cells))).rows]
    ['Loyal', 'Lost']
    """
    return Table(
        "RFM groups: people and revenue",
        ("Group", "People", "Share of people", "Share of revenue"),
        tuple(
            (cell.name, count(cell.size), percent(cell.share), percent(cell.revenue_share))
            for cell in sorted(grid.cells, key=lambda cell: -cell.size)
        ),
    )


def candidates_table(discovery: DiscoveryReport) -> Table:
    """Return what each number of clusters was worth; the chosen one is named so."""
    chosen = discovery.k_of_candidates
    return Table(
        "What each number of clusters is worth",
        (
            "Clusters",
            "Inertia left",
            "Silhouette ± SE",
            "Squared silhouette",
            "Weakest stability",
            "Mean stability",
            "Smallest cluster",
            "Border density",
            "Tighter than one ellipse",
            "Tighter than chance",
        ),
        tuple(
            (
                f"{one.k}{' (chosen)' if one.k == chosen else ''}{' (elbow)' if one.k == discovery.elbow else ''}",
                percent(one.inertia_share),
                f"{decimal(one.silhouette, 3)} ± {decimal(one.silhouette_error, 3)}",
                decimal(one.silhouette_squared, 3),
                decimal(one.weakest_stability),
                decimal(one.mean_stability),
                percent(one.smallest_share),
                decimal(one.border_density),
                percent(one.tighter_than_ellipse),
                percent(one.tighter_than_chance),
            )
            for one in discovery.candidates
        ),
    )


def card_table(card: ModelCard, score: str) -> Table:
    """Return the figures of a model's card with their intervals.

    >>> from kohort.learning.cards import Figure
    >>> words = Bilingual("AUC", "AUC")
    >>> card = ModelCard(words, words, words, (Figure("auc", words, Interval(0.8, 0.75, 0.85, 90)),), words)
    >>> card_table(card, "fits").rows[0][1:]
    ('0.800', '0.750 – 0.850')
    """
    rows = [
        (one.words, decimal(one.value.estimate, one.places),
         f"{decimal(one.value.low, one.places)} – {decimal(one.value.high, one.places)}")
        for one in card.figures
    ]  # fmt: skip
    return Table(f"How good {score} is", ("What", "Estimate", "Interval of 95 %"), tuple(rows))


def validation_table(checks: Sequence[Check], caption: str = "What was checked of the groups") -> Table:
    """Return each check with its answer, the figure that decided with its interval, and what was required."""
    return Table(
        caption,
        ("Question", "Holds", "Answer", "Found", "Required", "How", "More"),
        tuple((one.question, str(one.held), one.answer, _told(one), one.bar, one.method, _more(one)) for one in checks),
        frozenset({0, 1, 2, 4, 5, 6}),
    )


def _more(check: Check) -> Markup:
    """Return a link to the section of the report where more stands, empty where there is none."""
    if check.details is None:
        return Markup()
    anchor, title = _SECTIONS[check.details]
    return Markup('<a href="#{}">{}</a>').format(anchor, title)


def _told(check: Check) -> str:
    said = check.told
    if said is None:
        return _ABSENT
    write = percent if check.is_share else decimal
    apart = f" [{write(said.low)}–{write(said.high)}]" if said.low < said.high else ""
    return f"{write(said.estimate)}{apart}"


def loadings_table(clusters: ClusterMap) -> Table:
    """Return how much each trait pulls along both axes of the map, the strongest first.

    >>> from kohort.reports.data import Loading
    >>> pulls = (Loading(Bilingual("age", "âge"), 0.1, 0.2), Loading(Bilingual("orders", "commandes"), -0.9, 0.0))
    >>> [row[1] for row in loadings_table(ClusterMap((), (0.5, 0.3), pulls)).rows]
    ['−0.90', '0.10']
    """
    ordered = sorted(clusters.loadings, key=lambda one: -max(abs(one.x), abs(one.y)))
    first, second = (percent(share, 0) for share in clusters.explained)
    return Table(
        "What the axes of the map are made of",
        ("Trait", f"Across ({first} of variance)", f"Up ({second} of variance)"),
        tuple((one.trait, decimal(one.x), decimal(one.y)) for one in ordered),
    )


def overlap_table(overlap: Overlap) -> Table:
    """Return every pair of segments that shares people, the most alike first.

    >>> overlap_table(Overlap(("VIP", "Upsell"), ((10, 5), (5, 20)))).rows[0][:2]
    ('VIP and Upsell', '5')
    """
    pairs = sorted(combinations(range(len(overlap.names)), 2), key=lambda pair: -overlap.jaccard(*pair))
    rows = tuple(
        (
            f"{overlap.names[one]} and {overlap.names[other]}",
            count(overlap.shared[one][other]),
            percent(overlap.row_share(one, other)),
            percent(overlap.row_share(other, one)),
            decimal(overlap.jaccard(one, other)),
        )
        for one, other in pairs
        if overlap.shared[one][other]
    )
    columns = ("Pair", "People in both", "Share of the first", "Share of the second", "Jaccard")
    return _limited("People whom two segments share", columns, rows)


def intersections_table(found: IntersectionTable) -> Table:
    """Return every intersection that somebody is in, the largest first.

    >>> from kohort.reports.data import IntersectionRow
    >>> both = IntersectionTable(("VIP", "New"), (IntersectionRow((0, 1), 3), IntersectionRow((), 2)), 5)
    >>> intersections_table(both).rows == (("VIP + New", "3", percent(0.6)), ("none of them", "2", percent(0.4)))
    True
    """
    rows = tuple(
        (
            " + ".join(found.names[number] for number in row.segments) or "none of them",
            count(row.people),
            percent(row.people / found.people),
        )
        for row in found.rows
    )
    return _limited("People in exactly these segments", ("Segments", "People", "Share of people"), rows)


def outcomes_table(table: OutcomeTable, currency: str) -> Table:
    """Return the rate of each group against everybody else, with 95 % intervals."""
    rows = []
    for row in table.rows:
        found, comparison = row.outcome, row.outcome.comparison
        rows.append(
            (
                row.label,
                count(found.members.n) if found.members else "0",
                _rate(found.members),
                _rate(found.others),
                _rate(comparison.difference) if comparison else _ABSENT,
                _ratio(comparison.lift) if comparison else _ABSENT,
                probability(comparison.adjusted_p_value) if comparison else _ABSENT,
                money(round(found.value_per_member * MICRO), currency),
                money(round(found.value_per_other * MICRO), currency),
            )
        )
    return Table(
        f"Who {table.did.en} within {table.horizon.en} of {date(table.split)}; everybody: {_rate(table.base)}",
        (
            "Group",
            "Members",
            "Members’ rate",
            "Others’ rate",
            "Difference",
            "Lift",
            "p (Holm)",
            "Value per member",
            "Value per other",
        ),
        tuple(rows),
    )


def gravest_first(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings by how grave they are, and among those alike by the share that they are of; else as they come.

    >>> found = [Finding("gap", "events", "visit", severity, 1, None, "") for severity in ("info", "error")]
    >>> [one.severity for one in gravest_first(found)]
    ['error', 'info']
    """
    order = {"error": 0, "warning": 1, "info": 2}
    return sorted(findings, key=lambda one: (order.get(one.severity, 3), -(one.share or 0.0)))


def findings_table(findings: Sequence[Finding]) -> Table:
    """Return every finding, the gravest first.

    >>> found = [Finding("gap", "events", "visit", severity, 1, None, "") for severity in ("info", "error")]
    >>> [row[1] for row in findings_table(found).rows]
    ['error', 'info']
    """
    rows = tuple(
        (
            one.check,
            one.severity,
            one.subject,
            one.detail,
            count(one.count),
            _ABSENT if one.share is None else percent(one.share),
        )
        for one in gravest_first(findings)
    )
    columns = ("Check", "Severity", "On", "What was found", "Count", "Share")
    return _limited("Quality findings", columns, rows, words=frozenset({0, 1, 2, 3}))


def scores_table(sources: Sequence[SourceScores]) -> Table:
    """Return each source with its reliability and its scores, from 0 to 100.

    >>> scores_table([SourceScores("crm", 91.5, {"validity": 0.9})]).rows[0][:2]
    ('crm', '91.5')
    """
    rows = tuple(
        (
            one.source,
            _ABSENT if one.reliability is None else decimal(one.reliability, 1),
            *(decimal(100 * one.scores[name], 1) if name in one.scores else _ABSENT for name in DIMENSIONS),
        )
        for one in sources
    )
    columns = ("Source", "Reliability", *(str(one).capitalize() for one in DIMENSIONS))
    return _limited("Scores of sources", columns, rows, words=frozenset({0}))


def loads_table(sources: Sequence[SourceScores]) -> Table:
    """Return the loads of each source, the newest first."""
    rows = tuple(
        (
            one.source,
            point.load,
            timestamp(point.at),
            _ABSENT if point.reliability is None else decimal(point.reliability, 1),
            "stopped" if point.stopped else "taken in",
        )
        for one in sources
        for point in reversed(one.loads)
    )
    return _limited("Loads", ("Source", "Load", "At", "Reliability", ""), rows, words=frozenset({0, 1, 2, 4}))


def _rate(interval: Interval | None) -> str:
    if interval is None:
        return _ABSENT
    return f"{percent(interval.estimate)} {percent_range(interval.low, interval.high)}"


def _ratio(interval: Interval) -> str:
    return f"×{decimal(interval.estimate)} [{decimal(interval.low)}–{decimal(interval.high)}]"


def _limited(
    caption: str,
    columns: tuple[str, ...],
    rows: tuple[tuple[str | Bilingual, ...], ...],
    *,
    words: frozenset[int] = frozenset({0}),
) -> Table:
    shown = f" (the first {LONGEST} of {count(len(rows))})" if len(rows) > LONGEST else ""
    return Table(caption + shown, columns, rows[:LONGEST], words)
