"""The law of the mapped history: grown with what comes, it is what it would be if it were made anew."""

import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.engines.columns import History, Rows
from kohort.pipeline.mapped import generations, growing, histories, joining, mapping
from kohort.pipeline.mapped.generations import NEVER
from kohort.pipeline.mapped.histories import open_history
from kohort.pipeline.workspace import Workspace
from kohort.project import Project
from kohort.rules.catalog import Catalog
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables

EVENTS = ("visit", 'Odd "name" %41', "order")
COLUMNS = {"total": pa.int64(), "shop": pa.string(), "gift": pa.bool_(), "coupons": pa.list_(pa.string())}
TRAITS = ("tier", "city")
STEPS = (
    "events", "events", "events", "traits", "people", "merge", "merge", "split", "split", "earlier", "join", "fold",
    "ask", "ask", "ask", "whole", "anew",
)  # fmt: skip

Told = Mapping[str, tuple[int, Mapping[tuple[str, str], Sequence[Any]]]]


@dataclass
class World:
    """What the tables hold, as plain rows, and how it is written to them; `chance` decides what comes."""

    tables: Tables
    chance: Random
    persons: dict[str, str] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    traits: list[dict[str, Any]] = field(default_factory=list)
    stored: dict[str, tuple[str, int]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    written: int = 0

    def step(self, name: str) -> None:
        getattr(self, f"tell_{name}")()

    def tell_events(self) -> None:
        """Events of known actors, now and then of one whom the tables of people get later; times meet often."""
        rows = [self._event() for _ in range(self.chance.randint(1, 4))]
        self.events += rows
        columns = {name for row in rows for name in row} & COLUMNS.keys()
        fixed = SCHEMAS["events"]
        schema = pa.schema([*fixed, *(pa.field(name, COLUMNS[name]) for name in sorted(columns))])
        self.tables.append("events", pa.Table.from_pylist(rows, schema=schema), watermark=self._next())

    def _event(self) -> dict[str, Any]:
        chance = self.chance
        row: dict[str, Any] = {
            "event_id": f"e{chance.randint(0, 10**6)}",
            "actor_id": self._actor(),
            "name": chance.choice(EVENTS),
            "ts": chance.randint(0, 9),
            "received_at": 0,
            "source": chance.choice("ab"),
        }
        values = {"total": chance.randint(-3, 3), "shop": chance.choice("xyz"), "gift": chance.random() < 0.5,
                  "coupons": chance.choice([[], ["s"], ["s", "v"]])}  # fmt: skip
        return row | {name: value for name, value in values.items() if chance.random() < 0.4}

    def _actor(self) -> str:
        if not self.persons or self.chance.random() < 0.1:
            actor = f"{self.chance.randint(0, 999):03}"
            self.named.add(actor)
            return actor
        return self.chance.choice(sorted(self.persons))

    def tell_traits(self) -> None:
        rows = []
        for _ in range(self.chance.randint(1, 3)):
            name, value = self.chance.choice(TRAITS), self.chance.randint(0, 2)
            row: dict[str, Any] = dict.fromkeys(SCHEMAS["trait_values"].names)
            row |= {"actor_id": self._actor(), "name": name, "value_id": str(self.chance.random()), "source": "crm"}
            row |= {"set_at": self.chance.randint(0, 5), "recorded_at": 0, "removed": False}
            row |= {"text": "pqr"[value]} if name == "city" else {"number": value}
            rows.append(row)
        self.traits += rows
        table = pa.Table.from_pylist(rows, schema=SCHEMAS["trait_values"])
        self.tables.append("trait_values", table, watermark=self._next())

    def tell_people(self) -> None:
        """A few who did nothing yet."""
        self.named |= {f"{self.chance.randint(0, 999):03}" for _ in range(3)}
        self._write_people()

    def tell_choices(self) -> None:
        rows = [
            {
                "actor_id": self._actor(),
                "category": "ads",
                "granted": self.chance.random() < 0.5,
                "effective_at": self.chance.randint(0, 9),
                "recorded_at": 0,
                "source": "web",
                "form": "",
                "proof": "",
                "event_id": str(self.chance.random()),
            }
            for _ in range(3)
        ]
        table = pa.Table.from_pylist(rows, schema=SCHEMAS["consent_choices"])
        self.tables.append("consent_choices", table, watermark=self._next())

    def tell_merge(self) -> None:
        if self.persons:
            one, other = (self.persons[self.chance.choice(sorted(self.persons))] for _ in range(2))
            self.persons = {
                actor: min(one, other) if its in {one, other} else its for actor, its in self.persons.items()
            }
            self._write_people()

    def tell_split(self) -> None:
        joint = [actor for actor, person in sorted(self.persons.items()) if actor != person]
        if joint:
            actor = self.chance.choice(joint)
            self.persons[actor] = actor
            self._write_people()

    def tell_earlier(self) -> None:
        if self.persons:
            self.seen[self.chance.choice(sorted(self.persons))] -= 1
            self._write_people()

    def tell_join(self) -> None:
        """The files of events become one, as a server does it now and then."""
        table = self.tables._table("events")
        if table is not None:
            table.optimize.compact()
            self.tables._forget("events")

    def tell_anew(self) -> None:
        """All tables are made again, in another order."""
        self.tables.drop_all()
        self.stored = {}
        self.chance.shuffle(self.events)
        for name, rows in (("trait_values", self.traits), ("events", self.events)):
            fields = [pa.field(one, kind) for one, kind in COLUMNS.items()] if name == "events" else []
            table = pa.Table.from_pylist(rows, schema=pa.schema([*SCHEMAS[name], *fields]))
            self.tables.append(name, table, watermark=self._next())
        self._write_people()

    def _write_people(self) -> None:
        """Everybody, whoever was named since this was last written included."""
        for actor in sorted(self.named):
            self.persons.setdefault(actor, actor)
            self.seen.setdefault(actor, self.chance.randint(0, 9))
        self.named.clear()
        actors = self.chance.sample(sorted(self.persons), len(self.persons))
        if self.chance.random() < 0.3:
            self.tables.replace("actors", self._actors(actors), watermark=self._next())
        else:
            # As a server does it, which holds back what changes, and writes that alone.
            changed = [one for one in actors if self.stored.get(one) != (self.persons[one], self.seen[one])]
            self.tables.holding = True
            self.tables.amend("actors", pa.array(changed, pa.string()), self._actors(changed), watermark=self._next())
            self.tables.holding = False
            self.tables.write_all()
        self.stored = {one: (self.persons[one], self.seen[one]) for one in actors}

    def _actors(self, actors: Sequence[str]) -> pa.Table:
        columns = [actors, [self.persons[one] for one in actors], [self.seen[one] for one in actors]]
        return pa.table(columns, schema=SCHEMAS["actors"])

    def tell_fold(self) -> None:
        """Tables of people are written whole, and say what they said."""
        self.tables.fold()

    def _next(self) -> int:
        self.written += 1
        return self.written

    def told(self, events: Sequence[str]) -> Told:
        """Return what is to be found, the slow way."""
        first: dict[str, int] = {}
        for actor, person in self.persons.items():
            first[person] = min(self.seen[actor], first.get(person, NEVER))
        found: dict[str, dict[tuple[str, str], list[Any]]] = {person: defaultdict(list) for person in first}
        for row in sorted(self.events, key=lambda row: (row["ts"], row["event_id"], row["source"])):
            if row["actor_id"] in self.persons and row["name"] in events:
                values = {name: _plain(row[name]) for name in COLUMNS if row.get(name) is not None}
                found[self.persons[row["actor_id"]]]["events", row["name"]].append((row["ts"], values))
        for row in sorted(self.traits, key=lambda row: (row["set_at"], row["value_id"])):
            if row["actor_id"] in self.persons:
                values = {name: row[name] for name in VALUE_COLUMNS.values() if row[name] is not None}
                found[self.persons[row["actor_id"]]]["traits", row["name"]].append((row["set_at"], values))
        return {person: (first[person], dict(its)) for person, its in found.items()}


def told_by(history: History, events: Sequence[str], traits: Sequence[str] = TRAITS) -> Told:
    """Return what a history tells of each person."""
    found: dict[str, tuple[int, dict[tuple[str, str], list[Any]]]] = {}
    for start, block in zip(history.starts(), history.blocks, strict=True):
        ids = history.people.slice(start, block.size).to_pylist()
        its: dict[int, tuple[int, dict[tuple[str, str], list[Any]]]] = {
            place: (int(block.first_seen[place]), defaultdict(list)) for place, one in enumerate(ids) if one is not None
        }
        assert all(block.first_seen[place] == NEVER for place in range(block.size) if place not in its)
        for kind, names in (("events", events), ("traits", traits)):
            for name in names:
                for place, row in rows_of((block.events if kind == "events" else block.traits)[name]):
                    if place in its:
                        its[place][1][kind, name].append(row)
        assert not {ids[place] for place in its} & found.keys()
        found |= {ids[place]: (seen, dict(rows)) for place, (seen, rows) in its.items()}
    return found


def rows_of(rows: Rows) -> Iterator[tuple[int, Any]]:
    assert (np.diff(rows.ts) >= 0).all()
    for number, (place, ts) in enumerate(zip(rows.people.tolist(), rows.ts.tolist(), strict=True)):
        values = {}
        for name, column in rows.columns.items():
            assert list(column.dictionary) == sorted(set(column.dictionary))
            value = column.values[number].item()
            if value != column.missing:
                of = column.dictionary[value] if len(column.dictionary) else value
                values[name] = bool(of) if name == "gift" else of
        yield place, (ts, values)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of eight people, so that a few people fill several."""
    for module in (generations, growing, histories, joining, mapping):
        monkeypatch.setattr(module, "BLOCK", 8)


CATALOG = Catalog(events={name: {} for name in EVENTS}, traits={"tier": ValueType.NUMBER, "city": ValueType.TEXT})


def workspace_of(project: Project) -> Workspace:
    return project._workspace()


ANY = {"steps": st.lists(st.sampled_from(STEPS), min_size=6, max_size=14), "seed": st.integers(0, 2**32)}
NOT_TIMED = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)


@settings(max_examples=6, suppress_health_check=NOT_TIMED)
@given(**ANY)
@pytest.mark.usefixtures("small_blocks")
def test_grown_with_what_comes_it_tells_what_the_tables_tell(shop: Project, steps: list[str], seed: int) -> None:
    law(shop, steps, seed)


@pytest.mark.slow
@settings(suppress_health_check=NOT_TIMED)
@given(**ANY)
@pytest.mark.usefixtures("small_blocks")
def test_so_it_does_after_much_more(shop: Project, steps: list[str], seed: int) -> None:
    law(shop, [*steps, *steps], seed)


def law(shop: Project, steps: list[str], seed: int) -> None:
    shutil.rmtree(shop.folder.tables, ignore_errors=True)
    shutil.rmtree(shop.folder.mapped, ignore_errors=True)
    world = World(Tables(shop.folder.tables), Random(seed))  # noqa: S311 - nothing is to be kept secret
    for _ in range(6):
        world.tell_people()
    for step in ["events", "ask", *steps, "people", "ask", "whole"]:
        if step in {"ask", "whole"}:
            asked = world.chance.sample(EVENTS, 2)
            history = open_history(workspace_of(shop), CATALOG, whole=step == "whole")
            assert told_by(history, asked) == world.told(asked)
            if step == "whole":
                assert history.people.to_pylist() == sorted({*world.persons.values()})
        else:
            world.step(step)


@pytest.mark.usefixtures("small_blocks")
def test_consents_are_those_of_all_choices_of_whoever_is_one_person_now(shop: Project, tmp_path: Path) -> None:
    catalog = Catalog(purposes={"ads": ("ads",)})
    world = World(Tables(shop.folder.tables), Random(5))  # noqa: S311 - nothing is to be kept secret
    for _ in range(8):
        world.tell_people()

    def consents() -> Told:
        return told_by(open_history(workspace_of(shop), catalog), [], ["consent to ads"])

    grown = shop.folder.mapped
    steps = ("choices", "choices", "merge", "choices", "split", "people", "choices", "merge", "choices", "split")
    for number, step in enumerate(steps):
        world.step(step)
        found = consents()
        shop.folder.mapped = tmp_path / f"anew-{number}"
        assert found == consents()
        shop.folder.mapped = grown
    assert any(rows for _, rows in found.values())
    assert len([*grown.glob("*-*/people")]) > 1
