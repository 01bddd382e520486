"""What is known of one person: identifiers, what joined them, and consents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlglot import exp

from kohort.clock import Moment
from kohort.pipeline.identified import who_is
from kohort.pipeline.workspace import Workspace
from kohort.profiles.graph import MANUAL
from kohort.profiles.identity import actor_id_of
from kohort.storage.lookups import rows_with
from kohort.storage.tables import Tables

_TOLD: Final = ("purpose", "category", "status", "effective_at", "source", "form", "proof")


@dataclass(frozen=True)
class KnownIdentifier:
    """An identifier of a person; `refused` says why it joins nobody, "" where it does."""

    kind: str
    value: str
    first_seen: Moment
    last_seen: Moment
    refused: str


@dataclass(frozen=True)
class KnownMerge:
    """What made two identifiers, as `kind: value`, one person: another identifier, or somebody by hand."""

    one: str
    other: str
    by: str
    at: Moment


@dataclass(frozen=True)
class KnownConsent:
    """A choice for a purpose; `status` is "granted", "denied" or "withdrawn" (denied after it was granted)."""

    purpose: str
    category: str
    status: str
    at: Moment
    source: str
    form: str
    proof: str


@dataclass(frozen=True)
class PersonRecord:
    """One person; `consents` are all choices in the order of time, `consents_to` what they come to, by purpose."""

    person_id: str
    identifiers: Sequence[KnownIdentifier]
    merges: Sequence[KnownMerge]
    consents: Sequence[KnownConsent]
    consents_to: Mapping[str, str]


def person_record(workspace: Workspace, person: str, at: Moment) -> PersonRecord:
    """Return what is known of a person, consents as of `at`; raises UnknownNameError for one that nobody knows."""
    tables, (identity, theirs) = workspace.tables, who_is(workspace, person)
    identifiers = _of(tables, "identifiers", theirs, ["first_seen", "kind", "value"])
    names = {actor_id_of(row["kind"], row["value"]): _name(row) for row in identifiers}
    known: dict[str, KnownIdentifier] = {}
    for row in identifiers:
        before = known.get(_name(row))
        last = max(row["last_seen"], before.last_seen) if before else row["last_seen"]
        first = before.first_seen if before else row["first_seen"]
        known[_name(row)] = KnownIdentifier(row["kind"], row["value"], first, last, row["refused"] or "")
    merges = [
        KnownMerge(
            names[row["actor_id"]],
            names[row["linked_actor_id"]],
            "hand" if row["kind"] == MANUAL else _name(row),
            row["ts"],
        )
        for row in _of(tables, "merges", theirs, ["ts", "actor_id", "linked_actor_id"])
    ]
    return PersonRecord(identity, list(known.values()), merges, *_consents(workspace, identity, at))


def _of(tables: Tables, name: str, actors: Sequence[str], order: Sequence[str]) -> list[dict[str, Any]]:
    rows = rows_with(tables, name, "actor_id", actors)
    return list(rows.sort_by([(name, "ascending") for name in order]).to_pylist())


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['kind']}: {row['value']}"


def _consents(workspace: Workspace, person: str, at: Moment) -> tuple[list[KnownConsent], dict[str, str]]:
    catalog = workspace.catalog({})
    if not catalog.purposes or not workspace.tables.count("consent_choices"):
        return [], dict.fromkeys(catalog.purposes, "unknown")
    told = _by_person("consents", _TOLD, "effective_at").distinct()
    status = _by_person("consent_status", ("purpose", "granted"), "since")
    with workspace.views(catalog) as views:
        choices = views.sql(told.sql(dialect="duckdb"), params=[person, at]).fetchall()
        courses = views.sql(status.sql(dialect="duckdb"), params=[person, at]).fetchall()
    now = dict.fromkeys(catalog.purposes, "unknown")
    for purpose, granted in courses:
        now[purpose] = "granted" if granted else "withdrawn" if now[purpose] != "unknown" else "denied"
    return [KnownConsent(*choice) for choice in choices], now


def _by_person(relation: str, columns: Sequence[str], time: str) -> exp.Select:
    return (
        exp.select(*columns)
        .from_(relation)
        .where(exp.column("person_id").eq(exp.Placeholder()), exp.column(time) <= exp.Placeholder())
        .order_by(time, *(one for one in columns if one != time))
    )
