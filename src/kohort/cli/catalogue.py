"""`kohort personas`: who they are, what people noted, what became of them, and the rule that comes nearest."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from kohort.cli.help import GroupedCommands
from kohort.cli.options import HERE, FormatOption, ProjectOption, open_project
from kohort.cli.output import Format, err, interval_object, out, show_rows
from kohort.errors import UsageError

if TYPE_CHECKING:
    from kohort.pipeline.learning.personas import CataloguedPersona, PersonaGeneration
    from kohort.project import Project

_COLUMNS: Final = ("persona", "name", "status", "size", "share", "stability", "notes", "since")
_WHOLE: Final = (
    "persona", "score", "name", "nom", "status", "size", "share", "share_of_value", "value", "stability", "traits",
    "habits", "notes", "pictures", "surveys", "segments", "since", "at", "generations", "merged_into", "rule",
)  # fmt: skip
_BECAME: Final = ("kept", "born", "gone")
_GENERATIONS: Final = ("score", "at", "generation", "verdict", "personas", "outside", *_BECAME)
_RULE: Final = ("persona", "rule", "règle", "precision", "recall", "f1", "held_out", "poor", "words")

personas = typer.Typer(
    name="personas",
    help="List personas, what people noted on them, and what became of them.",
    rich_markup_mode=None,
    cls=GroupedCommands,
)

PersonaArgument = Annotated[str, typer.Argument(metavar="PERSONA", help="Its id, such as persona-1, or its name.")]


@personas.callback(invoke_without_command=True)
def list_personas(context: typer.Context, project: ProjectOption = HERE, form: FormatOption = Format.TABLE) -> None:
    """List every persona: those of today, those that are gone, and those that files speak of and nobody found."""
    if context.invoked_subcommand is not None:
        return
    opened = open_project(project)
    found = opened.personas()
    rows = [persona_row(one, opened) for one in found]
    if form is Format.JSON:
        show_rows(rows, _WHOLE, form)
        return
    show_rows([{**row, "notes": len(row["notes"])} for row in rows], _COLUMNS, form)
    if not found:
        err.print("no personas yet; find some with: kohort discover", markup=False)
    for score, outside in _newest_outside(opened.persona_generations()).items():
        err.print(f"{outside:,} {'person is' if outside == 1 else 'people are'} in no {score}", markup=False)


@personas.command()
def show(persona: PersonaArgument, project: ProjectOption = HERE, form: FormatOption = Format.TABLE) -> None:
    """Show one persona with all that is known of it."""
    opened = open_project(project)
    row = persona_row(opened.persona(persona), opened)
    if form is Format.TABLE:
        show_rows([{"what": name, "value": value} for name, value in _told(row)], ("what", "value"), form)
    else:
        show_rows([row], _WHOLE, form)


@personas.command()
def generations(
    score: Annotated[str | None, typer.Option("--score", metavar="NAME", help="Of one clusters score only.")] = None,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """List every search for clusters: which personas went on, were born, or are gone."""
    opened = open_project(project)
    rows = [_generation_row(one, opened) for one in opened.persona_generations(score)]
    if form is not Format.JSON:
        rows = [{**row, **{name: ", ".join(map(_named, row[name])) for name in _BECAME}} for row in rows]
    show_rows(rows, _GENERATIONS, form)


@personas.command()
def rule(persona: PersonaArgument, project: ProjectOption = HERE, form: FormatOption = Format.TABLE) -> None:
    """Show the rule that comes nearest to a persona, and how near, on people that it was not made of."""
    from kohort.reports.persona_words import fidelity_words

    opened = open_project(project)
    found = opened.persona(persona)
    nearest = found.card.rule if found.card else None
    if nearest is None:
        raise UsageError(f'there is no rule for "{found.identity}": look for clusters again with: kohort discover')
    language = opened.settings.language
    words = fidelity_words(nearest)
    if form is Format.TABLE:
        out.print(getattr(nearest.sentence, language), markup=False)
        err.print(getattr(words, language), markup=False)
        return
    row = {
        "persona": found.identity,
        "rule": nearest.sentence.en,
        "règle": nearest.sentence.fr,
        **{name: interval_object(getattr(nearest, name)) for name in ("precision", "recall", "f1")},
        "held_out": nearest.held_out,
        "poor": nearest.is_poor,
        "words": getattr(words, language),
    }
    show_rows([row], _RULE, form)


@personas.command()
def note(
    persona: PersonaArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The note; - reads it from standard input.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who notes it.")],
    project: ProjectOption = HERE,
) -> None:
    """Note something on a persona; it is kept in the journal, beside what files of personas/ say."""
    found = open_project(project).note_persona(persona, sys.stdin.read() if text == "-" else text, by=by)
    count = len(found.notes)
    out.print(f"noted on {found.identity}, which has {count} note{'' if count == 1 else 's'} now", markup=False)


def persona_row(one: "CataloguedPersona", project: "Project") -> dict[str, Any]:
    """Return all that is known of a persona."""
    card = one.card
    return {
        "persona": one.identity,
        "score": one.score,
        "name": one.name.en,
        "nom": one.name.fr,
        "status": one.status,
        "size": card.people if card else None,
        "share": card.share_of_people if card else None,
        "share_of_value": card.share_of_value if card else None,
        "value": interval_object(card.value) if card else None,
        "stability": card.stability.estimate if card else None,
        "traits": [
            {"trait": trait.label.en, "here": trait.here.en, "elsewhere": trait.elsewhere.en, **_effect(trait.effect)}
            for trait in (card.traits if card else ())
        ],
        "habits": [
            {"habit": habit.label.en, "share": habit.here.estimate, "lift": interval_object(habit.lift)}
            for habit in (card.habits if card else ())
        ],
        "notes": [
            {"date": told.day.isoformat(), "by": told.by, "text": told.text, "kept_in": told.kept_in}
            for told in one.notes
        ],
        "pictures": [picture.file or picture.url for picture in one.pictures],
        "surveys": [
            {
                "finding": told.finding.finding,
                "date": told.finding.day.isoformat() if told.finding.day else None,
                "source": told.finding.source,
                "share": interval_object(told.share),
            }
            for told in one.surveys
        ],
        "segments": list(one.segments),
        "since": None if one.since is None else project.show_moment(one.since),
        "at": None if one.at is None else project.show_moment(one.at),
        "generations": one.generations,
        "merged_into": one.merged_into,
        "rule": card.rule.sentence.en if card and card.rule else None,
    }


def _newest_outside(generations: "Sequence[PersonaGeneration]") -> dict[str, int]:
    """Return how many people the newest search of each score left in no persona, where there are any."""
    newest: dict[str, int] = {}
    for one in generations:
        newest.setdefault(one.score, one.outside)
    return {score: outside for score, outside in newest.items() if outside}


def _generation_row(one: "PersonaGeneration", project: "Project") -> dict[str, Any]:
    lineage = one.lineage
    return {
        "score": one.score,
        "at": project.show_moment(one.at),
        "generation": lineage.generation if lineage else None,
        "verdict": one.verdict,
        "personas": one.personas,
        "outside": one.outside,
        "kept": [
            {"persona": kept.identity, "name": kept.name.en, "before": kept.before.en, "jaccard": kept.jaccard}
            for kept in (lineage.kept if lineage else ())
        ],
        "born": [
            {"persona": born.identity, "name": born.name.en, "split_from": born.split_from}
            for born in (lineage.born if lineage else ())
        ],
        "gone": [
            {"persona": gone.identity, "name": gone.name.en, "merged_into": gone.merged_into}
            for gone in (lineage.gone if lineage else ())
        ],
    }


def _named(one: Mapping[str, Any]) -> str:
    if one.get("split_from"):
        return f"{one['persona']} (split from {one['split_from']})"
    if one.get("merged_into"):
        return f"{one['persona']} (merged into {one['merged_into']})"
    return f"{one['persona']} ({one['jaccard']:.2f})" if "jaccard" in one else str(one["persona"])


def _told(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a line for each thing that is known, and for each of a list."""
    lists = ((name, row[name] if isinstance(row[name], list) else [row[name]]) for name in _WHOLE)
    return [(name, _cell(value)) for name, values in lists for value in values if value is not None]


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, dict) and "estimate" in value:
        return f"{value['estimate']:,.2f} ({value['low']:,.2f} to {value['high']:,.2f})"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_cell(one)}" for name, one in value.items() if one is not None and one != "")
    return str(value)


def _effect(one: Any) -> dict[str, float]:
    return {"effect": one.estimate, "effect_low": one.low, "effect_high": one.high}
