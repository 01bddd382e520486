"""What runs have done, what quality checks found, and what scores look like."""

from collections import Counter
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from kohort.definitions.values import format_micros
from kohort.pipeline.runs import ScoreSummary
from kohort.storage.distributions import QUANTILES
from kohort.web.api.asking import Desk, Shown, answered_if_new
from kohort.web.api.cursors import number_of, written_cursor
from kohort.web.api.models.quality import SourceQualities, source_quality_of
from kohort.web.api.models.records import (
    Quality,
    QualityFinding,
    Quantile,
    Run,
    Runs,
    Score,
    Scores,
    ScoreTrait,
    ValueCount,
)

Limit = Annotated[int, Query(ge=1, le=1_000, description="The most a page.")]
Cursor = Annotated[str | None, Query(max_length=1_000, description="next_cursor of the page before.")]
_GRAVITY: Final = {"error": 0, "warning": 1, "info": 2}


def mount_records(router: APIRouter, desk: Desk) -> None:
    """Add `GET /runs`, `GET /quality`, `GET /quality/sources` and `GET /scores`."""

    @router.get("/runs", response_model=Runs, summary="What runs have done, the newest first")
    def list_runs(limit: Limit = 100, cursor: Cursor = None, if_none_match: Shown = None) -> Response:
        before = None if cursor is None else number_of(cursor)
        with desk.asking() as project:
            found = project.runs(before, limit + 1)
        following = written_cursor(found[limit - 1].seq) if len(found) > limit else None
        page = Runs(runs=[Run.model_validate(one) for one in found[:limit]], next_cursor=following)
        return answered_if_new(page, if_none_match)

    @router.get("/quality", response_model=Quality, summary="What quality checks found, the gravest first")
    def list_findings(limit: Limit = 100, cursor: Cursor = None, if_none_match: Shown = None) -> Response:
        start = 0 if cursor is None else number_of(cursor)
        with desk.asking() as project:
            found = project.findings()
        ordered = sorted(found, key=lambda one: _GRAVITY.get(one.severity, len(_GRAVITY)))
        shown = [QualityFinding.model_validate(one) for one in ordered[start : start + limit]]
        following = written_cursor(start + limit) if len(ordered) > start + limit else None
        counts = dict(Counter(one.severity for one in found))
        return answered_if_new(Quality(counts=counts, findings=shown, next_cursor=following), if_none_match)

    @router.get("/quality/sources", response_model=SourceQualities, summary="How good each source is, load by load")
    def list_source_qualities(if_none_match: Shown = None) -> Response:
        with desk.asking() as project:
            found = project.audits()
        return answered_if_new(SourceQualities(sources=[source_quality_of(one) for one in found]), if_none_match)

    @router.get("/scores", response_model=Scores, summary="Every score: how its values are spread")
    def list_scores(if_none_match: Shown = None) -> Response:
        with desk.asking() as project:
            found = project.scores()
        return answered_if_new(Scores(scores=[_score(one) for one in found]), if_none_match)


def _score(found: ScoreSummary) -> Score:
    traits = [
        ScoreTrait(
            name=one.name,
            type=str(one.type),
            people=one.distribution.people,
            mean=None if one.distribution.mean is None else format_micros(round(one.distribution.mean)),
            quantiles=[
                Quantile(share=share, value=format_micros(value))
                for share, value in zip(QUANTILES, one.distribution.quantiles, strict=False)
            ],
            values=[ValueCount(value=value, people=people) for value, people in one.distribution.values],
        )
        for one in found.traits
    ]
    return Score.model_validate({**vars(found), "traits": traits})
