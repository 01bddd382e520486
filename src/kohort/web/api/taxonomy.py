"""What rules can speak of: events, properties, traits, and their values; and what may follow in a sentence."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from kohort.web.api.asking import Desk, Shown, answered_if_new
from kohort.web.api.models.taxonomy import Completion, Completions, FrequentValue, FrequentValues, Taxonomy
from kohort.web.callers import Caller
from kohort.web.disclosure import disclosure_to

Prefix = Annotated[str, Query(max_length=1_000, description="How the values begin, whatever the case.")]
Most = Annotated[int, Query(ge=1, le=100, description="The most values.")]


def mount_taxonomy(router: APIRouter, desk: Desk) -> None:
    """Add `GET /taxonomy` and `GET /completions`."""

    @router.get("/taxonomy", response_model=Taxonomy, summary="Every event and trait that a rule can speak of")
    def get_taxonomy(if_none_match: Shown = None) -> Response:
        with desk.asking() as project:
            found = project.taxonomy()
        return answered_if_new(Taxonomy.model_validate(found), if_none_match)

    @router.get("/completions", response_model=Completions, summary="What may follow in a sentence")
    def complete_rule(
        sentence: Annotated[str, Query(max_length=20_000, description="A rule, as far as it is written.")],
        if_none_match: Shown = None,
    ) -> Response:
        with desk.asking() as project:
            found = project.completions(sentence)
        told = Completions(completions=[Completion.model_validate(one) for one in found])
        return answered_if_new(told, if_none_match)


def mount_values(router: APIRouter, desk: Desk, caller: object) -> None:
    """Add the values of properties and of traits; `caller` is the dependency that gives who asks."""

    @router.get(
        "/events/{event}/properties/{name}/values",
        response_model=FrequentValues,
        summary="The most frequent values of a property",
    )
    def property_values(
        event: str,
        name: str,
        asker: Annotated[Caller, caller],
        prefix: Prefix = "",
        limit: Most = 20,
        if_none_match: Shown = None,
    ) -> Response:
        with desk.asking(event="path.event", property="path.name", asked="path.name") as project:
            found = project.property_values(event, name, prefix, limit)
        told = disclosure_to(desk.project, asker).values(name, found)
        values = [FrequentValue.model_validate(one) for one in told]
        return answered_if_new(FrequentValues(values=values), if_none_match)

    @router.get("/traits/{name}/values", response_model=FrequentValues, summary="The most frequent values of a trait")
    def trait_values(
        name: str, asker: Annotated[Caller, caller], prefix: Prefix = "", limit: Most = 20, if_none_match: Shown = None
    ) -> Response:
        with desk.asking(trait="path.name", asked="path.name") as project:
            found = project.trait_values(name, prefix, limit)
        told = disclosure_to(desk.project, asker).values(name, found, trait=True)
        values = [FrequentValue.model_validate(one) for one in told]
        return answered_if_new(FrequentValues(values=values), if_none_match)
