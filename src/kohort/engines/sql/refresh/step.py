"""One refresh under way: what was kept is read, mended, and written down again, all in one transaction of the store."""

from dataclasses import dataclass, replace
from typing import Any

from kohort.clock import Moment
from kohort.definitions.values import ValueType
from kohort.engines.plan import Feature, Plan, build_plan
from kohort.engines.sql.dialects import dialect_of
from kohort.engines.sql.lookups import context_of, held_in
from kohort.engines.sql.refresh import statements
from kohort.engines.sql.refresh.change import Arrivals, Change
from kohort.engines.sql.refresh.people import BEFORE_ALL
from kohort.engines.sql.refresh.record import Kept, fingerprint
from kohort.engines.sql.refresh.tables import KeptTable
from kohort.engines.sql.refresh.upkeep import Upkeep, groups_of
from kohort.engines.sql.statements import Place, Statement, drop_table
from kohort.engines.sql.store import Store
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Sequence
from kohort.rules.print import print_rule, print_value


@dataclass(frozen=True)
class Cursors:
    """The columns that tell in which order rows were loaded: `events` of the events, `traits` of the trait values.

    Each is an integer, never NULL, and greater in a row that is loaded than in all rows that could be read before it.
    """

    events: str = "received_at"
    traits: str = "recorded_at"


@dataclass(frozen=True)
class Rescan:
    """A value for which the rows of all people were read again, the rules that ask for it, and why."""

    value: str
    rules: tuple[str, ...]
    reason: str


