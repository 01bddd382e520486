"""How segments are declared in their files, and what is asked to change that."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from kohort.web.api.models.answer import Answer

Language = Literal["en", "fr"]
Line = Annotated[str, Field(min_length=1, max_length=10_000)]
Label = Annotated[dict[Language, Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=2)]


class DefinitionAsked(BaseModel):
    """A segment to declare: its rule in one of three forms, and what else is known of it; what is left out goes."""

    model_config = ConfigDict(extra="forbid")

    where: str | None = Field(None, max_length=100_000, description="The rule as a sentence.")
    language: Language | None = Field(
        None, description="That of the sentence; by default the project's, else the one that can read it."
    )
    rule: dict[str, JsonValue] | None = Field(None, description="The rule as a document, instead of the sentence.")
    text: str | None = Field(
        None,
        max_length=200_000,
        description="All of it as a file has it, instead of every other field: `text` of an earlier answer undoes.",
    )
    label: Label = Field({}, description="What people call it, by language.")
    description: str = Field("", max_length=10_000)
    owner: str = Field("", max_length=1_000, description="Whom to ask about it.")
    purpose: str = Field("", max_length=10_000, description="What it is for.")
    needs: list[Line] = Field([], max_length=100, description="Events and traits without which it makes no sense.")
    tests: list[dict[str, JsonValue]] = Field([], max_length=100, description="What must hold, as in segment files.")
    guards: dict[str, JsonValue] = Field({}, max_length=20, description="Its own limits, as in segment files.")
    file: str | None = Field(
        None, max_length=110, description="The file in segments/ that a new one goes to; by default studio.yaml."
    )


class Definition(Answer):
    """How a segment is declared."""

    name: str
    file: str = Field(description="Where, seen from the project's folder.")
    where: str = Field(description="Its rule as the file has it.")
    sentences: dict[str, str] = Field(description="Its rule in every language; empty where it cannot be read.")
    rule: dict[str, Any] | None = Field(description="Its rule as a document; null where it cannot be read.")
    label: dict[str, str]
    description: str
    owner: str
    purpose: str
    needs: list[str]
    tests: list[dict[str, Any]]
    guards: dict[str, Any]
    text: str = Field(
        description="All of it as the file has it, with the comments right above; empty for who may not know people."
    )
    tag: str = Field(description="What If-Match takes, without its quotes.")


class Edited(Answer):
    """What became of a segment's declaration. It is in force once a plan is applied."""

    before: Definition | None = Field(description="What it was before, which undoes the change; null for a new one.")
    after: Definition | None = Field(description="What it is now; null where it was removed.")
