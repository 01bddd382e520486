"""What a file in `sources/` declares: how the rows of a file, or of a store's table, become events or traits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from kohort.clock import parse_moment, zone_of
from kohort.definitions.checking import RowCheck, row_checks_of
from kohort.definitions.comparing import ReferencePopulation, SourceComparison, comparisons_of, references_of
from kohort.definitions.fields import Fields
from kohort.definitions.normalisation import FIELDS, RAW, Kind, Normalisation, WhenFlagged, normalisation_of
from kohort.definitions.quality import NOTHING_EXPECTED, SourceQuality, source_quality_of
from kohort.definitions.tracking import LONGEST_NAME, event_key, value_type
from kohort.definitions.values import ValueType, format_micros, micros_of
from kohort.errors import DefinitionError, did_you_mean, shorten


class Aggregate(StrEnum):
    """How the values of a group's rows become one value."""

    SUM = "sum"
    SUM_PRODUCT = "sum_product"
    FIRST = "first"
    DISTINCT = "distinct"
    COUNT = "count"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True)
class TimeMapping:
    """Where a row's time stands: in a column, or fixed for the whole file (`at`, ISO 8601).

    `zone` is that of times written without an offset; None means the project's zone. `day` is the column with the day
    of the column's times, by which a table is partitioned, if there is one. With a `normalisation`, times may be
    written in other ways than ISO 8601.
    """

    column: str = ""
    at: str = ""
    zone: ZoneInfo | None = None
    day: str = ""
    normalisation: Normalisation | None = None


@dataclass(frozen=True)
class Lookup:
    """Columns of another file that stands beside the source's file, joined where both have the same value of `on`."""

    file: str
    on: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class ValueMapping:
    """Where one property or trait comes from.

    `type` None means the tracking plan's type, else the column's own. `aggregate` is given exactly when rows are
    grouped; several columns are added, or multiplied row by row, so only a sum has them. `where` keeps the rows whose
    column holds one of the given texts. With a `normalisation`, the values are brought into its form, which gives their
    type.
    """

    name: str
    columns: tuple[str, ...]
    aggregate: Aggregate | None = None
    type: ValueType | None = None
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    normalisation: Normalisation | None = None


@dataclass(frozen=True)
class SourceDefinition:
    """How the rows of files whose name matches the pattern `files`, or of a table, become messages.

    A source of a table has no `files`: `table` is the schema's name and the table's, `store` the store that holds it.
    `event` is the key of the event, empty for a source of traits; `values` are its properties, or the traits.
    `user_id` and `anonymous_id` name columns. `key` are the columns that make a row unique, if any; `group_by`
    those of line items that make one event together. `cursor` is the column of a table, if there is one, that is
    greater in every row that is loaded later, `cursor_day` that with the day of it by which the table is partitioned.
    `file` is the definition's own file, for messages. Without consent to each of the purposes `requires_consent`
    nothing of the source is stored. `quality` is what is expected of its loads, `checks` what must hold between the
    values of each row, `comparisons` which sources must agree with it, `references` whom its people should resemble.
    """

    name: str
    files: str
    file: str
    time: TimeMapping
    event: str = ""
    user_id: str = ""
    anonymous_id: str = ""
    key: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    values: tuple[ValueMapping, ...] = ()
    delimiter: str = ""
    table: tuple[str, str] | None = None
    store: str = ""
    cursor: str = ""
    cursor_day: str = ""
    requires_consent: tuple[str, ...] = ()
    quality: SourceQuality = NOTHING_EXPECTED
    checks: tuple[RowCheck, ...] = ()
    comparisons: tuple[SourceComparison, ...] = ()
    references: tuple[ReferencePopulation, ...] = ()

    def columns(self) -> dict[str, str]:
        """Return every column that the definition reads, with the field that asks for it.

        Columns that a lookup brings are not among them; the columns on which lookups join are.
        """
        wanted = {column: "person" for column in (self.user_id, self.anonymous_id) if column}
        wanted |= {self.time.column: "time"} if self.time.column else {}
        wanted |= {self.cursor: "cursor"} if self.cursor else {}
        wanted |= {name: asked for name, asked in self.days().items() if name not in wanted}
        wanted |= dict.fromkeys(self.key, "key") | dict.fromkeys(self.group_by, "group_by")
        for value in self.values:
            beside = (value.normalisation.beside,) if value.normalisation and value.normalisation.beside else ()
            wanted |= dict.fromkeys((*value.columns, *value.where, *beside), value.name)
        wanted |= {lookup.on: f"lookups: {lookup.file}" for lookup in self.lookups}
        brought = {column for lookup in self.lookups for column in lookup.columns}
        return {column: asked for column, asked in wanted.items() if column not in brought}

    def days(self) -> dict[str, str]:
        """Return the columns of days by which a table is partitioned, with the field that names each."""
        return {name: asked for name, asked in ((self.time.day, "time"), (self.cursor_day, "cursor")) if name}


