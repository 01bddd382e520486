"""`kohort discover`: clusters of a project's people, or of a table's."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kohort.cli.methods import METHOD_COLUMNS, method_listing
from kohort.cli.options import HERE, AtOption, FormatOption, ProjectOption
from kohort.cli.output import Format, err, interval_object, names_in, show_object, show_rows, write_rows
from kohort.definitions.clusters import Picture
from kohort.errors import UsageError

if TYPE_CHECKING:
    from kohort.learning.clustering.candidates import Candidate
    from kohort.learning.personas.description import Persona
    from kohort.learning.wording import Bilingual
    from kohort.pipeline.learning.table_discovery import TableDiscovery

_CLUSTERS: Final = ("cluster", "name", "people", "share", "stability", "summary")

TableArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[TABLE]", help="CSV, Parquet or JSON lines, a row a person. Without one: the project's people.",
        show_default=False,
    ),
]  # fmt: skip
IdOption = Annotated[
    str | None, typer.Option("--id", metavar="COLUMN", help="What tells people apart; by default the row, from 1.")
]
FeaturesOption = Annotated[
    str,
    typer.Option(
        "--features", metavar="COLUMN,…", help="What people are grouped by; all numbers and categories by default."
    ),
]
IgnoreOption = Annotated[str, typer.Option("--ignore", metavar="COLUMN,…", help="Columns that are no features.")]
ValueOption = Annotated[
    str | None, typer.Option("--value", metavar="COLUMN", help="What people are worth: it numbers the clusters.")
]
LargestOption = Annotated[int, typer.Option("--largest", metavar="K", help="The most clusters that are tried.")]
BootstrapsOption = Annotated[int, typer.Option("--bootstraps", help="How often people are drawn again.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Of all that is drawn.")]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write each person's cluster as CSV.")]
ModelOption = Annotated[
    Path | None, typer.Option("--model", metavar="FILE", help="Write the model, as JSON, to assign others later.")
]
MapOption = Annotated[
    list[Picture] | None,
    typer.Option("--map", metavar="NAME", help="Draw this map too: tsne, or umap. The option can be given again."),
]


def discover(
    table: TableArgument = None,
    *,
    id_column: IdOption = None,
    features: FeaturesOption = "",
    ignore: IgnoreOption = "",
    value: ValueOption = None,
    largest: LargestOption = 10,
    bootstraps: BootstrapsOption = 20,
    seed: SeedOption = 0,
    output: OutOption = None,
    model: ModelOption = None,
    at: AtOption = None,
    maps: MapOption = None,
    project: ProjectOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Find clusters of people, prove that they hold, and name them as personas."""
    if table is None:
        if id_column or features or ignore or value or output or model:
            raise UsageError(
                "what a project's people are grouped by stands in scores/; name a table, or leave these out"
            )
        _discover_project(project, at, maps or [], form)
        return
    if at is not None or maps:
        raise UsageError("a table is of one moment and has no page for maps: leave --at and --map out")
    from kohort.cli.progress import portion, stepping
    from kohort.imports import needing_extra

    with needing_extra("learn", "discovering clusters"):
        from kohort.pipeline.learning.feature_files import read_features
        from kohort.pipeline.learning.table_discovery import discover_table

    with stepping(f"reading {table.name}"):
        file = read_features(
            table, id_column=id_column, features=names_in(features), ignored=names_in(ignore), value=value
        )
    with portion("discovering clusters") as advance:
        done = discover_table(file, largest=largest, bootstraps=bootstraps, seed=seed, progress=advance)
    if output is not None:
        labels = done.found.labels.tolist() or [None] * len(file.table.person_ids)
        numbers = (None if one is None or one < 0 else one + 1 for one in labels)
        rows = zip(file.table.person_ids, numbers, strict=True)
        write_rows(output, ["id", "cluster"], rows)
    if model is not None:
        _write_model(model, done)
    _show(done, form)


def _discover_project(folder: Path, at: str | None, maps: Sequence[Picture], form: Format) -> None:
    from kohort.cli.personas import PERSONA_COLUMNS, persona_rows
    from kohort.cli.progress import portion
    from kohort.project import Project

    project = Project(folder)
    with portion("discovering clusters") as advance:
        found = project.discover(at, maps=maps, progress=advance)
    if form is Format.TABLE and found.methods:
        show_rows(method_listing(found.methods), METHOD_COLUMNS, form)
    err.print(found.words.en, markup=False)
    show_rows(persona_rows(found.personas), PERSONA_COLUMNS, form)


