"""`kohort clusters`: what can be done with clusters that were discovered."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kohort.cli.help import GroupedCommands
from kohort.cli.output import Format, err, out, show_rows

if TYPE_CHECKING:
    from kohort.reports.periods_data import ClusterConversion, PeriodsReport
    from kohort.stats.intervals import Interval

_HERE = Path()
_FATES: Final = ("month", "cluster", "people", "low", "high", "stayed", "fate", "jaccard", "jaccard_low", "moved")
_COHORTS: Final = ("came", "since", "people", "active", "low", "high", "shares")
_CONVERSIONS: Final = ("did", "cluster", "people", "rate", "low", "high", "others", "difference", "p_value")

clusters = typer.Typer(
    name="clusters",
    help="Use discovered clusters elsewhere, and see whether they hold over time.",
    no_args_is_help=True,
    rich_markup_mode=None,
    cls=GroupedCommands,
)

ScoreArgument = Annotated[
    str | None, typer.Argument(metavar="[SCORE]", help="A clusters score; the only one, by default.")
]
AtOption = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="ISO 8601; without an offset in the project's time zone.")
]
FormatOption = Annotated[Format, typer.Option("--format", help="The form of the listing.")]
ProjectOption = Annotated[Path, typer.Option("--project", metavar="DIR", help="The project's folder.")]


@clusters.command()
def sql(
    score: ScoreArgument = None,
    dialect: Annotated[
        str, typer.Option("--dialect", metavar="NAME", help="Of the database, as `kohort engines` lists them.")
    ] = "duckdb",
    relation: Annotated[
        str,
        typer.Option("--from", metavar="TABLE", help="With a column for each feature; after its schema, with a dot."),
    ] = "features",
    person: Annotated[str, typer.Option("--person", metavar="COLUMN", help="Who a row is about.")] = "person_id",
    margin: Annotated[
        bool, typer.Option("--margin", help="Also tell how much farther the second nearest cluster is.")
    ] = False,
    project: ProjectOption = _HERE,
) -> None:
    """Print the SQL that gives people their cluster where their features are."""
    from kohort.project import Project

    statement = Project(project).clusters_sql(
        score, dialect=dialect, relation=relation.split("."), person=person, margin=margin
    )
    out.print(statement.text, markup=False, soft_wrap=True)
    err.print(statement.exactness, markup=False)


@clusters.command()
def periods(
    score: ScoreArgument = None,
    months: Annotated[int, typer.Option("--months", min=2, help="How many, up to the last that has ended.")] = 6,
    cohorts: Annotated[
        bool, typer.Option("--cohorts", help="By the month in which people came: who is active later, and where.")
    ] = False,
    at: AtOption = None,
    project: ProjectOption = _HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Follow clusters month by month: who moves, what persists, splits, merges or dissolves, and what drifts."""
    from kohort.project import Project

    found = Project(project).cluster_periods(score, at, months=months)
    if cohorts:
        show_rows(_cohort_rows(found), _COHORTS, form)
        return
    show_rows(_fate_rows(found), _FATES, form)
    err.print(found.words.en, markup=False)


@clusters.command()
def conversion(
    score: ScoreArgument = None, at: AtOption = None, project: ProjectOption = _HERE, form: FormatOption = Format.TABLE
) -> None:
    """Seek clusters before a split in time, and tell how well they foretell what people did after it."""
    from kohort.project import Project

    found = Project(project).cluster_conversion(score, at)
    show_rows(_conversion_rows(found), _CONVERSIONS, form)
    for one in found:
        err.print(_power(one), markup=False)


def _fate_rows(found: "PeriodsReport") -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for period in found.periods:
        for fate, share, stayed in zip(period.fates, period.shares, period.stayed, strict=True):
            moved = [
                f"{one.kind} of {one.feature} {one.change.estimate:+.2f}"
                for one in period.shifts
                if one.found and one.cluster == fate.cluster
            ]
            rows.append(
                {
                    "month": period.name,
                    "cluster": found.names[fate.cluster].en,
                    "people": share.estimate,
                    "low": share.low,
                    "high": share.high,
                    "stayed": stayed.estimate if stayed else None,
                    "fate": fate.fate.value,
                    "jaccard": fate.jaccard.estimate,
                    "jaccard_low": fate.jaccard.low,
                    "moved": "; ".join(moved),
                }
            )
    return rows


def _cohort_rows(found: "PeriodsReport") -> list[dict[str, object]]:
    return [
        {
            "came": found.months[cell.cohort],
            "since": cell.since,
            "people": cell.people,
            "active": cell.active.estimate,
            "low": cell.active.low,
            "high": cell.active.high,
            "shares": ", ".join(
                f"{name.en} {share.estimate:.0%}" for name, share in zip(found.names, cell.shares, strict=False)
            ),
        }
        for cell in found.cohorts
    ]


def _conversion_rows(found: "tuple[ClusterConversion, ...]") -> list[dict[str, object]]:
    return [
        {
            "did": one.did.en,
            "cluster": outcome.segment,
            "people": outcome.members.n,
            "rate": outcome.members.estimate,
            "low": outcome.members.low,
            "high": outcome.members.high,
            "others": outcome.others.estimate if outcome.others else None,
            "difference": outcome.comparison.difference.estimate if outcome.comparison else None,
            "p_value": outcome.comparison.adjusted_p_value if outcome.comparison else None,
        }
        for one in found
        for outcome in one.outcomes
        if outcome.members
    ]


def _power(one: "ClusterConversion") -> str:
    if one.power is None:
        return f"{one.did.en} in {one.horizon.en}: too few people did, or did not, to say whether clusters foretell it"
    groups, rule, gain = one.power.groups, one.power.rule, one.power.gain
    return (
        f"{one.did.en} in {one.horizon.en}: area under the curve {_span(groups.area)}, Cramér's V "
        f"{_span(groups.association)}; quintiles of recency {_span(rule.area)}; difference {_span(gain)}"
    )


def _span(found: "Interval") -> str:
    return f"{found.estimate:.3f} ({found.low:.3f} to {found.high:.3f})"
