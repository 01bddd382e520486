"""Do chances of a later time come true, by what they were calibrated on? The table is in docs/predict.md.

python benchmarks/bands_in_time.py: the demo's `redeems` and `lapse`, CDNOW (from where the tests have it), and made-up
people. Each way is judged at the same cut-offs, by a logistic regression that learnt from the three newest cut-offs
before them whose labels were over. Of `redeems` only cut-offs are judged whose labels were over before 11 September
2017, the one that the demo's first model is judged by, and of `lapse` all but the last two. It takes two minutes.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
from scipy.special import expit

from kohort.cli.demo import _data_folder, _ingest, _project
from kohort.clock import DAY
from kohort.definitions.prediction import PredictionDefinition
from kohort.learning.features.table import FeatureTable
from kohort.learning.prediction.calibrating import EDGE, fit_curve
from kohort.learning.prediction.contest import Plan, contest
from kohort.learning.prediction.examples import FEWEST, Examples
from kohort.learning.prediction.fitting import raw_scores
from kohort.learning.prediction.judged import Chances, Judged, Reached
from kohort.learning.prediction.results import Calibration
from kohort.learning.prediction.thresholds import bands_of
from kohort.pipeline.facts import facts_until
from kohort.pipeline.learning.prediction_examples import PastExamples, past_examples

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from cdnow_data import CDNOW

NEWEST: Final = 3
USUAL: Final = "all cut-offs"


@dataclass(frozen=True, eq=False)
class Told:
    """What each way said at a cut-off, what happened, and to whom."""

    chances: Mapping[str, Chances]
    reached: Reached
    people: np.ndarray


def shifted(chances: Chances, prior: float) -> Chances:
    """Return chances under the prior that EM finds in them (Saerens, Latinne and Decaestecker 2002)."""
    now, said = prior, chances
    for _ in range(200):
        inside, outside = now / prior * chances, (1 - now) / (1 - prior) * (1 - chances)
        said = inside / (inside + outside)
        before, now = now, float(said.mean())
        if abs(now - before) < 1e-9:
            break
    return said


def told_at(examples: Examples, cut_off: int, within: int) -> Told | None:
    """Return what each way says at a cut-off, None where too little was over by then."""
    times = examples.times
    over = np.unique(times[times + within <= cut_off])[-NEWEST:]
    learnt = examples.take(np.flatnonzero(np.isin(times, over)))
    if len(over) < 2 or min(learnt.reached[learnt.times == over[-1]].sum(), learnt.reached.sum()) < FEWEST:
        return None
    found = contest(learnt, Plan(("logistic",)))
    model, rows = found.trained(found.chosen), np.flatnonzero(times == cut_off)
    raw = raw_scores(model.estimator, model.preparation.apply(examples.table.take(rows)))
    usual, newest = model.calibrator.apply(raw), learnt.times == over[-1]
    curve = fit_curve(Calibration.SIGMOID, found.chosen.scores[newest], learnt.reached[newest])
    ways = {USUAL: usual, "newest cut-off": curve.apply(raw), "EM": shifted(usual, float(learnt.reached.mean()))}
    return Told(ways, examples.reached[rows], examples.groups[rows])


def compare(name: str, told: Sequence[Told]) -> None:
    """Print how many bands held by each way, and by how much its log loss differs, with a bootstrap of people."""
    random = np.random.default_rng(0)
    groups = np.unique(np.concatenate([one.people for one in told]), return_inverse=True)[1]
    rows = np.bincount(groups)
    draws = [np.bincount(random.integers(0, len(rows), len(rows)), minlength=len(rows)) for _ in range(400)]
    for way in told[0].chances:
        bands = [band for one in told for band in bands_of(Judged(one.chances[way], one.reached)) if not band.is_empty]
        worse = np.concatenate([_loss(one.chances[way], one) - _loss(one.chances[USUAL], one) for one in told]) * 1e4
        of_each = np.bincount(groups, worse)
        low, high = np.quantile([drawn @ of_each / (drawn @ rows) for drawn in draws], [0.025, 0.975])
        held = f"{sum(band.is_kept for band in bands)} of {len(bands)} bands held"
        print(
            f"{name}, {len(told)} cut-offs, {way}: {held}; log loss {worse.mean():+.1f} ({low:+.1f} to {high:+.1f}) e-4"
        )


def _loss(chances: Chances, one: Told) -> np.ndarray:
    kept = np.clip(chances, EDGE, 1 - EDGE)
    return -np.where(one.reached, np.log(kept), np.log(1 - kept))


def judged(examples: Examples, cut_offs: Sequence[int], within: int) -> list[Told]:
    """Return what was told at each cut-off at which something could be."""
    return [found for one in cut_offs if (found := told_at(examples, one, within)) is not None]


def of_late(
    past: PastExamples, happened: Sequence[tuple[str, list[str], list[int]]], people: Sequence[str]
) -> Examples:
    """Return examples with features of late: how often each thing happened to a person, in all and lately, and when."""
    examples = past.examples
    added: dict[str, np.ndarray] = {}
    for event, whom, moments in happened:
        own: dict[str, list[int]] = {}
        for person, moment in zip(whom, moments, strict=True):
            own.setdefault(person, []).append(moment)
        before = [
            at - np.array([one for one in own.get(people[group], []) if one < at], dtype=np.int64)
            for group, at in zip(examples.groups.tolist(), examples.times.tolist(), strict=True)
        ]
        added[event] = np.array([len(ago) for ago in before], dtype=np.float64)
        for days in (28, 56):
            added[f"{event} {days}"] = np.array([(ago <= days * DAY).sum() for ago in before], dtype=np.float64)
        added[f"{event} ago"] = np.array([ago.min() / DAY if len(ago) else np.nan for ago in before])
    values = np.column_stack([examples.table.values, *added.values()])
    table = FeatureTable(examples.table.person_ids, (*examples.table.names, *added), values, examples.table.texts)
    return replace(examples, table=table)


def demo() -> None:
    """Compare on the demo's two predictions."""
    with tempfile.TemporaryDirectory() as folder:
        project = _project(Path(folder) / "demo")
        _ingest(project, _data_folder())
        workspace, at = project._workspace(), project.moment()  # noqa: SLF001
        scores = {one.name: one for one in workspace.scores if isinstance(one, PredictionDefinition)}
        for name, most in (("redeems", 11), ("lapse", 12)):
            definition = replace(scores[name], cut_offs=most)
            past = past_examples(workspace, definition, at)
            within = definition.within
            inner = [one for one in past.cut_offs if one + within <= past.cut_offs[8]]
            cut_offs = inner if name == "redeems" else past.cut_offs[:-2]
            told = judged(past.examples, cut_offs, within)
            compare(name, told)
            if name == "redeems":
                events = (definition.among, definition.event)
                facts = [(event, facts_until(workspace, event, {}, at, where=name)) for event in events]
                columns = [
                    (event, one.column("person_id").to_pylist(), one.column("ts").to_pylist()) for event, one in facts
                ]
                last = past.cut_offs[-1]
                _, whom, moments = columns[0]
                people = sorted({person for person, ts in zip(whom, moments, strict=True) if ts < last})
                late = judged(of_late(past, columns, people), cut_offs, within)
                compare(
                    "redeems",
                    [
                        replace(one, chances={USUAL: one.chances[USUAL], "features of late": other.chances[USUAL]})
                        for one, other in zip(told, late, strict=True)
                    ],
                )