_DELIMITERS: Final = {",": ",", ";": ";", "|": "|", "\t": "\t", "tab": "\t"}
_FACTORS: Final = 2  # as many as 128 bits hold the product of
_YAML_ON: Final = "True"  # YAML 1.1 reads the bare word `on` as a truth value


def source_definition_of(document: object, file: str) -> SourceDefinition:
    """Read the content of one file of `sources/`.

    Raises DefinitionError with the file and field of what is wrong, and the nearest known name.

    >>> document = {"name": "visits", "files": "visits*.csv", "event": "shop_visited", "person": "customer",
    ...             "time": {"column": "day", "time_zone": "Europe/Paris"}, "properties": {"shop": "shop_name"}}
    >>> source_definition_of(document, "sources/visits.yaml").values[0].columns
    ('shop_name',)
    """
    fields = Fields(document, file)
    group_by, key = fields.texts("group_by", default=()), fields.texts("key", default=())
    if group_by and key and set(key) != set(group_by):
        raise fields.wrong("key", "the columns of group_by, which identify the event, or no key", list(key))
    event = fields.build("event", event_key) if fields.value("event") is not None else ""
    user_id, anonymous_id = _person(fields)
    delimiter = fields.text("delimiter", default="")
    if delimiter and delimiter not in _DELIMITERS:
        raise fields.wrong("delimiter", 'one of "," ";" "|" or "tab"', delimiter)
    table, store = _table(fields)
    cursor, cursor_day = _cursor(fields)
    values = _values(fields, is_event=bool(event), grouped=bool(group_by))
    names = [value.name for value in values]
    definition = SourceDefinition(
        name=fields.text("name"),
        files=fields.text("files") if table is None else "",
        file=file,
        event=event,
        user_id=user_id,
        anonymous_id=anonymous_id,
        time=_time(fields),
        key=key or group_by,
        group_by=group_by,
        lookups=tuple(_lookup(one) for one in fields.items("lookups")),
        values=values,
        delimiter=_DELIMITERS.get(delimiter, ""),
        table=table,
        store=store,
        cursor=cursor,
        cursor_day=cursor_day,
        requires_consent=fields.texts("requires_consent", default=()),
        quality=source_quality_of(fields.inner("quality")),
        checks=row_checks_of(fields, names),
        comparisons=comparisons_of(fields, names, is_event=bool(event)),
        references=references_of(fields),
    )
    _check_expected(fields, definition)
    fields.refuse_unknown()
    if table is not None and (definition.time.normalisation or any(one.normalisation for one in definition.values)):
        reason = "the values of a table are not normalised; normalise them in a view of the store, and leave out as"
        raise DefinitionError(f"{fields.place('table')}: {reason}")
    return definition


def _check_expected(fields: Fields, definition: SourceDefinition) -> None:
    known = [one.name for one in definition.values]
    for name in definition.quality.expects:
        if name not in known:
            hint = did_you_mean(name, known)
            raise DefinitionError(
                f'{fields.place("quality.expects")}: the source maps nothing to "{shorten(name)}"; {hint}'
            )


def _table(fields: Fields) -> tuple[tuple[str, str] | None, str]:
    """Return the schema and table that a source reads in place of files, and the store that holds it."""
    if fields.value("table") is None:
        if fields.value("cursor") is not None:
            raise DefinitionError(f"{fields.place('cursor')}: only a table has a cursor; a file is read whole")
        return None, ""
    schema, dot, name = fields.text("table").partition(".")
    if not (schema and dot and name):
        raise fields.wrong("table", 'a schema and a table, such as "shop.orders"', fields.value("table"))
    reasons = {
        "files": "a source reads files or a table; leave one out",
        "group_by": "rows of a table are not grouped yet; group them in a view of the store",
        "lookups": "tables are not joined yet; join them in a view of the store",
        "delimiter": "only a file has a delimiter",
        "requires_consent": "nothing of a table is stored here; leave out who did not consent, in a view of the store",
        "checks": "the rows of a table are not looked at here; check them in the store",
        "compare": "the rows of a table are not looked at here; compare them in the store",
        "reference": "the people of a table are not looked at here; compare them in the store",
    }
    for field_name, reason in reasons.items():
        if fields.value(field_name) is not None:
            raise DefinitionError(f"{fields.place(field_name)}: {reason}")
    if isinstance(fields.value("person"), Mapping):
        reason = "anonymous ids are not joined to known ones in a store yet; name the column of the person's id"
        raise DefinitionError(f"{fields.place('person')}: {reason}")
    if fields.value("key") is None:
        raise fields.wrong("key", "the column or columns that make a row of the table unique", None)
    return (schema, name), fields.text("store")


