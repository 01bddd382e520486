"""`/build`: a rule as cards, as a sentence, and as a number of people, in step; then kept in a file."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

import msgspec
from babel.dates import get_month_names
from fastapi import Query, Response
from starlette.responses import RedirectResponse

from kohort.collection.acceptance import RequestRefusedError
from kohort.definitions.guards import DEFAULT_GUARDS
from kohort.definitions.values import ValueType
from kohort.errors import DefinitionError, UnknownNameError
from kohort.governance.keys import PEOPLE_PSEUDONYMISED, PEOPLE_READ, SEGMENTS_READ, SEGMENTS_WRITE
from kohort.pipeline.segments.preview import Preview
from kohort.rules.catalog import Catalog
from kohort.rules.complete import completions
from kohort.rules.document import document_of
from kohort.rules.nodes import Rule
from kohort.rules.read import read_rule
from kohort.web.api.models.answer import Answer
from kohort.web.disclosure import disclosure_to
from kohort.web.studio.builder import choices, drafts
from kohort.web.studio.builder.drafts import Card, Group, Sent, sent_of
from kohort.web.studio.builder.edits import edited
from kohort.web.studio.builder.reading import draft_of
from kohort.web.studio.builder.suggestions import suggested
from kohort.web.studio.builder.suiting import AS, suited, type_of_card
from kohort.web.studio.builder.templates import templates
from kohort.web.studio.builder.writing import Problem, written
from kohort.web.studio.forms import Body, posted
from kohort.web.studio.pages import Pages, Visit, Visiting

_SAMPLE: Final = 5
_LONGEST: Final = 20_000
_UNPROCESSABLE: Final = 422


class Building(Answer):
    """A rule that somebody builds on: as a sentence and as its document, None where there is none yet."""

    sentence: str
    document: dict[str, object] | None


def mount_builder(pages: Pages) -> None:
    """Add `/build`, and what its script asks."""

    @pages.page("/build", SEGMENTS_READ)
    def build(
        visit: Visiting,
        rule: Annotated[str, Query(max_length=_LONGEST)] = "",
        segment: Annotated[str, Query(max_length=1_000)] = "",
        name: Annotated[str, Query(max_length=100)] = "",
    ) -> Response:
        return _page(visit, rule, segment, name)

    @pages.action("/build/cards", SEGMENTS_READ)
    def cards(visit: Visiting, body: Body) -> Response:
        with visit.desk.asking() as project:
            catalog = project.catalog(visit.language)
        return _json(_drawn(visit, catalog, sent_of(body)))

    @pages.action("/build/outcome", SEGMENTS_READ)
    def outcome(visit: Visiting, body: Body) -> Response:
        return _json(_sized(visit, sent_of(body).draft or Group()))

    @pages.data("/build/choices", SEGMENTS_READ)
    def offered(
        visit: Visiting,
        of: str,
        event: Annotated[str, Query(max_length=1_000)] = "",
        named: Annotated[str, Query(alias="property", max_length=1_000)] = "",
        trait: Annotated[str, Query(max_length=1_000)] = "",
        prefix: Annotated[str, Query(max_length=1_000)] = "",
    ) -> Response:
        found = suggested(visit, of, event=event, name=named, trait=trait, prefix=prefix)
        return _json({"choices": [{"value": one.value, "label": one.label} for one in found]})

    @pages.data("/build/completions", SEGMENTS_READ)
    def following(visit: Visiting, sentence: Annotated[str, Query(max_length=_LONGEST)]) -> Response:
        with visit.desk.asking() as project:
            found = completions(sentence, project.catalog(visit.language))
        return _json({"completions": [{"start": one.start, "text": one.text} for one in found]})

    @pages.action("/build/segments", SEGMENTS_WRITE)
    def keep(visit: Visiting, body: Body) -> Response:
        _keep(visit, posted(body))
        return RedirectResponse("/changes", 303)


def _page(visit: Visit, rule: str, segment: str, name: str) -> Response:
    tag, sentence, found = "", rule, None
    with visit.desk.asking(segment="query.segment") as project:
        catalog = project.catalog(visit.language)
        if segment:
            known = {one.name: one for one in project.segments()}
            if segment not in known:
                raise UnknownNameError("segment", segment, known)
            found, sentence = known[segment], visit.sentence(known[segment].sentence)
            tag = project.declared_segment(segment).tag
    draft, read, refusal = Group(cards=(Card("did"),)), None, ""
    if sentence:
        try:
            read = read_rule(sentence, catalog)
        except DefinitionError as error:
            refusal = str(error)
        else:
            draft = suited(draft_of(read), catalog)
    page = Building(sentence=sentence, document=None if read is None else document_of(read))
    return visit.shows(
        "build",
        page,
        **_cards(visit, catalog, draft),
        sentence=sentence,
        segment=found,
        name=segment or name,
        etag=tag,
        templates=templates(visit.language),
        outcome=None,
        problems=[],
        refusal=refusal,
        warnings=[],
    )


def _cards(visit: Visit, catalog: Catalog, draft: Group) -> dict[str, Any]:
    """Return what the template of the cards needs."""

    def type_of(card: Card, event: str) -> ValueType | None:
        return type_of_card(card, catalog, catalog.aliases.get(event, event))

    names = get_month_names("wide", "stand-alone", visit.formats.locale)
    return {
        "draft": draft,
        "choices": choices,
        "months": [(str(number), names[number]) for number in range(1, 13)],
        "tests": choices.Tests,
        "type_of": type_of,
        "as_type": AS.get,
        "aggregates": drafts.AGGREGATES,
        "counted": drafts.COUNTED,
        "eventful": drafts.EVENTFUL,
        "valued": drafts.VALUED,
    }


def _drawn(visit: Visit, catalog: Catalog, sent: Sent) -> Mapping[str, object]:
    """Return the cards of a sentence, or of a draft after an edit, and the path at which to look next."""
    focus, draft = "", sent.draft or Group()
    if sent.sentence is not None:
        try:
            draft = draft_of(read_rule(sent.sentence, catalog))
        except DefinitionError as error:
            return {"refusal": str(error)}
    elif sent.edit is not None:
        draft, focus = edited(draft, sent.edit)
    draft = suited(draft, catalog)
    return {"cards": visit.fragment("build/cards", **_cards(visit, catalog, draft)), "focus": focus}


def _sized(visit: Visit, draft: Group) -> Mapping[str, object]:
    """Return how many people a draft is, as a part of the page, or what is missing."""
    rule, problems = written(draft, visit.language)
    said = [{"path": one.path, "field": one.field, "message": visit.say(one.text)} for one in problems]
    if rule is None:
        return {"outcome": _outcome(visit, None, problems=problems), "problems": said}
    try:
        found = _previewed(visit, rule)
    except RequestRefusedError as error:
        if error.status != _UNPROCESSABLE:
            raise
        return {"outcome": _outcome(visit, None, refusal=str(error)), "problems": []}
    return {
        "sentence": found.sentence,
        "document": document_of(rule),
        "size": found.size,
        "problems": [],
        "outcome": _outcome(visit, found),
    }


def _previewed(visit: Visit, rule: Rule) -> Preview:
    sample = _SAMPLE if visit.visitor.may(PEOPLE_READ, PEOPLE_PSEUDONYMISED) else 0
    with visit.desk.asking(rule="body.draft") as project:
        found = project.preview(rule, sample=sample, language=visit.language)
    try:
        return disclosure_to(visit.project, visit.visitor).preview(found)
    except RequestRefusedError:
        return replace(found, sample=())  # a rule that asks who somebody is: its members are counted, not named


def _outcome(visit: Visit, found: Preview | None, *, problems: list[Problem] | None = None, refusal: str = "") -> str:
    return visit.fragment(
        "build/outcome",
        outcome=found,
        problems=problems or [],
        refusal=refusal,
        warnings=[] if found is None else _warnings(visit, found),
    )


def _warnings(visit: Visit, found: Preview) -> list[str]:
    """Return which of the project's guard rails a rule of this size would break."""
    limits = DEFAULT_GUARDS.refined(visit.settings.guards).limits
    smallest, broadest = limits.get("smallest"), limits.get("broadest")
    broken = []
    if smallest is not None and found.size < smallest:
        broken.append(visit.say(choices.TOO_FEW) % {"limit": visit.formats.count(round(smallest))})
    if broadest is not None and found.share > broadest:
        broken.append(visit.say(choices.TOO_MANY) % {"limit": visit.formats.percent(broadest)})
    return broken


def _keep(visit: Visit, form: Mapping[str, str]) -> None:
    """Write a segment to the project's files; raises RequestRefusedError for what makes no sense."""
    name, sentence = form.get("name", ""), form.get("sentence", "")
    if not name or not sentence:
        raise RequestRefusedError(422, "invalid_request", "a segment needs a name and a rule", where="form.name")
    label = {key: form[f"label_{key}"] for key in ("en", "fr") if form.get(f"label_{key}")}
    with visit.desk.changing(segment="form.name", rule="form.sentence", asked="form.name") as project:
        tag = form.get("etag") or None
        kept = {} if tag is None else project.declared_segment(name).document
        fields = {**kept, "name": name, "where": project.sentence(sentence, visit.language)}
        project.write_segment(fields | ({"label": label} if label else {}), tag=tag)


def _json(found: Mapping[str, object]) -> Response:
    return Response(msgspec.json.encode(found), 200, {"cache-control": "no-store"}, "application/json")
