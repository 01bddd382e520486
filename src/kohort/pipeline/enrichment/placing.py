"""Where people are, as a score declares: by postal codes, by positions, by IP addresses."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.clock import Moment
from kohort.definitions.places import BY_CODE, BY_IP, BY_POSITION, BY_STORES, ZONE, PlacesDefinition
from kohort.definitions.provenance import Mark, mark_of
from kohort.definitions.values import MICRO, ValueType
from kohort.errors import DefinitionError, Place, ProjectError
from kohort.pipeline.declared_files import declared_file, refuse_told_traits
from kohort.pipeline.enrichment.repairs import FileTable, told_traits
from kohort.pipeline.facts import event_facts
from kohort.pipeline.workspace import Workspace
from kohort.places.cells import cells_of
from kohort.places.columns import Column, distinct_rows, spread
from kohort.places.communes_of_people import place_people
from kohort.places.insee import Points, commune_points, french_places
from kohort.places.ip import places_of_addresses
from kohort.places.nearest import NOWHERE, nearest
from kohort.places.stores import points_of, stores_in
from kohort.places.wording import code_findings, ip_finding, position_finding, zone_finding
from kohort.places.zones import EVERYWHERE, zones_of
from kohort.storage.records import Finding

Degrees = NDArray[np.float64]

EVERYWHERE_NAME: Final = "everywhere"
_THOUSAND: Final = 1_000
_STEP: Final = 100
_LATITUDES, _LONGITUDES = 90, 180


def placed_traits(workspace: Workspace, definition: PlacesDefinition, at: Moment) -> tuple[FileTable, list[Finding]]:
    """Return the traits that `definition` writes as of `at`, and what was found of people's places.

    Raises UnknownNameError and DefinitionError for traits, properties and files that there are not, or of a type or
    form that tells no place, and for traits to write that a source or another score tells; ProjectError for a database
    that cannot be read.
    """
    refuse_told_traits(workspace, definition.name, definition.traits)
    told, types = told_traits(workspace, definition.name, definition.columns, at, (ValueType.TEXT, ValueType.NUMBER))
    kinds = dict(zip(definition.columns, types, strict=True))
    table = FileTable(told.column("person_id"))
    findings: list[Finding] = []
    if definition.postal_code:
        findings += _by_code(workspace, definition, told, kinds, table)
    if definition.position is not None:
        findings += _by_position(workspace, definition, told, kinds, table, at)
    if definition.ip is not None:
        findings += _by_ip(workspace, definition, told, kinds, table, at)
    return table, findings


def _by_code(
    workspace: Workspace, definition: PlacesDefinition, told: pa.Table, kinds: dict[str, ValueType], table: FileTable
) -> list[Finding]:
    town, country = (
        _typed(definition, told, kinds, name, ValueType.TEXT) if name else None
        for name in (definition.town, definition.country)
    )
    places = french_places()
    placed = place_people(
        told.column(definition.postal_code), town, country, french=workspace.settings.country == "FR", places=places
    )
    rows: list[tuple[str | None, ...]] = []
    for one in placed.distinct:
        if one is None:
            rows.append((None,) * (len(BY_CODE) + 1))
            continue
        commune = places.communes[one.commune].name if one.commune else ""
        department = places.departments[one.department].name if one.department else ""
        region = next((two.region_name for two in places.departments.values() if two.region == one.region), "")
        level = "commune" if one.commune else "department" if one.department else "region"
        named = (one.commune, commune, one.department, department, one.region, region, level)
        rows.append((*(value or None for value in named), mark_of(Mark.PLACED, one.by)))
    *columns, by = (list(column) for column in zip(*rows, strict=True)) if rows else [[]] * (len(BY_CODE) + 1)
    marks = spread(by, placed.whose, pa.string())
    for name, values in zip(BY_CODE, columns, strict=True):
        column = spread(values, placed.whose, pa.string())
        table.add(
            definition.prefix + name,
            ValueType.TEXT,
            column,
            pc.if_else(column.is_valid(), marks, pa.scalar(None, pa.string())),
        )
    return code_findings(definition.postal_code, placed)


def _by_position(
    workspace: Workspace,
    definition: PlacesDefinition,
    told: pa.Table,
    kinds: dict[str, ValueType],
    table: FileTable,
    at: Moment,
) -> list[Finding]:
    position = definition.position
    if position is None:
        return []
    names = (position.latitude, position.longitude)
    if position.event:
        columns = _newest(workspace, definition, position.event, names, ValueType.NUMBER, told, at)
    else:
        columns = [_typed(definition, told, kinds, name, ValueType.NUMBER) for name in names]
    latitudes, longitudes = (
        pc.cast(one, pa.float64(), safe=False).to_numpy(zero_copy_only=False) / MICRO for one in columns
    )
    given = ~(np.isnan(latitudes) | np.isnan(longitudes))
    somewhere = given & (np.abs(latitudes) <= _LATITUDES) & (np.abs(longitudes) <= _LONGITUDES)
    somewhere &= (latitudes != 0) | (longitudes != 0)
    people = np.flatnonzero(somewhere)
    points, whose = np.unique(np.column_stack([latitudes, longitudes])[people], axis=0, return_inverse=True)
    whose = whose.reshape(-1)
    cells = cells_of(points[:, 0], points[:, 1], definition.cell)
    writer = _Writer(definition, table, people, whose, len(told))
    writer.texts(BY_POSITION[0], [f"{one:x}" for one in cells.tolist()])
    communes = commune_points()
    codes = writer.nearest(BY_POSITION[1], BY_POSITION[3], points, communes)
    named = french_places().communes
    writer.texts(BY_POSITION[2], [code and named[code].name for code in codes])
    if BY_STORES[0] in {one.removeprefix(definition.prefix) for one in definition.traits}:
        writer.nearest(*BY_STORES, points, _stores(workspace, definition))
    label = ", ".join(names)
    findings = [position_finding(label, int(given.sum()), int((given & ~somewhere).sum()))]
    if definition.zones:
        distinct, inverse = np.unique(cells, return_inverse=True)
        inverse = inverse.reshape(-1)
        counts = np.bincount(inverse[whose], minlength=len(distinct))
        zones = zones_of(distinct, counts, least=definition.zones, resolution=definition.cell)
        writer.texts(ZONE, [f"{one:x}" if one != EVERYWHERE else EVERYWHERE_NAME for one in zones[inverse].tolist()])
        findings.append(zone_finding(len(np.unique(zones)), len(people), definition.zones))
    return findings


class _Writer:
    """Adds traits of distinct points to those who are there: `people` have places, `whose` says which point each."""

    def __init__(
        self,
        definition: PlacesDefinition,
        table: FileTable,
        people: NDArray[np.int64],
        whose: NDArray[np.int64],
        rows: int,
    ) -> None:
        self._prefix, self._table = definition.prefix, table
        self._which = np.full(rows, -1, np.int64)
        self._which[people] = whose

    def texts(self, name: str, values: Sequence[str | None]) -> None:
        """Add a text for each distinct point."""
        self._table.add(self._prefix + name, ValueType.TEXT, self._taken(pa.array(values, pa.string())))

    def nearest(self, name: str, distance: str, points: Degrees, targets: Points) -> list[str | None]:
        """Add which of the targets is nearest to each point, and the kilometres to it; return the former."""
        places, metres = nearest(points[:, 0], points[:, 1], targets.latitudes, targets.longitudes)
        codes = [None if place == NOWHERE else targets.codes[place] for place in places.tolist()]
        self.texts(name, codes)
        # To 0.1 km: exact distances to known places would tell where somebody is.
        steps = np.rint(np.nan_to_num(metres) / _STEP).astype(np.int64)
        micros = pa.array(steps * (MICRO * _STEP // _THOUSAND), mask=np.isnan(metres))
        self._table.add(self._prefix + distance, ValueType.NUMBER, self._taken(micros))
        return codes

    def _taken(self, values: pa.Array) -> pa.Array:
        return values.take(pa.array(self._which, mask=self._which < 0))


def _by_ip(
    workspace: Workspace,
    definition: PlacesDefinition,
    told: pa.Table,
    kinds: dict[str, ValueType],
    table: FileTable,
    at: Moment,
) -> list[Finding]:
    ip = definition.ip
    if ip is None:
        return []
    file = workspace.settings.places.ip_database
    if not file:
        raise DefinitionError(
            f'{Place("kohort.yaml", field="places.ip_database")}: score "{definition.name}" asks for the country of IP '
            "addresses, and no database is declared; see docs/places.md for one that may be used freely"
        )
    if ip.event:
        (column,) = _newest(workspace, definition, ip.event, (ip.address,), ValueType.TEXT, told, at)
    else:
        column = _typed(definition, told, kinds, ip.address, ValueType.TEXT)
    rows, whose = distinct_rows([column])
    addresses = [address for (address,) in rows]
    path = declared_file(workspace, file, ProjectError)
    answers = places_of_addresses(path, addresses)
    for name, values in zip(BY_IP, ("country", "town"), strict=True):
        found = [(getattr(one, values) or None) if one else None for one in answers.places]
        table.add(definition.prefix + name, ValueType.TEXT, spread(found, whose, pa.string()))
    return [ip_finding(ip.address, sum(one is not None for one in addresses), answers)]


def _newest(
    workspace: Workspace,
    definition: PlacesDefinition,
    event: str,
    names: Sequence[str],
    kind: ValueType,
    told: pa.Table,
    at: Moment,
) -> list[Column]:
    """Return properties of each person's newest occurrence of an event that has all of them, in the order of `told`."""
    catalog = workspace.catalog({})
    wanted = {f"value_{place}": (name, kind) for place, name in enumerate(names)}
    with workspace.views(catalog) as views:
        facts = event_facts(views, catalog, event, wanted, at=at, where=f'score "{definition.name}"')
    for column in wanted:
        facts = facts.filter(facts.column(column).is_valid())
    # Sorted by person and time: the last row of each is the newest.
    people = facts.column("person_id").combine_chunks()
    last = np.ones(len(people), np.bool_)
    if len(people) > 1:
        last[:-1] = pc.not_equal(people[:-1], people[1:]).to_numpy(zero_copy_only=False)
    newest = facts.filter(pa.array(last))
    where = pc.index_in(told.column("person_id"), value_set=newest.column("person_id").combine_chunks())
    return [newest.column(column).take(where) for column in wanted]


def _typed(
    definition: PlacesDefinition, told: pa.Table, kinds: dict[str, ValueType], name: str, kind: ValueType
) -> Column:
    if kinds[name] is not kind:
        where = f'score "{definition.name}"'
        raise DefinitionError(f"{where}: the trait {name} should be a {kind} and is a {kinds[name]}")
    return told.column(name)


def _stores(workspace: Workspace, definition: PlacesDefinition) -> Points:
    file = definition.stores_file
    return points_of(stores_in(declared_file(workspace, file), file) if file else definition.stores)
