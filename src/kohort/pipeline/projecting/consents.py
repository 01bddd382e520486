"""What people consented to: choices as rows, and what each person's choices come to."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.identity import IdentityDefinition
from kohort.profiles.consents import Choice, consent_at
from kohort.profiles.identity import actor_id_of, named_in
from kohort.storage.messages import Message

if TYPE_CHECKING:  # a process that reads needs no Delta Lake
    from kohort.storage.tables import Tables


def choices_told(message: Message, definition: IdentityDefinition) -> list[dict[str, Any]]:
    """Return rows of `consent_choices`: each choice that a message tells, for each actor that it names."""
    told = message.choices
    if told is None:
        return []
    fixed = {
        "effective_at": message.ts,
        "recorded_at": message.received_at,
        "source": message.source,
        "form": told.form,
        "proof": told.proof,
        "event_id": message.event_id,
    }
    choices = dict.fromkeys(told.granted, True) | dict.fromkeys(told.denied, False)
    return [
        fixed | {"actor_id": actor, "category": category, "granted": granted}
        for actor in actors_of(message, definition)
        for category, granted in choices.items()
    ]


def actors_of(message: Message, definition: IdentityDefinition) -> list[str]:
    """Return the actors that a message names: all of them made the choices that it tells."""
    named = named_in(message, definition)
    return [actor_id_of(*one) for one in (named.actor, *named.others)]


class Consents:
    """The choices of the people whom some actors are: those of the tables, and `told` by what is about to be stored."""

    def __init__(
        self,
        tables: "Tables",
        purposes: Mapping[str, Sequence[str]],
        actors: AbstractSet[str],
        told: Iterable[Choice],
    ) -> None:
        self._purposes = purposes
        everybody = tables.read("actors")
        asked = pa.array(sorted(actors), pa.string())
        named = everybody.filter(pc.is_in(everybody.column("actor_id"), value_set=asked))
        self._people = dict(_pairs(named))
        people = pa.array(sorted(set(self._people.values())), pa.string())
        theirs = dict(_pairs(everybody.filter(pc.is_in(everybody.column("person_id"), value_set=people))))
        stored = tables.read("consent_choices")
        rows = stored.filter(pc.is_in(stored.column("actor_id"), value_set=pa.array(list(theirs), pa.string())))
        self._choices: dict[str, list[Choice]] = {}
        for row in rows.select(["actor_id", "form", "category", "effective_at", "granted"]).to_pylist():
            self._choices.setdefault(theirs[row["actor_id"]], []).append(Choice(*row.values()))
        for one in told:
            self._choices.setdefault(self._people.get(one.actor, one.actor), []).append(one)

    def known(self, actors: Iterable[str]) -> bool:
        """Return whether any of the actors has been seen before."""
        return any(actor in self._people for actor in actors)

    def to(self, purpose: str, actors: Iterable[str], at: Moment) -> bool | None:
        """Return what the people whom these actors are have consented to at a moment, None if they said nothing."""
        people = {self._people.get(actor, actor) for actor in actors}
        choices = [one for person in people for one in self._choices.get(person, ())]
        return consent_at(choices, self._purposes[purpose], at)


def _pairs(actors: pa.Table) -> Iterable[tuple[str, str]]:
    return zip(actors.column("actor_id").to_pylist(), actors.column("person_id").to_pylist(), strict=True)
