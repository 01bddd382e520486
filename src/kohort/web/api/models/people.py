"""What is known of a person."""

from pydantic import Field

from kohort.web.api.models.answer import FAMILY, Answer, IsoMoment, Value


class Identifier(Answer):
    """An identifier of a person."""

    kind: str
    value: str
    first_seen: IsoMoment
    last_seen: IsoMoment
    refused: str = Field(description="Why it joins nobody; empty where it does.")


class Merge(Answer):
    """What made two identifiers one person."""

    one: str
    other: str
    by: str = Field(description="Another identifier, or hand.")
    at: IsoMoment


class Consent(Answer):
    """A choice for a purpose."""

    purpose: str
    category: str
    status: str = Field(description="granted, denied, or withdrawn (denied after it was granted).")
    at: IsoMoment
    source: str
    form: str
    proof: str


class Person(Answer):
    """Who somebody is."""

    person_id: str
    identifiers: list[Identifier]
    merges: list[Merge]
    consents: list[Consent] = Field(description="All choices, in the order of time.")
    consents_to: dict[str, str] = Field(description="What they come to, by purpose.")


class LivedEvent(Answer):
    """Something that a person did."""

    event_id: str
    name: str
    at: IsoMoment
    received_at: IsoMoment
    source: str
    properties: dict[str, Value]


class Timeline(Answer):
    """A page of what a person did, the newest first."""

    events: list[LivedEvent]
    next_cursor: str | None = Field(description="What to ask for next; null on the last page.")


class HeldTrait(Answer):
    """The value of a trait, and where it comes from."""

    name: str
    type: str
    value: Value
    set_at: IsoMoment = Field(description="Since when it is so.")
    recorded_at: IsoMoment = Field(description="When that was learnt.")
    source: str
    mark: str = Field(description='How a value that nobody told was made, such as "imputed by mice"; else empty.')
    family: str = Field(description=FAMILY)


class Traits(Answer):
    """A person's traits, by name."""

    traits: list[HeldTrait]


class HeldMembership(Answer):
    """A segment that a person is in."""

    segment: str
    version: int
    entered_at: IsoMoment | None = Field(description="Since when; null where the population's numbers decided.")


class Memberships(Answer):
    """The segments that a person is in, by name."""

    segments: list[HeldMembership]
