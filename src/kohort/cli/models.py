"""`kohort models`: what was trained, what is in force, putting a model in force or going back, and drift."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from kohort.cli.help import GroupedCommands
from kohort.cli.options import HERE, AtOption, FormatOption, ProjectOption, open_project
from kohort.cli.output import Format, err, interval_object, out, show_object, show_rows
from kohort.cli.progress import stepping

if TYPE_CHECKING:
    from kohort.pipeline.learning.registry.entries import RegisteredModel
    from kohort.pipeline.learning.retraining.looks import DriftLook, JudgedMonth
    from kohort.pipeline.learning.training.records import Training
    from kohort.project import Project

_COLUMNS: Final = ("score", "model", "state", "kind", "data", "trained", "since", "people", "cause", "digest")
_DRIFT: Final = (
    "feature", "psi", "usual", "p_value", "jensen_shannon", "kolmogorov_smirnov", "moved", "furthest", "before", "now",
    "drift",
)  # fmt: skip
_LOSSES: Final = ("measure", "change", "p_value", "drift")
_TRAININGS: Final = (
    "training", "score", "state", "by", "door", "asked", "began", "ended", "data", "rows", "model", "reason",
)  # fmt: skip
_DIGEST: Final = 12

models = typer.Typer(
    name="models",
    help="List models, put one in force or go back, and see whether people are still as it knows them.",
    no_args_is_help=True,
    rich_markup_mode=None,
    cls=GroupedCommands,
)

ScoreArgument = Annotated[str, typer.Argument(metavar="SCORE", help="A score that has models, as in scores/.")]
NumberOption = Annotated[int | None, typer.Option("--model", metavar="NUMBER", help="As `kohort models list` has it.")]
SureOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DespiteOption = Annotated[
    list[str] | None, typer.Option("--despite", metavar="GUARD", help="A guard rail to override; --reason says why.")
]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="WHY", help="Kept with the change.")]


@models.command("list")
def list_models(
    score: Annotated[str | None, typer.Argument(metavar="[SCORE]", help="By default of all scores.")] = None,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """List every training run: candidates that wait, what is in force, and what was."""
    opened = open_project(project)
    found = opened.models(score)
    show_rows([_row(one, opened, form) for one in found], _COLUMNS, form)
    if not found:
        err.print("no models yet; find clusters with: kohort discover", markup=False)


@models.command()
def show(
    score: ScoreArgument,
    number: NumberOption = None,
    language: Annotated[str | None, typer.Option("--language", help="en or fr; the project's, by default.")] = None,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show a model's card: what it says, what it learnt from, how good it is, what it must not be used for."""
    opened = open_project(project)
    model = opened.model(score, number)
    if form is not Format.TABLE:
        show_object(_whole(model, opened))
        return
    show_rows([_row(model, opened, form)], _COLUMNS, form)
    if model.entry is None:
        err.print("found before there was a registry; no card was written", markup=False)
        return
    out.print(model.entry.card.text(language or opened.language), markup=False, end="")


@models.command()
def train(score: ScoreArgument, at: AtOption = None, project: ProjectOption = HERE) -> None:
    """Train a model of a score anew, as a candidate that waits to be promoted."""
    opened = open_project(project)
    with stepping(f"training {score}"):
        model = opened.train_model(score, at)
    out.print(f"{model.named} waits; see who would enter and leave with: kohort models plan {score}", markup=False)