def cdnow() -> None:
    """Compare on who of CDNOW's customers buys within eight weeks; a quarter of them."""
    lines = (CDNOW / "CDNOW_master.txt").read_text().splitlines()
    rows = [line.split() for line in lines if line.split()[:1] and line.split()[0].isdigit()]
    whom = np.array([int(one[0]) for one in rows])
    days = np.array([date(int(one[1][:4]), int(one[1][4:6]), int(one[1][6:])).toordinal() for one in rows])
    spent = np.array([float(one[3]) for one in rows])
    newest = int(days.max()) + 1 - 56
    cut_offs = [newest - 28 * number for number in reversed(range(16))]
    parts = []
    for at in cut_offs:
        before = days < at
        people, places = np.unique(whom[before], return_inverse=True)
        orders, first, last = np.bincount(places), np.full(len(people), at), np.zeros(len(people), dtype=np.int64)
        np.minimum.at(first, places, days[before])
        np.maximum.at(last, places, days[before])
        values = (orders, at - last, at - first, np.bincount(places, spent[before]) / orders, (at - first) / orders)
        reached = np.isin(people, whom[(days >= at) & (days < at + 56)])
        parts.append((np.column_stack(values).astype(np.float64), reached, people, np.full(len(people), at)))
    values, reached, people, times = (np.concatenate(one) for one in zip(*parts, strict=True))
    groups = np.unique(people, return_inverse=True)[1]
    own = groups % 4 == 0
    names = ("orders", "silent", "known", "basket", "interval")
    compare("CDNOW", judged(_examples(names, values[own], reached[own], groups[own], times[own]), cut_offs[4:], 56))


def made_up() -> Iterator[tuple[str, list[Told]]]:
    """Yield people whose share stays, is another each time, or wanders: 1,400 at twelve cut-offs, eight times each."""
    names, people, moments = ("a", "b", "c", "d"), 1_400, 12
    for kind in ("the share stays", "another share each time", "the share wanders"):
        told = []
        for seed in range(8):
            random = np.random.default_rng(seed)
            steps = np.zeros(moments) if kind == "the share stays" else random.normal(0, 0.28, moments)
            level = np.cumsum(steps) if kind == "the share wanders" else steps
            base = random.normal(size=(people, 4))
            values, reached = [], []
            for more in level.tolist():
                now = base + 0.3 * random.normal(size=base.shape)
                values.append(now)
                reached.append(random.random(people) < expit(-2.4 + more + 1.1 * now[:, 0] - 0.7 * now[:, 1]))
            groups, times = np.tile(np.arange(people), moments), np.repeat(np.arange(moments) * 28, people)
            examples = _examples(names, np.concatenate(values), np.concatenate(reached), groups, times)
            told += judged(examples, [6 * 28, 11 * 28], 56)
        yield kind, told


def _examples(
    names: tuple[str, ...], values: np.ndarray, reached: Reached, groups: np.ndarray, times: np.ndarray
) -> Examples:
    table = FeatureTable(tuple(map(str, range(len(values)))), names, values, {})
    return Examples(table, reached, groups.astype(np.int64), times.astype(np.int64))


def main() -> None:
    """Print the table of docs/predict.md."""
    demo()
    cdnow()
    for kind, told in made_up():
        compare(kind, told)


if __name__ == "__main__":
    main()
