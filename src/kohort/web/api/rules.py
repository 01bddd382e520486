"""Rules: what one gives before anybody saves it, and why somebody is in a segment or not."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from kohort.engines import evaluation
from kohort.governance.keys import PEOPLE_PSEUDONYMISED, PEOPLE_READ
from kohort.web.access import check_key
from kohort.web.api.asking import Desk, Shown, answered, answered_if_new
from kohort.web.api.models.rules import Explanation, Preview, Reason
from kohort.web.callers import Caller
from kohort.web.disclosure import disclosure_to, identifiers_of


class PreviewAsked(BaseModel):
    """A rule to size."""

    model_config = ConfigDict(extra="forbid")

    where: str = Field(max_length=100_000, description="The rule as a sentence, in the project's language or English.")
    at: str | None = Field(None, description="A moment, ISO 8601; by default the project's present.")
    sample: int = Field(
        0,
        ge=0,
        le=100,
        description=f"How many members to name; more than 0 needs {PEOPLE_READ} or {PEOPLE_PSEUDONYMISED}.",
    )


def mount_previews(router: APIRouter, desk: Desk, caller: object) -> None:
    """Add `POST /previews`; `caller` is the dependency that gives who asks."""

    @router.post("/previews", response_model=Preview, summary="The exact size of a rule that nobody saved")
    def preview_rule(asked: Annotated[PreviewAsked, Body()], asker: Annotated[Caller, caller]) -> Response:
        if asked.sample:
            check_key(asker, PEOPLE_READ, PEOPLE_PSEUDONYMISED)
        moment = desk.moment(asked.at, "body.at")
        with desk.asking(rule="body.where") as project:
            found = project.preview(asked.where, moment, sample=asked.sample)
        return answered(Preview.model_validate(disclosure_to(desk.project, asker).preview(found)))


def mount_explanations(router: APIRouter, desk: Desk, caller: object) -> None:
    """Add `GET /segments/{name}/explanation`; `caller` is the dependency that gives who asks."""

    @router.get("/segments/{name}/explanation", response_model=Explanation, summary="Why somebody is in, or not")
    def explain(
        name: str,
        asker: Annotated[Caller, caller],
        person: Annotated[str, Query(max_length=1_000, description="A person id, user id or anonymous id.")],
        at: Annotated[str | None, Query(description="A moment, ISO 8601; without it, as recorded.")] = None,
        if_none_match: Shown = None,
    ) -> Response:
        moment, told = desk.moment(at, "query.at"), disclosure_to(desk.project, asker)
        with desk.asking(segment="path.name", person="query.person") as project, told.asking_of(person) as one:
            record = project.person(one)
            found = told.explanation(project.explain(name, one, moment), identifiers_of(record))
        identity = told.person_id(record.person_id)
        return answered_if_new(explanation_of(found, name, identity), if_none_match)


def explanation_of(found: evaluation.Explanation, segment: str, person_id: str) -> Explanation:
    """Return an explanation as answers have it."""
    whole = Reason.model_validate(found).model_dump() | {"since": found.since, "outlook": found.outlook}
    return Explanation.model_validate(whole | {"segment": segment, "person_id": person_id})
