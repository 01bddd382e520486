"""Declaring segments: their files are changed here, and a plan then says what that would do."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Path, Response
from pydantic import BaseModel

from kohort.collection.acceptance import RequestRefusedError
from kohort.errors import DefinitionError, RuleError
from kohort.pipeline.editing import DeclaredSegment, Edit
from kohort.project import Project
from kohort.rules.document import document_of
from kohort.rules.languages import Language
from kohort.rules.parse import parse_rule
from kohort.rules.print import print_rule
from kohort.web.api.asking import Desk, Shown, answered_unless_shown
from kohort.web.api.models.definitions import Definition, DefinitionAsked, Edited
from kohort.web.api.repeats import IDEMPOTENCY_KEY, Repeats
from kohort.web.callers import Caller
from kohort.web.disclosure import names_people, without_people

Name = Annotated[str, Path(max_length=1_000)]
IfMatch = Annotated[
    str | None,
    Header(max_length=200, description="The ETag of what is to be changed; none for a new one, * whatever it is."),
]
Repeated = Annotated[str | None, Header(max_length=200, description=IDEMPOTENCY_KEY)]
_OPTIONAL = ("label", "description", "owner", "purpose", "needs", "tests", "guards")


class _Deletion(BaseModel):
    """A deletion, which has no body."""


def mount_definitions(router: APIRouter, desk: Desk, caller: object) -> None:
    """Add `GET /segments/{name}/definition`; `caller` is the dependency that gives who asks."""

    @router.get("/segments/{name}/definition", response_model=Definition, summary="How a segment is declared")
    def segment_definition(name: Name, asker: Annotated[Caller, caller], if_none_match: Shown = None) -> Response:
        with desk.asking(segment="path.name") as project:
            found = project.declared_segment(name)
            shown = _definition(project, found)
        if not names_people(asker):
            shown = shown.model_copy(update={"tests": without_people(shown.tests), "text": ""})
        return answered_unless_shown(shown, f'"{found.tag}"', if_none_match)


def mount_editing(router: APIRouter, desk: Desk, caller: object, repeats: Repeats) -> None:
    """Add `PUT` and `DELETE /segments/{name}`; `caller` is the dependency that gives who asks."""

    @router.put("/segments/{name}", response_model=Edited, summary="Declare a segment, or change how it is declared")
    def declare_segment(
        name: Name,
        asked: Annotated[DefinitionAsked, Body()],
        asker: Annotated[Caller, caller],
        if_match: IfMatch = None,
        idempotency_key: Repeated = None,
    ) -> Response:
        tag = _tag(if_match)

        def work() -> Edited:
            with desk.changing(segment="body.tests", rule=f"body.{_form(asked)}", asked="body") as project:
                return _edited(project, _write(project, name, asked, tag))

        answer = repeats.once(asker.key_id, idempotency_key, asked, work, of=f" {name}\n{if_match}")
        after = Edited.model_validate_json(bytes(answer.body)).after
        answer.headers["etag"] = f'"{after.tag if after else ""}"'
        return answer

    @router.delete("/segments/{name}", response_model=Edited, summary="Take a segment out of its file")
    def delete_segment(
        name: Name,
        asker: Annotated[Caller, caller],
        if_match: IfMatch = None,
        idempotency_key: Repeated = None,
    ) -> Response:
        tag = _tag(if_match)

        def work() -> Edited:
            with desk.changing(segment="path.name", asked="path.name") as project:
                return _edited(project, project.delete_segment(name, tag=tag))

        return repeats.once(asker.key_id, idempotency_key, _Deletion(), work, of=f" {name}\n{if_match}")


def _form(asked: DefinitionAsked) -> str:
    """Return in which form a rule is given; raises RequestRefusedError unless it is one."""
    given = [name for name in ("where", "rule", "text") if getattr(asked, name) is not None]
    if len(given) != 1:
        problem = "a segment has its rule as where, rule or text: give one of them"
        raise RequestRefusedError(422, "invalid_request", problem, where="body.where")
    if given == ["text"] and asked.model_fields_set - {"text", "file"}:
        problem = "a text says all there is to say; leave the other fields out"
        raise RequestRefusedError(422, "invalid_request", problem, where="body.text")
    return given[0]


def _write(project: Project, name: str, asked: DefinitionAsked, tag: str | None) -> Edit:
    if asked.text is not None:
        return project.restore_segment(name, asked.text, tag=tag, file=asked.file)
    given = asked.where if asked.rule is None else asked.rule
    try:
        where = project.sentence(given or "", None if asked.language is None else Language(asked.language))
    except RuleError:
        raise
    except DefinitionError as error:
        raise RequestRefusedError(422, "invalid_rule", str(error), where="body.rule") from error
    fields: Mapping[str, Any] = asked.model_dump(include=set(_OPTIONAL))
    stated = {one: fields[one] for one in _OPTIONAL if fields[one]}
    label = {"label": stated.pop("label")} if "label" in stated else {}
    return project.write_segment({"name": name, **label, "where": where, **stated}, tag=tag, file=asked.file)


def _tag(if_match: str | None) -> str | None:
    if if_match is None or if_match.strip() == "*":
        return if_match and "*"
    tag = if_match.strip()
    if not (len(tag) > 1 and tag[0] == tag[-1] == '"' and '"' not in tag[1:-1]):
        problem = "If-Match takes the one ETag that the definition was answered with, in its quotes, or *"
        raise RequestRefusedError(422, "invalid_request", problem, where="header.if-match")
    return tag[1:-1]


def _edited(project: Project, edit: Edit) -> Edited:
    before, after = (None if one is None else _definition(project, one) for one in (edit.before, edit.after))
    return Edited(before=before, after=after)


def _definition(project: Project, found: DeclaredSegment) -> Definition:
    fields = {"where": "", **dict.fromkeys(_OPTIONAL, ""), **found.document}
    try:
        rule = parse_rule(str(fields["where"]), project.language)
    except RuleError:
        rule = None
    needs = fields["needs"] or []
    return Definition(
        name=found.name,
        file=found.file,
        where=str(fields["where"]),
        sentences={} if rule is None else {str(one): print_rule(rule, one) for one in Language},
        rule=None if rule is None else document_of(rule),
        label={str(language): str(one) for language, one in (fields["label"] or {}).items()},
        description=str(fields["description"]),
        owner=str(fields["owner"]),
        purpose=str(fields["purpose"]),
        needs=[str(one) for one in (needs if isinstance(needs, list) else [needs])],
        tests=fields["tests"] or [],
        guards=fields["guards"] or {},
        text=found.text,
        tag=found.tag,
    )
