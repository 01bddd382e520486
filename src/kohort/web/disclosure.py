"""What may be told of people to who asks: everything, or pseudonyms and nothing that says who somebody is.

Every answer about people passes here, in the API and in the studio.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, Protocol

import msgspec
import pyarrow as pa

from kohort.collection.acceptance import RequestRefusedError
from kohort.definitions.privacy import PrivacyDefinition, holds_identifier
from kohort.engines.evaluation import Doing, Explanation, Fact, Outlook, Setting, Shown
from kohort.errors import UnknownNameError
from kohort.governance.keys import MEMBERSHIPS_READ, PEOPLE_READ, SEGMENTS_WRITE
from kohort.governance.pseudonyms import Pseudonyms
from kohort.governance.roles import sees_people
from kohort.pipeline.biography import HeldTrait, LivedEvent
from kohort.pipeline.collection.taxonomy import FrequentValue
from kohort.pipeline.learning.explained.found import Driver, Drivers, PersonScore, Told
from kohort.pipeline.person import KnownConsent, KnownIdentifier, KnownMerge, PersonRecord
from kohort.pipeline.segments.preview import Preview
from kohort.project import Project
from kohort.segments.change_plan import ChangePlan
from kohort.segments.expectations import Verdict

MASKED: Final = "•••"
"""What stands for a value that is not told."""
_OF_PEOPLE: Final = frozenset({"in", "out"})
"""The tests of segments that name people."""


class Allowed(Protocol):
    """Whoever asks."""

    @property
    def scopes(self) -> frozenset[str]:
        """What they may do."""


def disclosure_to(project: Project, asker: Allowed) -> "Disclosure":
    """Return what may be told to who asks, where their scopes let them ask at all."""
    return Disclosure() if names_people(asker) else Masking(project.pseudonyms, project.settings.privacy)


class Disclosure:
    """Tells everything as it is."""

    masks = False

    @contextmanager
    def asking_of(self, person: str) -> Iterator[str]:
        """Give what the project knows a person by, who was named in a request."""
        yield person

    def person_id(self, person_id: str) -> str:
        """Return what is told as somebody's person id."""
        return person_id

    def user_id(self, user_id: str | None) -> str | None:
        """Return what is told as somebody's user id."""
        return user_id

    def cursor(self, text: str) -> str:
        """Return what a cursor holds, which may be an id."""
        return text

    def place(self, text: str) -> str:
        """Return what a cursor held."""
        return text

    def members(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return rows of person_id, user_id, entered_at as they are told."""
        return rows

    def person(self, record: PersonRecord) -> PersonRecord:
        """Return who somebody is as it is told."""
        return record

    def timeline(self, events: Sequence[LivedEvent], identifiers: Iterable[str]) -> Sequence[LivedEvent]:
        """Return what somebody did, of whom these are the identifiers, as it is told."""
        del identifiers
        return events

    def traits(self, traits: Sequence[HeldTrait], identifiers: Iterable[str]) -> Sequence[HeldTrait]:
        """Return somebody's traits as they are told."""
        del identifiers
        return traits

    def scores(self, scores: Sequence[PersonScore], identifiers: Iterable[str]) -> Sequence[PersonScore]:
        """Return somebody's scores, with what goes with them, as they are told."""
        del identifiers
        return scores

    def explanation(self, found: Explanation, identifiers: Iterable[str]) -> Explanation:
        """Return why somebody is in a segment or not as it is told."""
        del identifiers
        return found

    def preview(self, found: Preview) -> Preview:
        """Return what a rule gives, whose sample names people, as it is told; raises RequestRefusedError."""
        return found

    def plan(self, plan: ChangePlan) -> ChangePlan:
        """Return a plan, whose samples name people, as it is told."""
        return plan

    def log_events(self, text: bytes) -> bytes:
        """Return server-sent events of the membership log as they are told."""
        return text

    def values(self, name: str, found: Sequence[FrequentValue], *, trait: bool = False) -> Sequence[FrequentValue]:
        """Return the frequent values of a property, or of a trait, that are told; raises RequestRefusedError."""
        del name, trait
        return found


@dataclass(frozen=True)
class Masking(Disclosure):
    """Tells pseudonyms for ids and identifiers, and masks what says who somebody is, by its name or by its value."""

    pseudonyms: Pseudonyms
    privacy: PrivacyDefinition

    masks = True

    @contextmanager
    def asking_of(self, person: str) -> Iterator[str]:
        """Give the person id behind a pseudonym: who may not know who people are asks by nothing else."""
        found = self.pseudonyms.text_of(person, "person")
        if found is None:
            raise UnknownNameError("person", person, (), hint="give the pseudonym that an answer had")
        try:
            yield found
        except UnknownNameError as error:
            if error.kind != "person":
                raise
            hint = "they may have been merged with somebody; look for them in a segment anew"
            raise UnknownNameError("person", person, (), hint=hint) from None

    def person_id(self, person_id: str) -> str:
        """Return a pseudonym."""
        return self.pseudonyms.of(person_id, "person")

    def user_id(self, user_id: str | None) -> str | None:
        """Return a pseudonym."""
        return None if user_id is None else self._identifier(user_id)

    def cursor(self, text: str) -> str:
        """Return it sealed."""
        return self.pseudonyms.of(text, "cursor")

    def place(self, text: str) -> str:
        """Return what was sealed; raises RequestRefusedError for anything else."""
        found = self.pseudonyms.text_of(text, "cursor")
        if found is None:
            problem = "this cursor is none that a page gave; begin again without one"
            raise RequestRefusedError(422, "invalid_cursor", problem, where="query.cursor")
        return found

    def members(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return rows under pseudonyms."""
        people = [self.person_id(one) for one in rows.column("person_id").to_pylist()]
        users = [self.user_id(one) for one in rows.column("user_id").to_pylist()]
        columns = [pa.array(people, pa.string()), pa.array(users, pa.string()), rows.column("entered_at")]
        return pa.RecordBatch.from_arrays(columns, schema=rows.schema)

    def person(self, record: PersonRecord) -> PersonRecord:
        """Return somebody's identifiers by kind, their values pseudonyms; and consents without what proves them."""
        return PersonRecord(
            self.person_id(record.person_id),
            [self._known(one) for one in record.identifiers],
            [self._merge(one) for one in record.merges],
            [_unproved(one) for one in record.consents],
            record.consents_to,
        )

    def timeline(self, events: Sequence[LivedEvent], identifiers: Iterable[str]) -> Sequence[LivedEvent]:
        """Return events with pseudonyms for their ids, and personal properties masked."""
        known = _folded(identifiers)
        return [
            replace(
                one,
                event_id=self.pseudonyms.of(one.event_id, "event"),
                properties={name: self._property(name, value, known) for name, value in one.properties.items()},
            )
            for one in events
        ]

    def traits(self, traits: Sequence[HeldTrait], identifiers: Iterable[str]) -> Sequence[HeldTrait]:
        """Return traits, the personal ones masked."""
        known = _folded(identifiers)
        return [replace(one, value=self._trait(one.name, one.value, known)) for one in traits]

    def scores(self, scores: Sequence[PersonScore], identifiers: Iterable[str]) -> Sequence[PersonScore]:
        """Return scores, the values of personal features masked in what goes with them."""
        known = _folded(identifiers)
        return [
            one if one.drivers is None else replace(one, drivers=self._drivers(one.drivers, known)) for one in scores
        ]

    def explanation(self, found: Explanation, identifiers: Iterable[str]) -> Explanation:
        """Return an explanation whose values and facts are masked where they are personal."""
        return self._explained(found, _folded(identifiers))

    def preview(self, found: Preview) -> Preview:
        """Return a preview with pseudonyms; none of a rule that asks who somebody is, which would tell."""
        if found.sample and self.privacy.mentions_personal(found.sentence):
            raise _personal("the rule asks for what says who somebody is, so its members are counted, not named")
        return replace(found, sample=tuple(self.person_id(one) for one in found.sample))

    def plan(self, plan: ChangePlan) -> ChangePlan:
        """Return a plan that names nobody; it can be looked at, and not applied."""
        changes = tuple(replace(one, entering_sample=(), leaving_sample=()) for one in plan.changes)
        return replace(plan, changes=changes, verdicts=tuple(map(_unnamed, plan.verdicts)))

    def log_events(self, text: bytes) -> bytes:
        """Return events of the membership log with pseudonyms."""
        return b"\n".join(self._log_line(line) for line in text.split(b"\n"))

    def values(self, name: str, found: Sequence[FrequentValue], *, trait: bool = False) -> Sequence[FrequentValue]:
        """Return those that hold no identifier; raises RequestRefusedError for a name that says who somebody is."""
        if self.privacy.is_personal(name, trait=trait):
            raise _personal(f'the values of "{name}" say who people are')
        return [one for one in found if not holds_identifier(one.value)]

    def _identifier(self, value: str) -> str:
        return self.pseudonyms.of(value, "identifier")

    def _known(self, one: KnownIdentifier) -> KnownIdentifier:
        return replace(one, value=self._identifier(one.value))

    def _merge(self, one: KnownMerge) -> KnownMerge:
        return replace(one, one=self._named(one.one), other=self._named(one.other), by=self._named(one.by))

    def _named(self, identifier: str) -> str:
        kind, colon, value = identifier.partition(": ")
        return f"{kind}: {self._identifier(value)}" if colon else identifier

    def _log_line(self, line: bytes) -> bytes:
        if not line.startswith(b"data: "):
            return line
        told = msgspec.json.decode(line[6:])
        return b"data: " + msgspec.json.encode({**told, "person_id": self.person_id(told["person_id"])})

    def _property(self, name: str, value: Shown, known: Sequence[str]) -> Shown:
        return MASKED if self.privacy.is_personal(name) else _without_identifiers(value, known)

    def _trait(self, name: str, value: Shown, known: Sequence[str]) -> Shown:
        return MASKED if self.privacy.is_personal(name, trait=True) else _without_identifiers(value, known)

    def _drivers(self, drivers: Drivers, known: Sequence[str]) -> Drivers:
        return replace(drivers, found=tuple(self._driver(one, known) for one in drivers.found))

    def _driver(self, driver: Driver, known: Sequence[str]) -> Driver:
        pairs = zip(driver.features, driver.values, strict=True)
        return replace(driver, values=tuple(self._feature(name, value, known) for name, value in pairs))

    def _feature(self, name: str, value: Told, known: Sequence[str]) -> Told:
        # What is made of a trait, such as the days since a moment, is called by the trait and what follows a colon.
        told_of = (name, name.rpartition(": ")[0])
        if value is not None and any(self.privacy.is_personal(one, trait=True) for one in told_of if one):
            return MASKED
        return MASKED if isinstance(value, str) and holds_identifier(value, known) else value

    def _explained(self, found: Explanation, known: Sequence[str]) -> Explanation:
        personal = not found.parts and self.privacy.mentions_personal(found.sentence)
        return replace(
            found,
            parts=tuple(self._explained(one, known) for one in found.parts),
            value=_masked(found.value) if personal else _without_identifiers(found.value, known),
            facts=tuple(self._fact(one, known) for one in found.facts),
            outlook=None if found.outlook is None else self._outlook(found.outlook, known),
        )

    def _fact(self, fact: Fact, known: Sequence[str]) -> Fact:
        tell = self._trait if fact.property is None else self._property
        name = fact.name if fact.property is None else fact.property
        return replace(fact, value=None if fact.value is None else tell(name, fact.value, known))

    def _outlook(self, outlook: Outlook, known: Sequence[str]) -> Outlook:
        match outlook.single_change:
            case Doing() as doing:
                told = tuple((name, self._property(name, value, known)) for name, value in doing.properties)
                return replace(outlook, single_change=replace(doing, properties=told))
            case Setting() as setting:
                value = None if setting.value is None else self._trait(setting.trait, setting.value, known)
                return replace(outlook, single_change=replace(setting, value=value))
        return outlook


def names_people(asker: Allowed) -> bool:
    """Return whether who asks may be told what people are called where nobody asked about people."""
    return sees_people(asker.scopes) and not asker.scopes.isdisjoint({PEOPLE_READ, MEMBERSHIPS_READ, SEGMENTS_WRITE})


def without_people(tests: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
    """Return the tests of a segment without the names of those who must be in or out.

    >>> without_people([{"in": ["ada"]}, {"size": {"at_least": 1}}])
    [{'in': '•••'}, {'size': {'at_least': 1}}]
    """
    return [{form: MASKED if form in _OF_PEOPLE else value for form, value in one.items()} for one in tests]


def identifiers_of(record: PersonRecord) -> list[str]:
    """Return the values of somebody's identifiers."""
    return [one.value for one in record.identifiers]


def _folded(identifiers: Iterable[str]) -> list[str]:
    # A short one stands by chance in many a text.
    return [one.casefold() for one in identifiers if len(one) > 3]  # noqa: PLR2004 - as said


def _without_identifiers(value: Shown, known: Sequence[str]) -> Shown:
    if isinstance(value, str):
        return MASKED if holds_identifier(value, known) else value
    if isinstance(value, tuple):
        return tuple(MASKED if holds_identifier(one, known) else one for one in value)
    return value


def _unnamed(verdict: Verdict) -> Verdict:
    form, colon, _ = verdict.test.partition(": ")
    return replace(verdict, test=f"{form}{colon}{MASKED}") if form in _OF_PEOPLE else verdict


def _masked(value: Shown) -> Shown:
    return None if value is None else MASKED


def _unproved(one: KnownConsent) -> KnownConsent:
    return replace(one, proof=_masked_text(one.proof))


def _masked_text(text: str) -> str:
    return MASKED if text else text


def _personal(problem: str) -> RequestRefusedError:
    return RequestRefusedError(403, "personal_data", f"{problem}; ask somebody whose role sees people in the clear")
