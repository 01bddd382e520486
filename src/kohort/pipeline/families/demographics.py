"""Demographic traits, computed from told ones as a score declares."""

from datetime import date
from zoneinfo import ZoneInfo

import pyarrow as pa

from kohort.clock import Moment, datetime_of
from kohort.definitions.demographics import DemographicsDefinition, HarmonisedTrait
from kohort.definitions.values import ValueType, format_micros
from kohort.errors import DefinitionError
from kohort.pipeline.declared_files import refuse_told_traits
from kohort.pipeline.enrichment.repairs import FileTable, told_traits
from kohort.pipeline.workspace import Workspace
from kohort.profiles.demographics import banded, date_in, generation_of, meant, number_meaning, word_meaning, years
from kohort.storage.records import Finding

_TOLD = (ValueType.TEXT, ValueType.NUMBER, ValueType.MOMENT)


def demographic_traits(
    workspace: Workspace, definition: DemographicsDefinition, at: Moment
) -> tuple[FileTable, list[Finding]]:
    """Return the demographic traits of everybody as of `at`, and of how many people each is not known.

    The day of `at` is that in the project's time zone. Raises UnknownNameError for a trait that nobody has shown,
    DefinitionError for one of a type that says no such thing, and for one to write that another source or score tells.
    """
    refuse_told_traits(workspace, definition.name, definition.traits)
    told, types = told_traits(workspace, definition.name, definition.columns, at, _TOLD)
    columns = dict(zip(definition.columns, told.columns[1:], strict=True))
    kinds = dict(zip(definition.columns, types, strict=True))
    file, where = FileTable(told.column(0)), f'score "{definition.name}"'
    if definition.birth_date:
        births = columns[definition.birth_date].combine_chunks()
        days = _days(births, kinds[definition.birth_date], workspace.settings.zone, where)
        _add_ages(file, days, definition, datetime_of(at, workspace.settings.zone).date())
    for one in definition.harmonised:
        _add_harmonised(file, one, columns[one.trait].combine_chunks(), kinds[one.trait], where)
    table = file.table()
    return file, [_unknown(name, table.column(name)) for name in file.types]


def _days(births: pa.Array, kind: ValueType, zone: ZoneInfo, where: str) -> pa.Array:
    """Return birth dates as texts in ISO 8601."""
    match kind:
        case ValueType.TEXT:
            return births
        case ValueType.MOMENT:
            distinct = births.dictionary_encode()
            days = [datetime_of(one, zone).date().isoformat() for one in distinct.dictionary.to_pylist()]
            return pa.array(days, pa.string()).take(distinct.indices)
    raise DefinitionError(f"{where}, birth_date: expected a text such as 1990-12-31 or a moment, got a {kind}")


def _add_ages(file: FileTable, days: pa.Array, definition: DemographicsDefinition, today: date) -> None:
    ages = meant(days, lambda text: years(date_in(text), today), pa.int64())

    def generation(text: str) -> str | None:
        birth = date_in(text)
        # A birth date that is an error for the age is one for the generation.
        return None if birth is None or years(birth, today) is None else generation_of(birth)

    file.add(f"{definition.prefix}age_years", ValueType.NUMBER, ages)
    file.add(f"{definition.prefix}age_band", ValueType.TEXT, banded(ages, definition.bands))
    file.add(f"{definition.prefix}generation", ValueType.TEXT, meant(days, generation, pa.string()))


def _add_harmonised(file: FileTable, one: HarmonisedTrait, told: pa.Array, kind: ValueType, where: str) -> None:
    if one.borders and kind is not ValueType.NUMBER:
        raise DefinitionError(f"{where}, {one.name}: borders divide numbers, and {one.trait} is a {kind}")
    if kind is ValueType.MOMENT:
        raise DefinitionError(f"{where}, {one.name}: {one.trait} is a moment, which means no word and no number")
    if one.borders:
        file.add(one.name, ValueType.TEXT, banded(told, one.borders))
        return
    texts = told
    if kind is ValueType.NUMBER:
        distinct = told.dictionary_encode()
        texts = pa.array([format_micros(number) for number in distinct.dictionary.to_pylist()], pa.string()).take(
            distinct.indices
        )
    if one.type is ValueType.NUMBER:
        file.add(one.name, one.type, meant(texts, number_meaning(one.values), pa.int64()))
    else:
        file.add(one.name, one.type, meant(texts, word_meaning(one.values), pa.string()))


def _unknown(trait: str, values: pa.ChunkedArray) -> Finding:
    """Say of how many people a trait is not known."""
    unknown, people = values.null_count, len(values)
    share = unknown / people if people else 0.0
    detail = f"{trait} of {unknown:,} of {people:,} people ({100 * share:.1f} %) is not known"
    return Finding("unknown", "traits", trait, "info", unknown, share, detail)
