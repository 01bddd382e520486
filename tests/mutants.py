"""Deliberate faults, one at a time, in the engines and in what they share; the published suite must find each.

    python tests/mutants.py [words of a fault …]

Each fault is a change of one place in a copy of the sources. It is found if the engine's tests fail; a fault whose text
is no longer there, or there more than once, stops the program. It prints a table: fault, place, the test that found it.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).parent.parent
PACKAGE = "src/kohort"
TESTS = {
    "sql_engine": ("engines/test_sql_engine",),
    "refresh": ("engines/test_refresh",),
    "kernel_engine_numpy": ("engines/test_kernel_engine_numpy",),
    "kernel_engine_numba": ("engines/test_kernel_engine_numba",),
    "live": ("engines/test_archive", "engines/test_live", "engines/test_owing"),
    "keeping": ("pipeline/test_settling", "pipeline/test_live_memberships", "pipeline/test_live_memberships_law"),
}
AT_ONCE = 2


@dataclass(frozen=True)
class Fault:
    """What is wrong, in which file, and how: `old` becomes `new`."""

    words: str
    path: str
    old: str
    new: str

    @property
    def tests(self) -> str:
        """The tests of the engine that runs the file; what all engines share, the quickest runs."""
        if self.path.startswith("pipeline/live/"):
            return "keeping"
        if "/live/" in self.path:
            return "live"
        if "numba" in self.path:
            return "kernel_engine_numba"
        if "/refresh/" in self.path:
            return "refresh"
        return "sql_engine" if "/sql/" in self.path else "kernel_engine_numpy"

    @property
    def is_compiled(self) -> bool:
        """Whether numba compiles what the file holds, so that nothing compiled before may be used."""
        text = (ROOT / PACKAGE / self.path).read_text(encoding="utf-8")
        return "compiled import" in text or "numba" in text

    def put_into(self, folder: Path) -> None:
        """Change the copy of the sources in `folder`."""
        path = folder / PACKAGE / self.path
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            sys.exit(f'"{self.words}": {self.path} holds {text.count(self.old)} times, not once:\n{self.old}')
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


WINDOWS, PREDICATES, CRITERIA = "rules/windows.py", "engines/predicates.py", "engines/criteria.py"
POPULATION, TEXTS, COLUMNS = "stats/population.py", "engines/texts.py", "engines/columns.py"
TERMS, FEATURES, NARROW = "engines/sql/terms.py", "engines/sql/features.py", "engines/sql/narrow.py"
SEQUENCES, STATEMENTS = "engines/sql/sequences.py", "engines/sql/statements.py"
RANGES, FEEDS, CHANGE, PEOPLE = (f"engines/sql/refresh/{name}.py" for name in ("ranges", "feeds", "change", "people"))
UPKEEP, TALLIES, FOREMOST, STEP = (
    f"engines/sql/refresh/{name}.py" for name in ("upkeep", "tallies", "foremost", "step")
)
ACCUMULATORS, READER, MASKS = "engines/kernel/accumulators.py", "engines/kernel/features.py", "engines/kernel/masks.py"
FOUND, KERNEL = "engines/kernel/found.py", "engines/kernel/engine.py"
(
    LAYOUT,
    TALLIED,
    PASSING,
    SLIDING,
    STEPPING,
    LOOPS,
    PROGRAMS,
    FEED,
    FORESIGHT,
    WIDTHS,
    MEMBERSHIPS,
    LIVE,
    CHAINS,
    ARCHIVE,
    CHANGES,
    KEPT_UP,
    REVISIONS,
    OWING,
) = (
    f"engines/live/{name}.py"
    for name in (
        "layout",
        "tallies",
        "passing",
        "sliding",
        "stepping",
        "loops",
        "programs",
        "feed",
        "foresight",
        "widths",
        "memberships",
        "engine",
        "chains",
        "archive",
        "changes",
        "upkeep",
        "revisions",
        "owing",
    )
)
SETTLING, KEEPING, CORRECTIONS, FRONT, STATE = (
    f"pipeline/live/{name}.py" for name in ("settling", "keeping", "corrections", "front", "state")
)
NUMPY, NUMBA = "engines/kernel/numpy_kernels.py", "engines/kernel/numba_kernels.py"

FAULTS = (
    # Shared by all engines.
    Fault("a window holds its start", WINDOWS, "[(at - window.length + 1, at)]", "[(at - window.length, at)]"),
    Fault("a week begins on Sunday", WINDOWS, "days=today.weekday()", "days=(today.weekday() + 1) % 7"),
    Fault("29 February comes round on 1 March", WINDOWS, "date(year, 2, 28) if", "date(year, 3, 1) if"),
    Fault("an anniversary is in the year of birth", WINDOWS, "if year > born.year)", "if year >= born.year)"),
    Fault("< means <=", PREDICATES, "Within(high=first - 1)", "Within(high=first)"),
    Fault("> a day holds in that day", PREDICATES, "Within(low=last + 1)", "Within(low=first + 1)"),
    Fault("std divides by n", POPULATION, "deviations**2 * n * (n - 1)", "deviations**2 * (n - 1) * (n - 1)"),
    Fault("a quantile is rounded down", POPULATION, "return round(low + Fraction", "return int(low + Fraction"),
    Fault(
        "the top is one person short",
        POPULATION,
        "return -(-percent * size // (100 * MICRO))",
        "return max(1, percent * size // (100 * MICRO))",
    ),
    Fault("top means bottom", CRITERIA, "if side is Side.TOP", "if side is Side.BOTTOM"),
    Fault("ties at the top are out", CRITERIA, "Within(low=threshold) if", "Within(low=threshold + 1) if"),
    Fault("a score begins at its cut", CRITERIA, "None if enter is None else enter + 1, leave", "enter, leave"),
    Fault("outsiders of a population have a score", CRITERIA, "return holds | ~among", "return holds & among"),
    Fault("é is not é", TEXTS, 'composed = normalize("NFC", text)\n', "composed = text\n"),
    # The SQL engine.
    Fault("NULL leaks", TERMS, "return exp.Coalesce(this=met, expressions=[exp.false()])", "return met"),
    Fault("a window is cut by another", TERMS, "return min(known, default", "return max(known, default"),
    Fault("a lower bound is outside", TERMS, "else [exp.GTE(this=term", "else [exp.GT(this=term"),
    Fault(
        "a mean is rounded half up",
        FEATURES,
        "this=exp.And(this=exp.EQ(this=doubled.copy(), expression=count.copy()), expression=odd), true",
        "this=exp.EQ(this=doubled.copy(), expression=count.copy()), true",
    ),
    Fault("whoever did nothing is in the population", FEATURES, "    if not in_population:\n", "    if True:\n"),
    Fault(
        "ties in time fall as they may",
        NARROW,
        "        ordered(parameters.dialect, id_, latest=latest, text=True),\n",
        "",
    ),
    Fault(
        "the first time is the last", FEATURES, "is Occurrence.LAST else exp.Min", "is Occurrence.FIRST else exp.Min"
    ),
    Fault("the largest sum is missing", FEATURES, "fits = exp.LTE(", "fits = exp.LT("),
    Fault(
        "equal values count as different",
        FEATURES,
        "return self.of(exp.Count, exp.Distinct(expressions=[term]))",
        "return self.of(exp.Count, term)",
    ),
    Fault("a step may follow at the same time", SEQUENCES, '("1", "PRECEDING")', '("CURRENT", "ROW")'),
    Fault("a step at the same time undoes", SEQUENCES, '("1", "FOLLOWING")', '("CURRENT", "ROW")'),
    Fault("a deadline passes 1 µs late", SEQUENCES, "over = exp.LTE(", "over = exp.LT("),
    Fault("a step at the deadline does not undo", SEQUENCES, "late = exp.GT(", "late = exp.GTE("),
    Fault("a step has 1 µs less", SEQUENCES, "return exp.LTE(this=exp.Paren(", "return exp.LT(this=exp.Paren("),
    Fault(
        "between holds its start", SEQUENCES, 'exp.LTE(this=column("last_absent")', 'exp.LT(this=column("last_absent")'
    ),
    Fault("people exist 1 µs late", STATEMENTS, 'exp.LTE(this=column("first_seen"', 'exp.LT(this=column("first_seen"'),
    Fault(
        "of two values set at once the first counts",
        NARROW,
        '("set_at", "value_id"), parameters, latest=True',
        '("set_at", "value_id"), parameters, latest=False',
    ),
    Fault(
        "whoever has no row has no count either",
        STATEMENTS,
        "case Within(low=low, high=high, negated=negated) if counted:",
        "case Within(low=low, high=high, negated=negated) if counted and negated:",
    ),
    Fault("whoever has no row has no value", STATEMENTS, "return counted is not negated", "return counted"),
    # The kernel engine, whatever its kernels.
    Fault("what happens at the moment is to come", COLUMNS, 'at, side="right"', 'at, side="left"'),
    Fault("a window's first moment is outside", READER, 'low, side="left"', 'low, side="right"'),
    Fault("people exist 1 µs late", KERNEL, "block.first_seen <= context.at", "block.first_seen < context.at"),
    Fault("a mean is rounded half up", ACCUMULATORS, " & (whole % 2 == 1))", ")"),
    Fault("the mean of nothing is 0", ACCUMULATORS, "* (whole + up), MISSING)", "* (whole + up), 0)"),
    Fault(
        "a sum beyond 64 bits wraps around",
        ACCUMULATORS,
        "fits = (high >= -(2**31)) &",
        "fits = np.ones(len(high), bool) |",
    ),
    Fault("the sum of nothing is missing", ACCUMULATORS, "0 if function is Function.SUM else MISSING", "MISSING"),
    Fault("equal values count as different", ACCUMULATORS, " | (values[1:] != values[:-1])", " | True"),
    Fault("missing differs from everything", MASKS, "return ~same & column.present() if", "return ~same if"),
    Fault(
        "whoever did nothing is in the population",
        FOUND,
        "self.matched is None else self.matched > 0)\n        if not everyone",
        "self.matched is None else self.matched >= 0)\n        if not everyone",
    ),
    # Its kernels in numpy.
    Fault("the first value is the last", NUMPY, "rows[people[::-1]] = numbers[::-1]", "rows[people] = numbers"),
    Fault("an older row replaces the last", NUMPY, "rows[people] == NO_CODE", "rows[people] >= NO_CODE"),
    Fault("a step may follow at the same time", NUMPY, 'side="left") - 1', 'side="right") - 1'),
    Fault("a step at the same time undoes", NUMPY, 'others.keys, side="right")', 'others.keys, side="left")'),
    Fault("a deadline passes 1 µs late", NUMPY, "reached.ts <= at - never", "reached.ts < at - never"),
    Fault("a step at the deadline does not undo", NUMPY, "> never.within", ">= never.within"),
    Fault("a step has 1 µs less", NUMPY, "ts - ends <= step.within", "ts - ends < step.within"),
    Fault("the whole has 1 µs less", NUMPY, "ts - begins <= limit", "ts - begins < limit"),
    Fault("between holds its start", NUMPY, "ts[between[there]] <= reached", "ts[between[there]] < reached"),
    Fault("a missing value is added", NUMPY, "there = values != MISSING", "there = values == values"),
    Fault("an upper bound is outside", NUMPY, "(values <= high)", "(values < high)"),
    # Its kernels in numba.
    Fault("rows of one moment are read in any order", NUMBA, "if heads[one] <= moment", "if heads[one] < moment"),
    Fault("a step at the deadline does not undo", NUMBA, "person[pending] <= longest", "person[pending] < longest"),
    Fault("a deadline passes 1 µs late", NUMBA, "pending] <= at -", "pending] < at -"),
    Fault("a step has 1 µs less", NUMBA, "person[step - 1] <= within", "person[step - 1] < within"),
    Fault("the whole has 1 µs less", NUMBA, "begin <= limit", "begin < limit"),
    Fault("between holds its start", NUMBA, "state[first + one] > before", "state[first + one] >= before"),
    Fault("an older row replaces the last", NUMBA, "chosen[row] and rows[people[row]] == NO_CODE", "chosen[row]"),
    Fault("a missing value is added", NUMBA, "if values[row] != MISSING", "if values[row] != 1"),
    Fault("a lower bound is outside", NUMBA, "values[first + place] >= low", "values[first + place] > low"),
    Fault("an upper bound is outside", NUMBA, "(value <= high)", "(value < high)"),
    # What an evaluation that goes on from an earlier one reads again.
    Fault("a moment on the edge is gained twice", RANGES, "min(end, low - 1)", "min(end, low)"),
    Fault("a moment on the edge comes again", RANGES, "max(start, high + 1)", "max(start, high)"),
    Fault(
        "the last row that was there is new",
        FEEDS,
        "self._on(exp.GT, value",
        "self._on(exp.GTE, value",
    ),
    Fault("a local time is bounded as if it were UTC", FEEDS, "self.upto(high + self.greatest)", "self.upto(high)"),
    Fault("a new row is taken away", CHANGE, "all_of([self.events.old(), in_ranges(", "all_of([in_ranges("),
    Fault("only new rows touch anybody", CHANGE, "if ranges else [new])", "if ranges and False else [new])"),
    Fault("what time brings is not counted", CHANGE, "if gained else new", "if gained and False else new"),
    Fault("what time takes stays", CHANGE, "if lost else None", "if lost and False else None"),
    Fault("a greatest value of a day stays for ever", UPKEEP, "window=Last() | Calendar()", "window=Last()"),
    Fault("a greatest value of some days stays for ever", UPKEEP, "window=Last() | Calendar()", "window=Calendar()"),
    Fault("what went is added", TALLIES, "exp.Neg(this=term.copy())", "term.copy()"),
    Fault("a first value gives way to a later one", FOREMOST, "return False", "return True"),
    Fault("a value whose time comes is not read", FOREMOST, "gained = change.gained(None)", "gained = ()"),
    Fault(
        "an older value covers a removal",
        FOREMOST,
        "change.entering(None, arrivals)]",
        "change.entering(None, arrivals), there.copy()]",
    ),
    Fault("no deadline passes", PEOPLE, "shifted(change.passed, wait)", "change.passed"),
    Fault("a sequence never leaves its window", PEOPLE, "if went is not None:", "if went is None:"),
    Fault(
        "a sequence never enters its window",
        PEOPLE,
        "(done[0].event, change.gained(sequence.window))",
        "(done[0].event, ())",
    ),
    Fault(
        "a sequence is looked for from its last change",
        PEOPLE,
        "exp.Min(this=time.copy())",
        "exp.Max(this=time.copy())",
    ),
    Fault("a sequence reaches as far as one step", PEOPLE, "sum(known) if", "max(known, default=0) if"),
    Fault(
        "whoever had done a sequence is looked at only since then",
        PEOPLE,
        "ifs=[exp.If(this=had, true=since)]",
        "ifs=[exp.If(this=exp.false(), true=since)]",
    ),
    Fault(
        "the windows stand where they stood", STEP, "replace(after, at=memory.kept.at)", "replace(after, at=memory.at)"
    ),
    Fault(
        "texts that are new match nothing",
        STEP,
        'self._run_all(memory.shelf.add(table, select, "value", parameters))',
        "pass",
    ),
    Fault(
        "a month begins with the first new event",
        STEP,
        "(one for one in (known, found) if",
        "(one for one in (found,) if",
    ),
    # The live engine.
    Fault(
        "a row leaves 1 µs late", LAYOUT, "is None else measure.window.length", "is None else measure.window.length + 1"
    ),
    Fault("the last is 1 µs too old", LAYOUT, "predicate.high + 1, last", "predicate.high + 2, last"),
    Fault("whoever did nothing is in the population", LAYOUT, "if not criterion.in_population:", "if True:"),
    Fault("late rows never leave", TALLIED, "self._late.until(since - self._lags.lengths)", "len(self._late)"),
    Fault(
        "what is due at the moment comes later",
        PASSING,
        "until - lengths[lag])",
        "until - lengths[lag] - 1)",
    ),
    Fault("late rows are not looked for", PASSING, "if len(late[0]) > 0:", "if len(late[0]) < 0:"),
    Fault("a few visits stand as they were dealt out", PASSING, "insert(ordered, 0, size)", "insert(ordered, 0, 1)"),
    Fault(
        "many visits stand as they were dealt out",
        PASSING,
        "arrange_many(ordered, 0, size)",
        "arrange_many(ordered, 0, 1)",
    ),
    Fault("a count passes an edge unseen", SLIDING, "for edge in (low, high + 1):", "for edge in (low,):"),
    Fault("great counts are not compared", SLIDING, "found = 1 << _LAST_EDGE", "found = 0"),
    Fault("an epoch keeps the edges of before", TALLIED, "= sliding.edges(self.comparisons[first:last])", "|= 0"),
    Fault("what is of this moment is not late", FEED, 'since, side="right"', 'since, side="left"'),
    Fault("rows of one moment are two moments", PASSING, "stop < len(ts) and ts[stop] == ts[stop - 1]:", "stop < 0:"),
    Fault(
        "others flip after what is counted",
        PASSING,
        "if visit < visited else until + 1",
        "if visit < visited else until",
    ),
    Fault("whoever does not exist is inside", LOOPS, "inside &= exists", "inside &= True"),
    Fault("a table is of the first of others alone", PROGRAMS, "place >> bit & 1 == 1", "place & 1 == 1"),
    Fault("an epoch changes nobody", TALLIED, "np.flatnonzero(after != before)", "np.flatnonzero(after & ~after)"),
    Fault("what happens at the moment is to come", FEED, 'now, side="right"', 'now, side="left"'),
    Fault("a step at the deadline does not undo", STEPPING, "+ wait < before:", "+ wait <= before:"),
    Fault("a step at the same time undoes", STEPPING, "pool[start + size - 2] > end", "pool[start + size - 2] >= end"),
    Fault("a step has 1 µs less", STEPPING, "moment - end > withins[", "moment - end >= withins["),
    Fault("the whole has 1 µs less", STEPPING, "> facts[chain, LIMIT]", ">= facts[chain, LIMIT]"),
    Fault(
        "a step may follow at the same time", STEPPING, "if pool[place] < moment else", "if pool[place] <= moment else"
    ),
    Fault(
        "between holds its start",
        STEPPING,
        "pool[latest_before(pool, place, moment, 1)] > end",
        "pool[latest_before(pool, place, moment, 1)] >= end",
    ),
    Fault("a way that ceases ends all", STEPPING, "pool[place] == moment:", "pool[place] >= moment:"),
    Fault("a rule is forgotten that asks", LOOPS, "first_dependent[number + 1])", "first_dependent[number + 1] - 1)"),
    Fault(
        "what was foreseen stays foreseen", FORESIGHT, "flips.people] == lines[:, 3])", "flips.people] >= lines[:, 3])"
    ),
    Fault("great sums wrap around", WIDTHS, "> _LARGEST}", "> _LARGEST * 1000}"),
    Fault("nothing is known of the new", MEMBERSHIPS, "room, self._blank)", "room, self._blank & 0)"),
    Fault("what is not true is not said", CHANGES, "[self.without(after).retracted(), after", "[after"),
    Fault("the rows of the forgotten still leave", TALLIED, "people)], BITS] = 0", "people)], BITS] |= 0"),
    Fault(
        "the counts of the forgotten stay",
        TALLIED,
        "self._plans.sizes.tolist()):\n            starts",
        "[]):\n            starts",
    ),
    Fault(
        "what was foreseen of the forgotten comes",
        FORESIGHT,
        "self._stamps[:, people] += 1",
        "self._stamps[:, people] += 0",
    ),
    Fault(
        "the sequences of the forgotten go on", CHAINS, "self.apart[:, people] = True", "self.apart[:, people] |= False"
    ),
    Fault(
        "the future of the forgotten comes",
        FEED,
        "~np.isin(self._to_come.people, people)",
        "self._to_come.ts == self._to_come.ts",
    ),
    Fault("the past of the forgotten is kept", ARCHIVE, "np.union1d(part.gone, people)", "part.gone"),
    Fault("the past has the numbers of now", LIVE, "Epochs(known, self", "Epochs(known[-1:], self"),
    Fault("what began with an epoch stays said", LIVE, ".undoing(self._latest)", ""),
    Fault("what began with an epoch is told twice", REVISIONS, "upkeep.pin(its).undoing(of_then)", "upkeep.pin(its)"),
    Fault("what comes late begins after its moment", LIVE, "arrivals.earliest() - 1", "arrivals.earliest()"),
    Fault("what was not said yet is taken back", LIVE, "& (found.moments <= until)", ""),
    Fault("what came late has the numbers of now", KEPT_UP, "if statistics != design.layout.statistics:", "if False:"),
    Fault(
        "time is not looked ahead", KEPT_UP, "if now > self._foresight.until:", "if now > 2 * self._foresight.until:"
    ),
    Fault("who does something waits", TALLIED, "concatenate([due.people, whose, people", "concatenate([people"),
    Fault("one of what is owed to a person is done", OWING, "place = lines[place, BEFORE]", "place = NOTHING"),
    Fault("what is owed is told to nobody", OWING, "while place < looked[1] and found < most:", "while found < 0:"),
    Fault("who is late is owed what is told anew", LIVE, "Changes.joined([widened, self._settled(known)])", "widened"),
    # Memberships kept up live.
    Fault("nothing settles", SETTLING, "(Cause.TIME, self.settling)", "(Cause.TIME, 0)"),
    Fault("what follows does not wait", SETTLING, "(last >= begins)", "(last == np.arange(len(keys)))"),
    Fault("what happens waits for others", SETTLING, "[run.at_once() for run in self._runs]", "[Changes.none()]"),
    Fault("what was told is told again", SETTLING, "self._holds[part], self._next = False", "_, self._next = False"),
    Fault("what is undone is told", SETTLING, "self._holds[places] = False", "self._holds[places] = True"),
    Fault("more is known than was told", SETTLING, "min(initial=now)) - 1", "min(initial=now))"),
    Fault("what came is told again", KEEPING, "    state.front = front\n    anew", "    anew"),
    Fault("the newest moment is met by nobody", ARCHIVE, "> self._newest", ">= self._newest"),
    Fault("two of one moment are in no order", KEEPING, "frozenset(engine.met(arrivals).tolist())", "frozenset[int]()"),
    Fault("a consent changes nobody", KEEPING, "anew = incoming.consenting() | {", "anew = frozenset[int]() | {"),
    Fault("who was merged is not told anew", KEEPING, "    if anew | met:", "    if met:"),
    Fault("a correction corrects nothing", CORRECTIONS, "self._taken_back(one)", "one.change"),
    Fault("who came and went before was in", CORRECTIONS, "if len(found) % 2 == 0:", "if len(found) % 2 == 2:"),
    Fault("what waits to be written is not told", FRONT, "self.waiting.get(name, ())", "()"),
    Fault("nobody is ever merged", FRONT, "old.person_id != one.person_id:", "False:"),
    Fault("a restart undoes nothing any more", STATE, "until = max(before.at, now - settling)", "until = now"),
)


PLACES: SimpleQueue[Path] = SimpleQueue()
"""Folders for copies, of which each is one fault's at a time."""


