"""Scores: computed for everybody as of a moment, kept as an immutable file, recorded in the journal."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kohort.clock import DAY, Moment
from kohort.definitions.rfm import RfmDefinition
from kohort.definitions.score import BehaviourDefinition
from kohort.definitions.splits import SplitDefinition
from kohort.definitions.values import MICRO, ValueType
from kohort.learning.value.rfm import DEFAULT_CELLS, RfmCell, ScoreRange, score_rfm
from kohort.learning.wording import Bilingual
from kohort.pipeline.facts import facts_until
from kohort.pipeline.workspace import Workspace
from kohort.profiles.behaviour import Split, behaviour_traits, trait_types
from kohort.storage.records import ScoreRun

_UNITS: Final[Mapping[str, int]] = {"recency": DAY, "frequency": 1, "monetary": MICRO}
"""In what units limits of RFM are told, as counted here."""


def behaviour_scores(
    workspace: Workspace, definition: BehaviourDefinition, at: Moment
) -> tuple[pa.Table, dict[str, ValueType]]:
    """Return each person's behaviour traits as of `at` (column person_id and one a trait), and the traits' types."""
    wanted = {"value": (definition.value, ValueType.NUMBER)}
    wanted |= {trait: (name, ValueType.NUMBER) for trait, name in definition.shares}
    if definition.items:
        wanted["items"] = (definition.items, ValueType.NUMBER)
    if definition.place:
        wanted["place"] = (definition.place, ValueType.TEXT)
    splits = [_split(one) for one in definition.splits]
    wanted |= {split.column: (one.name, ValueType.TEXT) for split, one in zip(splits, definition.splits, strict=True)}
    orders = _orders(workspace, definition, wanted, at)
    shares = [trait for trait, _ in definition.shares]
    items, place = bool(definition.items), bool(definition.place)
    traits = behaviour_traits(
        orders,
        at=at,
        zone=workspace.settings.zone.key,
        trend=definition.trend,
        shares=shares,
        items=items,
        place=place,
        splits=splits,
    )
    return traits, behaviour_types(definition)


def behaviour_types(definition: BehaviourDefinition) -> dict[str, ValueType]:
    """Return the traits that a definition of habits writes, with their types."""
    shares, splits = [trait for trait, _ in definition.shares], [_split(one) for one in definition.splits]
    return trait_types(shares, items=bool(definition.items), place=bool(definition.place), splits=splits)


def rfm_scores(workspace: Workspace, definition: RfmDefinition, at: Moment) -> tuple[pa.Table, dict[str, ValueType]]:
    """Return each person's RFM scores as of `at`, from the orders of the definition's window."""
    orders = _orders(workspace, definition, {"value": (definition.value, ValueType.NUMBER)}, at)
    recent = orders.filter(pc.greater(orders.column("ts"), at - definition.window))
    people = recent.group_by("person_id").aggregate([("ts", "max"), ("ts", "count"), ("value", "sum")])
    people = people.sort_by([("person_id", "ascending")])
    scores = score_rfm(
        recency=at - people.column("ts_max").to_numpy(),
        frequency=people.column("ts_count").to_numpy(),
        monetary=pc.fill_null(people.column("value_sum"), 0).to_numpy(),
        levels=definition.levels,
        weights=definition.weights,
        cells=rfm_cells(definition),
        limits={axis: [one * _UNITS[axis] for one in values] for axis, values in definition.limits.items()},
    )
    numbers = (scores.recency, scores.frequency, scores.monetary, scores.composite)
    types = rfm_types(definition)
    columns = dict(zip(types, (*map(_micros, numbers), list(scores.cells)), strict=True))
    return pa.table({"person_id": people.column("person_id")} | columns), types


def rfm_types(definition: RfmDefinition) -> dict[str, ValueType]:
    """Return the traits that a definition of RFM writes, with their types."""
    numbers = [f"{definition.name}_{part}" for part in ("recency", "frequency", "monetary", "score")]
    return {**dict.fromkeys(numbers, ValueType.NUMBER), f"{definition.name}_cell": ValueType.TEXT}


def rfm_cells(definition: RfmDefinition) -> Sequence[RfmCell]:
    """Return the named cells of a definition, Kohort's own if it declares none."""
    if not definition.cells:
        return DEFAULT_CELLS
    return [
        RfmCell(cell.name, Bilingual(cell.label["en"], cell.label["fr"]), tuple(ScoreRange(*box) for box in cell.boxes))
        for cell in definition.cells
    ]


def record_scores(
    workspace: Workspace,
    score: str,
    table: pa.Table,
    types: Mapping[str, ValueType],
    at: Moment,
    marks: Mapping[str, str] | None = None,
) -> ScoreRun:
    """Keep a score's values as an immutable file and append its run to the journal; people not scored lose theirs.

    `marks` names, for traits of which some values were made, the column of `table` that says how.
    """
    run = keep_scores(workspace, score, everybody(workspace, table), types, at, marks)
    workspace.journal.append("scores", [msgspec.json.encode(run)], recorded_at=workspace.clock.now())
    return run


def everybody(workspace: Workspace, table: pa.Table) -> pa.Table:
    """Return scores (column person_id and one a trait) with everybody else too, who have none, in the order of ids."""
    everyone = workspace.tables.read("actors").column("person_id").unique()
    missing = everyone.filter(pc.invert(pc.is_in(everyone, value_set=table.column("person_id").combine_chunks())))
    nothing = {name: pa.nulls(len(missing), table.schema.field(name).type) for name in table.column_names[1:]}
    full = pa.concat_tables([table, pa.table({"person_id": missing, **nothing}).cast(table.schema)])
    return full.sort_by([("person_id", "ascending")])


def keep_scores(
    workspace: Workspace,
    score: str,
    full: pa.Table,
    types: Mapping[str, ValueType],
    at: Moment,
    marks: Mapping[str, str] | None = None,
) -> ScoreRun:
    """Keep the scores of `everybody` as an immutable file, and return what a record says of it."""
    buffer = BytesIO()
    pq.write_table(full, buffer, compression="zstd")
    file = workspace.keep_file("scores", buffer.getvalue(), ".parquet")
    return ScoreRun(score, at, file, {name: str(kind) for name, kind in types.items()}, dict(marks or {}))


def _orders(
    workspace: Workspace,
    definition: RfmDefinition | BehaviourDefinition,
    properties: Mapping[str, tuple[str, ValueType]],
    at: Moment,
) -> pa.Table:
    return facts_until(workspace, definition.event, properties, at, where=f'score "{definition.name}"')


def _split(split: SplitDefinition) -> Split:
    by = None if split.by == "orders" else split.by
    return Split(f"split by {split.name}", split.values, split.traits, by)


def _micros(values: np.ndarray) -> np.ndarray:
    return np.rint(np.asarray(values, dtype=np.float64) * 1_000_000).astype(np.int64)
