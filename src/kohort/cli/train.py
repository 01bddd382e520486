"""`kohort train`: learn from a table who reaches a goal, and say how well that is told of others."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kohort.cli.output import Format, err, interval_object, names_in, out, show_object, show_rows, write_rows
from kohort.errors import UsageError

if TYPE_CHECKING:
    from kohort.learning.prediction.contest import Plan
    from kohort.learning.prediction.measures import Measures
    from kohort.learning.prediction.results import PredictionStudy
    from kohort.pipeline.learning.table_training import TableTraining
    from kohort.stats.intervals import Interval

_MEASURES: Final = {
    "auc": "auc",
    "average_precision": "average_precision",
    "brier": "brier",
    "f1": "f1",
    "lift_at_20_percent": "lift",
    "capture_at_20_percent": "capture",
    "calibration_error": "calibration_error",
}
_LISTED: Final = ("measure", "estimate", "low", "high")
_FAMILIES: Final = ("model", "auc", "low", "high", "average_precision", "brier", "lift")
BAND_COLUMNS: Final = ("from", "to", "people", "told", "reached", "low", "high")

FileArgument = Annotated[Path, typer.Argument(metavar="TABLE", help="CSV, Parquet or JSON lines, a row an example.")]
LabelOption = Annotated[str, typer.Option("--label", metavar="COLUMN", help="What is to be told.")]
PositiveOption = Annotated[
    str | None, typer.Option("--positive", metavar="VALUE", help="The label of who reached the goal; usually found.")
]
IdOption = Annotated[
    str | None, typer.Option("--id", metavar="COLUMN", help="Whose row it is: nobody is learnt from and judged by.")
]
TimeOption = Annotated[
    str | None, typer.Option("--time", metavar="COLUMN", help="Up to when a row knows: judged forward in time.")
]
IgnoreOption = Annotated[str, typer.Option("--ignore", metavar="COLUMN,…", help="Columns that are no features.")]
ModelsOption = Annotated[str, typer.Option("--models", metavar="MODEL,…", help="Which to compare, or all.")]
SearchOption = Annotated[str, typer.Option("--search", help="Of settings: none, grid, random or bayesian.")]
TrialsOption = Annotated[int, typer.Option("--trials", help="How many settings of each model the search tries.")]
BalanceOption = Annotated[str, typer.Option("--balance", help="Where few reach it: none, weights or smote.")]
FoldsOption = Annotated[int, typer.Option("--folds", help="Into how many parts people are split to judge.")]
RuleOption = Annotated[
    str | None, typer.Option("--rule", metavar="COLUMN", help="The obvious rule to beat; by default the best column.")
]
BandsOption = Annotated[str, typer.Option("--bands", metavar="CHANCE,…", help="The chances that begin a band.")]
CostOption = Annotated[
    str | None, typer.Option("--costs", metavar="MISSED,NEEDLESS", help="What one missed, and one for nothing, cost.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="Of all that is drawn.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write what was told of each row that judged, as CSV.")
]
FormatOption = Annotated[Format, typer.Option("--format", help="The form of what was found.")]


def train(
    table: FileArgument,
    *,
    label: LabelOption,
    positive: PositiveOption = None,
    id_column: IdOption = None,
    time: TimeOption = None,
    ignore: IgnoreOption = "",
    models: ModelsOption = "",
    search: SearchOption = "none",
    trials: TrialsOption = 10,
    balance: BalanceOption = "none",
    folds: FoldsOption = 5,
    rule: RuleOption = None,
    bands: BandsOption = "0.5,0.8",
    costs: CostOption = None,
    seed: SeedOption = 0,
    output: OutOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Learn from a table who reaches a goal; judge it on others, beside the obvious rule."""
    from kohort.cli.progress import portion, stepping
    from kohort.imports import needing_extra

    with needing_extra("learn", "learning to predict"):
        from kohort.pipeline.learning.example_files import read_examples
        from kohort.pipeline.learning.table_training import train_table
    plan = _plan(models, search, trials, balance, costs, seed)
    limits = _numbers(bands, "--bands")
    with stepping(f"reading {table.name}"):
        file = read_examples(
            table, label=label, positive=positive, id_column=id_column, time_column=time, ignored=names_in(ignore)
        )
    with portion("learning") as advance:
        done = train_table(file, plan, parts=folds, rule=rule, bands=limits, progress=advance)
    if output is not None:
        told = done.trained
        rows = zip(told.rows.tolist(), told.chances.tolist(), strict=True)
        numbers, reached = file.examples.table.person_ids, file.examples.reached
        listed = ((numbers[row], one, int(reached[row])) for row, one in sorted(rows))
        write_rows(output, ["row", "chance", "reached"], listed)
    _show(done, form)


def _plan(models: str, search: str, trials: int, balance: str, costs: str | None, seed: int) -> "Plan":
    from kohort.learning.prediction.contest import Plan
    from kohort.learning.prediction.fitting import Balance
    from kohort.learning.prediction.search import Budget, Search
    from kohort.learning.prediction.thresholds import Costs

    for option, told, known in (("--search", search, tuple(Search)), ("--balance", balance, tuple(Balance))):
        if told not in known:
            raise UsageError(f'{option} is one of {", ".join(known)}, and not "{told}"')
    priced = None
    if costs is not None:
        values = _numbers(costs, "--costs")
        if len(values) != 2:  # noqa: PLR2004 - the two errors
            raise UsageError(f'--costs takes two numbers, such as 20,1; got "{costs}"')
        priced = Costs(*values)
    budget = Budget(Search(search), trials) if search != Search.NONE else Budget()
    return Plan(families_named(models), budget, Balance(balance), priced, seed=seed)