def main() -> None:
    """Run the faults whose words are asked for, by default all, and print who found each."""
    asked = [fault for fault in FAULTS if all(word in f"{fault.words} {fault.path}" for word in sys.argv[1:])]
    for fault in asked:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(ROOT / "src", Path(folder, "src"))
            fault.put_into(Path(folder))
    with tempfile.TemporaryDirectory() as base, ThreadPoolExecutor(AT_ONCE) as pool:
        for number in range(AT_ONCE):
            PLACES.put(Path(base, str(number)))
        needed = sorted({fault.tests for fault in asked})
        for name, found in zip(needed, pool.map(lambda name: found_by(None, name), needed), strict=True):
            if found is not None:
                sys.exit(f"the tests of {name} fail without any fault: {found}")
        print("| fault | place | found by |\n|---|---|---|", flush=True)
        survivors = 0
        for fault, found in zip(asked, pool.map(lambda fault: found_by(fault, fault.tests), asked), strict=True):
            survivors += found is None
            print(f"| {fault.words} | `{fault.path}` | {found or '**nothing**'} |", flush=True)
    print(f"\n{len(asked)} faults, {survivors} of them not found.")
    sys.exit(survivors > 0)


def found_by(fault: Fault | None, tests: str) -> str | None:
    """Return the test that fails first with `fault` in a copy of the sources; None if none does."""
    place = PLACES.get()
    try:
        return found_in(place, fault, tests)
    finally:
        shutil.rmtree(place / "copy")
        PLACES.put(place)


