"""Since when people are in a segment, or out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from kohort.clock import Moment
from kohort.engines.columns import Block, History
from kohort.engines.plan import Plan, build_plan
from kohort.engines.timelines.courses import Stretch
from kohort.engines.timelines.timeline import timelines
from kohort.pipeline.mapped.histories import people_of
from kohort.pipeline.recording import current_memberships
from kohort.pipeline.segments.changes import last_changes, whole
from kohort.pipeline.segments.epochs import latest_epoch, pinned_statistics
from kohort.pipeline.workspace import Workspace
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Rule
from kohort.segments.membership import Membership


@dataclass(frozen=True)
class Presence:
    """Finds since when, from the history as it is known now; through the population's numbers, from the log."""

    workspace: Workspace
    history: History
    catalog: Catalog
    segment: str
    rule: Rule

    def since(self, people: Sequence[str], at: Moment) -> dict[str, Moment | None]:
        """Return since when each of `people`, who exist at `at`, is what they are then, in or out; None if unknown."""
        return {
            person: since
            for ids, block in people_of(self.history, people)
            for person, since in zip(ids, self._of_block(block, ids, at), strict=True)
        }

    def _of_block(self, block: Block, ids: Sequence[str], at: Moment) -> list[Moment | None]:
        if not self._plan.terms:
            course = timelines(self._plan, block, whole(block, at), self.catalog)[""]
            return [since for since, _ in last_changes(course, len(ids))]
        epoch, pinned = latest_epoch(self.workspace, at), pinned_statistics(self.workspace, at)
        if epoch is None or pinned is None or self._plan.terms.keys() - pinned.by_key.keys():
            return [None] * len(ids)
        course = timelines(self._plan, block, Stretch(epoch.at, at), self.catalog, pinned)[""]
        found = zip(ids, last_changes(course, len(ids)), strict=True)
        return [self._logged(one, epoch.at, holds) if since is None else since for one, (since, holds) in found]

    def _logged(self, person: str, at: Moment, holds: bool) -> Moment | None:
        """Return since when the log has a person in, or out, at the epoch of `at`."""
        for one in self._recorded.get(person, ()):
            inside = one.entered_at <= at and (one.left_at is None or one.left_at > at)
            if holds and inside:
                return one.entered_at
        left = [one.left_at for one in self._recorded.get(person, ()) if one.left_at is not None and one.left_at <= at]
        return None if holds else max(left, default=None)

    @cached_property
    def _plan(self) -> Plan:
        return build_plan({"": self.rule}, self.catalog)

    @cached_property
    def _recorded(self) -> Mapping[str, list[Membership]]:
        found: dict[str, list[Membership]] = {}
        for row in current_memberships(self.workspace.tables).to_pylist():
            if row["segment"] == self.segment:
                found.setdefault(row["person_id"], []).append(Membership(**row))
        return found
