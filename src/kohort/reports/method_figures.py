"""The charts of compared methods with their words and tables, for the report."""

from collections.abc import Iterator
from dataclasses import replace

from kohort.reports import method_charts, method_tables
from kohort.reports.chart_words import DendrogramWords
from kohort.reports.data import DiscoveryReport
from kohort.reports.figures import Figure, drawn
from kohort.reports.formatting import count, decimal


def method_figures(discovery: DiscoveryReport) -> list[Figure]:
    """Draw each tree that was grown, and the curve of DBSCAN; nothing where neither was asked for.

    >>> from kohort.learning.wording import Bilingual
    >>> method_figures(DiscoveryReport("no", Bilingual("", ""), None, None, False, 0.75, ()))
    []
    """
    return [*_trees(discovery), *_curve(discovery)]


def _trees(discovery: DiscoveryReport) -> Iterator[Figure]:
    rows = {one.method: one for one in discovery.methods}
    for top in discovery.dendrograms:
        row = rows[top.method]
        correlation = decimal(top.cophenetic)
        caption = (
            f"The highest {count(len(top.merges))} merges of {count(top.people)} people; below the cut stands how many "
            f"each group holds. The tree keeps distances with a cophenetic correlation of {correlation}, 1 being all."
        )
        french = (
            f"Les {count(len(top.merges))} plus hautes fusions de {count(top.people)} personnes\u202f; sous la coupe, "
            f"l’effectif de chaque groupe. L’arbre garde les distances avec une corrélation cophénétique de "
            f"{correlation.replace('.', ',')}, 1 étant le tout."
        )
        words = DendrogramWords(cut=f"cut into {row.k}")
        chart = method_charts.dendrogram(top, row.k, words)
        figure = drawn(f"tree-{top.method}", f"Tree: {row.name.en}", caption, chart)
        yield replace(figure, french=french, table=method_tables.cuts_table(top, row.k))


def _curve(discovery: DiscoveryReport) -> Iterator[Figure]:
    curve = discovery.distances
    if curve is None:
        return
    caption = (
        f"How far people are from their neighbour number {curve.neighbours}, in ascending order. DBSCAN takes the "
        f"distance at the bend as its radius: past it people live alone."
    )
    french = (
        f"La distance de chacun à son voisin n°\u202f{curve.neighbours}, par ordre croissant. DBSCAN prend pour rayon "
        f"la distance au coude\u202f: au-delà, on vit seul."
    )
    figure = drawn("distances", "How DBSCAN finds its radius", caption, method_charts.neighbour_distances(curve))
    yield replace(figure, french=french, table=method_tables.distances_table(curve))
