"""The law of an engine that remembers: going on from what was kept gives what a new beginning gives.

It is held over random worlds whose rows are loaded in two or three batches, late ones and such from the future among
them, while time passes and the rules that are asked for change.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from kohort.clock import Moment
from kohort.engines.reference import Reference
from kohort.engines.sql.refresh.engine import IncrementalEngine
from kohort.rules.nodes import Rule
from kohort.testing.random_values import moments
from kohort.testing.relations import relations_of
from kohort.testing.suite.base import examples, members_of
from kohort.testing.worlds import World, worlds


@dataclass(frozen=True)
class Load:
    """What is there after a batch was loaded: the world, and the cursor of each of its events and values, by its id.

    Consent, whose values have no id and are found anew from all choices, is there from the first batch on.
    """

    world: World
    cursors: Mapping[str, int]

    def relations(self) -> dict[str, pa.Table]:
        """Return the relations with the columns of their cursors."""
        found = relations_of(self.world)
        for name, id_, cursor in (("events", "event_id", "received_at"), ("trait_values", "value_id", "recorded_at")):
            cursors = pa.array([self.cursors.get(one, 0) for one in found[name][id_].to_pylist()], pa.int64())
            found[name] = found[name].append_column(cursor, cursors)
        return found


@st.composite
def loads(draw: st.DrawFn) -> Sequence[Load]:
    """Worlds that come in two or three batches, each looked at no earlier than the one before."""
    world = draw(worlds(most_rules=4))
    times = sorted(draw(st.lists(moments(), min_size=2, max_size=3)))
    ids = [one.event_id for person in world.people for one in person.events]
    ids += [one.value_id for person in world.people for one in person.traits]
    batches = {id_: draw(st.integers(0, len(times) - 1)) for id_ in ids}
    asked = [draw(st.sets(st.sampled_from(sorted(world.rules)), min_size=1)) for _ in times]
    return [
        Load(_until(world, batches, batch, at, {name: world.rules[name] for name in sorted(names)}), batches)
        for batch, (at, names) in enumerate(zip(times, asked, strict=True))
    ]


def _until(world: World, batches: Mapping[str, int], batch: int, at: Moment, rules: Mapping[str, Rule]) -> World:
    """Return the world with what was loaded up to a batch."""
    people = tuple(
        replace(
            person,
            events=tuple(one for one in person.events if batches[one.event_id] <= batch),
            traits=tuple(one for one in person.traits if batches[one.value_id] <= batch),
        )
        for person in world.people
    )
    return replace(world, people=people, rules=rules, at=at)


class RefreshLaws(ABC):
    """What is true of every refresh; a subclass says how data reach an engine."""

    @abstractmethod
    def engine_of(self, load: Load) -> IncrementalEngine:
        """Return an engine on the relations of `load`, in place of earlier ones, that remembers what others kept."""

    def rules_of(self, load: Load) -> Mapping[str, Rule]:
        """Return the rules as the engine is to be asked for them."""
        return load.world.rules

    @examples(60)
    @given(loads())
    def test_going_on_gives_what_a_new_beginning_gives(self, batches: Sequence[Load]) -> None:
        for number, load in enumerate(batches):
            world = load.world
            found = self.engine_of(load).refresh(self.rules_of(load), world.at, full=number == 0)
            assert (found.full is None) is (number > 0)
            reference = Reference(world.people, world.catalog, world.at)
            assert members_of(found.evaluation) == reference.evaluate(world.rules)
            anew = self.engine_of(load).evaluate(self.rules_of(load), world.at)
            assert anew.statistics == found.evaluation.statistics
            assert found.recomputed <= found.evaluation.population == anew.population
