"""Tables of any shape as the relations that the SQL engine reads: views of the connection alone, nothing copied out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import expressions as exp

from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.landing.kinds import spelling_of
from kohort.engines.sql.landing.mapped import ID, TIME, MappedTable
from kohort.engines.sql.statements import Statement, create_table, create_view, printed, together
from kohort.engines.sql.terms import PERSON, Parameters, all_of, column, is_there, named, number
from kohort.rules.catalog import Catalog

NAMES = "kohort_names"
"""The temporary table that gives the names of events and traits by number: bound, so never part of a statement."""

_SQL_TYPES = {
    ValueType.NUMBER: "BIGINT",
    ValueType.TEXT: "TEXT",
    ValueType.BOOLEAN: "BOOLEAN",
    ValueType.MOMENT: "BIGINT",
    ValueType.TEXT_LIST: "TEXT[]",
}


TAKEN = "kohort_taken"
"""The column of a piece that says whether a row counts."""

TRAIT_COLUMNS = (PERSON, "value_id", "set_at", *VALUE_COLUMNS.values(), "removed")
"""The columns of `trait_values` beside the trait's name."""


@dataclass(frozen=True)
class Piece:
    """The rows of a table that are events, or values of the trait at `place`, shown by `view` without their name."""

    table: MappedTable
    number: int
    place: int | None = None

    @property
    def name(self) -> str:
        """The name of the event or trait."""
        return self.table.source.event if self.place is None else self.table.values[self.place].name

    @property
    def view(self) -> str:
        """The name of the view that shows it."""
        return f"kohort_piece_{self.number}"


def pieces_of(tables: Sequence[MappedTable]) -> tuple[list[Piece], list[Piece]]:
    """Return the pieces of mapped tables: those of events, and those of traits."""
    events = [Piece(one, number) for number, one in enumerate(one for one in tables if one.source.event)]
    traits = [(one, place) for one in tables if not one.source.event for place in range(len(one.values))]
    return events, [Piece(one, len(events) + number, place) for number, (one, place) in enumerate(traits)]


def relations(dialect: Dialect, tables: Sequence[MappedTable], catalog: Catalog, database: str) -> Iterator[Statement]:
    """Yield the statements that make `events` and `trait_values` of mapped tables.

    `catalog` names the columns of properties; `database` is the store's name for what it is connected to.
    """
    events, traits = pieces_of(tables)
    yield _names(dialect, [one.name for one in (*events, *traits)])
    for one in tables:
        yield _view(dialect, one.view, [one.rows(dialect, database)])
    columns = _property_columns(catalog)
    for piece in events:
        yield _view(dialect, piece.view, [_event(piece, catalog, columns)])
    for piece in traits:
        yield _view(dialect, piece.view, [_trait(piece)])
    named_events = [_named(one, event_columns(catalog)) for one in events]
    yield _view(dialect, "events", [_empty_events(columns), *named_events])
    yield _view(dialect, "trait_values", [_empty_traits(), *(_named(one, TRAIT_COLUMNS) for one in traits)])


def event_columns(catalog: Catalog) -> tuple[str, ...]:
    """Return the columns of `events` beside the event's name."""
    return (ID, PERSON, TIME, *_property_columns(catalog))


def people_table(dialect: Dialect, tables: Sequence[MappedTable]) -> Statement:
    """Return the statement that makes `people` of mapped tables."""
    parameters = Parameters(dialect)
    return create_table("people", people_rows([exp.to_table(one.view) for one in tables]), parameters)


def people_rows(rows: Sequence[exp.Table | exp.Subquery]) -> exp.Select:
    """Return who comes in the rows of mapped tables, and first when."""
    seen = [exp.select(column(PERSON), column(TIME)).from_(one).where(column("taken")) for one in rows]
    first = named(exp.Min(this=column(TIME)), "first_seen")
    return exp.select(column(PERSON), first).from_(together(seen).subquery("seen")).group_by(column(PERSON))


def row_counts(dialect: Dialect, rows: exp.Table | exp.Subquery) -> Statement:
    """Return the statement that counts rows of a mapped table: `seen` of all, `taken` of those that count."""
    one = exp.Case(ifs=[exp.If(this=column("taken"), true=number(1))])
    wanted = [named(exp.Count(this=exp.Star()), "seen"), named(exp.Count(this=one), "taken")]
    return printed(exp.select(*wanted).from_(rows), Parameters(dialect))


def database_name(dialect: Dialect) -> Statement:
    """Return the statement for what the store calls the database that it is connected to: `name`."""
    current = exp.Cast(this=exp.Anonymous(this=spelling_of(dialect).database), to=exp.DataType.build("TEXT"))
    return printed(exp.select(named(current, "name")), Parameters(dialect))


