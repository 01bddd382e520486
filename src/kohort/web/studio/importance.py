"""`/importance`: which variables matter for a goal, what to do about each, and how the goal moves with one."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Query, Response

from kohort.collection.acceptance import RequestRefusedError
from kohort.errors import UnknownNameError
from kohort.governance.keys import SEGMENTS_READ
from kohort.learning.importance.results import Fault, ImportanceStudy, Priority, VariableFound
from kohort.learning.wording import Bilingual
from kohort.pipeline.goals import ImportanceDocument
from kohort.reports import importance_charts
from kohort.reports.figures import Figure
from kohort.reports.importance_charts import ImportanceWords
from kohort.web.api.models.answer import Answer
from kohort.web.api.models.importance import Goal, Importance, importance_of
from kohort.web.studio.drawing import figure, kept, spoken, writing_of
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Listed, Pages, Visit, Visiting
from kohort.web.studio.values import ScoreWords

_: Final[Callable[[str], str]] = marked
_PRIORITIES: Final = {
    Priority.STRATEGIC: _("strategic"),
    Priority.COLLECT: _("worth collecting"),
    Priority.ACCESSORY: _("accessory"),
    Priority.ASIDE: _("set aside"),
}
_FAULTS: Final = {
    Fault.UNKNOWN: _("known of hardly anybody"),
    Fault.CONSTANT: _("the same for nearly everybody"),
    Fault.LEAKING: _("knows the goal already"),
    Fault.IDENTIFYING: _("a value of its own for nearly everybody"),
    Fault.PERSONAL: _("says who somebody is"),
}
_COLUMNS: Final = (
    "name", "priority", "lost", "lost_low", "lost_high", "strength", "strength_low", "strength_high", "p_value", "bits",
    "known", "same",
)  # fmt: skip
Named = Annotated[str, Query(max_length=1_000)]


class WhatMatters(Answer):
    """The goals of a project, the one looked at, and what matters for it; null before anybody asked."""

    goals: list[Goal]
    goal: str | None
    found: Importance | None


def mount_importance_page(pages: Pages) -> None:
    """Add `/importance`, of a goal and of one of its variables."""

    @pages.page("/importance", SEGMENTS_READ, listed=True)
    def importance(visit: Visiting, goal: Named = "", variable: Named = "") -> Response:
        with visit.desk.asking(goal="query.goal") as project:
            goals = project.goals()
            if goal and goal not in goals:
                raise UnknownNameError("goal", goal, goals)
            studies = {name: project.importance(name) for name in goals}
            scores = project.score_definitions
        chosen = goal or next((name for name, one in studies.items() if one), next(iter(goals), None))
        document = studies[chosen] if chosen else None
        words = ScoreWords(scores, visit.formats)
        page = WhatMatters(
            goals=[
                Goal.model_validate({**vars(one), "studied_at": found.at if (found := studies[name]) else None})
                for name, one in goals.items()
            ],
            goal=chosen,
            found=None if document is None else importance_of(document),
        )
        one = None if document is None else _variable(document.study, variable)
        drawn = document is not None and visit.form == "html"
        return visit.shows(
            "importance",
            page,
            _listed(document),
            document=document,
            variable=one,
            priorities=_PRIORITIES,
            faults=_FAULTS,
            words=words,
            spoken=lambda text: spoken(Bilingual(text["en"], text["fr"]), visit.language),
            figures=_figures(visit, document.study, words) if drawn and document else [],
            moves=_moves(visit, document, one, words) if drawn and document and one and one.sensitivity else None,
            amount=lambda micros: visit.formats.money(round(micros * 1_000_000)),
        )


def _variable(study: ImportanceStudy, name: str) -> VariableFound | None:
    """Return the variable that is looked at more closely, by default the first."""
    by_name = {one.name: one for one in study.variables}
    if name and name not in by_name:
        raise RequestRefusedError(404, "unknown_variable", f'there is no variable "{name}"', where="query.variable")
    return by_name[name] if name else next(iter(by_name.values()), None)


def _listed(document: ImportanceDocument | None) -> Listed:
    variables = () if document is None else document.study.variables
    rows = []
    for one in variables:
        lost, strength = one.importance_together, one.alone.strength
        about = (one.name, str(one.priority), lost.estimate, lost.low, lost.high)
        alone = (strength.estimate, strength.low, strength.high, one.alone.p_value, one.alone.bits)
        rows.append([*about, *alone, one.availability, " ".join(one.same)])
    return Listed(_COLUMNS, rows)


def _words(visit: Visit, study: ImportanceStudy, words: ScoreWords) -> ImportanceWords:
    return ImportanceWords(
        priorities={one: visit.say(text) for one, text in _PRIORITIES.items()},
        lost=visit.say(_("share of the goal that is no longer told without it")),
        known=visit.say(_("share of people of whom it is known")),
        names={name: words.name(name) for name in study.names},
    )


def _figures(visit: Visit, study: ImportanceStudy, words: ScoreWords) -> list[Figure]:
    said, writing = _words(visit, study, words), writing_of(visit.formats)
    return [
        kept(
            "priorities",
            lambda: figure(
                "priorities",
                visit.say(_("What to do about each")),
                visit.say(
                    _("The higher, the more it tells of the goal; the further right, the more people it is known of.")
                ),
                importance_charts.priorities(study.variables, said, writing),
            ),
            visit.formats,
            study,
        ),
        kept(
            "importances",
            lambda: figure(
                "importances",
                visit.say(_("What is lost without it")),
                visit.say(_("Without a variable and those that say the same; intervals of 95 % that hold together.")),
                importance_charts.importances(study.variables, said, writing),
            ),
            visit.formats,
            study,
        ),
        kept(
            "associations",
            lambda: figure(
                "associations",
                visit.say(_("What says the same")),
                visit.say(
                    _("Darker the more two go together; in the other colour where one rises as the other falls.")
                ),
                importance_charts.associations(study.names, study.associations, said, writing),
            ),
            visit.formats,
            study,
        ),
    ]


def _moves(visit: Visit, document: ImportanceDocument, one: VariableFound, words: ScoreWords) -> Figure:
    study = document.study
    goal = _("change of the expected log(1 + amount)") if study.is_amount else _("change of the expected share")
    chart = importance_charts.movement(
        one.sensitivity,
        words.name(one.name),
        visit.say(goal),
        is_share=not study.is_amount,
        writing=writing_of(visit.formats),
    )
    return figure(
        "moves",
        visit.say(_("How the goal moves with it")),
        visit.say(_("As the forest sees it, the other variables staying as they go with it; it does not say why.")),
        chart,
    )
