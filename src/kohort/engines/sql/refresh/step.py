"""The features of one evaluation that goes on from an earlier one: what was kept is mended, and written down again."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from kohort.clock import Moment
from kohort.definitions.values import ValueType
from kohort.engines.context import Context
from kohort.engines.plan import Feature, Plan, build_plan
from kohort.engines.sql.dialects import dialect_of
from kohort.engines.sql.lookups import context_of, held_in
from kohort.engines.sql.refresh import statements
from kohort.engines.sql.refresh.change import Change
from kohort.engines.sql.refresh.memory import Memory
from kohort.engines.sql.refresh.record import Kept, fingerprint
from kohort.engines.sql.refresh.tables import KeptTable
from kohort.engines.sql.refresh.upkeep import Upkeep, groups_of
from kohort.engines.sql.statements import Place, Places, Statement, drop_table
from kohort.engines.sql.store import Store
from kohort.engines.sql.terms import Parameters
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Sequence
from kohort.rules.print import print_rule, print_value


@dataclass(frozen=True)
class Rescan:
    """A value for which the rows of all people were read again, the rules that ask for it, and why."""

    value: str
    rules: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Mended:
    """A plan's features as they are now: where they stand, and what the conditions need to know besides.

    `concerned` is the number of people of whom any was found anew, None: everybody. `rescans` are those for which
    mending did not do.
    """

    context: Context
    places: Places
    concerned: int | None
    rescans: tuple[Rescan, ...]


@contextmanager
def mended(store: Store, catalog: Catalog, plan: Plan, memory: Memory) -> Iterator[Mended]:
    """Bring the features of `plan` that are kept up to date, and write down what is kept once they have been used."""
    step = Step(store, catalog, memory)
    change = step.look_up(plan)
    concerned = step.mend(plan, change)
    yield Mended(change.after, step.places, concerned, step.rescans(plan))
    step.end()


class Step:
    """The way of the features in `memory` from the state that was kept to that of now, on `store`.

    `places` is where each feature of the plan stands once it is mended.
    """

    def __init__(self, store: Store, catalog: Catalog, memory: Memory) -> None:
        self._store = store
        self._dialect = dialect_of(store.dialect)
        self._catalog = catalog
        self._memory = memory
        self._made = memory.kept.tables
        self._texts: dict[str, str] = {}
        self._values: dict[str, list[Any]] = {}
        self._earliest: Moment | None = None
        self._scratch: list[str] = []
        self._rescanned: list[tuple[Feature, str]] = []
        self.places: dict[Feature, Place] = {}

    def look_up(self, plan: Plan) -> Change:
        """Return what changed; the texts of new rows are known from then on."""
        memory = self._memory
        after = context_of(plan, self._catalog, memory.at, self)
        before = None if memory.full is not None else replace(after, at=memory.kept.at)
        return Change(before, after, memory.events, memory.traits)

    def mend(self, plan: Plan, change: Change) -> int | None:
        """Bring the tables of `plan` up to date; return the number of people concerned, None if everybody is."""
        memory = self._memory
        known: dict[str, dict[Feature, Place]] = {}
        lacking: list[Feature] = []
        for feature in plan.features:
            place = self._kept.places.get(fingerprint(feature, self._catalog))
            if place is None:
                lacking.append(feature)
            else:
                known.setdefault(place.table, {})[feature] = place
        for name, its in known.items():
            (((upkeep, subject), _),) = groups_of(its, self._catalog).items()
            self._mend(KeptTable(name, upkeep, subject, its), change)
        number = max((place.index for place in self._kept.places.values()), default=-1) + 1
        for (upkeep, subject), features in groups_of(lacking, self._catalog).items():
            name = self._new_table()
            its = {feature: Place(name, number + place) for place, feature in enumerate(features)}
            number += len(features)
            parameters = Parameters(self._dialect)
            select = KeptTable(name, upkeep, subject, its).made(change, parameters)
            self._run_all(memory.shelf.make(name, select, parameters))
            self.places |= its
            if memory.full is None:
                self._rescanned += [(one, "it was not kept: its rule, or a property it reads, is new") for one in its]
        concerned = self._concerned()
        return None if lacking else concerned

    def end(self) -> None:
        """Drop what is no longer of use, and write down what is kept."""
        places = {fingerprint(feature, self._catalog): place for feature, place in self.places.items()}
        used = {place.table for place in places.values()} | set(self._texts.values())
        memory = self._memory
        kept = {place.table for place in memory.kept.places.values()} | set(memory.kept.texts.values())
        for name in self._scratch:
            self._run(drop_table(self._dialect, name))
        for name in sorted(kept - used):
            self._run_all(memory.shelf.drop(name))
        memory.write(Kept(memory.at, memory.loads, places, self._texts, self._earliest, self._made, memory.answers))

    def rescans(self, plan: Plan) -> tuple[Rescan, ...]:
        """Return the values for which the rows of all people were read again."""
        asking: dict[Feature, list[str]] = {}
        if self._rescanned:
            for name, rule in plan.rules.items():
                for feature in build_plan({name: rule}, self._catalog).features:
                    asking.setdefault(feature, []).append(name)
        return tuple(Rescan(_words(one), tuple(asking[one]), reason) for one, reason in self._rescanned)

    def values(self, event: str | None, name: str, type_: ValueType) -> list[Any]:
        """Return the distinct values that a property of `event`, or with None a trait, has had, kept ones included."""
        held = held_in(self._catalog, event, name, type_)
        memory = self._memory
        arrivals, subject = (memory.traits, name) if event is None else (memory.events, event)
        key = f"{arrivals.relation} {held} of {subject}"
        if key not in self._values:
            table = self._kept.texts.get(key)
            parameters = Parameters(self._dialect)
            if table is None:
                table = self._new_table()
                select = statements.new_values(subject, held, arrivals.anew, None, parameters)
                self._run_all(memory.shelf.make(table, select, parameters))
            else:
                select = statements.new_values(subject, held, arrivals, table, parameters)
                self._run_all(memory.shelf.add(table, select, "value", parameters))
            self._texts[key] = table
            self._values[key] = memory.fetch(statements.kept_values(self._dialect, table), "value")
        return self._values[key]

    def first_event(self) -> Moment | None:
        """Return the moment of the first event of all, None if there is none."""
        known, arrivals = self._kept.earliest, self._memory.events
        if known is None:
            arrivals = arrivals.anew
        (found,) = self._memory.fetch(statements.first_moment(self._dialect, arrivals), "first_ts")
        self._earliest = min((one for one in (known, found) if one is not None), default=None)
        return self._earliest

    @property
    def _kept(self) -> Kept:
        """What was kept, as far as it can be used."""
        return self._memory.kept if self._memory.full is None else Kept(self._memory.at)

    def _mend(self, table: KeptTable, change: Change) -> None:
        self.places |= table.places
        changes = self._new_scratch()
        self._run(table.changes(changes, change, self._dialect))
        (people,) = self._memory.fetch(statements.count_people(self._dialect, changes), "people")
        if not people:
            return
        if self._dialect.seeks:
            self._run(statements.look_over(self._dialect, changes))
        elif table.upkeep is Upkeep.PEOPLE:
            reason = (
                f"it cannot be mended by what came and went, and {self._dialect.name} finds what a few people did only "
                "by reading what everybody did"
            )
            self._rescanned += [(one, reason) for one in table.places]
        merged = self._new_scratch()
        self._run(table.merged(merged, changes, change, self._dialect))
        self._run_all(self._memory.shelf.mend(table.name, changes, merged, table.columns()))

    def _concerned(self) -> int:
        if not self._scratch:
            return 0
        statement = statements.count_concerned(self._dialect, self._scratch, self._memory.at)
        (people,) = self._memory.fetch(statement, "people")
        return int(people)

    def _new_table(self) -> str:
        name = f"{self._memory.name}_{self._made}"
        self._made += 1
        return name

    def _new_scratch(self) -> str:
        self._scratch.append(f"{self._memory.name}_scratch_{len(self._scratch)}")
        return self._scratch[-1]

    def _run(self, statement: Statement) -> None:
        self._store.run(statement.text, statement.values)

    def _run_all(self, statements: Iterable[Statement]) -> None:
        for one in statements:
            self._run(one)


def _words(feature: Feature) -> str:
    return print_rule(feature.measure) if isinstance(feature.measure, Sequence) else print_value(feature.measure)
