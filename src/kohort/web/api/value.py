"""What people will be worth, as the newest run found."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from kohort.collection.acceptance import RequestRefusedError
from kohort.web.api.asking import Desk, Shown, answered_if_new
from kohort.web.api.models.value import Value, value_of

Named = Annotated[str, Path(max_length=1_000, description="A score of the kind clv.")]


def mount_value(router: APIRouter, desk: Desk) -> None:
    """Add `GET /value/{score}`."""

    @router.get("/value/{score}", response_model=Value, summary="What people will be worth, and how it was found")
    def get_value(score: Named, if_none_match: Shown = None) -> Response:
        with desk.asking(score="path.score") as project:
            found = value_of(project.value(score))
        if found is None:
            raise RequestRefusedError(409, "not_valued", "nothing was found yet; run: kohort run")
        return answered_if_new(found, if_none_match)