def found_in(place: Path, fault: Fault | None, tests: str) -> str | None:
    """Do as `found_by`; what is compiled there is kept beside the copy for the next, as long as no fault is in it."""
    folder = place / "copy"
    cache = place / "cache" if fault is None or not fault.is_compiled else folder / "cache"
    for part in ("src", "tests"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    if fault is not None:
        fault.put_into(folder)
    if fault is None or not fault.is_compiled:
        # It is kept by all that it could be made of; this fault is in nothing of that.
        Fault("", NUMBA, "return content.hexdigest()[:16]", 'return "kept"').put_into(folder)
    surroundings = {
        "PYTHONPATH": f"{folder / 'src'}{os.pathsep}{folder / 'tests'}",
        "HYPOTHESIS_PROFILE": "mutants",
        "NUMBA_CACHE_DIR": str(cache),
    }
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "--tb=no",
            "-p",
            "no:cacheprovider",
            *(f"tests/{one}.py" for one in TESTS[tests]),
        ],
        cwd=folder,
        env=os.environ | surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    failed = re.search(r"^FAILED \S*::(\w+)", run.stdout, re.MULTILINE)
    if failed:
        return failed[1].removeprefix("test_").replace("_", " ")
    if run.returncode:
        sys.exit(f"the tests of {tests} could not run:\n{run.stdout}\n{run.stderr}")
    return None


if __name__ == "__main__":
    main()