def families_named(models: str) -> tuple[str, ...]:
    """Return the families of models that an option names, with commas between them; the usual ones for none.

    >>> families_named("svm, logistic")
    ('svm', 'logistic')
    """
    from kohort.learning.prediction.families import FAMILIES, USUAL

    return tuple(FAMILIES) if models == "all" else names_in(models) or USUAL


def _numbers(listed: str, option: str) -> tuple[float, ...]:
    try:
        return tuple(float(one) for one in names_in(listed))
    except ValueError as error:
        raise UsageError(f'{option} takes numbers with commas between them; got "{listed}"') from error


def _show(done: "TableTraining", form: Format) -> None:
    if form is Format.JSON:
        show_object(summary(done))
        return
    _say(done)
    measures = done.study.measures
    show_rows([_listed(name, getattr(measures, key)) for name, key in _MEASURES.items()], _LISTED, form)
    if form is Format.TABLE:
        out.print()
        show_rows(list(_families(done.study)), _FAMILIES, form)
        out.print()
        show_rows(list(band_rows(done.study)), BAND_COLUMNS, form)


def _say(done: "TableTraining") -> None:
    from kohort.learning.prediction.wording import study_words

    file, study = done.file, done.study
    err.print(
        f'{file.label} "{file.positive}": {study.measures.base_rate:.1%} of {study.people:,} people', markup=False
    )
    for one in file.left_out:
        err.print(f"left out: {one.column} {one.reason}", markup=False)
    if file.unlabelled:
        err.print(f"left out: {file.unlabelled:,} rows without a label", markup=False)
    for alarm in done.alarms:
        err.print(
            f"{alarm.name} alone tells the label ({alarm.value:.3f}): if it became known only with the label, leave "
            f"it out with --ignore",
            markup=False,
        )
    for sentence in study_words(study):
        err.print(sentence.en, markup=False)


def _listed(name: str, found: "Interval") -> dict[str, object]:
    return {"measure": name, "estimate": found.estimate, "low": found.low, "high": found.high}


def _families(study: "PredictionStudy") -> Iterator[dict[str, object]]:
    for one in study.families:
        area = one.measures.auc
        yield {
            "model": one.family,
            "auc": area.estimate,
            "low": area.low,
            "high": area.high,
            "average_precision": one.measures.average_precision.estimate,
            "brier": one.measures.brier.estimate,
            "lift": one.measures.lift.estimate,
        }


def band_rows(study: "PredictionStudy") -> Iterator[dict[str, object]]:
    """Yield what each band was told and what happened, the lowest first."""
    for one in study.bands:
        observed = one.observed
        yield {
            "from": one.low,
            "to": one.high,
            "people": one.people,
            "told": one.chance,
            "reached": None if observed is None else observed.estimate,
            "low": None if observed is None else observed.low,
            "high": None if observed is None else observed.high,
        }


def summary(done: "TableTraining") -> Mapping[str, object]:
    """Return all that was found, for programs; each figure of quality with its interval."""
    from kohort.learning.prediction.wording import study_words

    file, study = done.file, done.study
    rule = study.rule
    words = list(study_words(study))
    return {
        "label": file.label,
        "positive": file.positive,
        "rows": study.rows,
        "people": study.people,
        "rows_without_label": file.unlabelled,
        "base_rate": study.measures.base_rate,
        "features": list(study.features),
        "left_out": [asdict(one) for one in file.left_out],
        "alarms": [{"feature": one.name, "auc": one.value} for one in done.alarms],
        "is_telling": study.is_telling,
        "folds": {"kind": str(study.folds), "count": study.parts, "judged": study.measures.n},
        "model": study.chosen,
        "reason": str(study.reason),
        "settings": dict(study.settings),
        "search": study.search,
        "balance": study.balance,
        "calibration": str(study.calibration),
        "threshold": study.threshold,
        **_measures(study.measures),
        "models": [{"model": one.family, **_measures(one.measures)} for one in study.families],
        "rule": {
            "feature": rule.name,
            "rises": rule.rises,
            "auc": interval_object(rule.auc),
            "gained": interval_object(rule.gained),
            "is_beaten": rule.is_beaten,
        },
        "cost": None
        if study.cost is None
        else {
            "model": interval_object(study.cost.model),
            "everybody": study.cost.everybody,
            "nobody": study.cost.nobody,
        },
        "bands": list(band_rows(study)),
        "calibration_curve": [
            {"people": one.people, "told": one.chance, "reached": interval_object(one.observed)} for one in study.curve
        ],
        "lift_curve": [
            {"share": one.share, "capture": interval_object(one.capture), "lift": interval_object(one.lift)}
            for one in study.lift
        ],
        "seed": study.seed,
        "words": {"en": [one.en for one in words], "fr": [one.fr for one in words]},
    }


def _measures(measures: "Measures") -> dict[str, object]:
    return {name: interval_object(getattr(measures, key)) for name, key in _MEASURES.items()}