class Step:
    """The way of the tables `name…` in `store` from their last state to a later one.

    `full` is why nothing that was kept can be used, None if it can; `places` is where each feature of the plan stands.
    """

    def __init__(self, store: Store, catalog: Catalog, name: str) -> None:
        self._store = store
        self._dialect = dialect_of(store.dialect)
        self._catalog = catalog
        self._name = name
        self._made = 0
        self._texts: dict[str, str] = {}
        self._values: dict[str, list[Any]] = {}
        self._earliest: Moment | None = None
        self._scratch: list[str] = []
        self._old = Kept(BEFORE_ALL, BEFORE_ALL, BEFORE_ALL)
        self._rescanned: list[tuple[Feature, str]] = []
        self.full: str | None = None
        self.places: dict[Feature, Place] = {}

    def begin(self, at: Moment, cursors: Cursors, upto: int, *, full: bool) -> None:
        """Read what was kept, look how far the data have come, and decide whether it can be used."""
        self._run(statements.make_record(self._dialect, self._name))
        documents = self._fetch(statements.read_record(self._dialect, self._name), "document")
        # Of two that run at once the second waits here, and fails when the first is through.
        self._run(statements.clear_record(self._dialect, self._name))
        old = Kept.of_json(documents[0]) if documents else None
        if old is not None:
            self._old = old
        self._at = at
        self._made = self._old.tables
        events = self._arrivals(Arrivals("events", "ts", "event_id", cursors.events, self._old.events, upto))
        traits = self._arrivals(Arrivals("trait_values", "set_at", "value_id", cursors.traits, self._old.traits, upto))
        self.full = self._reason(documents, old, events, traits, full=full)
        if self.full is not None:
            events, traits = replace(events, since=None), replace(traits, since=None)
        self._events, self._traits = events, traits

    def look_up(self, plan: Plan) -> Change:
        """Return what changed; the texts of new rows are known from then on."""
        after = context_of(plan, self._catalog, self._at, self)
        before = None if self.full is not None else replace(after, at=self._old.at)
        return Change(before, after, self._events, self._traits)

    def mend(self, plan: Plan, change: Change) -> int | None:
        """Bring the tables of `plan` up to date; return the number of people concerned, None if everybody is."""
        known: dict[str, dict[Feature, Place]] = {}
        lacking: list[Feature] = []
        for feature in plan.features:
            place = None if self.full is not None else self._old.places.get(fingerprint(feature, self._catalog))
            if place is None:
                lacking.append(feature)
            else:
                known.setdefault(place.table, {})[feature] = place
        for name, its in known.items():
            (((upkeep, subject), _),) = groups_of(its, self._catalog).items()
            self._mend(KeptTable(name, upkeep, subject, its), change)
        number = max((place.index for place in self._old.places.values()), default=-1) + 1
        for (upkeep, subject), features in groups_of(lacking, self._catalog).items():
            name = self._new_table()
            its = {feature: Place(name, number + place) for place, feature in enumerate(features)}
            number += len(features)
            self._run(KeptTable(name, upkeep, subject, its).made(change, self._dialect))
            self.places |= its
            if self.full is None:
                self._rescanned += [(one, "it was not kept: its rule, or a property it reads, is new") for one in its]
        concerned = self._concerned()
        return None if lacking else concerned

    def end(self) -> None:
        """Drop what is no longer of use, and write down what is kept."""
        places = {fingerprint(feature, self._catalog): place for feature, place in self.places.items()}
        used = {place.table for place in places.values()} | set(self._texts.values())
        kept = {place.table for place in self._old.places.values()} | set(self._old.texts.values())
        for name in [*self._scratch, *sorted(kept - used)]:
            self._run(drop_table(self._dialect, name))
        kept_now = Kept(self._at, self._events.upto, self._traits.upto, places, self._texts, self._earliest, self._made)
        self._run(statements.write_record(self._dialect, self._name, kept_now.to_json()))

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
        arrivals, subject = (self._traits, name) if event is None else (self._events, event)
        key = f"{arrivals.relation} {held} of {subject}"
        if key not in self._values:
            table = None if self.full is not None else self._old.texts.get(key)
            if table is None:
                table = self._new_table()
                whole = replace(arrivals, since=None)
                self._run(statements.keep_values(self._dialect, table, subject, held, whole))
            else:
                self._run(statements.add_values(self._dialect, table, subject, held, arrivals))
            self._texts[key] = table
            self._values[key] = self._fetch(statements.kept_values(self._dialect, table), "value")
        return self._values[key]

    def first_event(self) -> Moment | None:
        """Return the moment of the first event of all, None if there is none."""
        known = None if self.full is not None else self._old.earliest
        arrivals = self._events if known is not None else replace(self._events, since=None)
        (found,) = self._fetch(statements.first_moment(self._dialect, arrivals), "first_ts")
        self._earliest = min((one for one in (known, found) if one is not None), default=None)
        return self._earliest

    def _arrivals(self, arrivals: Arrivals) -> Arrivals:
        """Return `arrivals` up to the last row that is there."""
        whole = replace(arrivals, since=None)
        (latest,) = self._fetch(statements.latest_cursor(self._dialect, whole), "latest")
        return replace(arrivals, upto=BEFORE_ALL if latest is None else latest)

    def _reason(
        self, documents: list[Any], old: Kept | None, events: Arrivals, traits: Arrivals, *, full: bool
    ) -> str | None:
        if full:
            return "it was asked for"
        if not documents:
            return "nothing was kept"
        if old is None:
            return "what was kept cannot be read"
        if self._at < old.at:
            return "the moment lies before the one that was kept"
        if events.upto < old.events or traits.upto < old.traits:
            return "rows that were loaded are gone"
        return None

    def _mend(self, table: KeptTable, change: Change) -> None:
        self.places |= table.places
        changes = self._new_scratch()
        self._run(table.changes(changes, change, self._dialect))
        (people,) = self._fetch(statements.count_people(self._dialect, changes), "people")
        if not people:
            return
        if table.upkeep is Upkeep.PEOPLE and not self._dialect.seeks:
            reason = (
                f"it cannot be mended by what came and went, and {self._dialect.name} finds all that {people:,} "
                "people did only by reading what everybody did"
            )
            self._rescanned += [(one, reason) for one in table.places]
        merged = self._new_scratch()
        self._run(table.merged(merged, changes, change, self._dialect))
        self._run(statements.delete_people(self._dialect, table.name, changes))
        self._run(statements.insert_rows(self._dialect, table.name, merged, table.columns()))

    def _concerned(self) -> int:
        if not self._scratch:
            return 0
        (people,) = self._fetch(statements.count_concerned(self._dialect, self._scratch, self._at), "people")
        return int(people)

    def _new_table(self) -> str:
        name = f"{self._name}_{self._made}"
        self._made += 1
        self._run(drop_table(self._dialect, name))
        return name

    def _new_scratch(self) -> str:
        self._scratch.append(f"{self._name}_scratch_{len(self._scratch)}")
        return self._scratch[-1]

    def _run(self, statement: Statement) -> None:
        self._store.run(statement.text, statement.values)

    def _fetch(self, statement: Statement, name: str) -> list[Any]:
        found: list[Any] = self._store.fetch(statement.text, statement.values)[name].to_pylist()
        return found


def _words(feature: Feature) -> str:
    return print_rule(feature.measure) if isinstance(feature.measure, Sequence) else print_value(feature.measure)
