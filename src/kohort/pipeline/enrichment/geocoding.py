"""Where addresses are, as a score declares: by the communes of France, or by a service that the project names."""

import time
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kohort.activation.destinations.geocoders import RemoteGeocoder
from kohort.clock import Moment
from kohort.definitions.geocoding import LOCAL, TRAITS, GeocodingDefinition, GeocodingSettings
from kohort.definitions.provenance import Mark, mark_of
from kohort.definitions.values import MICRO, ValueType
from kohort.errors import DefinitionError, Place, ProjectError, RemoteError
from kohort.pipeline.declared_files import refuse_told_traits
from kohort.pipeline.enrichment.repairs import FileTable, told_traits
from kohort.pipeline.workspace import Workspace
from kohort.places.columns import distinct_rows
from kohort.places.geocoding import Geocoded, Geocoder, LocalGeocoder, answer_kept, kept_answer
from kohort.places.postal_codes import text_of
from kohort.storage.geocoding_cache import GeocodingCache
from kohort.storage.records import Finding

Answers = Mapping[str, Geocoded | None]
_KINDS = {"latitude": ValueType.NUMBER, "longitude": ValueType.NUMBER, "score": ValueType.NUMBER}


def geocoded_traits(
    workspace: Workspace, definition: GeocodingDefinition, at: Moment
) -> tuple[FileTable, list[Finding]]:
    """Return the traits that `definition` writes as of `at`, and how many addresses were found.

    A service that fails, or refuses, is a finding: what it answered before stays, and the next run asks for the rest.
    Raises UnknownNameError and DefinitionError for traits that there are not or are told by others, and for a service
    that is not declared.
    """
    refuse_told_traits(workspace, definition.name, definition.traits)
    told, _ = told_traits(workspace, definition.name, definition.columns, at, (ValueType.TEXT, ValueType.NUMBER))
    rows, whose = distinct_rows(told.columns[1:])
    addresses = [_address(row) for row in rows]
    wanted = sorted({one for one in addresses if one})
    geocoder, settings = geocoder_of(workspace, definition)
    if settings is None:
        answers: Answers = dict(geocoder.find_all(wanted))
        problem, whose_data = "", "INSEE, La Poste and GeoNames"
    else:
        answers, problem = _asked(workspace, definition, geocoder, settings, wanted)
        whose_data = settings.attribution
    sure = {one: found for one, found in answers.items() if found and _is_sure(found, definition)}
    table = FileTable(told.column("person_id"))
    places = pa.array(whose)
    mark = mark_of(Mark.PLACED, geocoder.name)
    for name in TRAITS:
        values = [_written(sure.get(one), name) for one in addresses]
        kind = _KINDS.get(name, ValueType.TEXT)
        column = pa.array(values, pa.int64() if kind is ValueType.NUMBER else pa.string()).take(places)
        marks = pc.if_else(column.is_valid(), pa.scalar(mark), pa.scalar(None, pa.string()))
        table.add(definition.prefix + name, kind, column, marks)
    return table, [_finding(definition, len(wanted), len(sure), len(answers), whose_data, problem)]


def geocoder_of(workspace: Workspace, definition: GeocodingDefinition) -> tuple[Geocoder, GeocodingSettings | None]:
    """Return what finds the addresses of a score, with the settings of the service if it is one."""
    if definition.by == LOCAL:
        return LocalGeocoder(), None
    settings = workspace.settings.places.geocoding
    if settings is None:
        place = Place("kohort.yaml", field="places.geocoding")
        raise DefinitionError(
            f'{place}: score "{definition.name}" would send addresses to a service, and none is declared; '
            "declare service and contact, or say by: local"
        )
    return RemoteGeocoder(settings, workspace.clock, time.sleep), settings


def unfinished(workspace: Workspace, definition: GeocodingDefinition) -> str:
    """Return what differs when something is left to ask, empty where nothing is asked of others."""
    settings = workspace.settings.places.geocoding
    if definition.by == LOCAL or settings is None:
        return ""
    with GeocodingCache(workspace.folder.geocoding, definition.name, settings.url) as cache:
        return f"{settings!r} {cache.unfinished()}"


def _asked(
    workspace: Workspace,
    definition: GeocodingDefinition,
    geocoder: Geocoder,
    settings: GeocodingSettings,
    wanted: Sequence[str],
) -> tuple[Answers, str]:
    """Return what is known of addresses, those asked now included, and why the service stopped answering, if it did."""
    with GeocodingCache(workspace.folder.geocoding, definition.name, settings.url) as cache:
        cache.forget_others(wanted)
        known: dict[str, Geocoded | None] = {one: answer_kept(kept) for one, kept in cache.answers(wanted).items()}
        problem = ""
        try:
            for address, found in geocoder.find_all([one for one in wanted if one not in known][: settings.most]):
                known[address] = found
                cache.keep(address, kept_answer(found), workspace.clock.now())
        except (RemoteError, ProjectError) as error:
            problem = str(error)
        if len(known) < len(wanted):
            cache.leave_unfinished()
    return known, problem


def _address(row: Sequence[object]) -> str:
    """Return the address that traits are parts of; numbers, such as postal codes, are micros."""
    return " ".join(text for one in row if one is not None and (text := _part(one)))


def _part(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else text_of(value)


def _is_sure(found: Geocoded, definition: GeocodingDefinition) -> bool:
    return found.score is None or found.score >= definition.least


def _written(found: Geocoded | None, name: str) -> int | str | None:
    value = None if found is None else getattr(found, name)
    if isinstance(value, float):
        return int(np.rint(value * MICRO))
    return value or None


def _finding(
    definition: GeocodingDefinition, wanted: int, sure: int, asked: int, whose_data: str, problem: str
) -> Finding:
    left = wanted - asked
    detail = (
        f"{sure:,} of {wanted:,} different addresses are found, {asked - sure:,} are not or not surely, {left:,} are "
        f"left for the next run; {whose_data}"
    )
    share = (wanted - sure) / wanted if wanted else None
    severity = "warning" if problem else "info"
    detail += f"; stopped: {problem}" if problem else ""
    return Finding("geocoded", "places", definition.name, severity, wanted - sure, share, detail)