def enter_schema(dialect: Dialect, schema: str) -> Statement:
    """Return the statement that makes `schema` the first in which bare names are looked for, after temporary ones."""
    parameters = Parameters(dialect)
    if dialect.name != "postgres":
        return printed(exp.Use(this=exp.to_identifier(schema, quoted=True)), parameters)
    quoted = exp.Anonymous(this="QUOTE_IDENT", expressions=[parameters.bind(schema)])
    path = exp.Anonymous(this="SET_CONFIG", expressions=[parameters.bind("search_path"), quoted, exp.true()])
    return printed(exp.select(path), parameters)


def _names(dialect: Dialect, names: Sequence[str]) -> Statement:
    parameters = Parameters(dialect)
    columns = [named(_typed(exp.null(), kind), name) for name, kind in (("number", "BIGINT"), ("name", "TEXT"))]
    rows = [
        exp.select(
            named(_typed(number(place), "BIGINT"), "number"), named(_typed(parameters.bind(name), "TEXT"), "name")
        )
        for place, name in enumerate(names)
    ]
    select = together([exp.select(*columns).where(exp.false()), *rows])
    # Where a view may bind them, the planner sees the names, and leaves out the tables of all others.
    return create_view(NAMES, select, parameters) if dialect.anew else create_table(NAMES, select, parameters)


def _event(piece: Piece, catalog: Catalog, columns: Mapping[str, ValueType]) -> exp.Select:
    types = catalog.events[piece.name]
    held = {types[one.name][one.type]: number for number, one in enumerate(piece.table.values)}
    properties = [
        named(column(f"v{held[name]}") if name in held else _nothing(type_), name) for name, type_ in columns.items()
    ]
    return _beside([column(ID), column(PERSON), column(TIME), *properties], piece, column("taken"))


def _trait(piece: Piece) -> exp.Select:
    value = column(f"v{piece.place}")
    kind = piece.table.values[piece.place or 0].type
    values = [named(value.copy() if type_ is kind else _nothing(type_), name) for type_, name in VALUE_COLUMNS.items()]
    wanted = [column(PERSON), named(column(ID), "value_id"), named(column(TIME), "set_at"), *values]
    return _beside([*wanted, named(exp.false(), "removed")], piece, all_of([column("taken"), is_there(value.copy())]))


def _beside(wanted: Sequence[exp.Expr], piece: Piece, taken: exp.Expr) -> exp.Select:
    """Return columns of a piece, with whether a row counts and the table's own columns beside."""
    return exp.select(*wanted, named(taken, TAKEN), *map(column, piece.table.natives())).from_(piece.table.view)


def _named(piece: Piece, columns: Sequence[str]) -> exp.Select:
    """Return a piece beside the name that it has; where another is asked for, it need not be read."""
    meant = exp.EQ(this=column("number", NAMES), expression=number(piece.number))
    select = exp.select(*(column(one, piece.view) for one in columns), column("name", NAMES)).from_(NAMES)
    return select.join(piece.view, join_type="CROSS").where(all_of([meant, column(TAKEN, piece.view)]))


def _property_columns(catalog: Catalog) -> dict[str, ValueType]:
    return {
        name: type_
        for properties in catalog.events.values()
        for types in properties.values()
        for type_, name in types.items()
    }


def _empty_events(columns: Mapping[str, ValueType]) -> exp.Select:
    """Return the relation's columns and no row: it is there with its types whatever the sources are."""
    wanted = [named(_typed(exp.null(), "TEXT"), name) for name in (ID, PERSON)]
    wanted.append(named(_typed(exp.null(), "BIGINT"), TIME))
    wanted += [named(_nothing(type_), name) for name, type_ in columns.items()]
    return exp.select(*wanted, named(_typed(exp.null(), "TEXT"), "name")).where(exp.false())


def _empty_traits() -> exp.Select:
    wanted = [named(_typed(exp.null(), "TEXT"), name) for name in (PERSON, "value_id")]
    wanted.append(named(_typed(exp.null(), "BIGINT"), "set_at"))
    wanted += [named(_nothing(type_), name) for type_, name in VALUE_COLUMNS.items()]
    wanted += [named(exp.false(), "removed"), named(_typed(exp.null(), "TEXT"), "name")]
    return exp.select(*wanted).where(exp.false())


def _nothing(type_: ValueType) -> exp.Expr:
    return _typed(exp.null(), _SQL_TYPES[type_])


def _typed(term: exp.Expr, kind: str) -> exp.Expr:
    return exp.Cast(this=term, to=exp.DataType.build(kind))


def people_view(dialect: Dialect, table: str) -> Statement:
    """Return the statement that shows a table of people that stands in the store as `people`."""
    return _view(dialect, "people", [exp.select(column(PERSON), column("first_seen")).from_(table)])


def _view(dialect: Dialect, name: str, parts: Sequence[exp.Select]) -> Statement:
    return create_view(name, together(parts), Parameters(dialect))