@models.command()
def trainings(
    score: Annotated[str | None, typer.Argument(metavar="[SCORE]", help="By default of all scores.")] = None,
    most: Annotated[int, typer.Option("--rows", min=1, help="The most rows, those asked for last first.")] = 100,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """List the trainings that were asked for in the studio and by the API: by whom, and what has become of them."""
    opened = open_project(project)
    found = opened.trainings_asked(score, most)
    show_rows([_asked(one, opened) for one in found], _TRAININGS, form)
    if not found:
        err.print("none was asked for; train by hand with: kohort models train SCORE", markup=False)


@models.command()
def plan(
    score: ScoreArgument,
    number: NumberOption = None,
    at: AtOption = None,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show who would enter and leave segments if a model came into force, by default the newest candidate."""
    from kohort.cli.changing import show_plan

    opened = open_project(project)
    show_plan(opened.plan_promotion(score, number, at), form, opened.spoken)


@models.command()
def promote(
    score: ScoreArgument,
    number: NumberOption = None,
    at: AtOption = None,
    despite: DespiteOption = None,
    reason: ReasonOption = "",
    sure: SureOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Put a model in force, by default the newest candidate: its scores and the members they lead to, at once."""
    from kohort.cli.changing import apply_shown

    opened = open_project(project)
    apply_shown(opened, opened.plan_promotion(score, number, at), sure=sure, despite=despite or (), reason=reason)


@models.command()
def rollback(
    score: ScoreArgument,
    number: NumberOption = None,
    at: AtOption = None,
    sure: SureOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Go back to a model that was in force, by default the one before."""
    from kohort.cli.changing import apply_shown

    opened = open_project(project)
    apply_shown(opened, opened.plan_model_rollback(score, number, at), sure=sure)


@models.command()
def drift(
    score: ScoreArgument, at: AtOption = None, project: ProjectOption = HERE, form: FormatOption = Format.TABLE
) -> None:
    """Tell whether people of the last month are still as the model in force knows them."""
    opened = open_project(project)
    look = opened.drift(score, at)
    rows = _drifted(look)
    if form is Format.JSON:
        show_object({
            "score": look.score, "model": look.model, "month": look.month, "people": look.people,
            "against": list(look.against), "seasonal": look.is_seasonal, "found": list(look.found),
            "proposes": look.proposes, "words": {"en": look.words.en, "fr": look.words.fr}, "features": rows,
            "judged": _judged(look), "months": [_month(one) for one in look.judged_months],
        })  # fmt: skip
        return
    show_rows(rows, _DRIFT, form)
    if form is Format.TABLE and look.judged is not None:
        show_rows(_losses(look), _LOSSES, form)
        people, month = look.judged.found.people, look.judged.month
        err.print(f"of the {people:,} people of {month}, whose time is over", markup=False)
    if form is Format.TABLE:
        out.print(getattr(look.words, opened.language), markup=False)


def _row(one: "RegisteredModel", project: "Project", form: Format) -> dict[str, object]:
    entry, digest = one.entry, one.file.partition(".")[0]
    return {
        "score": one.score,
        "model": one.number,
        "state": one.state.value,
        "kind": entry.kind if entry else "clusters",
        "data": project.show_moment(one.at),
        "trained": project.show_moment(one.trained_at),
        "since": project.show_moment(one.since) if one.since is not None else None,
        "people": entry.people if entry else None,
        "cause": entry.cause if entry else "by hand",
        "digest": digest[:_DIGEST] if form is Format.TABLE else digest,
    }


def _asked(one: "Training", project: "Project") -> dict[str, object]:
    began, ended = (None if moment is None else project.show_moment(moment) for moment in (one.began_at, one.ended_at))
    return {
        "training": one.training_id,
        "score": one.score,
        "state": str(one.state),
        "by": one.actor,
        "door": str(one.door),
        "asked": project.show_moment(one.asked_at),
        "began": began,
        "ended": ended,
        "data": project.show_moment(one.at),
        "rows": one.rows,
        "model": one.model,
        "reason": one.reason,
    }


def _whole(one: "RegisteredModel", project: "Project") -> dict[str, object]:
    row, entry = _row(one, project, Format.JSON), one.entry
    if entry is None:
        return row
    return {
        **row,
        "known": entry.known,
        "seed": entry.seed,
        "features": list(entry.features),
        "parameters": dict(entry.parameters),
        "figures": {figure.name: interval_object(figure.value) for figure in entry.figures},
        "why": {"en": entry.why.en, "fr": entry.why.fr} if entry.why else None,
        "card": {language: entry.card.text(language) for language in ("en", "fr")},
    }


def _drifted(look: "DriftLook") -> list[dict[str, object]]:
    return [
        {
            "feature": one.feature,
            "psi": _rounded(one.index),
            "usual": _rounded(one.usual),
            "p_value": _rounded(one.p_value, 5),
            "jensen_shannon": _rounded(one.divergence),
            "kolmogorov_smirnov": _rounded(one.distance),
            "moved": _rounded(one.moved),
            "furthest": one.furthest,
            "before": _rounded(one.share_before),
            "now": _rounded(one.share_now),
            "drift": one.found,
        }
        for one in sorted(look.features, key=lambda one: -one.index)
    ]


def _judged(look: "DriftLook") -> dict[str, object] | None:
    if look.judged is None:
        return None
    return {**_month(look.judged), "losses": _losses(look)}


def _month(judged: "JudgedMonth") -> dict[str, object]:
    found = judged.found
    return {
        "month": judged.month,
        "people": found.people,
        "observed_over_foretold": interval_object(found.ratio),
        "brier": interval_object(found.brier),
        "auc": None if found.auc is None else interval_object(found.auc),
    }


def _losses(look: "DriftLook") -> list[dict[str, object]]:
    return [
        {
            "measure": one.measure,
            "change": _rounded(one.change),
            "p_value": _rounded(one.p_value, 5),
            "drift": one.found,
        }
        for one in look.losses
    ]


def _rounded(value: float | None, places: int = 4) -> float | None:
    return None if value is None else round(value, places)
