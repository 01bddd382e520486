"""The keys that let programs in."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from kohort.web.api.models.answer import Answer, IsoMoment

Short = Annotated[str, Field(max_length=1_000)]


class KeyAsked(BaseModel):
    """A key to make: to send events (write), or to do what its scopes say (secret)."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["write", "secret"]
    name: str = Field(max_length=1_000, description="The source of a write key, or what a secret key is for.")
    scopes: list[Short] = Field([], max_length=50, description="What a secret key may do: nothing that yours may not.")
    origins: list[Short] = Field([], max_length=100, description="The web pages that may use a write key; any without.")
    rate: int | None = Field(None, ge=1, le=2**31 - 1, description="The most events a second of a write key.")
    expires_at: str | None = Field(
        None, max_length=100, description="A moment, ISO 8601; without it, a secret key ends after 90 days."
    )


class Key(Answer):
    """A key, without what it is in plain."""

    key_id: str
    kind: str = Field(description="write or secret.")
    name: str
    origins: list[str]
    rate: int | None
    scopes: list[str]
    created_at: IsoMoment
    expires_at: IsoMoment | None
    revoked_at: IsoMoment | None
    state: str = Field(description="active, expired or revoked.")


class NewKey(Key):
    """A key that was made."""

    key: str = Field(description="The key in plain: it is shown this once, and only its hash is kept.")


class Keys(Answer):
    """A page of all keys that ever were, the newest first."""

    keys: list[Key]
    next_cursor: str | None = Field(description="What to ask for next; null on the last page.")
