"""Progress on standard error, for whoever waits; silent where nobody watches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from kohort.cli.output import err


@contextmanager
def counting(text: str, unit: str) -> Iterator[Callable[[int], None]]:
    """Show how many `unit` are done, where the end is not known."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,.0f} " + unit))
    with Progress(*columns, TimeElapsedColumn(), console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(text, total=None)
        yield lambda done: progress.update(task, completed=done)


@contextmanager
def portion(text: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar: how many of all are done."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(text, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def stepping(text: str) -> Iterator[Callable[[str], None]]:
    """Show which step has just ended."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(text, total=None)
        yield lambda step: progress.update(task, description=f"{text}: {step}")
