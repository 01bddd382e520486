"""Where the tables of a memory stand: mended in place, or written anew under names that never come back.

Statements speak of a table by the name that it has for good. Where rows cannot be changed, that is a view of the
connection's over the table that was last written in its place.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from sqlglot import expressions as exp

from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.refresh import statements
from kohort.engines.sql.statements import Statement, create_view, drop_table, printed, together
from kohort.engines.sql.terms import PERSON, Parameters, column, named

_DOCUMENT: Final = "document"


class Shelf(Protocol):
    """The tables of one memory and the record beside them, in statements; `names` says which table each one is in."""

    names: dict[str, str]

    def begin(self) -> Iterator[Statement]:
        """Yield what makes the record readable, empty where nothing was kept."""

    def claim(self) -> Iterator[Statement]:
        """Yield what keeps another run out, if anything does, once the record has been read."""

    def show(self, names: Mapping[str, str]) -> Iterator[Statement]:
        """Yield what makes the tables that the record names seen."""

    def make(self, table: str, select: exp.Query, parameters: Parameters) -> Iterator[Statement]:
        """Yield what makes `table` of what `select` finds, in place of an earlier one."""

    def mend(self, table: str, people: str, rows: str, columns: list[str]) -> Iterator[Statement]:
        """Yield what puts `rows` in the place of the rows of `people`; both are tables made on the way."""

    def add(self, table: str, select: exp.Select, name: str, parameters: Parameters) -> Iterator[Statement]:
        """Yield what adds to `table`, of the one column `name`, what `select` finds."""

    def drop(self, table: str) -> Iterator[Statement]:
        """Yield what gives up a table."""

    def write(self, document: str) -> Iterator[Statement]:
        """Yield what puts the record in force, and with it all that was made, mended and given up."""

    def clear(self, found: Iterable[str]) -> Iterator[Statement]:
        """Yield what removes, of the tables `found` before anything was made, those that are of no use any more."""


class _InPlace:
    """Tables whose rows are changed, in one transaction."""

    def __init__(self, dialect: Dialect, name: str) -> None:
        self._dialect = dialect
        self._name = name
        self.names: dict[str, str] = {}

    def begin(self) -> Iterator[Statement]:
        yield statements.make_record(self._dialect, self._name)

    def claim(self) -> Iterator[Statement]:
        # Of two that run at once the second waits here, and fails when the first is through.
        yield statements.clear_record(self._dialect, self._name)

    def show(self, names: Mapping[str, str]) -> Iterator[Statement]:  # noqa: ARG002 - they are seen as they are
        yield from ()

    def make(self, table: str, select: exp.Query, parameters: Parameters) -> Iterator[Statement]:
        yield drop_table(self._dialect, table)
        yield statements.keep_rows(table, select, parameters)

    def mend(self, table: str, people: str, rows: str, columns: list[str]) -> Iterator[Statement]:
        yield statements.delete_people(self._dialect, table, people)
        yield statements.insert_rows(self._dialect, table, rows, columns)

    def add(self, table: str, select: exp.Select, name: str, parameters: Parameters) -> Iterator[Statement]:
        into = exp.Schema(this=exp.to_table(table), expressions=[exp.to_identifier(name, quoted=True)])
        yield printed(exp.Insert(this=into, expression=select), parameters)

    def drop(self, table: str) -> Iterator[Statement]:
        yield drop_table(self._dialect, table)

    def write(self, document: str) -> Iterator[Statement]:
        yield statements.write_record(self._dialect, self._name, document)

    def clear(self, found: Iterable[str]) -> Iterator[Statement]:  # noqa: ARG002 - the transaction left none
        yield from ()


class _Anew:
    """Tables that are written once, under names with `token`, which no other run has.

    So a run that is killed anywhere leaves the tables that the record names as they were, and no folder into which
    another would write. The record is a view of the last document; to replace that view is the one step that counts.
    """

    def __init__(self, dialect: Dialect, name: str, token: str) -> None:
        self._dialect = dialect
        self._name = name
        self._token = token
        self._made = 0
        self.names: dict[str, str] = {}

    def begin(self) -> Iterator[Statement]:
        text = exp.Cast(this=exp.null(), to=exp.DataType.build("TEXT"))
        nothing = exp.select(named(text, _DOCUMENT)).where(exp.false())
        create = exp.Create(this=exp.to_table(self._name), kind="VIEW", exists=True, expression=nothing)
        yield printed(create, Parameters(self._dialect))

    def claim(self) -> Iterator[Statement]:
        yield from ()

    def show(self, names: Mapping[str, str]) -> Iterator[Statement]:
        self.names = dict(names)
        for table in names:
            yield self._seen(table)

    def make(self, table: str, select: exp.Query, parameters: Parameters) -> Iterator[Statement]:
        rows = f"{table}_rows"
        yield create_view(rows, select, parameters)
        self.names[table] = self._next()
        # Known to the catalog before it has files, so that what a killed run leaves is found.
        like = [exp.LikeProperty(this=exp.to_table(rows)), exp.FileFormatProperty(this=exp.var("PARQUET"))]
        yield self._create(exp.to_table(self.names[table]), like)
        yield self._insert(self.names[table], exp.select(exp.Star()).from_(rows), Parameters(self._dialect))
        yield self._seen(table)

    def mend(self, table: str, people: str, rows: str, columns: list[str]) -> Iterator[Statement]:
        wanted = [PERSON, *columns]
        same = exp.EQ(this=column(PERSON, table), expression=column(PERSON, people))
        stay = exp.select(*(column(one, table) for one in wanted)).from_(table)
        stay = stay.join(people, on=same, join_type="LEFT ANTI")
        came = exp.select(*(column(one, rows) for one in wanted)).from_(rows)
        yield from self.make(table, together([stay, came]), Parameters(self._dialect))

    def add(self, table: str, select: exp.Select, name: str, parameters: Parameters) -> Iterator[Statement]:
        yield from self.make(table, together([exp.select(column(name)).from_(table), select]), parameters)

    def drop(self, table: str) -> Iterator[Statement]:
        self.names.pop(table, None)
        yield from ()

    def write(self, document: str) -> Iterator[Statement]:
        written, parameters = self._next(), Parameters(self._dialect)
        text = exp.ColumnDef(this=exp.to_identifier(_DOCUMENT, quoted=True), kind=exp.DataType.build("TEXT"))
        schema = exp.Schema(this=exp.to_table(written), expressions=[text])
        yield self._create(schema, [exp.FileFormatProperty(this=exp.var("PARQUET"))])
        yield self._insert(written, exp.select(named(parameters.bind(document), _DOCUMENT)), parameters)
        select = exp.select(column(_DOCUMENT)).from_(written)
        alter = exp.Alter(this=exp.to_table(self._name), kind="VIEW", actions=[select])
        yield printed(alter, Parameters(self._dialect))

    def clear(self, found: Iterable[str]) -> Iterator[Statement]:
        ours = re.compile(rf"{re.escape(self._name)}_[0-9a-f]{{8}}_\d+")
        for table in sorted({one for one in found if ours.fullmatch(one)} - {*self.names.values()}):
            yield drop_table(self._dialect, table)

    def _next(self) -> str:
        self._made += 1
        return f"{self._name}_{self._token}_{self._made}"

    def _seen(self, table: str) -> Statement:
        return create_view(table, exp.select(exp.Star()).from_(self.names[table]), Parameters(self._dialect))

    def _create(self, this: exp.Expr, properties: Sequence[exp.Expr]) -> Statement:
        create = exp.Create(this=this, kind="TABLE", properties=exp.Properties(expressions=properties))
        return printed(create, Parameters(self._dialect))

    def _insert(self, table: str, rows: exp.Select, parameters: Parameters) -> Statement:
        return printed(exp.Insert(this=exp.to_table(table), expression=rows), parameters)


def shelf_of(dialect: Dialect, name: str, token: str) -> Shelf:
    """Return how the tables of the memory `name` are kept; `token`, eight hexadecimal digits, is of no other run.

    >>> from kohort.engines.sql.dialects import dialect_of
    >>> spark = dialect_of("spark")
    >>> shelf = shelf_of(spark, "kept", "0a1b2c3d")
    >>> for one in shelf.make("kept_people", exp.select("person_id").from_("people"), Parameters(spark)):
    ...     print(one.text)
    CREATE OR REPLACE TEMPORARY VIEW `kept_people_rows` AS SELECT `person_id` FROM `people`
    CREATE TABLE `kept_0a1b2c3d_1` LIKE `kept_people_rows` USING PARQUET
    INSERT INTO `kept_0a1b2c3d_1` SELECT * FROM `kept_people_rows`
    CREATE OR REPLACE TEMPORARY VIEW `kept_people` AS SELECT * FROM `kept_0a1b2c3d_1`
    """
    return _Anew(dialect, name, token) if dialect.anew else _InPlace(dialect, name)
