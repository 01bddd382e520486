"""`kohort duplicates`: which records of a table are about one person."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kohort.cli.options import HERE, FormatOption, ProjectOption
from kohort.cli.output import Format, err, names_in, out, show_rows, write_rows
from kohort.errors import UsageError

if TYPE_CHECKING:
    from kohort.pipeline.duplicates.duplicates import Duplicates

_MOST_SHOWN = 20
_KINDS = "Given, surname, birth, postcode, town, address, email, phone, text; what is not told is guessed."

TablesArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[TABLE [TABLE]]",
        help="CSV, Parquet or JSON lines; two are linked. Without one: the project's people, by their traits.",
        show_default=False,
    ),
]
IdOption = Annotated[
    str | None,
    typer.Option("--id", metavar="COLUMN", help="What tells records apart; by default their number, from 1."),
]
FieldsOption = Annotated[str, typer.Option("--fields", metavar="KIND=COLUMN,…", help=_KINDS)]
IgnoreOption = Annotated[str, typer.Option("--ignore", metavar="COLUMN,…", help="Columns that are not compared.")]
LabelsOption = Annotated[
    Path | None,
    typer.Option("--labels", metavar="FILE", help="Pairs (left, right, decision 1 or 0) that choose the threshold."),
]
ThresholdOption = Annotated[
    float | None, typer.Option("--threshold", metavar="P", help="The least probability of a link; 0.9 by default.")
]
FamiliesOption = Annotated[
    bool, typer.Option("--families-apart/--families-joined", help="Whether twins, father and son are kept apart.")
]
MostOption = Annotated[
    int, typer.Option("--most-comparisons", metavar="N", help="The most pairs that are compared, times records.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="Of the pairs of strangers that are drawn.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write the cluster and confidence of each record.")
]
ReviewOption = Annotated[
    Path | None,
    typer.Option("--review", metavar="FILE", help="Write pairs to look at, for OpenRefine or a spreadsheet."),
]
DecideOption = Annotated[
    Path | None,
    typer.Option(
        "--decide", metavar="FILE", help="Carry out a review list's decisions: 1 merges, 0 keeps apart, undo."
    ),
]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="WHY", help="Why; the journal keeps it.")]


def duplicates(
    tables: TablesArgument = None,
    *,
    id_column: IdOption = None,
    fields: FieldsOption = "",
    ignore: IgnoreOption = "",
    labels: LabelsOption = None,
    threshold: ThresholdOption = None,
    families_apart: FamiliesOption = True,
    most_comparisons: MostOption = 50,
    seed: SeedOption = 1,
    output: OutOption = None,
    review: ReviewOption = None,
    decide: DecideOption = None,
    reason: ReasonOption = "",
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Find records of a table, or people of the project, that are one person."""
    if not tables:
        from kohort.cli.proposals import decide_merges, show_proposals

        if fields or ignore or labels or threshold or output or id_column or not families_apart:
            raise UsageError("how a project's people are compared stands in kohort.yaml, under duplicates")
        if decide is not None:
            decide_merges(project, decide, reason, form)
        else:
            show_proposals(project, review, form)
        return
    if decide is not None:
        raise UsageError("--decide is for the project's people; leave the table out")
    from kohort.definitions.duplicates import Linkage, read_fields
    from kohort.pipeline.duplicates.duplicates import find_duplicates, read_labels, read_records

    linkage = Linkage(read_fields(fields), names_in(ignore), threshold, seed, most_comparisons, families_apart)
    if labels is not None and threshold is not None:
        raise UsageError("labelled pairs choose the threshold: give --labels or --threshold, not both")
    records = read_records(tables, id_column)
    if id_column is not None:
        linkage = linkage.without(id_column)
    found = find_duplicates(records, linkage, [] if labels is None else read_labels(labels, records.ids))
    _tell(found)
    if output is not None:
        names = [path.stem for path in tables]
        write_rows(
            output, ["id", *(["table"] if records.tables else []), "cluster", "confidence"], _clusters(found, names)
        )
    if review is not None:
        write_rows(review, _review_columns(found), _review_rows(found))
    if form is Format.TABLE:
        _show(found)
    else:
        show_rows([summary(found)], list(summary(found)), form)


