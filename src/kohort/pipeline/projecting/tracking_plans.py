"""By which tracking plan what the collector received is read: the one in force when it came, a journal record."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import zone_of
from kohort.definitions.tracking import TrackingPlan, tracking_plan_of
from kohort.storage.frames import Record
from kohort.storage.received import PlanAdopted
from kohort.storage.schemas import SCHEMAS

if TYPE_CHECKING:  # a process that reads needs no engines, and no Delta Lake
    from kohort.pipeline.workspace import Workspace
    from kohort.storage.tables import Tables


@dataclass(frozen=True)
class AdoptedPlan:
    """A tracking plan, and the zone of times without an offset."""

    plan: TrackingPlan
    zone: ZoneInfo


def adopt_plan(workspace: "Workspace") -> bool:
    """Record the plan of `tracking.yaml` if it is not the one in force; the caller holds the write lock.

    The tables must hold all of the journal. Raises DefinitionError if the file is wrong: then the old one stays.
    """
    path = workspace.folder.tracking
    document = workspace.folder.read_yaml(path) if path.exists() else {}
    tracking_plan_of(document, workspace.folder.name_of(path))
    text = msgspec.json.encode(document, order="deterministic").decode()
    said = PlanAdopted(text, workspace.settings.zone.key)
    if _last(workspace.tables.read("tracking_plans")) == said:
        return False
    workspace.journal.append("plan", [msgspec.json.encode(said)], recorded_at=workspace.clock.now())
    return True


def adopted_plan(tables: "Tables", *, before: int) -> PlanAdopted:
    """Return the plan that the tables say was in force before a journal record; an empty one if there was none."""
    rows = tables.read("tracking_plans")
    return _last(rows.filter(pc.less(rows.column("seq"), before))) or PlanAdopted("{}", "UTC")


def plan_of(said: PlanAdopted) -> AdoptedPlan:
    """Read a recorded plan.

    >>> plan_of(PlanAdopted('{"events":{"order_completed":{}}}', "Europe/Paris")).zone.key
    'Europe/Paris'
    """
    document = msgspec.json.decode(said.document)
    return AdoptedPlan(tracking_plan_of(document, "a tracking plan in the journal"), zone_of(said.time_zone))


def plan_row(said: PlanAdopted, record: Record) -> pa.Table:
    """Return the row of the table `tracking_plans` for a record."""
    row = {"seq": record.seq, "recorded_at": record.recorded_at, **msgspec.structs.asdict(said)}
    return pa.Table.from_pylist([row], schema=SCHEMAS["tracking_plans"])


def _last(rows: pa.Table) -> PlanAdopted | None:
    found = max(rows.to_pylist(), key=lambda row: int(row["seq"]), default=None)
    return PlanAdopted(found["document"], found["time_zone"]) if found else None