def _write_model(path: Path, done: "TableDiscovery") -> None:
    if done.found.model is None:
        raise UsageError(f"there are no clusters, so there is no model to write to {path}")
    try:
        path.write_text(done.found.model.to_json(), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error


def _show(done: "TableDiscovery", form: Format) -> None:
    if form is Format.JSON:
        show_object(summary(done))
        return
    for one in done.used:
        if one.levels:
            err.print(f"a category: {one.column}, {one.how.en}", markup=False)
    for column in done.left_out:
        err.print(f"left out: {column.column} {column.reason}", markup=False)
    if done.file.unknown:
        err.print(f"left out: {done.file.unknown:,} rows without any number", markup=False)
    if form is Format.TABLE and done.methods:
        show_rows(method_listing(done.methods), METHOD_COLUMNS, form)
    err.print(done.found.choice.words.en, markup=False)
    if done.warning is not None:
        err.print(done.warning.en, markup=False)
    show_rows([_row(one) for one in done.personas], _CLUSTERS, form)


def _row(one: "Persona") -> dict[str, object]:
    return {
        "cluster": one.cluster + 1,
        "name": one.name.en,
        "people": one.people,
        "share": one.share_of_people,
        "stability": one.quality.stability.estimate,
        "summary": " ".join(sentence.en for sentence in one.sentences),
    }


def summary(done: "TableDiscovery") -> dict[str, object]:
    """Return all that was found, for programs; without clusters `method` and `k` are None and the lists empty."""
    found, choice = done.found, done.found.choice
    return {
        "people": len(done.file.table.person_ids),
        "features": list(found.preparation.names),
        "used": [{"column": one.column, "levels": one.levels, "how": _both(one.how)} for one in done.used],
        "left_out": [{"column": one.column, "reason": one.reason} for one in done.left_out],
        "rows_without_features": done.file.unknown,
        "verdict": choice.verdict.value,
        "words": _both(choice.words),
        "warning": None if done.warning is None else _both(done.warning),
        "without_categories": None if done.without is None else {"k": done.without.choice.k, "agreement": done.alike},
        "method": None if choice.k is None else found.method.value,
        "k": choice.k,
        "sizes": [one.people for one in done.personas],
        "stability": [one.quality.stability.estimate for one in done.personas],
        "elbow": found.elbow,
        "clusters": [_cluster(one) for one in done.personas],
        "outside": int((found.labels < 0).sum()),
        "methods": [asdict(one) for one in done.methods],
        "candidates": [_candidate(one) for one in found.candidates],
    }


def _cluster(one: "Persona") -> dict[str, object]:
    return {
        "cluster": one.cluster + 1,
        "name": _both(one.name),
        "people": one.people,
        "share": one.share_of_people,
        "share_of_value": one.share_of_value,
        "stability": interval_object(one.quality.stability),
        "border_density": one.quality.border_density,
        "traits": [
            {
                "trait": trait.label.name,
                "effect": interval_object(trait.effect),
                "here": trait.here,
                "elsewhere": trait.elsewhere,
            }
            for trait in one.traits
        ],
        "summary": {
            "en": " ".join(sentence.en for sentence in one.sentences),
            "fr": " ".join(sentence.fr for sentence in one.sentences),
        },
        "example": one.example,
    }


def _candidate(one: "Candidate") -> Mapping[str, object]:
    return {
        "k": one.k,
        "inertia_share": one.inertia_share,
        "silhouette": one.silhouette.mean,
        "silhouette_error": one.silhouette.error,
        "silhouette_squared": one.silhouette_squared,
        "stability": list(one.stability),
        "smallest_share": one.smallest_share,
        "border_density": one.border_density,
        "ellipse_gap": one.ellipse_gap.gap,
        "copula_gap": one.copula_gap.gap,
        "tighter_than_ellipse": one.ellipse_gap.tighter,
        "tighter_than_chance": one.copula_gap.tighter,
    }


def _both(text: "Bilingual") -> dict[str, str]:
    return {"en": text.en, "fr": text.fr}