def summary(found: "Duplicates") -> dict[str, object]:
    """Return what was found in one row: counts, the threshold and why, what was guessed."""
    chosen = found.threshold.chosen
    return {
        "records": len(found.records),
        "people": found.people,
        "pairs": len(found.linked()),
        "kin": int((found.pairs.kin & (found.pairs.probability >= found.threshold.value)).sum()),
        "largest": found.largest,
        "bridges": len(found.bridges),
        "threshold": round(found.threshold.value, 6),
        "why": found.threshold.why,
        "precision": None if chosen is None else round(chosen.precision.estimate, 4),
        "recall": None if chosen is None else round(chosen.recall.estimate, 4),
        "comparisons": found.blocking.comparisons,
        "fields": [{"kind": str(one.kind), "column": one.column, "why": one.why} for one in found.fields],
    }


def _tell(found: "Duplicates") -> None:
    said = "; ".join(f'"{one.column}" is {one.kind}, {one.why}' for one in found.fields)
    err.print(f"compared: {said}", markup=False)
    for rule in found.blocking.skipped:
        columns = " and ".join(rule.columns)
        err.print(f"pairs that agree only in {columns} are not compared: they are {rule.comparisons:,}", markup=False)


def _show(found: "Duplicates") -> None:
    row = summary(found)
    out.print(
        f"{row['records']:,} records are {row['people']:,} people, by {row['pairs']:,} links of "
        f"{row['comparisons']:,} comparisons; threshold {found.threshold.value:.3f}, {found.threshold.why}",
        markup=False,
    )
    chosen = found.threshold.chosen
    if chosen is not None:
        for name, one in (("precision", chosen.precision), ("recall", chosen.recall)):
            out.print(
                f"{name} on the labelled pairs {one.estimate:.3f} ({one.low:.3f} to {one.high:.3f})", markup=False
            )
    out.print(
        f"records of the largest cluster: {row['largest']:,}; pairs as sure that may be family: {row['kin']:,}",
        markup=False,
    )
    if found.bridges:
        ids = found.records.ids
        out.print(f"{len(found.bridges):,} weak links hold clusters together; look at them first", markup=False)
        rows = [
            {"left": ids[one.left], "right": ids[one.right], "probability": round(one.probability, 4),
             "parts": f"{one.sizes[0]} and {one.sizes[1]}"}
            for one in found.bridges[:_MOST_SHOWN]
        ]  # fmt: skip
        show_rows(rows, ["left", "right", "probability", "parts"], Format.TABLE)


def _clusters(found: "Duplicates", names: Sequence[str]) -> Iterable[list[object]]:
    tables = [[names["ab".index(one)]] for one in found.records.tables] or [[]] * len(found.records)
    for one, table, cluster, sure in zip(found.records.ids, tables, found.clusters, found.confidence, strict=True):
        yield [one, *table, found.records.ids[cluster], round(float(sure), 6) if sure else ""]


def _review_columns(found: "Duplicates") -> list[str]:
    return [
        "left", "right", "probability", "decision", "why",
        *(f"{side} {one.column}" for one in found.fields for side in ("left", "right")),
    ]  # fmt: skip


def _review_rows(found: "Duplicates") -> Iterable[list[object]]:
    pairs, records = found.pairs, found.records
    for number in found.to_review():
        left, right = int(pairs.left[number]), int(pairs.right[number])
        speaks = sorted(((float(bits[number]), name) for name, bits in pairs.weights.items()), reverse=True)
        why = ", ".join(f"{name} {bits:+.1f}" for bits, name in speaks if bits)
        values = [records.columns[one.column][side] for one in found.fields for side in (left, right)]
        kin = "family? " if pairs.kin[number] else ""
        yield [
            records.ids[left],
            records.ids[right],
            round(float(pairs.probability[number]), 6),
            "",
            kin + why,
            *values,
        ]
