"""Changing segments: plan, look, then apply exactly that."""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Body, Header, Response

from kohort.collection.acceptance import RequestRefusedError
from kohort.governance.keys import SecretKey
from kohort.segments.change_plan import ChangePlan
from kohort.web.api.asking import Desk, answered
from kohort.web.api.models.changes import Application, ApplicationAsked, Plan, PlanAsked
from kohort.web.api.repeats import IDEMPOTENCY_KEY, Repeats

_LARGEST: Final = 50_000_000


def mount_changes(router: APIRouter, desk: Desk, key: object, repeats: Repeats) -> None:
    """Add `POST /plans` and `POST /applications`; `key` is the dependency that gives the key of the request."""

    @router.post("/plans", response_model=Plan, summary="What would change, and who would enter and leave")
    def plan(asked: Annotated[PlanAsked, Body()]) -> Response:
        if asked.instead and asked.rollback is not None:
            problem = "sentences instead of the files', or a rollback: give one of them"
            raise RequestRefusedError(422, "invalid_request", problem, where="body.instead")
        moment = desk.moment(asked.at, "body.at")
        places = {"segment": "body.rollback.segment", "asked": "body.rollback"} if asked.rollback else {}
        with desk.asking(**{"segment": "body.instead", "rule": "body.instead"} | places) as project:
            if asked.rollback is not None:
                found = project.plan_rollback(asked.rollback.segment, asked.rollback.version, moment)
            else:
                found = project.plan(moment, instead=asked.instead)
        # Sentences that no file has cannot come into force: the next run would want to take them back.
        token = None if asked.instead else token_of(found)
        return answered(Plan.model_validate({**_fields(found), "token": token}))

    @router.post("/applications", response_model=Application, summary="Put exactly what a plan says in force")
    def apply(
        asked: Annotated[ApplicationAsked, Body()],
        shown: Annotated[SecretKey, key],
        idempotency_key: Annotated[str | None, Header(max_length=200, description=IDEMPOTENCY_KEY)] = None,
    ) -> Response:
        planned = plan_of(asked.token)

        def work() -> Application:
            with desk.changing(asked="body", guard="body.despite") as project:
                return Application(changed=project.apply(planned, despite=asked.despite, reason=asked.reason))

        return repeats.once(shown.key_id, idempotency_key, asked, work)


def _fields(plan: ChangePlan) -> dict[str, object]:
    return {name: getattr(plan, name) for name in Plan.model_fields if name != "token"}


def token_of(plan: ChangePlan) -> str:
    """Return a text that stands for a plan, for who hands it back to have exactly that applied."""
    return urlsafe_b64encode(zlib.compress(msgspec.json.encode(plan))).decode()


def plan_of(token: str) -> ChangePlan:
    """Return the plan that a token stands for; raises RequestRefusedError for one that we did not give."""
    try:
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(urlsafe_b64decode(token.encode("ascii")), _LARGEST)
        return msgspec.json.decode(text, type=ChangePlan)
    except (ValueError, zlib.error, msgspec.DecodeError) as error:
        problem = "this token is none that a plan gave; ask for a plan first"
        raise RequestRefusedError(422, "invalid_token", problem, where="body.token") from error
