"""`kohort lookalike`: who outside a seed is like its members, by any table, and how good that is."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kohort.cli.output import Format, err, interval_object, names_in, show_object, show_rows, write_rows
from kohort.cli.train import (
    FileArgument,
    FoldsOption,
    FormatOption,
    IdOption,
    IgnoreOption,
    ModelsOption,
    RuleOption,
    families_named,
)

if TYPE_CHECKING:
    from kohort.pipeline.learning.table_lookalikes import TableLookalikes
    from kohort.stats.intervals import Interval

SeedOption = Annotated[str, typer.Option("--seed", metavar="COLUMN", help="Who is in the seed; missing is outside.")]
PositiveOption = Annotated[
    str | None, typer.Option("--positive", metavar="VALUE", help="The value of who is in it; usually found.")
]
KeepOption = Annotated[
    str, typer.Option("--keep", metavar="COLUMN,…", help="Protected or telling columns to learn from all the same.")
]
RandomSeedOption = Annotated[int, typer.Option("--random-seed", help="Of all that is drawn.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write rows outside by likeness, never a member, as CSV.")
]
_COLUMNS = ("measure", "estimate", "low", "high")


def lookalike(
    table: FileArgument,
    *,
    seed: SeedOption,
    positive: PositiveOption = None,
    id_column: IdOption = None,
    ignore: IgnoreOption = "",
    keep: KeepOption = "",
    models: ModelsOption = "",
    folds: FoldsOption = 5,
    rule: RuleOption = None,
    random_seed: RandomSeedOption = 0,
    output: OutOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Learn from a table who is like a seed; judge it by hidden members, beside lots and the obvious rule."""
    from kohort.cli.progress import portion, stepping
    from kohort.imports import needing_extra

    with needing_extra("learn", "finding look-alikes"):
        from kohort.learning.prediction.contest import Plan
        from kohort.pipeline.learning.example_files import read_examples
        from kohort.pipeline.learning.table_lookalikes import lookalikes_of_table
    plan = Plan(families_named(models), seed=random_seed)
    with stepping(f"reading {table.name}"):
        file = read_examples(
            table, label=seed, positive=positive, id_column=id_column, ignored=names_in(ignore), missing_is_no=True
        )
    with portion("learning") as advance:
        done = lookalikes_of_table(file, plan, kept=names_in(keep), parts=folds, rule=rule, progress=advance)
    if output is not None:
        write_rows(output, ["row", "chance"], done.others())
    if form is Format.JSON:
        show_object(summary(done))
        return
    _say(done)
    rows = ({"measure": name, "estimate": one.estimate, "low": one.low, "high": one.high} for name, one in _told(done))
    show_rows(list(rows), _COLUMNS, form)


def _say(done: "TableLookalikes") -> None:
    from kohort.learning.lookalike.wording import lookalike_words
    from kohort.reports.importance import fault_words

    for one in done.file.left_out:
        err.print(f"left out: {one.column} {one.reason}", markup=False)
    for fault in done.left_out:
        err.print(f"left out: {fault.name} {fault_words(fault.fault).en}; --keep it to learn from it", markup=False)
    if done.rows_of_members:
        err.print(f"left out: {done.rows_of_members:,} rows outside the seed of people who are in it", markup=False)
    for sentence in lookalike_words(done.study, done.quality):
        err.print(sentence.en, markup=False)


def _told(done: "TableLookalikes") -> Iterator[tuple[str, "Interval"]]:
    quality = done.quality
    yield "auc", quality.area
    yield "auc_corrected", quality.corrected
    for one in quality.first:
        place = f"at_{one.share * 100:g}_percent"
        yield f"recall_{place}", one.recall
        yield f"lift_{place}", one.lift
        yield f"alike_{place}", one.alike
    yield "hidden_share", quality.hidden
    yield "labelled_share", quality.labelled
    yield "labelled_share_if_apart", quality.labelled_apart


def summary(done: "TableLookalikes") -> Mapping[str, object]:
    """Return all that was found, for programs; each figure with its interval."""
    from kohort.learning.lookalike.wording import lookalike_words

    file, study, quality, rule = done.file, done.study, done.quality, done.study.rule
    words = list(lookalike_words(study, quality))
    return {
        "seed": file.label,
        "positive": file.positive,
        "rows": study.rows,
        "people": study.people,
        "members": quality.members,
        "others": quality.others,
        "rows_of_members_outside": done.rows_of_members,
        "features": list(study.features),
        "left_out": [
            *(asdict(one) for one in file.left_out),
            *({"column": one.name, "reason": str(one.fault)} for one in done.left_out),
        ],
        "folds": study.parts,
        "model": study.chosen,
        "reason": str(study.reason),
        "is_telling": study.is_telling,
        "is_better_than_lot": quality.is_better_than_lot,
        **{name: interval_object(one) for name, one in _told(done)},
        "rule": {
            "feature": rule.name,
            "rises": rule.rises,
            "auc": interval_object(rule.auc),
            "gained": interval_object(rule.gained),
            "is_beaten": rule.is_beaten,
        },
        "random_seed": study.seed,
        "words": {"en": [one.en for one in words], "fr": [one.fr for one in words]},
    }
