"""Where data came from, what was refused, and what became of a file."""

from pydantic import Field

from kohort.web.api.models.answer import Answer, IsoMoment, Said


class RefusalCount(Answer):
    """How many dead letters fail for a reason."""

    field: str = Field(description="The column, or the JSON pointer of the place.")
    reason: Said = Field(description="Why, without anybody's values.")
    count: int


class Source(Answer):
    """A source: what it declares, and what it has brought."""

    name: str
    kind: str = Field(description="file, table, webhook, messages (of SDKs, or in Segment's format) or score.")
    file: str = Field(description="Where it is declared; empty where it is not.")
    declares: str = Field(description="The event that its rows become; empty for traits, or messages of any event.")
    files: str = Field(description="The pattern of the names of its files; empty for other kinds.")
    requires_consent: list[str]
    received: int | None = Field(description="How many of its messages came; null where nobody counted, as of files.")
    accepted: int | None = Field(description="How many of these were new.")
    duplicates: int | None = Field(description="How many were repeats, which change nothing.")
    events: int = Field(description="How many of its events are held.")
    traits: int = Field(description="How many of the values of traits that it set are held.")
    first_event: IsoMoment | None
    last_event: IsoMoment | None
    last_received: IsoMoment | None
    rejected: int = Field(description="How much was ever refused as a dead letter.")
    dead_letters: int = Field(description="How many of these wait to be replayed.")
    reasons: list[RefusalCount] = Field(description="Why those are refused, the most frequent first.")


class Sources(Answer):
    """Every source that is declared or has brought anything, by name."""

    sources: list[Source]


class DeadLetter(Answer):
    """What could not be read, where it stood, and why."""

    dead_letter_id: str
    recorded_at: IsoMoment
    source: str
    file: str
    line: int
    field: str
    reason: str
    raw: str = Field(description="What a replay reads again; its first 10,000 characters.")
    cut: bool = Field(description="Whether raw is longer than that.")


class DeadLetters(Answer):
    """A page of what was refused and not replayed yet, the newest first."""

    dead_letters: list[DeadLetter]
    next_cursor: str | None = Field(description="What to ask for next; null on the last page.")


class FileFinding(Answer):
    """What was found while a file was read."""

    check: str
    subject: str
    severity: str
    count: int
    share: float | None
    detail: str


class Ingested(Answer):
    """What became of a file."""

    file: str = Field(description="What dead letters and findings call it: the same content has the same name.")
    source: str
    rows: int
    accepted: int = Field(description="How many messages are new, and kept.")
    known: int = Field(description="How many were known already.")
    rejected: int = Field(description="How many could not be read: dead letters.")
    withheld: int = Field(description="How many were not kept for want of consent.")
    findings: list[FileFinding]
