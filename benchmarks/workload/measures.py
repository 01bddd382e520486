"""What is measured, each in a process of its own, so that the memory of one is not in another's figures."""

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kohort.engines.columns import History
from kohort.engines.evaluation import Members
from kohort.engines.kernel.choice import compiled_kernels, plain_kernels
from kohort.engines.kernel.engine import KernelEngine
from kohort.engines.plan import Plan, build_plan
from kohort.rules.nodes import Aggregate, DaysSince, Function, Rule, Trait
from kohort.rules.nodes import Sequence as Steps
from kohort.rules.read import read_rule
from workload.peer import SHARED, members, open_peer
from workload.population import CATALOG, NOW, population
from workload.relations import open_relations
from workload.sentences import segments

Result = TypeVar("Result")
RUNS = 3
KERNELS = {"numba": compiled_kernels, "numpy": plain_kernels}


@dataclass(frozen=True)
class Size:
    """The size of a population, and the folder that keeps it."""

    people: int
    events: int
    folder: Path


@dataclass(frozen=True)
class Cost:
    """Seconds of processor and of clock: the least of several runs."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class KernelRun:
    """One evaluation of all segments; `planning` is from sentences to plan, `first` the run that loads kernels."""

    segments: int
    features: int
    conditions: int
    planning: Cost
    first: Cost
    cost: Cost
    reading: Cost
    most_memory: int


@dataclass(frozen=True)
class PeerRun:
    """One query a segment: CPU seconds of each, and how many of them gave other members than the kernel engine."""

    cpu: tuple[float, ...]
    different: int


def timed(work: Callable[[], Result], runs: int = 1) -> tuple[Result, Cost]:
    costs = []
    for _ in range(runs):
        cpu, wall = time.process_time(), time.perf_counter()
        result = work()
        costs.append((time.process_time() - cpu, time.perf_counter() - wall))
    return result, Cost(min(cpu for cpu, _ in costs), min(wall for _, wall in costs))


def rules_of(count: int) -> dict[str, Rule]:
    return {name: read_rule(sentence, CATALOG) for name, sentence in segments(count).items()}


def run_kernels(size: Size, count: int, kernels: str) -> KernelRun:
    """Evaluate `count` segments; the files are in the page cache, as they are after the first run."""
    history = population(size.people, size.events, size.folder).history()
    plan, planning = timed(lambda: build_plan(rules_of(count), CATALOG))
    read_once(history, plan)
    _, reading = timed(lambda: read_once(history, plan), RUNS)
    engine = KernelEngine(history, CATALOG, KERNELS[kernels]())
    _, first = timed(lambda: engine.run(plan, NOW))
    _, cost = timed(lambda: engine.run(plan, NOW), RUNS)
    most_memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return KernelRun(count, len(plan.features), len(plan.conditions), planning, first, cost, reading, most_memory)


def run_previews(size: Size, count: int) -> list[float]:
    """Return the wall seconds of each of `count` segments asked for alone, from sentence to size."""
    engine = KernelEngine(population(size.people, size.events, size.folder).history(), CATALOG, compiled_kernels())

    def preview(sentence: str) -> int:
        return engine.evaluate({"": read_rule(sentence, CATALOG)}, NOW).members.size("")

    sentences = list(segments(count).values())
    for sentence in sentences:
        preview(sentence)
    return [timed(lambda sentence=sentence: preview(sentence))[1].wall for sentence in sentences]


def run_peer(size: Size, count: int, events: str) -> PeerRun:
    """Send the queries of the first `count` segments, and compare their answers with the kernel engine's.

    `events` is one of the peer's own tables, or the relations of the SQL engine.
    """
    made = population(size.people, size.events, size.folder)
    rules = rules_of(count)
    found: Members = KernelEngine(made.history(), CATALOG, compiled_kernels()).evaluate(rules, NOW).members
    connection = open_relations(made, threads=1) if events == SHARED else open_peer(made)
    members(connection, next(iter(rules.values())), events)
    cpu, different = [], 0
    for name, rule in rules.items():
        its, cost = timed(lambda rule=rule: members(connection, rule, events))
        cpu.append(cost.cpu)
        different += not np.array_equal(np.sort(_peoples(its)), _numbers(found.bits[name], made.people))
    return PeerRun(tuple(cpu), different)


def read_once(history: History, plan: Plan) -> int:
    """Read once every column that the plan needs: no engine can be faster."""
    needed: dict[str, set[str]] = {}
    traits = set()
    for feature in plan.features:
        match feature.measure:
            case Aggregate(event=event, function=function, where=where):
                needed.setdefault(event, set())
                needed[event] |= {"total"} if function is Function.SUM else set()
                needed[event] |= {"category"} if where is not None else set()
            case DaysSince(event=event):
                needed.setdefault(event, set())
            case Steps(steps=steps):
                for step in steps:
                    needed.setdefault(step.event, set())
            case Trait(name=name):
                traits.add(name)
    read: list[NDArray[np.int64]] = []
    for block in history.blocks:
        rows = [(block.events[event], columns) for event, columns in needed.items()]
        rows += [(block.traits[name], set(block.traits[name].columns)) for name in traits]
        for one, columns in rows:
            read += [one.people, one.ts, *(one.columns[column].values for column in columns)]
    return sum(int(array.max(initial=0)) for array in read)


def share(values: Sequence[float], percent: float) -> float:
    """Return a percentile."""
    return float(np.percentile(values, percent))


def _peoples(members: pa.Array) -> NDArray[np.int64]:
    """Return the numbers of people who are known by them, or by texts made of them."""
    if pa.types.is_string(members.type):
        members = pc.utf8_slice_codeunits(members, 1)
    return np.asarray(members.cast(pa.int64()))


def _numbers(bits: NDArray[np.uint8], people: int) -> NDArray[np.int64]:
    return np.flatnonzero(np.unpackbits(bits, count=people, bitorder="little"))
