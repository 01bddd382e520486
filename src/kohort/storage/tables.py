"""The tables: Delta Lake, so that a commit is atomic and any number of readers may look while one writes.

Each table remembers, in the same commit as its rows, up to which journal record it has been brought
(its *watermark*). A projection that was interrupted therefore goes on where each table stands, and nothing
is applied twice.

Who writes many times a second may hold rows back: they are read here as if they were written, and written later, much
at once. Whoever else reads sees them then. What a process held when it died, the journal has.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from kohort.errors import StorageError
from kohort.storage.amended import Amendment, Amendments, Span
from kohort.storage.commits import Commit, commit_of
from kohort.storage.growing import GrowingFile
from kohort.storage.held import Held, HeldAmendments, HeldParts
from kohort.storage.indexed import Indexed, distinct
from kohort.storage.kinds import LARGE, ORDER, PARTITIONS, PEOPLE, WHOSE
from kohort.storage.moved_actors import MovedActors, MovedRows
from kohort.storage.one_duckdb import OneDuckDB
from kohort.storage.parquet_files import GROUP, Footer, in_order, properties_of
from kohort.storage.schemas import SCHEMAS
from kohort.storage.whole import drop_whole

APPLICATION: Final = "kohort"
"""Under which name a table remembers its watermark, in each commit."""
_WHOLE: Final = "kohort-whole"
"""Under which name a table remembers up to which record all that amends it is in its files."""
KEPT: Final = 1
"""For how many hours files are kept that a table no longer consists of."""
_MOST_FILES: Final = 64
"""How many files a table, or a part of one, may consist of before they are joined."""
_JOINED: Final = 16 * 2**20
"""The bytes from which on a file is large enough to be left alone."""


class Tables:
    """The tables in `folder`; a table that nobody has written yet is empty.

    Each is looked at once, when it is first asked for: what others write later is seen by who opens the tables anew, or
    says `look_again`. Whoever `keeps` them open reads small tables once. Statements over them run in `duckdb`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables = Tables(Path(folder))
    ...     actors = pa.table({"actor_id": ["a"], "person_id": ["a"], "first_seen": [1]})
    ...     _ = tables.append("actors", actors, watermark=3)
    ...     tables.watermark("actors"), tables.read("actors").num_rows, tables.read("links").num_rows
    (3, 1, 0)
    """

    def __init__(self, folder: Path, duckdb: OneDuckDB | None = None, *, keeps: bool = False) -> None:
        self.folder, self.duckdb = folder, duckdb or OneDuckDB(folder)
        self.holding = False
        """Whether rows wait from now on until `write_all` or `write_next` writes them."""
        self.generation = 0
        """Counts how often rows were forgotten of which somebody was told: others have written since."""
        self._keeps = keeps
        self._open: dict[str, DeltaTable | None] = {}
        self._watermarks: dict[str, int] = {}
        self._commits: dict[str, Commit | None] = {}
        self._whole: dict[str, pa.Table] = {}
        self._footers: dict[str, Footer] = {}
        self._sealed: dict[str, Held | HeldAmendments] = {}
        self._held: dict[str, Held | HeldAmendments] = {}
        self._told: dict[str, set[str]] = {}
        self._indexed: dict[str, Indexed] = {}
        self._wholes: dict[str, int] = {}
        self._moved = MovedActors()
        self._growing: GrowingFile | None = None

    def look_again(self) -> bool:
        """Forget what is known of tables that others have written since; a few looks at files, where nobody has.

        Tells whether anybody has. Then what is held is forgotten too: whoever wrote has read the journal themselves.
        """
        moved = [name for name in {*self._open, *self._watermarks} if self._is_moved(name)]
        if "actors" in moved and self._keeps:
            self._lose_actors()
        for name in moved:
            self._forget(name)
            self._whole.pop(name, None)
            self._indexed.pop(name, None)
        if moved:
            self.forget_held()
        return bool(moved)

    def for_another(self) -> "Tables":
        """Return the same tables for another reader, who opens only those that were written since.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     tables = Tables(Path(folder))
        ...     _ = tables.watermark("runs")
        ...     _ = Tables(Path(folder)).replace("runs", SCHEMAS["runs"].empty_table(), watermark=7)
        ...     tables.watermark("runs"), tables.for_another().watermark("runs")
        (0, 7)
        """
        other = Tables(self.folder, self.duckdb)
        other._open.update(self._open)
        other._watermarks.update(self._watermarks)
        other._commits.update(self._commits)
        other.look_again()
        return other

    def _is_moved(self, name: str) -> bool:
        table = self._open.get(name)
        if table is None:
            return os.path.exists(f"{self.folder}/{name}/_delta_log")  # noqa: PTH110 - asked many times a second
        return self._commits.get(name) is None or commit_of(self.folder / name, table) != self._commits[name]

    def _forget(self, name: str) -> None:
        self._open.pop(name, None)
        self._watermarks.pop(name, None)
        self._commits.pop(name, None)
        self._wholes.pop(name, None)

    def forget_held(self) -> None:
        """Forget what waits to be written."""
        both = [*self._sealed.items(), *self._held.items()]
        self.generation += any(held.is_told() for _, held in both)
        self._whole.clear()
        for name, _ in both:
            self._indexed.pop(name, None)
        self.generation += bool(both) and self._moved.undo()
        self._sealed, self._held = {}, {}
        if self._growing is not None:
            self._growing.abandon()
            self._growing = None

    def append(self, name: str, rows: pa.Table, *, watermark: int) -> bool:
        """Add rows and move the watermark in one commit; does nothing, and says False, if it is there already."""
        return self._write(name, rows, watermark, mode="append")

    def replace(self, name: str, rows: pa.Table, *, watermark: int) -> bool:
        """Replace all rows and move the watermark in one commit; as `append` otherwise."""
        return self._write(name, rows, watermark, mode="overwrite")

    def replace_in_parts(self, name: str, parts: Iterator[pa.Table], *, watermark: int) -> bool:
        """Replace all rows by those of parts, in the order in which they are written; as `replace` otherwise.

        Where rows wait, each call of `write_next` asks for one of the parts and writes it, so that none takes long.
        They are asked for at once where somebody reads the table before; until it is written, nobody else sees any.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     tables, ada = Tables(Path(folder)), {"segment": ["vip"], "version": [1], "person_id": ["ada"]}
        ...     rows = pa.table(ada | {"entered_at": [5], "left_at": pa.array([None], pa.int64())})
        ...     _ = tables.append("memberships", rows, watermark=3)
        ...     with tables.held():
        ...         _ = tables.replace_in_parts("memberships", iter([rows, rows]), watermark=4)
        ...     tables.seal()
        ...     [(tables.write_next(), Tables(Path(folder)).count("memberships")) for _ in range(3)]
        [(True, 1), (True, 1), (False, 2)]
        """
        if watermark <= self.watermark(name):
            return False
        if not self.holding or self._table(name) is None:
            return self.replace(name, pa.concat_tables([SCHEMAS[name].empty_table(), *parts]), watermark=watermark)
        self._held[name] = HeldParts((self._cast(name, part) for part in parts), watermark)
        self._whole.pop(name, None)
        return True

    def amend(self, name: str, whose: pa.Array, rows: pa.Table, *, watermark: int) -> bool:
        """Give some actors other rows of a table of people in place of those that they have; as `append` otherwise.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     tables, ada = Tables(Path(folder)), {"actor_id": ["a"], "person_id": ["a"], "first_seen": [2]}
        ...     _ = tables.append("actors", pa.table(ada), watermark=3)
        ...     _ = tables.amend("actors", pa.array(["a"]), pa.table(ada | {"first_seen": [1]}), watermark=4)
        ...     Tables(Path(folder)).read("actors").to_pylist()
        [{'actor_id': 'a', 'person_id': 'a', 'first_seen': 1}]
        """
        if watermark <= self.watermark(name):
            return False
        indexed, rows = self.indexed(name), self._cast(name, rows)
        known = indexed.known(whose)
        if name == "actors" and self._keeps:
            self._moved.add(indexed.of((WHOSE,), whose), rows)
            self.generation += self._moved.is_deaf()
        if not self.holding:
            self.write_all()  # what waited comes first
            indexed.amend(whose, rows)
            if known:
                self._commit(name, indexed.whole(), watermark, mode="overwrite")
            else:
                self._commit(name, rows, watermark, mode="append")
        else:
            self._hold(name, Amendment(whose, rows), known, watermark)
        self._whole.pop(name, None)
        return True

    def _hold(self, name: str, amendment: Amendment, known: frozenset[str], watermark: int) -> None:
        indexed, held = self._indexed[name], self._held.setdefault(name, HeldAmendments(WHOSE))
        indexed.amend(*amendment)
        if isinstance(held, Held):
            held.replace(indexed.whole(), watermark)
        else:
            held.amend(amendment, known, watermark)

    def indexed(self, name: str) -> Indexed:
        """Return a table of people, of which rows are looked up: it is read once, and follows what is written."""
        if name not in self._indexed:
            noted = ("refused", ("kind", "value")) if name == "identifiers" else ()
            amendment = self._amendment(name)
            self._indexed[name] = indexed = Indexed(self.read(name), PEOPLE[name], *noted)
            if amendment is not None:
                indexed.emptied.update(amendment.emptied(WHOSE).to_pylist())
        return self._indexed[name]

    def watermark(self, name: str) -> int:
        """Return the journal sequence number up to which a table has been brought, 0 for a new one."""
        held = self._held.get(name) or self._sealed.get(name)
        return held.watermark if held else self.watermark_on_disk(name)

    def watermark_on_disk(self, name: str) -> int:
        """Return the watermark that others see."""
        if name not in self._watermarks:
            table = self._table(name)
            self._watermarks[name] = (table.transaction_version(APPLICATION) or 0) if table else 0
        return self._watermarks[name]

    def read(self, name: str) -> pa.Table:
        """Return a whole table; not for `events`, which engines read through views."""
        if name in self._indexed:
            return self._indexed[name].whole()
        if name not in self._whole:
            files = self.files(name)
            parts = [self._cast(name, pq.ParquetFile(file).read()) for file in files]
            whole = pa.concat_tables([*parts, *self.unwritten(name)] or [SCHEMAS[name].empty_table()])
            amendment = self._amendment(name)
            whole = whole if amendment is None else amendment.over(whole, WHOSE)
            if not self._keeps or name in LARGE:
                return whole
            self._whole[name] = whole
        return self._whole[name]

    def read_after(self, name: str, seq: int) -> pa.Table:
        """Return the rows of a table whose `seq` is above a number; files that hold none of them are not read."""
        parts = [self._cast(name, pq.ParquetFile(file).read()) for file in self.files_after(name, seq)]
        parts = [
            part.filter(pc.greater(part.column("seq"), pa.scalar(seq))) for part in (*parts, *self.unwritten(name))
        ]
        return pa.concat_tables(parts or [SCHEMAS[name].empty_table()])

    def files_after(self, name: str, seq: int) -> list[str]:
        """Return the files of a table, but for those that hold no row whose `seq` is above a number."""
        return [file for file in self.files(name) if self._may_hold(file, seq)]

    def count(self, name: str) -> int:
        """Return how many rows a table has."""
        if name in self._indexed or self.amended(name):
            return len(self.read(name))
        stored: int = sum(self._footer(file).rows for file in self.files(name))
        return stored + sum(len(part) for part in self.unwritten(name))

    def counts(self, name: str) -> dict[str, int]:
        """Return how many rows each part of a table has that is stored in parts, such as events by name; as `count`."""
        found: Counter[str] = Counter()
        for file in self.files(name):
            found[unquote(Path(file).parent.name.partition("=")[2])] += self._footer(file).rows
        for part in self.unwritten(name):
            found.update(part.column(PARTITIONS[name][0]).to_pylist())
        return dict(sorted(found.items()))

    def _may_hold(self, file: str, seq: int) -> bool:
        top = self._footer(file).top
        return top is None or top > seq

    def _footer(self, file: str) -> Footer:
        if file in self._footers:
            return self._footers[file]
        footer = Footer.of(file)
        if self._keeps:
            self._footers[file] = footer
        return footer

    def _cast(self, name: str, rows: pa.Table) -> pa.Table:
        schema = SCHEMAS[name]
        return rows.select(schema.names).cast(schema)

    def unwritten(self, name: str) -> list[pa.Table]:
        """Return the rows that a table has beside those of its files, in parts."""
        sealed, held = self._sealed.get(name), self._held.get(name)
        if name in self._indexed:
            return [self._indexed[name].whole()] if sealed or held else []
        layers = [one for one in (sealed, held) if one is not None]
        if held is not None and held.replaces:
            layers = [held]
        return [part for one in layers for part in one.rows]

    def untold(self, name: str) -> list[pa.Table]:
        """Return the rows that wait and that nobody was told of yet, in parts; `tell` says that now somebody was."""
        return [part for layer in (self._sealed, self._held) if name in layer for part in layer[name].untold()]

    def tell(self) -> None:
        """Remember that whoever follows the tables was told of all rows so far."""
        for held in (*self._sealed.values(), *self._held.values()):
            held.tell()
        self._moved.tell()

    def moved_actors(self) -> list[MovedRows]:
        """Return rows of `actors` that were changed since `tell` was last called; none unless tables are kept open."""
        return self._moved.of(self.read("actors") if self._moved.is_lost else None)

    def _lose_actors(self) -> None:
        """Remember the actors as they stood before all of them may change."""
        indexed = self._indexed.get("actors")
        self.generation += self._moved.lose(self._whole.get("actors") if indexed is None else indexed.whole())

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let rows wait that are written meanwhile."""
        self.holding = True
        try:
            yield
        finally:
            self.holding = False

    @property
    def waiting(self) -> int:
        """How many rows wait to be appended; what waits to replace all that a table has is one at most."""
        both = (*self._sealed.values(), *self._held.values())
        return sum(1 if held.replaces else sum(part.num_rows for part in held.rows) for held in both)

    def seal(self) -> None:
        """Begin to write what waits by now: `write_next` writes it; what comes from now on waits for the next time.

        All that was sealed before must have been written.
        """
        self._sealed, self._held = self._held, {}

    def write_next(self) -> bool:
        """Write one of the tables of which rows were sealed, or a part of it; whether there is more.

        Raises StorageError.
        """
        for name in ORDER:
            if name in self._sealed:
                if self._write_held(name, self._sealed[name]):
                    del self._sealed[name]
                break
        return bool(self._sealed)

    def write_all(self) -> None:
        """Write all that waits; raises StorageError."""
        for _ in range(2):
            while self.write_next():
                pass
            self.seal()

    def _write_held(self, name: str, held: Held | HeldAmendments) -> bool:
        """Write what is held of a table, or a part of it; return whether that was all."""
        if isinstance(held, HeldAmendments):
            self._write_amendments(name, held)
            return True
        table = self._table(name)
        if isinstance(held, HeldParts) and table is not None:
            return self._write_part(name, held, table)
        rows, watermark, told = held.take(GROUP)
        if watermark > self.watermark_on_disk(name):
            before = set(self._files(name)) if told else set()
            self._commit(name, rows, watermark, mode="overwrite" if held.replaces else "append")
            if told:
                self._told.setdefault(name, set()).update({*self._files(name)} - before)
        return held.is_taken

    def _write_part(self, name: str, held: HeldParts, table: DeltaTable) -> bool:
        if held.watermark <= self.watermark_on_disk(name):
            return True
        if self._growing is None:
            with self._storing(name):
                self._growing = GrowingFile(self.folder / name, name, held.watermark)
        part = held.next_part()
        if part is not None:
            with self._storing(name):
                self._growing.add(part)
            return False
        with self._committing(name):
            self._growing.commit(table, _properties(held.watermark))
        self._growing = None
        self._watermarks[name] = held.watermark
        return True

    def _write_amendments(self, name: str, held: HeldAmendments) -> None:
        before = self.watermark_on_disk(name)
        if held.watermark <= before:
            return
        new, changed = held.parts()
        if len(changed.whose):
            whole = self._whole_at(name)
            self._amendments(name).write(changed, after=before, up_to=held.watermark, whole=whole)
        # Whatever amends it counts from this commit on.
        self._commit(name, new, held.watermark, mode="append")

    def amended(self, name: str) -> list[Span]:
        """Return the files of what amends the files of a table, the earlier first."""
        if name not in PEOPLE or name in self._held or name in self._sealed:
            return []
        return self._amendments(name).spans(self._whole_at(name), self.watermark_on_disk(name))

    def _amendment(self, name: str) -> Amendment | None:
        spans = self.amended(name)
        return self._amendments(name).joined(spans) if spans else None

    def _amendments(self, name: str) -> Amendments:
        return Amendments(self.folder / name, WHOSE, SCHEMAS[name])

    def _whole_at(self, name: str) -> int:
        """Return up to which record a table's files have all that amends it."""
        if name not in self._wholes:
            table = self._table(name)
            self._wholes[name] = (table.transaction_version(_WHOLE) or 0) if table else 0
        return self._wholes[name]

    def index_people(self) -> None:
        """Read the tables of people, and index them, before the first change has to wait for that."""
        for name in PEOPLE:
            self.indexed(name)

    def fold(self) -> None:
        """Write tables of people whole that have been amended, for readers of Delta Lake; raises StorageError."""
        self.write_all()
        for name in PEOPLE:
            if self.amended(name):
                self._commit(name, self.read(name), self.watermark_on_disk(name), mode="overwrite")

    def untold_files(self, name: str) -> frozenset[str]:
        """Return the files of a table that grows, but those whose rows waited here until somebody was told of them."""
        return frozenset(self.files(name)) - self._told.get(name, frozenset())

    def files(self, name: str) -> list[str]:
        """Return the Parquet files that make up a table now, beside what is unwritten."""
        layers = [held for held in (self._sealed.get(name), self._held.get(name)) if held is not None]
        return [] if any(held.replaces or name in self._indexed for held in layers) else self._files(name)

    def _files(self, name: str) -> list[str]:
        table = self._table(name)
        # The addresses come with the folder percent-encoded; what follows the table's name is as it stands on disk.
        inside = [uri.rpartition(f"/{name}/")[2] for uri in table.file_uris()] if table else []
        folder = str(self.folder / name)  # asked for many files many times a second: a Path each would cost more
        return sorted(f"{folder}/{one}" for one in inside)

    def opened(self, name: str) -> DeltaTable | None:
        """Return a table as Delta Lake has it, rows apart that wait or amend it; None where nobody has written it."""
        return self._table(name)

    def columns(self, name: str) -> list[str]:
        """Return the names of a table's columns, those met in the data included."""
        table = self._table(name)
        stored = [field.name for field in table.schema().fields] if table else SCHEMAS[name].names
        return [*dict.fromkeys([*stored, *(column for part in self.unwritten(name) for column in part.column_names)])]

    def tidy(self) -> bool:
        """Join small files where there are many, and delete what no table holds any more; whether there was anything.

        Who opened a table longer than `KEPT` hours ago may find files gone.
        """
        self.fold()
        joined = [name for name in SCHEMAS if self._join(name)]
        self._footers.clear()
        for name in SCHEMAS:
            table = self._table(name)
            if table is not None:
                table.vacuum(retention_hours=KEPT, dry_run=False, enforce_retention_duration=False)
            if table is not None and name in PEOPLE:
                self._amendments(name).drop(self._whole_at(name), KEPT * 3600)
        return bool(joined)

    def _join(self, name: str) -> bool:
        table = self._table(name)
        parts = Counter(Path(file).parent.name for file in self.files(name))
        crowded = [part for part, count in parts.items() if count > _MOST_FILES]
        if table is None or not crowded:
            return False
        self._forget(name)
        for part in crowded:
            column, is_part, value = part.partition("=")
            filters = [(column, "=", unquote(value))] if is_part and name in PARTITIONS else None
            table.optimize.compact(filters, target_size=_JOINED, writer_properties=properties_of(name))
        return True

    def drop_all(self) -> None:
        """Delete every table, all at once for whoever looks; they can be rebuilt from the journal."""
        self.forget_held()
        for known in (
            self._open, self._watermarks, self._commits, self._whole, self._footers, self._indexed, self._wholes,
        ):  # fmt: skip
            known.clear()
        drop_whole(self.folder)

    def _write(self, name: str, rows: pa.Table, watermark: int, *, mode: Literal["append", "overwrite"]) -> bool:
        if watermark <= self.watermark(name):
            return False
        if name != "events":
            rows = self._cast(name, rows)
        if name in PEOPLE:
            return self._write_people(name, rows, watermark, mode=mode)
        if self.holding:
            held = self._held.setdefault(name, Held())
            if isinstance(held, Held):
                (held.add if mode == "append" else held.replace)(rows, watermark)
        else:
            self.write_all()  # what waited comes first
            self._commit(name, rows, watermark, mode=mode)
        if mode == "overwrite" and self._keeps and name not in LARGE:
            self._whole[name] = rows
        elif name in self._whole:
            self._whole[name] = pa.concat_tables([self._whole[name], rows]).combine_chunks()
        return True

    def _write_people(self, name: str, rows: pa.Table, watermark: int, *, mode: Literal["append", "overwrite"]) -> bool:
        if mode == "append":
            whose = distinct(rows.column(WHOSE))
            both = pa.concat_tables([self.indexed(name).of((WHOSE,), whose), rows])
            return self.amend(name, whose, both, watermark=watermark)
        if name == "actors" and self._keeps:
            self._lose_actors()
        if self.holding:
            self._held[name] = held = Held()
            held.replace(rows, watermark)
        else:
            self.write_all()  # what waited comes first
            self._commit(name, rows, watermark, mode=mode)
        self._indexed.pop(name, None)
        self._whole.pop(name, None)
        return True

    def _commit(self, name: str, rows: pa.Table, watermark: int, *, mode: Literal["append", "overwrite"]) -> None:
        marks = [_WHOLE] if name in PEOPLE and mode == "overwrite" else []
        with self._committing(name) as table:
            write_deltalake(
                self._uri(name) if table is None else table,
                in_order(name, rows),
                mode=mode,
                schema_mode="merge" if mode == "append" else "overwrite",
                partition_by=PARTITIONS.get(name),
                commit_properties=_properties(watermark, *marks),
                writer_properties=properties_of(name, rows.num_rows),
            )
        self._watermarks[name] = watermark

    @contextmanager
    def _committing(self, name: str) -> Iterator[DeltaTable | None]:
        """Give a table, None where there is none yet, to whoever commits to it; raises StorageError if that fails."""
        known = self._table(name)
        # Until it is written, nothing is known of it: a write that fails may have changed what is open.
        self._forget(name)
        with self._storing(name):
            yield known
        if known is not None:
            self._open[name] = known
            self._commits[name] = commit_of(self.folder / name, known)
        elif self._keeps or name in PEOPLE:
            # Their rows are known without it, and then nothing else would tell this write from that of others.
            self._table(name)

    @contextmanager
    def _storing(self, name: str) -> Iterator[None]:
        try:
            yield
        except (DeltaError, OSError) as error:
            raise StorageError(
                f'could not write the table "{name}" in {self.folder}: {error}; '
                "nothing of this write is kept; free some space and run the command again"
            ) from error

    def _uri(self, name: str) -> str:
        """Return a table's address; as a URI, so that no character of the folder's name means anything."""
        return (self.folder / name).resolve().as_uri()

    def _table(self, name: str) -> DeltaTable | None:
        if name not in self._open:
            try:
                self._open[name] = table = DeltaTable(self._uri(name))
                self._commits[name] = commit_of(self.folder / name, table)
            except TableNotFoundError:
                self._open[name] = None
        return self._open[name]


def _properties(watermark: int, *marks: str) -> CommitProperties:
    return CommitProperties(app_transactions=[Transaction(one, watermark) for one in (APPLICATION, *marks)])
