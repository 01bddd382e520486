"""`/changes`: what the files would change, looked at first, then put in force exactly so."""

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Query, Response
from starlette.responses import RedirectResponse

from kohort.collection.acceptance import RequestRefusedError
from kohort.governance.audit import Actor
from kohort.governance.keys import SEGMENTS_READ, SEGMENTS_WRITE
from kohort.rules.languages import Language
from kohort.rules.translate import translate_rule
from kohort.segments.change_plan import ChangePlan
from kohort.web.api.models.changes import Plan
from kohort.web.api.tokens import plan_of, token_of
from kohort.web.disclosure import disclosure_to
from kohort.web.studio.forms import Body, pairs_posted
from kohort.web.studio.navigation import marked as _
from kohort.web.studio.pages import Pages, Visit, Visiting

_KINDS: Final[Mapping[str, str]] = {
    "new": _("new"),
    "changed": _("changed"),
    "changed through": _("changes through another"),
    "removed": _("removed"),
}
_STATES: Final[Mapping[str, str]] = {"passed": _("passed"), "failed": _("failed"), "skipped": _("skipped")}
_GUARDS: Final[Mapping[str, str]] = {
    "smallest": _("Fewer people than its guard rail allows."),
    "broadest": _("A larger share of the population than its guard rail allows."),
    "alike": _("More like another segment than its guard rail allows."),
    "change": _("A larger share of its people would enter or leave than its guard rail allows."),
    "empty_for": _("Nobody has been in it for longer than its guard rail allows."),
}


_LARGEST_TOKEN: Final = 900_000


def mount_changes(pages: Pages) -> None:
    """Add `/changes`."""

    @pages.page("/changes", SEGMENTS_READ)
    def changes(
        visit: Visiting,
        segment: Annotated[str | None, Query(max_length=1_000)] = None,
        version: Annotated[int | None, Query(ge=1, le=2**31)] = None,
        score: Annotated[str | None, Query(max_length=1_000)] = None,
        number: Annotated[int | None, Query(ge=1, le=2**31)] = None,
        back: bool = False,
        applied: bool = False,
    ) -> Response:
        asked = "query.segment" if score is None else "query.score"
        with visit.desk.asking(segment="query.segment", model=asked, score=asked, asked=asked) as project:
            if score is not None:
                planning = project.plan_model_rollback if back else project.plan_promotion
                found = planning(score, number)
            else:
                found = project.plan() if segment is None else project.plan_rollback(segment, version)
            labels = {one.name: one.labels[visit.language.value] for one in project.segments()}
        return _shown(visit, found, labels, applied=applied)

    @pages.action("/changes", SEGMENTS_WRITE)
    def apply(visit: Visiting, body: Body) -> Response:
        pairs = pairs_posted(body)
        form, despite = dict(pairs), [value for name, value in pairs if name == "despite" and value]
        plan = plan_of(form.get("token", ""), ChangePlan)
        with visit.desk.changing(asked="form", guard="form.despite") as project:
            project.apply(plan, despite=despite, reason=form.get("reason", ""), by=Actor(visit.visitor.name, "studio"))
        there = "/changes" if plan.model is None else f"/models/{quote(plan.model.score, safe='')}"
        return RedirectResponse(f"{there}?applied=true", 303)


def _shown(visit: Visit, found: ChangePlan, labels: Mapping[str, str], *, applied: bool) -> Response:
    disclosure = disclosure_to(visit.project, visit.visitor)
    found = disclosure.plan(found)
    fields = {name: getattr(found, name) for name in Plan.model_fields if name != "token"}
    page = Plan.model_validate({**fields, "token": None if disclosure.masks else token_of(found)})
    if len(page.token or "") > _LARGEST_TOKEN:
        raise RequestRefusedError(409, "refused", "the plan is too large for a form; apply it with: kohort apply")

    def told(sentence: str) -> str:
        return translate_rule(sentence, Language.EN, visit.language)

    return visit.shows(
        "changes",
        page,
        applied=applied,
        guards=_GUARDS,
        kinds=_KINDS,
        labels=labels,
        rollback=found.cause == "rollback",
        states=_STATES,
        stopping=any(one.stops for one in found.broken),
        told=told,
    )
