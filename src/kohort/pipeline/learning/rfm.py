"""The grid of recency and frequency: how many people have which scores, and what they spent."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.definitions.rfm import RfmDefinition
from kohort.definitions.values import MICRO, ValueType
from kohort.engines.columns import MISSING, NO_CODE
from kohort.learning.value.rfm import RfmCell
from kohort.pipeline.scoring import rfm_cells
from kohort.pipeline.segments.crowds import Crowd
from kohort.pipeline.workspace import Workspace
from kohort.reports.data import RfmCellRow, RfmGrid


@dataclass(frozen=True)
class RfmFound:
    """The grid of the score `name` as of `at`; the traits are `{name}_recency`, `_frequency` and `_cell`."""

    name: str
    at: Moment
    grid: RfmGrid


def rfm_found(workspace: Workspace, at: Moment) -> RfmFound | None:
    """Return the grid of the first RFM score as of a moment, None where none is declared or was computed."""
    definition = next((one for one in workspace.scores if isinstance(one, RfmDefinition)), None)
    crowd = Crowd.of(workspace, at)
    if definition is None or f"{definition.name}_cell" not in crowd.catalog.traits:
        return None
    recency, frequency = (crowd.numbers(f"{definition.name}_{axis}") for axis in ("recency", "frequency"))
    codes, keys = crowd.codes(f"{definition.name}_cell")
    scored = crowd.existing & (recency != MISSING) & (frequency != MISSING) & (codes != NO_CODE)
    spent = _spent(workspace, crowd)
    rows, columns, _ = definition.levels
    grid = (recency[scored] // MICRO - 1) * columns + frequency[scored] // MICRO - 1
    people = np.bincount(grid, minlength=rows * columns).reshape(rows, columns)
    value = np.zeros(rows * columns, dtype=np.int64)
    np.add.at(value, grid, spent[scored])
    cells = np.array([*keys, ""], dtype=object)[codes[scored]]
    return RfmFound(
        definition.name,
        at,
        RfmGrid(
            people=tuple(tuple(row) for row in people.tolist()),
            mean_value=tuple(
                tuple(spent // count if count else None for spent, count in zip(*row, strict=True))
                for row in zip(value.reshape(rows, columns).tolist(), people.tolist(), strict=True)
            ),
            cells=_rows(rfm_cells(definition), cells, spent[scored], int(spent[crowd.existing].sum())),
        ),
    )


def _spent(workspace: Workspace, crowd: Crowd) -> NDArray[np.int64]:
    revenue = workspace.settings.revenue
    if revenue is None or ValueType.NUMBER not in crowd.catalog.events.get(revenue[0], {}).get(revenue[1], {}):
        return np.zeros(len(crowd.existing), dtype=np.int64)
    return crowd.sums(*revenue)


def _rows(
    declared: Sequence[RfmCell], cells: NDArray[np.object_], spent: NDArray[np.int64], total: int
) -> tuple[RfmCellRow, ...]:
    rows = []
    for cell in declared:
        inside = cells == cell.key
        share = float(inside.mean()) if len(cells) else 0.0
        revenue = int(spent[inside].sum()) / total if total else 0.0
        rows.append(RfmCellRow(cell.label, int(inside.sum()), share, revenue, cell.key))
    return tuple(rows)
