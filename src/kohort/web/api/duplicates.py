"""People who may be one: what is proposed, and deciding it."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Body, Header, Query, Response

from kohort.collection.acceptance import RequestRefusedError
from kohort.pipeline.duplicates.proposals import Decision as Decided
from kohort.project import Project
from kohort.web.api.asking import Desk, Shown, answered_if_new
from kohort.web.api.cursors import number_of, written_cursor
from kohort.web.api.models.duplicates import Decision, DecisionAsked, ProposedMerges, proposed_merge
from kohort.web.api.repeats import IDEMPOTENCY_KEY, Repeats
from kohort.web.callers import Caller

_DECISIONS: Final[Mapping[str, Decided]] = {
    "merge": Decided.MERGE,
    "apart": Decided.APART,
    "undo": Decided.UNDO,
}
_MOST_DECIDED: Final = 20
Limit = Annotated[int, Query(ge=1, le=100, description="The most a page.")]
Cursor = Annotated[str | None, Query(max_length=1_000, description="next_cursor of the page before.")]


def mount_duplicates(router: APIRouter, desk: Desk) -> None:
    """Add `GET /duplicates`."""

    @router.get("/duplicates", response_model=ProposedMerges, summary="People who may be one, the surest first")
    def list_duplicates(limit: Limit = 20, cursor: Cursor = None, if_none_match: Shown = None) -> Response:
        with desk.asking() as project:
            found = proposed_merges(project, cursor, limit)
        if found is None:
            raise RequestRefusedError(409, "not_searched", "nobody has looked yet; run: kohort duplicates")
        return answered_if_new(found, if_none_match)


def mount_decisions(router: APIRouter, desk: Desk, caller: object, repeats: Repeats) -> None:
    """Add `POST /duplicates`; `caller` is the dependency that gives who asks."""

    @router.post("/duplicates", response_model=Decision, summary="Merge two people, keep them apart, or take it back")
    def decide_duplicate(
        asked: Annotated[DecisionAsked, Body()],
        asker: Annotated[Caller, caller],
        idempotency_key: Annotated[str | None, Header(max_length=200, description=IDEMPOTENCY_KEY)] = None,
    ) -> Response:
        def work() -> Decision:
            with desk.changing(person="body.left", asked="body.decision") as project:
                return Decision(outcome=decided(project, asked.left, asked.right, asked.decision, asked.reason))

        return repeats.once(asker.key_id, idempotency_key, asked, work)


def proposed_merges(project: Project, cursor: str | None, most: int) -> ProposedMerges | None:
    """Return a page of what is proposed, None before anybody has looked for duplicates."""
    kept = project.kept_proposals()
    if kept is None:
        return None
    start = 0 if cursor is None else number_of(cursor)
    pairs = kept.pairs[start : start + most]
    values = project.compared(pairs, kept.traits, kept.at)
    return ProposedMerges.model_validate(
        {
            "at": kept.at,
            "threshold": kept.threshold,
            "total": len(kept.pairs),
            "proposals": [
                proposed_merge(one, its, sure=one.is_sure(kept.threshold))
                for one, its in zip(pairs, values, strict=True)
            ],
            "decided": [] if start else project.decided_people(_MOST_DECIDED),
            "next_cursor": written_cursor(start + most) if len(kept.pairs) > start + most else None,
        }
    )


def decided(project: Project, left: str, right: str, decision: str, reason: str) -> str:
    """Carry out a decision, and return what became of it; raises RequestRefusedError for a word that is none."""
    if decision not in _DECISIONS:
        known = ", ".join(_DECISIONS)
        raise RequestRefusedError(
            422, "invalid_request", f"a decision is one of {known}, not {decision}", where="form.decision"
        )
    done = project.decide_people([(left, right, _DECISIONS[decision])], reason=reason)
    return next(outcome for outcome, count in done.items() if count)
