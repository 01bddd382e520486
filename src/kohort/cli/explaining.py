"""`kohort explain`: why somebody is in a segment, what a rule keeps, and what goes with a person's scores."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from kohort.cli.options import HERE, AtOption, FormatOption, ProjectOption, open_project
from kohort.cli.output import Format, out, show_object, show_rows
from kohort.errors import UnknownNameError, UsageError
from kohort.rules.languages import Language

if TYPE_CHECKING:
    from kohort.learning.wording import Bilingual
    from kohort.pipeline.learning.explained.found import Drivers, PersonScore
    from kohort.project import Project

_COLUMNS = ("score", "chance", "band", "at", "model", "features", "values", "points", "margin")


class OtherMethod(StrEnum):
    """Methods that ask any model, to compare with what it says itself."""

    SHAP = "shap"
    LIME = "lime"


def explain(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[SEGMENT|PERSON]", help="A segment; or a person, whose scores are explained."),
    ] = None,
    person: Annotated[
        str | None, typer.Argument(metavar="[PERSON]", help="A person id, user id or anonymous id.")
    ] = None,
    *,
    score: Annotated[
        str | None, typer.Option("--score", metavar="NAME", help="Only the score of this prediction.")
    ] = None,
    at: AtOption = None,
    method: Annotated[
        OtherMethod | None, typer.Option("--method", help="Compare what the model itself says with this method.")
    ] = None,
    segment: Annotated[
        str | None, typer.Option("--segment", metavar="NAME", help="What goes with the scores of its members.")
    ] = None,
    now: Annotated[
        bool,
        typer.Option("--now", help="Score the person anew, by what is known at that moment."),
    ] = False,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Say why a person is in a segment or not, what each condition keeps, or what goes with a person's scores."""
    opened = open_project(project)
    of_scores = score is not None or method is not None or now
    if segment is not None and name is None:
        if method is not None or now or at is not None:
            raise UsageError("--segment tells of the last run, by the model itself; leave out --method, --now and --at")
        _show_segment(opened, segment, score, form)
    elif name is None or segment is not None:
        raise UsageError("name a segment, a person, or --segment NAME alone for the scores of its members")
    elif person is not None:
        from kohort.cli.explanation import show_explanation

        if of_scores:
            raise UsageError("--score, --method and --now are about a person's scores; leave the segment out")
        show_explanation(opened.explain(name, person, at), form, opened.show_moment, opened.language)
    elif not of_scores and name in opened.known_segments():
        from kohort.cli.funnel import show_funnel

        show_funnel(opened.preview_segment(name, at), form)
    elif method is not None:
        if now:
            raise UsageError("--method compares what goes with a score that a run wrote; leave out --now")
        _compare(opened, name, at, score, method, form)
    else:
        show_scores(opened, name, _scores(opened, name, at, score, now=now), form)


def _scores(opened: "Project", name: str, at: str | None, score: str | None, *, now: bool) -> "list[PersonScore]":
    try:
        if now:
            return opened.person_scores_now(name, at, score=score)
        return opened.person_scores(name, at, score=score)
    except UnknownNameError as error:
        if error.kind != "person" or score is not None:
            raise
        raise UnknownNameError("segment or person", name, opened.known_segments()) from error


def show_scores(opened: "Project", person: str, found: "list[PersonScore]", form: Format) -> None:
    """Show a person's scores with what goes with each."""
    if form is Format.JSON:
        show_object({"person": person, "scores": [_plain(opened, one) for one in found]})
    elif form is Format.CSV:
        show_rows([row for one in found for row in _rows(opened, one)], _COLUMNS, form)
    elif not found:
        out.print(escape(_NONE[opened.language]))
    else:
        for one in found:
            _show(opened, one)


_NONE = {
    Language.EN: "No prediction has scored this person; they are declared in scores/, and written by: kohort run",
    Language.FR: "Aucune prédiction n'a donné de score à cette personne ; les prédictions sont déclarées dans scores/ "
    "et calculées par : kohort run",
}


