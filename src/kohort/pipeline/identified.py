"""Who is meant by an identifier: looked up in the tables, of which no more is read than that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from kohort.definitions.identity import ANONYMOUS, USER, Form, normalised
from kohort.errors import UnknownNameError
from kohort.pipeline.workspace import Workspace
from kohort.profiles.identity import actor_id_of
from kohort.storage.lookups import Standing, rows_with
from kohort.storage.whose import actors_of, people_of

_MOST: Final = 50
"""How many people one identifier finds at most."""
_ADDRESSES: Final = frozenset({"email", "e_mail", "mail"})
"""How traits are called that are an e-mail address."""


class Who(NamedTuple):
    """A person, and all their actors."""

    person_id: str
    actors: Sequence[str]


@dataclass(frozen=True)
class FoundPerson:
    """A person whom an identifier has found: by which kind of it, "person_id" for their own id."""

    person_id: str
    kind: str
    value: str
    refused: str


def who_is(workspace: Workspace, text: str) -> Who:
    """Return who a person id, user id or anonymous id means; raises UnknownNameError for nobody."""
    person = person_meant(workspace, text)
    return Who(person, _actors(Standing(workspace.tables, "actors"), person))


def person_meant(workspace: Workspace, text: str) -> str:
    """Return whose person id, user id or anonymous id it is, as a person id; raises UnknownNameError for nobody."""
    found = _person(Standing(workspace.tables, "actors"), text)
    if found is None:
        raise unknown_person(text)
    return found


@lru_cache(maxsize=64)
def _person(standing: Standing, text: str) -> str | None:
    # One after the other: who is found by the first is not looked for by the others.
    meant = (text if kind is None else actor_id_of(kind, text) for kind in (None, USER, ANONYMOUS))
    found = (people_of(standing, [actor]).get(actor) for actor in meant)
    return next((person for person in found if person is not None), None)


@lru_cache(maxsize=64)
def _actors(standing: Standing, person: str) -> Sequence[str]:
    return actors_of(standing, person)


def find_people(workspace: Workspace, text: str) -> list[FoundPerson]:
    """Return the people of whom an identifier of any kind is exactly this, or the same once it is normalised.

    Several are found by one that joins nobody, such as an address that a whole office shares: at most 50.
    """
    text = text.strip()
    if not text:
        return []
    rows = _identified(workspace, text) or _with_address(workspace, text)
    people = _people_of(workspace, [*(row["actor_id"] for row in rows), text])
    found: dict[str, FoundPerson] = {}
    if text in people:
        found[people[text]] = FoundPerson(people[text], "person_id", text, "")
    for row in rows:
        person = people[row["actor_id"]]
        found.setdefault(person, FoundPerson(person, row["kind"], row["value"], row["refused"] or ""))
    return list(found.values())[:_MOST]


def _identified(workspace: Workspace, text: str) -> list[dict[str, Any]]:
    """Return the rows of `identifiers` that are meant, those that join nobody last."""
    forms = {one.kind: one.form for one in workspace.settings.identity.unique}
    same = {kind: normalised(text, form) for kind, form in forms.items()}
    rows = rows_with(workspace.tables, "identifiers", "value", sorted({text, *same.values()} - {""})).to_pylist()
    meant = [row for row in rows if row["value"] in {text, same.get(row["kind"], text)}]
    return sorted(meant, key=lambda row: (bool(row["refused"]), row["kind"], row["actor_id"]))


def _with_address(workspace: Workspace, text: str) -> list[dict[str, Any]]:
    """Return who ever had an e-mail address as a trait, where a project does not take it for an identifier."""
    address = normalised(text, Form.EMAIL)
    if not address:
        return []
    rows = rows_with(workspace.tables, "trait_values", "text", sorted({text, address})).sort_by("actor_id").to_pylist()
    return [
        {"actor_id": row["actor_id"], "kind": row["name"], "value": row["text"], "refused": None}
        for row in rows
        if row["name"] in _ADDRESSES
    ]


def unknown_person(text: str) -> UnknownNameError:
    """Return what tells that nobody is known by an identifier."""
    return UnknownNameError("person", text, (), hint="give a person id, a user id or an anonymous id")


def _people_of(workspace: Workspace, actors: Sequence[str]) -> Mapping[str, str]:
    rows = rows_with(workspace.tables, "actors", "actor_id", sorted({*actors}))
    return dict(zip(rows.column("actor_id").to_pylist(), rows.column("person_id").to_pylist(), strict=True))
