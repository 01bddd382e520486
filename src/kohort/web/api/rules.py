"""Rules: what one gives before anybody saves it, and why somebody is in a segment or not."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from kohort.governance.keys import PEOPLE_READ, SecretKey
from kohort.web.access import check_key
from kohort.web.api.asking import Desk, Shown, answered, answered_if_new
from kohort.web.api.models.rules import Explanation, Preview, Reason


class PreviewAsked(BaseModel):
    """A rule to size."""

    model_config = ConfigDict(extra="forbid")

    where: str = Field(max_length=100_000, description="The rule as a sentence, in the project's language or English.")
    at: str | None = Field(None, description="A moment, ISO 8601; by default the project's present.")
    sample: int = Field(0, ge=0, le=100, description=f"How many members to name; more than 0 needs {PEOPLE_READ}.")


def mount_previews(router: APIRouter, desk: Desk, key: object) -> None:
    """Add `POST /previews`; `key` is the dependency that gives the key of the request."""

    @router.post("/previews", response_model=Preview, summary="The exact size of a rule that nobody saved")
    def preview_rule(asked: Annotated[PreviewAsked, Body()], shown: Annotated[SecretKey, key]) -> Response:
        if asked.sample:
            check_key(shown, PEOPLE_READ)
        moment = desk.moment(asked.at, "body.at")
        with desk.asking(rule="body.where") as project:
            found = project.preview(asked.where, moment, sample=asked.sample)
        return answered(Preview.model_validate(found))


def mount_explanations(router: APIRouter, desk: Desk) -> None:
    """Add `GET /segments/{name}/explanation`."""

    @router.get("/segments/{name}/explanation", response_model=Explanation, summary="Why somebody is in, or not")
    def explain(
        name: str,
        person: Annotated[str, Query(max_length=1_000, description="A person id, user id or anonymous id.")],
        at: Annotated[str | None, Query(description="A moment, ISO 8601; without it, as recorded.")] = None,
        if_none_match: Shown = None,
    ) -> Response:
        moment = desk.moment(at, "query.at")
        with desk.asking(segment="path.name", person="query.person") as project:
            found = project.explain(name, person, moment)
            identity = project.person(person).person_id
        whole = Reason.model_validate(found).model_dump() | {"since": found.since, "outlook": found.outlook}
        told = Explanation.model_validate(whole | {"segment": name, "person_id": identity})
        return answered_if_new(told, if_none_match)