def _compare(
    opened: "Project", person: str, at: str | None, score: str | None, method: OtherMethod, form: Format
) -> None:
    exact = _scores(opened, person, at, score, now=False)
    other = opened.person_scores(person, at, score=score, method=method.value)
    rows = [
        {"score": one.score, "features": ", ".join(driver.features), one.drivers.method.value: driver.points,
         method.value: found[driver.features], "fidelity": asked.drivers.fidelity}
        for one, asked in zip(exact, other, strict=True)
        if one.drivers is not None and asked.drivers is not None
        for found in [{each.features: each.points for each in asked.drivers.found}]
        for driver in one.drivers.found
    ]  # fmt: skip
    own = next((one.drivers.method.value for one in exact if one.drivers is not None), "exact")
    if form is not Format.TABLE:
        show_rows(rows, ["score", "features", own, method.value, "fidelity"], form)
        return
    from kohort.learning.models.explanation.wording import READ_SO
    from kohort.pipeline.learning.explained.wording import method_words

    shown = [
        {"score": row["score"], "features": row["features"]}
        | {f"{name}, points": f"{100 * float(str(row[name])):+.1f}" for name in (own, method.value)}
        for row in rows
    ]
    show_rows(shown, ["score", "features", f"{own}, points", f"{method.value}, points"], form)
    for one in other:
        if one.drivers is not None:
            _say(opened, method_words(one.drivers))
    _say(opened, READ_SO)


def _show_segment(opened: "Project", segment: str, score: str | None, form: Format) -> None:
    from kohort.learning.models.explanation.wording import READ_SO
    from kohort.pipeline.learning.explained.wording import mean_words, segment_words

    found = opened.segment_drivers(segment, score)
    labels = opened.feature_labels()
    if form is Format.TABLE:
        for one in found:
            _say(opened, mean_words(one))
            for driver in one.found:
                _say(opened, segment_words(driver, labels))
        _say(opened, READ_SO)
        return
    rows = [
        {"score": one.score, "at": opened.show_moment(one.at), "model": one.model, "features": list(driver.features),
         "members": driver.members.estimate, "members_low": driver.members.low, "members_high": driver.members.high,
         "everybody": driver.everybody.estimate, "everybody_low": driver.everybody.low,
         "everybody_high": driver.everybody.high, "looked_at": one.looked_at}
        for one in found
        for driver in one.found
    ]  # fmt: skip
    show_rows(rows, _OF_SEGMENT, form)


_OF_SEGMENT = (
    "score", "at", "model", "features", "members", "members_low", "members_high", "everybody", "everybody_low",
    "everybody_high", "looked_at",
)  # fmt: skip


def _show(opened: "Project", one: "PersonScore") -> None:
    from kohort.learning.models.explanation.wording import READ_SO
    from kohort.learning.wording import COLON, Bilingual, percent
    from kohort.pipeline.learning.explained.wording import base_words, driver_words

    chance, moment, labels = percent(one.chance, 1), opened.show_moment(one.at), opened.feature_labels()
    head = Bilingual(
        f"{one.score}: {chance.en}, band {one.band}, as of {moment}, by {one.score} {one.model}",
        f"{one.score}{COLON} {chance.fr}, bande {one.band}, au {moment}, par {one.score} {one.model}",
    )
    _say(opened, head)
    if one.untold is not None:
        _say(opened, one.untold)
    if one.drivers is None:
        return
    _say(opened, base_words(one.drivers))
    for driver in one.drivers.found:
        if driver.points:
            _say(opened, driver_words(driver, labels))
    _say(opened, READ_SO)


def _say(opened: "Project", words: "Bilingual") -> None:
    out.print(escape(words.fr if opened.language is Language.FR else words.en))


def _plain(opened: "Project", one: "PersonScore") -> dict[str, object]:
    return {
        "score": one.score,
        "chance": one.chance,
        "band": one.band,
        "at": opened.show_moment(one.at),
        "model": one.model,
        "version": one.version,
        "recorded": one.recorded,
        "untold": None if one.untold is None else one.untold.en,
        "drivers": None if one.drivers is None else _plain_drivers(one.drivers),
    }


def _plain_drivers(drivers: "Drivers") -> dict[str, object]:
    return {
        "method": drivers.method.value,
        "base": drivers.base,
        "base_margin": drivers.base_margin,
        "unit": drivers.unit,
        "fidelity": drivers.fidelity,
        "found": [
            {"features": one.features, "values": one.values, "points": one.points, "margin": one.margin}
            for one in drivers.found
        ],
    }


def _rows(opened: "Project", one: "PersonScore") -> list[dict[str, object]]:
    fixed = {"score": one.score, "chance": one.chance, "band": one.band, "at": opened.show_moment(one.at)}
    drivers = () if one.drivers is None else one.drivers.found
    return [
        {**fixed, "model": one.model, "features": ", ".join(driver.features), "values": list(driver.values),
         "points": driver.points, "margin": driver.margin}
        for driver in drivers
    ]  # fmt: skip
