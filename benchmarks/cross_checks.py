"""How many planted errors each cross check finds, and how much of what it flags is one; how fast rows are judged.

    python benchmarks/cross_checks.py [--rows 20000] [--trials 400] [--seed 1]

Errors are planted in 5 % of the rows, or in half of the trials. The peer of the rows a second is the loop that
notebooks write, which looks codes and names up in a set, row by row of a data frame, in the same run.

    python benchmarks/cross_checks.py --project demo

counts what is said of the tagging of a project's events, every fourth day of its last ten months.
"""

import argparse
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from kohort.clock import DAY, SystemClock
from kohort.definitions.checking import DatesInOrder, PostalTown, RowCheck, TotalOfLines
from kohort.pipeline.quality.tagging import tagging_errors
from kohort.pipeline.workspace import Workspace
from kohort.places.communes import commune_names, french_communes
from kohort.quality.cross_checks.judging import judge
from kohort.quality.cross_checks.orders import find_broken_orders
from kohort.quality.cross_checks.silence import find_silence
from kohort.quality.cross_checks.wording import bias_finding
from kohort.stats.goodness import fit_of
from kohort.storage.folder import ProjectFolder
from kohort.testing.planted import (
    END,
    Planted,
    made_history,
    made_occurrences,
    planted_dates,
    planted_totals,
    planted_towns,
)

TOWNS = PostalTown("code", "town")
SHARE = 0.05
WEIGHTS = [30, 30, 25, 15]


def rows(name: str, error: str, check: RowCheck, planted: Planted) -> None:
    found = judge([check], planted.columns, len(planted.wrong))[0]
    hits, flagged = int((found.failed & planted.wrong).sum()), int(found.failed.sum())
    judged = f"{100 * found.judged.mean():6.1f} %"
    print(f"{name:22} {error:38} {judged} {hits / flagged:10.3f} {hits / int(planted.wrong.sum()):8.3f}")


def trials(name: str, error: str, count: int, says: Callable[[bool], bool]) -> None:
    planted = [place % 2 == 1 for place in range(count)]
    said = [says(one) for one in planted]
    hits = sum(one and wrong for one, wrong in zip(said, planted, strict=True))
    shown = f"{hits / sum(said):10.3f}" if any(said) else f"{'–':>10}"
    print(f"{name:22} {error:38} {'':8} {shown} {hits / sum(planted):8.3f}")


def biased(random: np.random.Generator, people: int, shift: float) -> bool:
    shares = np.array(WEIGHTS) / 100 + shift * np.array([1, -1, 0, 0])
    counts = random.multinomial(people, shares).tolist()
    return bias_finding("crm", "age", ["a", "b", "c", "d"], fit_of(counts, WEIGHTS), 0).severity == "warning"


def speed(seed: int, count: int) -> None:
    import pandas as pd  # noqa: PLC0415 - the peer's own library, and no other part's

    planted = planted_towns(seed, count, SHARE, "another town")
    french_communes()
    start = time.process_time()
    judge([TOWNS], planted.columns, count)
    ours = time.process_time() - start
    pairs = {(code, name.lower()) for name, codes in commune_names().items() for code in codes}
    frame = pd.DataFrame(planted.columns)
    start = time.process_time()
    frame.apply(lambda row: (row["code"], row["town"].lower()) in pairs, axis=1)
    theirs = time.process_time() - start
    print(
        f"\n{count:,} different towns: {count / ours:,.0f} rows a CPU second; a loop that looks up plain names: ",
        end="",
    )
    print(f"{count / theirs:,.0f} (ratio {theirs / ours:.2f})")
    repeated = {name: list(values[:500]) * (count // 500) for name, values in planted.columns.items()}
    start = time.process_time()
    judge([TOWNS], repeated, len(repeated["code"]))
    print(
        f"500 of them again and again: {len(repeated['code']) / (time.process_time() - start):,.0f} rows a CPU second"
    )


def looks_at(folder: Path) -> None:
    """Count what is said of a project's events; a copy of its folder, since opening it may write."""
    with TemporaryDirectory() as scratch:
        copied = Path(shutil.copytree(folder, Path(scratch) / "project"))
        workspace = Workspace.open(ProjectFolder(copied), SystemClock())
        last = workspace.moment()
        moments = range(last - 300 * DAY, last + 1, 4 * DAY)
        start = time.process_time()
        with workspace.views(workspace.catalog({})) as views:
            said = [one for moment in moments for one in tagging_errors(workspace, views, moment)]
        spent = (time.process_time() - start) / len(moments)
    print(f"{len(moments)} looks at {folder.name}, {spent:.2f} CPU s each: {len(said)} findings")
    for one in said:
        print(f"  {one.check}: {one.detail}")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=20_000)
    options.add_argument("--trials", type=int, default=400)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--project", type=Path)
    asked = options.parse_args()
    if asked.project:
        looks_at(asked.project)
        return
    random = np.random.default_rng(asked.seed)
    print(f"{'check':22} {'planted error':38} {'judged':>8} {'precision':>10} {'recall':>8}")
    for error in ("another town", "another code", "a digit", "two digits"):
        rows("postal code and town", error, TOWNS, planted_towns(asked.seed, asked.rows, SHARE, error))
    for error in ("swapped", "century"):
        dates = DatesInOrder(("birth", "first", "last"))
        rows("dates in order", error, dates, planted_dates(asked.seed, asked.rows, SHARE, error))
    for error in ("a line", "a digit"):
        totals = TotalOfLines("total", (("goods",), ("shipping",)), (("discount",),))
        rows("total of lines", error, totals, planted_totals(asked.seed, asked.rows, SHARE, error))
    for people, shift in ((200, 0.1), (1_000, 0.05), (1_000, 0.1), (10_000, 0.05)):
        error = f"{people:,} people, a share {100 * shift:.0f} points off"
        trials("bias", error, asked.trials, lambda wrong, n=people, by=shift: biased(random, n, by * wrong))
    for a_day, hours in ((10, 24), (30, 24), (100, 24), (100, 6), (3_000, 1)):
        trials(
            "sudden silence", f"{a_day:,} a day, none in {hours} h", asked.trials,
            lambda wrong, often=a_day, last=hours: bool(
                find_silence({"event": made_occurrences(random, often, 0.0 if wrong else 1.0, last)})
            ),
        )  # fmt: skip
    for days, broken in ((1, 0.9), (3, 0.5), (3, 0.9)):
        trials(
            "broken order", f"{100 * broken:.0f} % of the tags lost for {days} days", asked.trials // 4,
            lambda wrong, since=days, lost=broken: bool(
                find_broken_orders(made_history(random, 1_000, lost * wrong, since), END)
            ),
        )  # fmt: skip
    speed(asked.seed, asked.rows)


if __name__ == "__main__":
    main()
