"""What goes with the chances of a segment's members, beside everybody: a part of the segment's page."""

from collections.abc import Callable
from typing import Final

from fastapi import Response

from kohort.governance.keys import SEGMENTS_READ
from kohort.reports import driver_charts
from kohort.reports.driver_charts import MeanMark
from kohort.reports.figures import Figure
from kohort.web.studio.drawing import figure, kept, spoken, writing_of
from kohort.web.studio.fragments import shows_part
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Listed, Pages, Visit, Visiting
from kohort.web.studio.segment.asked import PLACES, Name, summary_of
from kohort.web.studio.segment.models import SegmentChances, SegmentScore
from kohort.web.studio.values import ScoreWords

_: Final[Callable[[str], str]] = marked
_MOST_DRAWN: Final = 10
_COLUMNS: Final = ("score", "features", "members", "members_low", "members_high", "everybody", "everybody_low",
                   "everybody_high")  # fmt: skip


def mount_segment_drivers(pages: Pages) -> None:
    """Add `/segments/{name}/drivers`."""

    @pages.page("/segments/{name}/drivers", SEGMENTS_READ, listed=True)
    def drivers(visit: Visiting, name: Name) -> Response:
        with visit.desk.asking(**PLACES) as project:
            summary, _segments = summary_of(project, name)
            found = project.segment_drivers(name) if project.predictions() else []
            labels, scores = project.feature_labels() if found else None, project.score_definitions
        page = SegmentChances(segment=name, scores=[SegmentScore.model_validate(one) for one in found])
        names = {
            features: spoken(labels.of_features(features), visit.language)
            for one in found
            for features in (driver.features for driver in one.found)
            if labels is not None
        }
        return shows_part(
            visit,
            "segment/drivers",
            page,
            Listed(_COLUMNS, [row for one in page.scores for row in _rows(one)]),
            label=summary.labels[visit.language.value],
            words=ScoreWords(scores, visit.formats),
            name_of=lambda features: names[tuple(features)],
            figures=[_drawn(visit, one, names) for one in page.scores] if visit.form == "html" else [],
        )


def _rows(score: SegmentScore) -> list[list[object]]:
    return [
        [score.score, ", ".join(one.features), *(
            each for side in (one.members, one.everybody) for each in (side.estimate, side.low, side.high)
        )]
        for one in score.found
    ]  # fmt: skip


def _drawn(visit: Visit, score: SegmentScore, names: dict[tuple[str, ...], str]) -> Figure | None:
    shown = score.found[:_MOST_DRAWN]
    if not shown:
        return None
    sides = visit.say(_("members")), visit.say(_("everybody"))
    marks = [
        MeanMark(names[tuple(one.features)], side, each.estimate, each.low, each.high)
        for one in shown
        for side, each in zip(sides, (one.members, one.everybody), strict=True)
    ]
    title = visit.say(_("points of the chance"))
    caption = visit.say(_("Mean parts of the chance, with their 95 % intervals; those that differ most come first."))
    return kept(
        "segment drivers",
        lambda: figure(
            f"drivers-{score.score}",
            visit.say(_("What goes with it")),
            caption,
            driver_charts.means(marks, sides, title, writing_of(visit.formats)),
        ),
        visit.formats,
        score,
        marks,
    )