def _cursor(fields: Fields) -> tuple[str, str]:
    """Return the column of a cursor and that of its days; empty where there is none."""
    if not isinstance(fields.value("cursor"), Mapping):
        return fields.text("cursor", default=""), ""
    cursor = Fields(fields.value("cursor"), fields.file, "cursor")
    found = cursor.text("column"), cursor.text("day", default="")
    cursor.refuse_unknown()
    return found


def _person(fields: Fields) -> tuple[str, str]:
    if not isinstance(fields.value("person"), Mapping):
        return fields.text("person"), ""
    person = Fields(fields.value("person"), fields.file, "person")
    user_id, anonymous_id = person.text("user_id", default=""), person.text("anonymous_id", default="")
    person.refuse_unknown()
    if not (user_id or anonymous_id):
        raise fields.wrong("person", "a column, or user_id and anonymous_id with their columns", None)
    return user_id, anonymous_id


def _time(fields: Fields) -> TimeMapping:
    if isinstance(fields.value("time"), str):
        return TimeMapping(column=fields.text("time"))
    time = fields.inner("time")
    if time is None:
        raise fields.wrong("time", 'a column, or a fixed time such as {at: "2026-01-31"}', None)
    column, at, day = (time.text(name, default="") for name in ("column", "at", "day"))
    zone = time.build("time_zone", zone_of) if time.value("time_zone") is not None else None
    normalisation = _time_form(time)
    time.refuse_unknown()
    if bool(column) == bool(at):
        raise fields.wrong("time", "either a column or at", fields.value("time"))
    if day and (at or fields.value("table") is None):
        raise DefinitionError(f"{time.place('day')}: only a table has a column with the days of its times")
    if at:
        time.build("at", lambda text: parse_moment(text, zone or ZoneInfo("UTC")))
    return TimeMapping(column, at, zone, day, normalisation)


def _time_form(time: Fields) -> Normalisation | None:
    """Return the form of a time column; a row whose time cannot be read is a dead letter in any case."""
    form = None if time.value("as") is None else normalisation_of(time, WhenFlagged.REJECT)
    if form is None:
        return None
    if form.kind is not Kind.DATE:
        raise time.wrong("as", "date, which is what a time can be", form.kind.value)
    if form.flagged is not WhenFlagged.REJECT:
        raise time.wrong("flagged", "reject, since nothing happens at no time", form.flagged.value)
    if not time.text("column", default=""):
        raise DefinitionError(f"{time.place('as')}: only the times of a column are normalised")
    return form


def _lookup(fields: Fields) -> Lookup:
    on = "on" if fields.value(_YAML_ON) is None else _YAML_ON
    lookup = Lookup(fields.text("file"), fields.text(on), fields.texts("columns"))
    fields.refuse_unknown()
    if "/" in lookup.file or "\\" in lookup.file or lookup.file.startswith("."):
        raise fields.wrong("file", "the name of a file that stands beside the source's file", lookup.file)
    return lookup


def _values(fields: Fields, *, is_event: bool, grouped: bool) -> tuple[ValueMapping, ...]:
    wanted, other = ("properties", "traits") if is_event else ("traits", "properties")
    if fields.value(other) is not None:
        reason = "an event has properties, not traits" if is_event else "properties belong to an event: name one"
        raise DefinitionError(f"{fields.place(other)}: {reason}")
    if grouped and not is_event:
        raise DefinitionError(f"{fields.place('group_by')}: only the rows of an event are grouped: name one")
    values = fields.inner(wanted)
    if values is None:
        if not is_event:
            raise fields.wrong("traits", "traits with their columns (or an event with properties)", None)
        return ()
    found = tuple(_value(values, name, grouped=grouped) for name in values.names())
    kept = {f"{one.name}.{RAW}": one.name for one in found if one.normalisation}
    for one in found:
        if one.name in kept:
            reason = f'what "{kept[one.name]}" was before it was normalised is kept under this name; choose another'
            raise DefinitionError(f"{values.place(one.name)}: {reason}")
    return found


