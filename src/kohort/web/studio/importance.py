"""`/importance`: which variables matter for a goal, what to do about each, and how the goal moves with one."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Query, Response

from kohort.collection.acceptance import RequestRefusedError
from kohort.governance.keys import SEGMENTS_READ
from kohort.learning.importance.results import ImportanceStudy, Priority, VariableFound
from kohort.learning.wording import Bilingual
from kohort.pipeline.learning.goals import ImportanceDocument
from kohort.reports import importance_charts
from kohort.reports.figures import Figure
from kohort.reports.importance import fault_words, priority_words
from kohort.reports.importance_charts import ImportanceWords
from kohort.reports.theme import AnyChart
from kohort.web.api.models.answer import Answer
from kohort.web.api.models.importance import Goal, Importance, goals_told, importance_of
from kohort.web.studio.drawing import figure, kept, spoken, writing_of
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Listed, Pages, Visit, Visiting
from kohort.web.studio.values import ScoreWords

_: Final[Callable[[str], str]] = marked
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
            goals, scores = goals_told(project), project.score_definitions
            chosen = goal or next(
                (one.name for one in goals if one.studied_at), next((one.name for one in goals), None)
            )
            document = project.importance(chosen) if chosen else None
        words = ScoreWords(scores, visit.formats)
        found = None if document is None else importance_of(document)
        page = WhatMatters(goals=goals, goal=chosen, found=found)
        one = None if document is None else _variable(document.study, variable)
        drawn = document is not None and visit.form == "html"
        return visit.shows(
            "importance",
            page,
            _listed(document),
            document=document,
            variable=one,
            priority=lambda one: spoken(priority_words(one), visit.language),
            fault=lambda one: spoken(fault_words(one), visit.language),
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
        priorities={one: spoken(priority_words(one), visit.language) for one in Priority},
        lost=visit.say(_("share of the goal that is no longer told without it")),
        known=visit.say(_("share of people of whom it is known")),
        names={name: words.name(name) for name in study.names},
    )


def _figures(visit: Visit, study: ImportanceStudy, words: ScoreWords) -> list[Figure]:
    said, writing, found = _words(visit, study, words), writing_of(visit.formats), study.variables

    def drawn(name: str, title: str, caption: str, chart: Callable[[], AnyChart]) -> Figure:
        return kept(name, lambda: figure(name, visit.say(title), visit.say(caption), chart()), visit.formats, study)

    return [
        drawn(
            "priorities",
            _("What to do about each"),
            _("The higher, the more it tells of the goal; the further right, the more people it is known of."),
            lambda: importance_charts.priorities(found, said, writing),
        ),
        drawn(
            "importances",
            _("What is lost without it"),
            _("Without a variable and those that say the same; intervals of 95 % that hold together."),
            lambda: importance_charts.importances(found, said, writing),
        ),
        drawn(
            "associations",
            _("What says the same"),
            _("Darker the more two go together; in the other colour where one rises as the other falls."),
            lambda: importance_charts.associations(study.names, study.associations, said, writing),
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
