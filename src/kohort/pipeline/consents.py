"""What people consented to: choices as rows, and what each person's choices come to."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.identity import IdentityDefinition
from kohort.profiles.consents import Choice, consent_at
from kohort.profiles.identity import actor_id_of, named_in
from kohort.storage.messages import Message
from kohort.storage.schemas import SCHEMAS
from kohort.storage.tables import Tables


def choice_rows(messages: Iterable[Message], definition: IdentityDefinition) -> pa.Table:
    """Return rows of `consent_choices`: each choice for each actor that its message names."""
    rows: list[dict[str, Any]] = []
    for message in messages:
        if message.choices is None:
            continue
        named = named_in(message, definition)
        told = message.choices
        choices = dict.fromkeys(told.granted, True) | dict.fromkeys(told.denied, False)
        fixed = {
            "effective_at": message.ts,
            "recorded_at": message.received_at,
            "source": message.source,
            "form": told.form,
            "proof": told.proof,
            "event_id": message.event_id,
        }
        rows += [
            fixed | {"actor_id": actor_id_of(*actor), "category": category, "granted": granted}
            for actor in (named.actor, *named.others)
            for category, granted in choices.items()
        ]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["consent_choices"])


class Consents:
    """The choices of the people whom some actors are."""

    def __init__(self, tables: Tables, purposes: Mapping[str, Sequence[str]], actors: Iterable[str]) -> None:
        self._purposes = purposes
        everybody = tables.read("actors")
        named = everybody.filter(pc.is_in(everybody.column("actor_id"), value_set=pa.array(set(actors), pa.string())))
        self._people = dict(_pairs(named))
        people = pa.array(set(self._people.values()), pa.string())
        theirs = dict(_pairs(everybody.filter(pc.is_in(everybody.column("person_id"), value_set=people))))
        stored = tables.read("consent_choices")
        rows = stored.filter(pc.is_in(stored.column("actor_id"), value_set=pa.array(list(theirs), pa.string())))
        self._choices: dict[str, list[Choice]] = {}
        for row in rows.select(["actor_id", "category", "effective_at", "granted"]).to_pylist():
            self._choices.setdefault(theirs[row["actor_id"]], []).append(Choice(*row.values()))

    def known(self, actors: Iterable[str]) -> bool:
        """Return whether any of the actors has been seen before."""
        return any(actor in self._people for actor in actors)

    def to(self, purpose: str, actors: Iterable[str], at: Moment) -> bool | None:
        """Return what the people whom these actors are have consented to at a moment, None if they said nothing."""
        people = {self._people[actor] for actor in actors if actor in self._people}
        choices = [one for person in people for one in self._choices.get(person, ())]
        return consent_at(choices, self._purposes[purpose], at)


def _pairs(actors: pa.Table) -> Iterable[tuple[str, str]]:
    return zip(actors.column("actor_id").to_pylist(), actors.column("person_id").to_pylist(), strict=True)