def _value(values: Fields, name: str, *, grouped: bool) -> ValueMapping:
    if not 0 < len(name) <= LONGEST_NAME:
        raise DefinitionError(f"{values.place(shorten(name))}: a name has 1 to {LONGEST_NAME} characters")
    if not isinstance(values.value(name), Mapping):
        if grouped:
            expected = "an aggregate such as {first: column}, since rows are grouped"
            raise values.wrong(name, expected, values.value(name))
        return ValueMapping(name, (values.text(name),))
    fields = Fields(values.value(name), values.file, values.place(name).field or name)
    declared = value_type(fields, "type") if fields.value("type") is not None else None
    form = normalisation_of(fields, WhenFlagged.REJECT if grouped else WhenFlagged.MISSING)
    if form is not None and declared is not None:
        raise fields.wrong("type", f'no type beside as: "{form.kind}" gives {form.type}', str(declared))
    if not grouped:
        plain = ValueMapping(name, (fields.text("column"),), type=declared, normalisation=form)
        fields.refuse_unknown()
        return plain
    where = _where(fields)
    aggregate = _aggregate(fields, where)
    columns = fields.texts(aggregate)
    fields.refuse_unknown()
    if len(columns) > 1 and aggregate not in {Aggregate.SUM, Aggregate.SUM_PRODUCT}:
        raise fields.wrong(aggregate, "one column (only a sum adds several)", list(columns))
    if aggregate is Aggregate.SUM_PRODUCT and len(columns) != _FACTORS:
        raise fields.wrong(aggregate, "two columns, such as [price, quantity]", list(columns))
    if form is None:
        return ValueMapping(name, columns, aggregate, _aggregated_type(fields, aggregate, declared), where)
    if len(columns) > 1:
        raise fields.wrong(aggregate, "one column, since as speaks of one", list(columns))
    return ValueMapping(name, columns, aggregate, _normalised_type(fields, aggregate, form), where, form)


def _aggregate(fields: Fields, where: Mapping[str, object]) -> Aggregate:
    given = [name for name in fields.names() if name not in {"type", "where"} | FIELDS]
    unknown = [name for name in given if name not in list(Aggregate)]
    if unknown:
        hint = did_you_mean(unknown[0], list(Aggregate))
        raise DefinitionError(f'{fields.place(unknown[0])}: unknown aggregate "{shorten(unknown[0])}"; {hint}')
    if len(given) != 1:
        conditions = " beside where" if where else ""
        raise DefinitionError(
            f"{fields.place(given[1] if given else '')}: expected one aggregate{conditions}, "
            f"got {len(given)}; known: {', '.join(Aggregate)}"
        )
    return Aggregate(given[0])


def _aggregated_type(fields: Fields, aggregate: Aggregate, declared: ValueType | None) -> ValueType | None:
    """Return the type of the values that go into an aggregate; None where column or plan decide."""
    possible: Mapping[Aggregate, Iterable[ValueType]] = {
        Aggregate.SUM: (ValueType.NUMBER,),
        Aggregate.SUM_PRODUCT: (ValueType.NUMBER,),
        Aggregate.COUNT: (ValueType.NUMBER,),
        Aggregate.DISTINCT: (ValueType.TEXT_LIST,),
        Aggregate.MIN: (ValueType.NUMBER, ValueType.MOMENT),
        Aggregate.MAX: (ValueType.NUMBER, ValueType.MOMENT),
        Aggregate.FIRST: tuple(ValueType),
    }
    types = tuple(possible[aggregate])
    if declared is not None and declared not in types:
        raise fields.wrong("type", f"a type that {aggregate} can give: {', '.join(types)}", str(declared))
    return types[0] if len(types) == 1 else declared


def _normalised_type(fields: Fields, aggregate: Aggregate, form: Normalisation) -> ValueType:
    """Return the type of the normalised values that go into an aggregate."""
    possible = {
        Aggregate.SUM: {ValueType.NUMBER},
        Aggregate.SUM_PRODUCT: set[ValueType](),
        Aggregate.DISTINCT: {ValueType.TEXT},
        Aggregate.COUNT: set[ValueType](),
        Aggregate.MIN: {ValueType.NUMBER, ValueType.MOMENT},
        Aggregate.MAX: {ValueType.NUMBER, ValueType.MOMENT},
        Aggregate.FIRST: set(ValueType),
    }
    if form.type not in possible[aggregate]:
        raise fields.wrong("as", f"a kind that {aggregate} can take", form.kind.value)
    return form.type


def _where(fields: Fields) -> dict[str, tuple[str, ...]]:
    where = fields.inner("where")
    if where is None:
        return {}
    return {column: _alternatives(where, column) for column in where.names()}


def _alternatives(where: Fields, column: str) -> tuple[str, ...]:
    given = where.value(column)
    values = given if isinstance(given, list) else [given]
    texts = tuple(_literal(one) for one in values if isinstance(one, str | int | float))
    if not texts or len(texts) < len(values):
        raise where.wrong(column, "a value or a list of values", given)
    return texts


def _literal(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else format_micros(micros_of(value))
