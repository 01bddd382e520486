"""Methods compared, trees and preparation in the report: tables that a marketer reads, in both languages."""

from dataclasses import replace

from html_reading import Page
from method_builder import distances, preparation, row, tree
from report_builder import discovery, shop

from kohort.learning.wording import Bilingual
from kohort.reports.data import ReportData
from kohort.reports.method_tables import cuts_table, methods_table
from kohort.reports.page import render_report


def compared() -> ReportData:
    """Return the report of a search that compared three methods, one of which was refused."""
    methods = (
        row("k_means", 4, 0.9, 0.85),
        row("ward", 3, 0.95, 0.8, taken=True, words="holds, and finds what k-means cannot"),
        row("dbscan", 0, words="not run: too many pairs"),
    )
    found = replace(
        discovery(), method="ward", methods=methods, dendrograms=(tree(),), distances=distances(),
        preparation=preparation(),
    )  # fmt: skip
    return replace(shop(), discovery=found)


def test_methods_stand_beside_one_another_with_the_reason_in_words() -> None:
    found = compared().discovery
    assert found is not None
    rows = methods_table(found.methods).rows
    assert rows[1] == (
        Bilingual("ward method (chosen)", "méthode ward (choisie)"),
        "3", "12.5\u202f%", "0.50 ± 0.01", "0.80", "6.0", "–",
        Bilingual("holds, and finds what k-means cannot", "holds, and finds what k-means cannot (fr)"),
    )  # fmt: skip
    assert rows[2][1:7] == ("–",) * 6, "a method that was not run has no figures"


def test_the_report_shows_methods_trees_the_curve_and_the_preparation() -> None:
    page = Page(render_report(compared()))
    assert page.unmatched == []
    tables = page.tables()
    assert [line[0].split(" (")[0] for line in tables["Methods compared on the same people"][1:]] == [
        "k_means method méthode k_means", "ward method", "dbscan method méthode dbscan",
    ]  # fmt: skip
    assert tables["What each cut divides"][2] == ["3 (cut)", "4.00", "4 + 3"]
    assert tables["Distance to the neighbour"][3] == ["50\u202f%", "0.30"]
    assert tables["How features became points"][1][3:] == ["2.50", "0.10", "25.0\u202f%"]
    ids = {one.attributes.get("id") for one in page.elements}
    assert {"figure-tree-ward", "figure-distances", "methods", "preparation"} <= ids
    text = page.text()
    assert "cophenetic correlation of 0.87" in text
    assert "corrélation cophénétique de 0,87" in text
    assert "spend is left out" in text


def test_the_table_of_candidates_says_gaps_as_shares() -> None:
    rows = Page(render_report(shop())).tables()["What each number of clusters is worth"]
    assert rows[0][-2:] == ["Tighter than one ellipse", "Tighter than chance"]
    assert rows[1][-2:] == ["4.9\u202f%", "3.0\u202f%"], "gaps of 0.05 and 0.03 are differences of logarithms"


def test_without_a_comparison_nothing_is_said_of_one() -> None:
    ids = {one.attributes.get("id") for one in Page(render_report(shop())).elements}
    assert not ids & {"methods", "preparation", "figure-tree-ward", "figure-distances"}


def test_a_table_of_cuts_goes_a_little_beyond_the_cut() -> None:
    assert [line[0] for line in cuts_table(tree(), 2).rows] == ["2 (cut)", "3", "4"]
