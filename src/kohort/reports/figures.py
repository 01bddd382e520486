"""A chart with its words and its table: on the page, no chart stands alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from markupsafe import Markup

from kohort.learning.value.results import ValueStudy
from kohort.reports import charts, cluster_charts, importance_charts, quality_charts, tables, value_charts
from kohort.reports.data import (
    ClusterMap,
    DiscoveryReport,
    GoalImportance,
    IntersectionTable,
    OutcomeTable,
    Overlap,
    RfmGrid,
    SegmentRow,
    SizePoint,
    SourceScores,
)
from kohort.reports.formatting import clean, percent
from kohort.reports.importance import importance_table
from kohort.reports.svg import render_svg
from kohort.reports.tables import Table
from kohort.reports.theme import AnyChart
from kohort.reports.value_tables import calibration_table, worth_table
from kohort.storage.records import Finding

MOST_SEGMENTS: Final = 20
MOST_CURVES: Final = 12
MOST_OVERLAPS: Final = 12
MOST_INTERSECTIONS: Final = 12


@dataclass(frozen=True)
class Figure:
    """A drawn chart: `name` is its id on the page, `caption` says how to read it; `table` may follow another figure.

    `french` is the caption in French, where there is one.
    """

    name: str
    title: str
    caption: str
    svg: Markup
    table: Table | None
    french: str = ""


def segment_sizes(segments: Sequence[SegmentRow], currency: str) -> Figure:
    """Draw the sizes of the largest segments; the table holds all.

    >>> from kohort.learning.wording import Bilingual
    >>> vip = SegmentRow("vip", Bilingual("VIP", "VIP"), "", "clv in top 5%", 5, 0.05, 80_000_000, 0.2)
    >>> figure = segment_sizes([vip], "EUR")
    >>> figure.name, figure.svg[:4], len(figure.table.rows)
    ('segment-sizes', Markup('<svg'), 1)
    """
    shown = sorted(segments, key=lambda one: -one.size)[:MOST_SEGMENTS]
    caption = "A segment whose revenue bar is longer than its people bar spends more than its share."
    if len(shown) < len(segments):
        caption += f" The {MOST_SEGMENTS} largest are drawn."
    table = tables.segments_table(segments, currency)
    return _figure("segment-sizes", "Size and value of each segment", caption, charts.segment_sizes(shown), table)


def sizes_over_time(points: Sequence[SizePoint]) -> Figure:
    """Draw the history of the segments that are largest today; the table holds all."""
    latest = {point.segment: point.size for point in sorted(points, key=lambda point: point.at)}
    largest = set(sorted(latest, key=lambda name: -latest[name])[:MOST_CURVES])
    shown = [point for point in points if point.segment in largest]
    caption = "Each curve has its own scale, from zero; the last size is written."
    table = tables.sizes_table(points)
    return _figure("sizes-over-time", "Size over time", caption, charts.sizes_over_time(shown), table)


def overlap(segments: Overlap) -> Figure:
    """Draw which share of each segment is in another one too."""
    sizes = [segments.shared[number][number] for number in range(len(segments.names))]
    kept = sorted(sorted(range(len(sizes)), key=lambda number: -sizes[number])[:MOST_OVERLAPS])
    shown = Overlap(
        tuple(segments.names[one] for one in kept),
        tuple(tuple(segments.shared[one][other] for other in kept) for one in kept),
    )
    caption = "Of the people in a row’s segment, the percentage who are in the column’s segment too."
    return _figure("overlap", "Who is in two segments", caption, charts.overlap(shown), tables.overlap_table(segments))


def intersections(found: IntersectionTable) -> Figure:
    """Draw the largest intersections of segments; the table holds all."""
    shown = replace(found, rows=found.rows[:MOST_INTERSECTIONS])
    caption = "Each person counts once: a row holds those who are in all the segments of its dots and in no other."
    french = (
        "Chacun compte une fois : une ligne réunit ceux qui sont dans tous les segments marqués, et dans aucun autre."
    )
    if len(shown.rows) < len(found.rows):
        caption += f" The {MOST_INTERSECTIONS} largest rows are drawn."
        french += f" Les {MOST_INTERSECTIONS} lignes les plus grandes sont dessinées."
    figure = _figure(
        "intersections",
        "Who is in exactly which segments",
        caption,
        charts.intersections(shown),
        tables.intersections_table(found),
    )
    return replace(figure, french=french)


def rfm_grid(grid: RfmGrid, currency: str) -> Figure:
    """Draw people by recency and frequency."""
    caption = f"Number of people, and below it their mean value in {currency}; darker where more people are."
    return _figure(
        "rfm-grid", "Recency and frequency", caption, charts.rfm_grid(grid), tables.rfm_table(grid, currency)
    )


def cluster_map(clusters: ClusterMap, names: Sequence[str]) -> Figure:
    """Draw sampled people on a plane; `names[n]` is that of cluster n, which the page numbers n + 1."""
    seen = percent(sum(clusters.explained), 0)
    caption = (
        f"Each dot is a person, placed so that similar people lie close together; the plane keeps {seen} of the "
        "variance, so groups that touch here may be apart in what it hides."
    )
    chart = cluster_charts.cluster_map(clusters, names)
    return _figure("cluster-map", "Where the personas lie", caption, chart, tables.loadings_table(clusters))


def k_selection(discovery: DiscoveryReport) -> list[Figure]:
    """Draw elbow, silhouette, stability and gap; one table holds what all four show."""
    required = percent(discovery.required_stability, 0)
    return [
        _figure(
            "inertia",
            "Elbow",
            "Variance left inside clusters, as a share of all: it always falls; the elbow is where it stops paying.",
            cluster_charts.inertia_curve(discovery),
            None,
        ),
        _figure(
            "silhouette",
            "Silhouette",
            "Nearer to one’s own cluster than to the next? Bars are one standard error. Shown beside, never decides.",
            cluster_charts.silhouette_curve(discovery),
            None,
        ),
        _figure(
            "stability",
            "Stability",
            f"Do clusters come back when people are drawn again? Mean Jaccard; {required} was required of the weakest.",
            cluster_charts.stability_curve(discovery),
            None,
        ),
        _figure(
            "gap",
            "Tighter (gap)",
            "How much less variance is left than in crowds without groups; bars are three standard errors.",
            cluster_charts.gap_curve(discovery),
            tables.candidates_table(discovery),
        ),
    ]


def outcomes(number: int, table: OutcomeTable, currency: str) -> Figure:
    """Draw the rates of one outcome; `number` tells several apart."""
    caption = (
        f"Dots are rates, bars their 95 % intervals; the dashed line is everybody: {percent(table.base.estimate)}."
    )
    title = f"Who {table.did.en} in the next {table.horizon.en}"
    return _figure(f"outcome-{number}", title, caption, charts.outcomes(table), tables.outcomes_table(table, currency))


def importance(number: int, found: GoalImportance) -> list[Figure]:
    """Draw which variables matter for one goal; `number` tells several apart."""
    study = found.study
    lost = "What is no longer told of the goal without a variable and those that say the same"
    return [
        _figure(
            f"importance-{number}",
            f"What matters for: {found.did.en}",
            f"{lost}, with 95 % intervals that hold together.",
            importance_charts.importances(study.variables),
            importance_table(study),
        ),
        _figure(
            f"priorities-{number}",
            "What to do about each",
            "The higher, the more it tells; the further right, the more people have it. Dashed: 80 % of people.",
            importance_charts.priorities(study.variables),
            None,
        ),
        _figure(
            f"associations-{number}",
            "What says the same",
            "Rank correlations, and their like for categories; the other colour where one rises as the other falls.",
            importance_charts.associations(study.names, study.associations),
            None,
        ),
    ]


def value(number: int, study: ValueStudy, currency: str) -> list[Figure]:
    """Draw what people will be worth, and whether such a forecast held; `number` tells several scores apart."""
    found = [
        _figure(
            f"value-{number}",
            "What tenths of people are worth",
            "The mean a person; lines are where it lies in nine worlds of ten that were drawn.",
            value_charts.deciles(study.deciles),
            worth_table(study, currency),
        )
    ]
    if study.holdout is not None:
        caption = "Dots are what people spent, with 95 % intervals; the bars across are what was foretold."
        chart, table = value_charts.calibration(study.holdout.by_decile), calibration_table(study.holdout, currency)
        found.append(_figure(f"foretold-{number}", "Foretold and happened", caption, chart, table))
    return found


def quality(findings: Sequence[Finding]) -> Figure:
    """Draw the share that each finding affects."""
    caption = f"The {charts.LONGEST_QUALITY} widest findings of a known share; the table holds every finding."
    return _figure(
        "quality", "How much each finding affects", caption, charts.quality(findings), tables.findings_table(findings)
    )


def source_scores(sources: Sequence[SourceScores]) -> Figure:
    """Draw the score of each source by dimension."""
    caption = "From 0 to 100, darker the more is lacking; a dot where nothing could be measured."
    chart = quality_charts.source_scores(sources)
    return _figure("source-scores", "How good each source is", caption, chart, tables.scores_table(sources))


def reliability(sources: Sequence[SourceScores]) -> Figure:
    """Draw the reliability of each source from load to load."""
    caption = "Reliability, 0 to 100, load by load; hollow dots are loads that a gate has stopped."
    chart = quality_charts.reliability_over_loads(sources)
    return _figure("reliability", "From load to load", caption, chart, tables.loads_table(sources))


def drawn(name: str, title: str, caption: str, chart: AnyChart) -> Figure:
    """Draw a chart that whoever shows it puts a table beside, of the same numbers."""
    return _figure(name, title, caption, chart, None)


def _figure(name: str, title: str, caption: str, chart: AnyChart, table: Table | None) -> Figure:
    svg = render_svg(chart, name=name, title=clean(title), description=clean(caption))
    return Figure(name, title, caption, Markup(svg), table)  # noqa: S704 - drawn and escaped by render_svg
