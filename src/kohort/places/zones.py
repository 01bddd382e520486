"""Micro-zones: cells of H3 merged until each holds enough people that nobody is told by theirs."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kohort.places.cells import centre_of, parents_of

Cells = NDArray[np.uint64]
Counts = NDArray[np.int64]

EVERYWHERE: Final = np.uint64(0)
"""The zone of all, where there are fewer people than a zone must hold."""


def zones_of(cells: Cells, counts: Counts, *, least: int, resolution: int) -> Cells:
    """Return the zone of each cell, shape (cells,): the cell at which so many people were together.

    `cells` are distinct cells of H3 of one `resolution` with `counts` people, both of shape (cells,). From the finest
    cells upwards, a cell becomes a zone as soon as at least `least` people are in it who are in no zone yet; all others
    wait for the next coarser cell. This is cloaking from the bottom up through a pyramid (Mokbel, Chow and Aref, The
    New Casper, VLDB 2006) by k-anonymity (Sweeney 2002), on the hierarchy of H3, with one difference: a zone keeps its
    people, so that zones share nobody. Who is left at the coarsest cells, fewer than `least` in each, is one zone if
    they are enough together, or else joins the zone whose people are nearest by the mean of their cells' centres. All
    are `EVERYWHERE` if they are fewer than `least` in all. The order of cells changes nothing.

    >>> cells = np.array([0x881FB46625FFFFF, 0x881FB46641FFFFF], np.uint64)
    >>> [f"{one:x}" for one in zones_of(cells, np.array([12, 3]), least=10, resolution=8)]
    ['881fb46625fffff', '881fb46625fffff']
    """
    zones = np.zeros(len(cells), np.uint64)
    if counts.sum() < least:
        return zones
    order = np.argsort(cells, kind="stable")
    waiting, at = order, cells[order]
    for level in range(resolution, -1, -1):
        if not len(waiting):
            return zones
        at = parents_of(at, level)
        names, groups = np.unique(at, return_inverse=True)
        enough = (np.bincount(groups, weights=counts[waiting], minlength=len(names)) >= least)[groups]
        zones[waiting[enough]] = at[enough]
        waiting, at = waiting[~enough], at[~enough]
    if len(waiting):
        zones[waiting] = _rest(cells, counts, zones, waiting, least)
    return zones


def _rest(cells: Cells, counts: Counts, zones: Cells, waiting: NDArray[np.int64], least: int) -> np.uint64:
    """Return the zone of those whom no cell of the coarsest held enough of."""
    if counts[waiting].sum() >= least:
        return np.uint64(cells[waiting].min())
    placed = np.setdiff1d(np.arange(len(cells)), waiting)
    placed = placed[np.argsort(cells[placed], kind="stable")]
    names, groups = np.unique(zones[placed], return_inverse=True)
    centres = np.array([centre_of(int(cell)) for cell in cells[placed]]) * counts[placed][:, None]
    sums = np.column_stack([np.bincount(groups, weights=centres[:, axis], minlength=len(names)) for axis in range(3)])
    means = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    own = (np.array([centre_of(int(cell)) for cell in cells[waiting]]) * counts[waiting][:, None]).sum(axis=0)
    return np.uint64(names[np.argmax(means @ own)])
