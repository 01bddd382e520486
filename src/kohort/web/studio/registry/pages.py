"""`/models`: which models are in force, what waits, and of each how good it is and whether people have drifted."""

from collections.abc import Callable, Mapping
from typing import Annotated, Final

from fastapi import Path, Query, Response

from kohort.definitions.clusters import ClustersDefinition
from kohort.definitions.lookalike import LookalikeDefinition
from kohort.definitions.prediction import PredictionDefinition
from kohort.definitions.supervised import SupervisedDefinition
from kohort.governance.keys import SEGMENTS_READ
from kohort.learning.wording import Bilingual
from kohort.pipeline.learning.registry.standing import Standing
from kohort.web.api.models.discovery import Words
from kohort.web.api.models.registry import models_told
from kohort.web.studio.drawing import spoken
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Listed, Pages, Visiting
from kohort.web.studio.registry.figures import drift_figures, quality_figures
from kohort.web.studio.registry.models import model_page
from kohort.web.studio.values import ScoreWords

_: Final[Callable[[str], str]] = marked
_STANDINGS: Final[Mapping[str, str]] = {
    Standing.IN_FORCE.value: _("in force"),
    Standing.DRIFTING.value: _("drifting"),
    Standing.CANDIDATE.value: _("a candidate waits"),
    Standing.PROPOSED.value: _("retraining proposed"),
}
_STATES: Final[Mapping[str, str]] = {
    "live": _("in force"),
    "candidate": _("candidate"),
    "retired": _("retired"),
}
_CAUSES: Final[Mapping[str, str]] = {
    "run": _("a run"),
    "by hand": _("by hand"),
    "schedule": _("on schedule"),
    "drift": _("because of drift"),
}
KINDS: Final[Mapping[str, str]] = {
    "clusters": _("clusters"),
    "prediction": _("prediction"),
    "lookalike": _("look-alikes"),
    "supervised": _("segment from examples"),
}
"""What the kinds of models are called."""
_MODELLED: Final = (ClustersDefinition, PredictionDefinition, LookalikeDefinition, SupervisedDefinition)
_CARD: Final = {
    "says": _("What it says"),
    "data": _("What it learnt from"),
    "limits": _("Limits"),
    "forbidden": _("Not to be used for"),
}
_SCORES: Final = ("score", "standing", "live", "candidate", "drifted", "looked")
_RUNS: Final = ("score", "number", "state", "kind", "at", "trained_at", "since", "people", "cause", "digest")
Named = Annotated[str, Path(max_length=1_000)]
Number = Annotated[int | None, Query(ge=1, le=2**31)]


def mount_model_pages(pages: Pages) -> None:
    """Add `/models`, and `/models/{score}`."""

    @pages.page("/models", SEGMENTS_READ, listed=True)
    def models(visit: Visiting) -> Response:
        with visit.desk.asking() as project:
            page, scores = models_told(project), project.score_definitions
        rows = [
            [one.score, one.standing, one.live, one.candidate, " ".join(one.drifted), one.looked] for one in page.scores
        ]
        return visit.shows(
            "models/list",
            page,
            Listed(_SCORES, rows),
            kinds=KINDS,
            runs={(one.score, one.number): one for one in page.models},
            standings=_STANDINGS,
            untrained=[
                one.name
                for one in scores
                if isinstance(one, _MODELLED) and one.name not in {known.score for known in page.scores}
            ],
            words=ScoreWords(scores, visit.formats),
        )

    @pages.page("/models/{score}", SEGMENTS_READ, listed=True)
    def model(visit: Visiting, score: Named, number: Number = None, applied: bool = False) -> Response:
        with visit.desk.asking(model="path.score", asked="query.number") as project:
            page, scores = model_page(project, score, number), project.score_definitions
            known = project.model(score, page.model.number)
            document = project.model_document(known)
        words = ScoreWords(scores, visit.formats)
        look = page.looks[-1] if page.looks else None
        is_page = visit.form == "html"

        def said(text: Bilingual | Words) -> str:
            return spoken(Bilingual(text.en, text.fr), visit.language)

        return visit.shows(
            "models/model",
            page,
            Listed.of(_RUNS, page.runs),
            applied=applied,
            card={} if known.entry is None else {name: getattr(known.entry.card, name) for name in _CARD},
            causes=_CAUSES,
            drifts=drift_figures(visit, look, words) if look and is_page else {},
            figures=quality_figures(visit, document, words) if document and is_page else {},
            kinds=KINDS,
            look=look,
            spoken=said,
            standings=_STANDINGS,
            states=_STATES,
            titles=_CARD,
            words=words,
        )
