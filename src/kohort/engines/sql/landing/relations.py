"""Tables of any shape as the relations that the SQL engine reads: views of the connection alone, nothing copied out."""

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import expressions as exp

from kohort.definitions.values import VALUE_COLUMNS, ValueType
from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.landing.mapped import ID, TIME, MappedTable
from kohort.engines.sql.statements import Statement, create_table, printed
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


def relations(dialect: Dialect, tables: Sequence[MappedTable], catalog: Catalog, database: str) -> Iterator[Statement]:
    """Yield the statements that make `events`, `trait_values` and `people` of mapped tables.

    `catalog` names the columns of properties; `database` is the store's name for what it is connected to.
    """
    events = [one for one in tables if one.source.event]
    traits = [(one, place) for one in tables if not one.source.event for place in range(len(one.values))]
    names = [*(one.source.event for one in events), *(one.values[place].name for one, place in traits)]
    yield _names(dialect, names)
    for one in tables:
        yield _view(dialect, one.view, [one.rows(dialect, database)])
    columns = _property_columns(catalog)
    parts = [_event(one, place, catalog, columns) for place, one in enumerate(events)]
    yield _view(dialect, "events", [_empty_events(columns), *parts])
    parts = [_trait(one, len(events) + number, place) for number, (one, place) in enumerate(traits)]
    yield _view(dialect, "trait_values", [_empty_traits(), *parts])
    yield _people(dialect, tables)


def row_counts(dialect: Dialect, table: MappedTable) -> Statement:
    """Return the statement that counts a table's rows: `seen` of all, `taken` of those that count."""
    one = exp.Case(ifs=[exp.If(this=column("taken"), true=number(1))])
    wanted = [named(exp.Count(this=exp.Star()), "seen"), named(exp.Count(this=one), "taken")]
    return printed(exp.select(*wanted).from_(table.view), Parameters(dialect))


def database_name(dialect: Dialect) -> Statement:
    """Return the statement for what the store calls the database that it is connected to: `name`."""
    current = exp.Cast(this=exp.Anonymous(this="CURRENT_DATABASE"), to=exp.DataType.build("TEXT"))
    return printed(exp.select(named(current, "name")), Parameters(dialect))


def _names(dialect: Dialect, names: Sequence[str]) -> Statement:
    parameters = Parameters(dialect)
    columns = [named(_typed(exp.null(), kind), name) for name, kind in (("number", "BIGINT"), ("name", "TEXT"))]
    rows = [
        exp.select(
            named(_typed(number(place), "BIGINT"), "number"), named(_typed(parameters.bind(name), "TEXT"), "name")
        )
        for place, name in enumerate(names)
    ]
    return create_table(NAMES, _together([exp.select(*columns).where(exp.false()), *rows]), parameters)


def _event(table: MappedTable, place: int, catalog: Catalog, columns: Mapping[str, ValueType]) -> exp.Select:
    event = table.source.event
    held = {catalog.events[event][one.name][one.type]: number for number, one in enumerate(table.values)}
    properties = [
        named(column(f"v{held[name]}") if name in held else _nothing(type_), name) for name, type_ in columns.items()
    ]
    wanted = [column(ID), column(PERSON), named(column("name", NAMES), "name"), column(TIME), *properties]
    return _taken(wanted, table, place)


def _trait(table: MappedTable, number_: int, place: int) -> exp.Select:
    value = column(f"v{place}")
    kind = table.values[place].type
    values = [named(value.copy() if type_ is kind else _nothing(type_), name) for type_, name in VALUE_COLUMNS.items()]
    wanted = [
        column(PERSON),
        named(column("name", NAMES), "name"),
        named(column(ID), "value_id"),
        named(column(TIME), "set_at"),
        *values,
        named(exp.false(), "removed"),
    ]
    return _taken(wanted, table, number_).where(is_there(value))


def _taken(wanted: Sequence[exp.Expr], table: MappedTable, place: int) -> exp.Select:
    """Return the rows that count beside the name that they have; where another is asked for, none need be read."""
    meant = exp.EQ(this=column("number", NAMES), expression=number(place))
    select = exp.select(*wanted).from_(NAMES).join(table.view, join_type="CROSS")
    return select.where(all_of([meant, column("taken")]))


def _people(dialect: Dialect, tables: Sequence[MappedTable]) -> Statement:
    parameters = Parameters(dialect)
    seen = [exp.select(column(PERSON), column(TIME)).from_(one.view).where(column("taken")) for one in tables]
    first = named(exp.Min(this=column(TIME)), "first_seen")
    select = exp.select(column(PERSON), first).from_(_together(seen).subquery("seen")).group_by(column(PERSON))
    return create_table("people", select, parameters)


def _property_columns(catalog: Catalog) -> dict[str, ValueType]:
    return {
        name: type_
        for properties in catalog.events.values()
        for types in properties.values()
        for type_, name in types.items()
    }


def _empty_events(columns: Mapping[str, ValueType]) -> exp.Select:
    """Return the relation's columns and no row: it is there with its types whatever the sources are."""
    wanted = [named(_typed(exp.null(), "TEXT"), name) for name in (ID, PERSON, "name")]
    wanted.append(named(_typed(exp.null(), "BIGINT"), TIME))
    wanted += [named(_nothing(type_), name) for name, type_ in columns.items()]
    return exp.select(*wanted).where(exp.false())


def _empty_traits() -> exp.Select:
    wanted = [named(_typed(exp.null(), "TEXT"), name) for name in (PERSON, "name", "value_id")]
    wanted.append(named(_typed(exp.null(), "BIGINT"), "set_at"))
    wanted += [named(_nothing(type_), name) for type_, name in VALUE_COLUMNS.items()]
    return exp.select(*wanted, named(exp.false(), "removed")).where(exp.false())


def _nothing(type_: ValueType) -> exp.Expr:
    return _typed(exp.null(), _SQL_TYPES[type_])


def _typed(term: exp.Expr, kind: str) -> exp.Expr:
    return exp.Cast(this=term, to=exp.DataType.build(kind))


def _view(dialect: Dialect, name: str, parts: Sequence[exp.Select]) -> Statement:
    properties = exp.Properties(expressions=[exp.TemporaryProperty()])
    create = exp.Create(this=exp.to_table(name), kind="VIEW", expression=_together(parts), properties=properties)
    return printed(create, Parameters(dialect))


def _together(parts: Sequence[exp.Select]) -> exp.Select | exp.Union:
    if len(parts) == 1:
        return parts[0]
    return exp.union(*parts, distinct=False, copy=False)
