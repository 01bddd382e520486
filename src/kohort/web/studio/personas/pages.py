"""`/personas`: the catalogue of personas, with what people noted; noting there."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Query, Response
from starlette.responses import RedirectResponse

from kohort.governance.keys import SEGMENTS_READ, SEGMENTS_WRITE
from kohort.pipeline.learning.personas import CataloguedPersona, PersonaGeneration
from kohort.reports.persona_data import PersonaRule
from kohort.reports.persona_words import fidelity_words, lineage_words
from kohort.rules.languages import Language
from kohort.rules.print import print_rule
from kohort.rules.python import trait
from kohort.web.studio.discover.wording import Strengths
from kohort.web.studio.drawing import spoken
from kohort.web.studio.forms import Body, posted
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Listed, Pages, Visit, Visiting
from kohort.web.studio.personas.models import Catalogue, Generation, ListedPersona

_: Final[Callable[[str], str]] = marked
_COLUMNS: Final = ("identity", "name", "status", "people", "share_of_people", "share_of_value", "notes", "by_id")
_STATUS: Final = {"current": "", "gone": _("gone"), "unknown": _("never found")}
_PICTURES: Final = {
    "cache-control": "private, max-age=300",
    "content-disposition": "inline",
    "cross-origin-resource-policy": "same-origin",
}


def mount_personas(pages: Pages) -> None:
    """Add `/personas`, noting there, and `/personas/picture`."""

    @pages.page("/personas", SEGMENTS_READ, listed=True)
    def catalogue(visit: Visiting, noted: Annotated[str, Query(max_length=200)] = "") -> Response:
        with visit.desk.asking() as project:
            found, generations = project.personas(), project.persona_generations()
        page = Catalogue(
            personas=[_listed(visit, one) for one in found], generations=[_generation(one) for one in generations]
        )
        rows = [
            [one.identity, one.name.en, one.status, one.people, one.share_of_people, one.share_of_value, len(one.notes),
             one.by_id]
            for one in page.personas
        ]  # fmt: skip
        return visit.shows(
            "personas",
            page,
            Listed(_COLUMNS, rows),
            strengths=Strengths(visit.say),
            spoken=lambda text: spoken(text, visit.language),
            statuses=_STATUS,
            names={one.identity: one.name for one in page.personas},
            noted=noted if any(one.identity == noted for one in page.personas) else "",
            may_note=visit.visitor.may(SEGMENTS_WRITE),
        )

    @pages.data("/personas/picture", SEGMENTS_READ)
    def picture(
        visit: Visiting, persona: Annotated[str, Query(max_length=200)], number: Annotated[int, Query(ge=0)] = 0
    ) -> Response:
        with visit.desk.asking(persona="query.persona", picture="query.number", asked="query.number") as project:
            content, kind = project.persona_picture(persona, number)
        return Response(content, 200, _PICTURES, kind)

    @pages.action("/personas", SEGMENTS_WRITE)
    def note(visit: Visiting, body: Body) -> Response:
        form = posted(body)
        with visit.desk.changing(persona="form.persona", asked="form.text") as project:
            found = project.note_persona(form.get("persona", ""), form.get("text", ""), by=visit.visitor.name)
        place = quote(found.identity, safe="")
        return RedirectResponse(f"/personas?noted={place}#{place}", 303)


def _listed(visit: Visit, one: CataloguedPersona) -> ListedPersona:
    card = one.card
    told: dict[str, Any] = {
        **{name: getattr(card, name, None) for name in (
            "people", "share_of_people", "share_of_value", "value", "stability", "history", "cluster",
        )},
        **{name: getattr(card, name, ()) for name in ("sentences", "traits", "habits")},
        **vars(one),
        "found_name": card.name if card else None,
        "pictures": [
            {
                "alt": picture.alt,
                "path": f"/personas/picture?persona={quote(one.identity, safe='')}&number={number}"
                if picture.file
                else None,
                "url": picture.url or None,
            }
            for number, picture in enumerate(one.pictures)
        ],
        "surveys": [{**vars(told.finding), "share": told.share} for told in one.surveys],
        "by_id": print_rule((trait(f"{one.score}_id") == one.identity).rule, visit.language) if card else None,
        "rule": _rule(visit, card.rule) if card and card.rule else None,
    }  # fmt: skip
    return ListedPersona.model_validate(told)


def _rule(visit: Visit, rule: PersonaRule) -> dict[str, Any]:
    sentence = rule.sentence.fr if visit.language is Language.FR else rule.sentence.en
    return {**vars(rule), "sentence": sentence, "words": fidelity_words(rule)}


def _generation(one: PersonaGeneration) -> Generation:
    lineage = one.lineage
    return Generation.model_validate(
        {
            **vars(one),
            "number": lineage.generation if lineage else None,
            "words": lineage_words(lineage) if lineage else None,
            "kept": _became(lineage.kept if lineage else (), ""),
            "born": _became(lineage.born if lineage else (), "split_from"),
            "gone": _became(lineage.gone if lineage else (), "merged_into"),
        }
    )


def _became(found: Sequence[Any], other: str) -> list[dict[str, Any]]:
    return [{"identity": one.identity, "name": one.name, "other": getattr(one, other, None)} for one in found]
