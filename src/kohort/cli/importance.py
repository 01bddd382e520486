"""`kohort importance`: which variables matter for a goal, and how the goal moves with one of them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kohort.cli.options import HERE, ProjectOption
from kohort.cli.output import Format, err, out, show_rows
from kohort.errors import UnknownNameError

if TYPE_CHECKING:
    from kohort.learning.importance.results import Cell, ImportanceStudy, Step, VariableFound
    from kohort.pipeline.learning.goals import ImportanceDocument
    from kohort.stats.intervals import Interval

COLUMNS: Final = ("variable", "priority", "lost", "lost_low", "lost_high", "alone", "connected", "known", "same")
_WHOLE: Final = ("impurity", "bits", "alone_low", "alone_high", "p_value")
_CELLS: Final = ("value", "people", "goal", "low", "high")
_STEPS: Final = ("at", "moves", "moves_low", "moves_high")


def importance(
    goal: Annotated[
        str | None, typer.Argument(metavar="[GOAL]", help="An event of the outcome, or revenue.", show_default=False)
    ] = None,
    variable: Annotated[
        str | None, typer.Option("--variable", metavar="NAME", help="Show its cross-table, and how the goal moves.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="ISO 8601; without an offset in the project's time zone.")
    ] = None,
    kept: Annotated[bool, typer.Option("--kept", help="Show what was found last, without looking again.")] = False,
    project: ProjectOption = HERE,
    form: Annotated[Format, typer.Option("--format", help="The form of the listing.")] = Format.TABLE,
) -> None:
    """Find which variables matter for a goal: alone, together, and whether they are at hand."""
    from kohort.cli.progress import portion
    from kohort.project import Project

    opened = Project(project)
    found = opened.importance(goal) if kept else None
    if found is None:
        with portion("finding what matters") as advance:
            found = opened.study_importance(goal, at, progress=advance)
    if variable is not None:
        _show_variable(found.study, variable, form)
        return
    _say(found, opened.show_moment(found.split))
    show_importance(found.study, form)


def show_importance(study: "ImportanceStudy", form: Format, most: int | None = None) -> None:
    """Show a line a variable, the most important first, at most so many; all figures but in the form of a table."""
    columns = COLUMNS if form is Format.TABLE else (*COLUMNS, *_WHOLE)
    show_rows([_row(one) for one in study.variables[:most]], columns, form)


def _say(found: "ImportanceDocument", split: str) -> None:
    from kohort.reports.importance import fault_words, verdict_words

    study = found.study
    goal = f"{study.goal.estimate:,.2f} on average" if study.is_amount else f"{study.goal.estimate:.1%} of them"
    err.print(f"{found.goal.label['en']}: {goal}, of {study.people:,} people known at {split}", markup=False)
    err.print(verdict_words(study).en, markup=False)
    for one in study.left_out:
        err.print(f"left out: {one.name} ({fault_words(one.fault).en})", markup=False)


def _row(one: "VariableFound") -> dict[str, object]:
    lost, alone = one.importance_together, one.alone
    return {
        "variable": one.name,
        "priority": str(one.priority),
        **_interval("lost", lost),
        **_interval("alone", alone.strength),
        "p_value": alone.p_value,
        "connected": alone.is_connected,
        "known": one.availability,
        "same": ", ".join(one.same),
        "impurity": one.impurity,
        "bits": alone.bits,
    }


def _interval(name: str, found: "Interval") -> dict[str, object]:
    return {name: found.estimate, f"{name}_low": found.low, f"{name}_high": found.high}


def _show_variable(study: "ImportanceStudy", name: str, form: Format) -> None:
    by_name = {one.name: one for one in study.variables}
    if name not in by_name:
        raise UnknownNameError("variable", name, by_name)
    found = by_name[name]
    if form is Format.JSON:
        cells, steps = list(map(_cell, found.alone.cells)), list(map(_step, found.sensitivity))
        show_rows([{**_row(found), "cells": cells, "moves": steps}], (*COLUMNS, *_WHOLE, "cells", "moves"), form)
        return
    show_rows(list(map(_cell, found.alone.cells)), _CELLS, form)
    if found.sensitivity and form is Format.TABLE:
        out.print()
        show_rows(list(map(_step, found.sensitivity)), _STEPS, form)


def _cell(one: "Cell") -> dict[str, object]:
    value = one.category if one.low is None or one.high is None else "".join(_range(one.low, one.high))
    return {
        "value": "unknown" if value is None else value,
        "people": one.people,
        "goal": one.goal.estimate,
        "low": one.goal.low,
        "high": one.goal.high,
    }


def _range(low: float, high: float) -> Iterator[str]:
    yield f"{low:g}"
    if high != low:
        yield f" to {high:g}"


def _step(one: "Step") -> dict[str, object]:
    return {"at": one.category if one.value is None else one.value, **_interval("moves", one.goal)}
