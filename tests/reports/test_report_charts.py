"""Charts draw the numbers they are given, in colours that can be told apart, by day and by night."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from method_builder import distances, tree
from report_builder import (
    candidate,
    cluster_map,
    discovery,
    findings,
    intersections,
    nothing_found,
    outcome,
    overlap,
    rfm,
    segments,
    sizes,
)

from kohort.errors import UsageError
from kohort.reports import charts, cluster_charts, method_charts
from kohort.reports.data import IntersectionRow, IntersectionTable, Overlap, RfmGrid
from kohort.reports.palette import ACCENT, GRAVE, INK, MUTED, PAPER, SECOND, VARIABLES
from kohort.reports.svg import render_svg
from kohort.reports.theme import AnyChart

NAMES = ("Frequent", "Evening", "Discount", "Rare")

ALL: dict[str, Callable[[], AnyChart]] = {
    "segment_sizes": lambda: charts.segment_sizes(segments()),
    "sizes_over_time": lambda: charts.sizes_over_time(sizes()),
    "rfm_grid": lambda: charts.rfm_grid(rfm()),
    "overlap": lambda: charts.overlap(overlap()),
    "intersections": lambda: charts.intersections(intersections()),
    "outcomes": lambda: charts.outcomes(outcome()),
    "quality": lambda: charts.quality(findings()),
    "k_selection": lambda: cluster_charts.k_selection(discovery()),
    "k_selection without a choice": lambda: cluster_charts.k_selection(nothing_found()),
    "cluster_map": lambda: cluster_charts.cluster_map(cluster_map(50), NAMES),
    "cluster_picture": lambda: cluster_charts.cluster_picture(cluster_map(50).points, NAMES),
    "dendrogram": lambda: method_charts.dendrogram(tree(), 3),
    "dendrogram without a cut": lambda: method_charts.dendrogram(tree(), 0),
    "neighbour_distances": lambda: method_charts.neighbour_distances(distances()),
}


def records(chart: AnyChart) -> list[dict[str, object]]:
    """Return the rows of all data inside a chart."""
    found: list[dict[str, object]] = []

    def walk(part: object) -> None:
        if isinstance(part, dict):
            found.extend(part.get("data", {}).get("values", []))
            for one in part.values():
                walk(one)
        elif isinstance(part, list):
            for one in part:
                walk(one)

    walk(chart.to_dict())
    return found


@pytest.mark.parametrize("name", ALL)
def test_a_chart_on_a_page_takes_all_its_colours_from_the_page(name: str) -> None:
    ALL[name]().to_dict(validate=True)
    svg = render_svg(ALL[name](), name="one", title="A title", description="A description.")
    painted = set(re.findall(r'(?:fill|stroke)="([^"]*)"', svg))
    variables = {f"var({variable})" for variable in VARIABLES.values()}
    assert {one for one in painted if not one.startswith("url(#one-")} <= variables | {"none", "transparent"}
    assert '<title id="one-title">A title</title>' in svg
    assert "font-family" not in svg


def test_segment_sizes_draw_both_shares() -> None:
    drawn = [row for row in records(charts.segment_sizes(segments())) if row["segment"] == "VIP"]
    assert {row["of"]: row["share"] for row in drawn} == {"share of people": 0.05, "share of revenue": 0.221}


def test_intersections_draw_a_dot_for_each_segment_and_a_bar_for_each_count() -> None:
    drawn = records(ALL["intersections"]())
    assert {(row["row"], row["segment"]) for row in drawn if row.get("inside")} == {
        (0, "Reactive"), (2, "VIP"), (2, "Reactive"), (3, "VIP"),
    }  # fmt: skip
    assert [row["people"] for row in drawn if "people" in row] == [1_160, 740, 80, 20]
    assert {(row["first"], row["last"]) for row in drawn if "first" in row} == {
        ("Reactive", "Reactive"), ("VIP", "Reactive"), ("VIP", "VIP"),
    }  # fmt: skip


def test_rfm_grid_draws_everybody() -> None:
    drawn = records(charts.rfm_grid(rfm()))
    assert len(drawn) == 25
    assert sum(int(str(row["people"])) for row in drawn) == 2_000
    [best] = [row for row in drawn if row["recency"] == row["frequency"] == 5]
    assert (best["people"], best["value"]) == (200, "ø 520")


def test_outcomes_draw_rates_with_their_intervals_and_skip_empty_groups() -> None:
    drawn = {row["group"]: row for row in records(charts.outcomes(outcome())) if "group" in row}
    assert set(drawn) == {"VIP", "Discount hunters"}
    assert drawn["VIP"]["rate"] == 0.94
    assert float(str(drawn["VIP"]["low"])) < 0.94 < float(str(drawn["VIP"]["high"]))


def test_k_selection_marks_the_choice() -> None:
    drawn = records(cluster_charts.k_selection(discovery()))
    assert {"k": 4} in drawn
    assert {"k": 4} not in records(cluster_charts.k_selection(nothing_found()))
    silhouettes = [row for row in drawn if row.get("k") == 4 and "silhouette" in row]
    assert all(row["low"] == pytest.approx(0.328) and row["high"] == pytest.approx(0.352) for row in silhouettes)


def test_gaps_are_drawn_as_shares_of_what_is_left_with_three_standard_errors() -> None:
    row = replace(candidate(2), ellipse_gap=math.log(4), copula_gap=0.0, copula_gap_error=math.log(2) / 3)
    found = replace(discovery(), candidates=(row,))
    drawn = {str(one["crowd"]): one for one in records(cluster_charts.gap_curve(found)) if "crowd" in one}
    assert drawn["than one ellipse"]["tighter"] == pytest.approx(0.75), "a quarter of the inertia is left"
    chance = drawn["than chance"]
    assert (chance["tighter"], chance["low"], chance["high"]) == pytest.approx((0.0, -1.0, 0.5))


def test_curves_of_k_means_mark_no_choice_of_another_method() -> None:
    other = replace(discovery(), method="hdbscan")
    assert {"k": 4} not in records(cluster_charts.k_selection(other))


def test_the_map_draws_each_person_once_and_numbers_each_cluster_inside() -> None:
    clusters = cluster_map(200)
    drawn = records(cluster_charts.cluster_map(clusters, NAMES))
    people = sorted((row["x"], row["y"]) for row in drawn[:200])
    assert people == sorted((round(point.x, 3), round(point.y, 3)) for point in clusters.points)
    assert {row["number"] for row in drawn[200:]} == {"1", "2", "3", "4"}
    assert {str(row["cluster"]).split(maxsplit=1)[1] for row in drawn[:200]} == set(NAMES)
    left, right = min(point.x for point in clusters.points), max(point.x for point in clusters.points)
    assert all(left < float(str(row["x"])) < right for row in drawn[200:])


@given(st.lists(st.sets(st.integers(0, 8)), min_size=2, max_size=5))
def test_overlap_agrees_with_sets(groups: list[set[int]]) -> None:
    shared = tuple(tuple(len(one & other) for other in groups) for one in groups)
    found = Overlap(tuple(map(str, range(len(groups)))), shared)
    for number, one in enumerate(groups):
        for position, other in enumerate(groups):
            either = len(one | other)
            assert found.jaccard(number, position) == (len(one & other) / either if either else 0)
            assert found.row_share(number, position) == (len(one & other) / len(one) if one else 0)


def test_shapes_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UsageError, match="symmetric"):
        Overlap(("a", "b"), ((2, 1), (0, 2)))
    with pytest.raises(UsageError, match="one row and one column"):
        Overlap(("a", "b"), ((2, 1),))
    with pytest.raises(UsageError, match="have a name"):
        IntersectionTable(("a",), (IntersectionRow((1,), 3),), 3)
    with pytest.raises(UsageError, match="one row per recency score"):
        RfmGrid(((1, 2), (3,)), ((1, 2), (3,)), ())


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def themes() -> list[dict[str, str]]:
    """Return the light and the dark colours of the page by variable."""
    style = files("kohort.reports").joinpath("templates/report.css").read_text(encoding="utf-8")
    light, dark = (dict(re.findall(r"(--[\w-]+): (#\w{6})", block)) for block in style.split("@media")[:2])
    return [light, dark]


def test_the_light_page_has_the_colours_of_the_charts() -> None:
    light, dark = themes()
    assert {colour: light[variable] for colour, variable in VARIABLES.items()} == {one: one for one in VARIABLES}
    assert dark.keys() == light.keys()


@pytest.mark.parametrize("theme", themes(), ids=["light", "dark"])
def test_text_can_be_read_by_day_and_by_night(theme: dict[str, str]) -> None:
    for colour in (INK, MUTED, ACCENT, SECOND, GRAVE):
        for ground in (theme[VARIABLES[PAPER]], theme["--panel"]):
            assert contrast(theme[VARIABLES[colour]], ground) >= 4.5, (colour, ground)
    for number in range(8):
        assert contrast(theme[f"--group-{number}"], theme[VARIABLES[PAPER]]) >= 2
