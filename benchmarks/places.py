"""What finding people's places costs, beside what notebooks do: CPU seconds, peak memory, and the ratio a person.

    python benchmarks/places.py [--people 1000000] [--peer 50000] [--stores 1000] [--seed 1]

Each figure is of a process of its own, once everything is loaded and compiled. The peers are measured in the same run,
those that go row by row on `--peer` people: `DataFrame.apply` of pandas over a dictionary of codes and plain names,
over the library of H3, and over the haversine formula of every store (on a hundredth of them); scikit-learn's BallTree
with the haversine metric, on all people for stores and on `--peer` for communes; a loop over H3's parents, counting.
"""

import argparse
import math
import multiprocessing
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import h3
import numpy as np
import pyarrow as pa

from kohort.places.cells import cells_of
from kohort.places.communes_of_people import place_people
from kohort.places.insee import commune_points, french_places
from kohort.places.nearest import nearest
from kohort.places.zones import zones_of
from kohort.rules.geography import EARTH_RADIUS

RESOLUTION, LEAST = 8, 20
Work = Callable[[], object]


def told(people: int, seed: int) -> tuple[list[str], list[str | None]]:
    """Return postal codes and towns: a commune's by its population, a third without a town, a third in capitals."""
    places, random = french_places(), np.random.default_rng(seed)
    pairs = [(code, places.communes[one]) for code, own in places.by_postal_code.items() for one in own]
    weights = np.array([one.population or 1 for _, one in pairs], float)
    chosen = random.choice(len(pairs), people, p=weights / weights.sum()).tolist()
    forms: list[Callable[[str], str | None]] = [lambda name: name, str.upper, lambda _: None]
    form = random.integers(0, 3, people).tolist()
    return [pairs[at][0] for at in chosen], [forms[by](pairs[at][1].name) for at, by in zip(chosen, form, strict=True)]


def positions(people: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points around the communes of 500 inhabitants or more, some kilometres apart."""
    random, towns = np.random.default_rng(seed), commune_points()
    at = random.integers(0, len(towns.codes), people)
    return towns.latitudes[at] + random.normal(0, 0.03, people), towns.longitudes[at] + random.normal(0, 0.03, people)


def postal_ours(people: int, _stores: int, seed: int) -> Work:
    codes, towns = (pa.array(one, pa.string()) for one in told(people, seed))
    return lambda: place_people(codes, towns, None, french=True)


def postal_pandas(people: int, _stores: int, seed: int) -> Work:
    import pandas as pd  # noqa: PLC0415 - the peer's own library, and no other part's

    frame = pd.DataFrame(dict(zip(("code", "town"), told(people, seed), strict=True))).fillna("")
    places = french_places()
    known = {
        (code, places.communes[one].name.upper()): one for code, own in places.by_postal_code.items() for one in own
    }
    return lambda: frame.apply(lambda row: known.get((row["code"], row["town"].upper())), axis=1)


def cells_ours(people: int, _stores: int, seed: int) -> Work:
    points = positions(people, seed)
    return lambda: cells_of(*points, RESOLUTION)


def cells_pandas(people: int, _stores: int, seed: int) -> Work:
    import pandas as pd  # noqa: PLC0415 - as above

    frame = pd.DataFrame(dict(zip(("lat", "lon"), positions(people, seed), strict=True)))
    return lambda: frame.apply(lambda row: h3.latlng_to_cell(row["lat"], row["lon"], RESOLUTION), axis=1)


def nearest_ours(people: int, stores: int, seed: int) -> Work:
    points, shops = positions(people, seed), positions(stores, seed + 1)
    nearest(points[0][:9], points[1][:9], *shops)
    return lambda: nearest(*points, *shops)


def nearest_tree(people: int, stores: int, seed: int) -> Work:
    from sklearn.neighbors import BallTree  # noqa: PLC0415 - as above

    points, shops = (np.radians(np.column_stack(positions(*one))) for one in ((people, seed), (stores, seed + 1)))
    return lambda: BallTree(shops, metric="haversine").query(points, k=1)


def nearest_pandas(people: int, stores: int, seed: int) -> Work:
    import pandas as pd  # noqa: PLC0415 - as above

    frame = pd.DataFrame(dict(zip(("lat", "lon"), positions(max(people // 100, 1), seed), strict=True)))
    shops = [(math.radians(a), math.radians(b)) for a, b in zip(*positions(stores, seed + 1), strict=True)]

    def metres(row: Any) -> float:
        phi, lam = math.radians(row["lat"]), math.radians(row["lon"])
        halves = (
            math.sin((phi - a) / 2) ** 2 + math.cos(phi) * math.cos(a) * math.sin((lam - b) / 2) ** 2 for a, b in shops
        )
        return min(2 * EARTH_RADIUS * math.asin(math.sqrt(one)) for one in halves)

    return lambda: frame.apply(metres, axis=1)


def communes_ours(people: int, _stores: int, seed: int) -> Work:
    points, towns = positions(people, seed), commune_points()
    nearest(points[0][:9], points[1][:9], towns.latitudes, towns.longitudes)
    return lambda: nearest(*points, towns.latitudes, towns.longitudes)


def communes_tree(people: int, _stores: int, seed: int) -> Work:
    from sklearn.neighbors import BallTree  # noqa: PLC0415 - as above

    towns = commune_points()
    targets = np.radians(np.column_stack([towns.latitudes, towns.longitudes]))
    points = np.radians(np.column_stack(positions(people, seed)))
    return lambda: BallTree(targets, metric="haversine").query(points, k=1)


def zones_ours(people: int, _stores: int, seed: int) -> Work:
    cells = cells_of(*positions(people, seed), RESOLUTION)

    def work() -> object:
        distinct, counts = np.unique(cells, return_counts=True)
        return zones_of(distinct, counts, least=LEAST, resolution=RESOLUTION)

    return work


def zones_loop(people: int, _stores: int, seed: int) -> Work:
    cells = [f"{one:x}" for one in cells_of(*positions(people, seed), RESOLUTION).tolist()]

    def work() -> object:
        waiting, zones = list(range(len(cells))), [""] * len(cells)
        for level in range(RESOLUTION, -1, -1):
            at = [h3.cell_to_parent(cells[one], level) for one in waiting]
            counts = Counter(at)
            for one, cell in zip(waiting, at, strict=True):
                if counts[cell] >= LEAST:
                    zones[one] = cell
            waiting = [one for one in waiting if not zones[one]]
        return zones

    return work


PARTS: list[tuple[str, Callable[[int, int, int], Work], list[tuple[str, Callable[[int, int, int], Work], bool]]]] = [
    ("postal code and town to commune", postal_ours, [("pandas apply, plain names", postal_pandas, True)]),
    (f"H3 cells of resolution {RESOLUTION}", cells_ours, [("pandas apply, h3", cells_pandas, True)]),
    ("nearest store", nearest_ours, [
        ("scikit-learn BallTree", nearest_tree, False), ("pandas apply, haversine", nearest_pandas, True),
    ]),
    ("nearest of 14,735 communes", communes_ours, [("scikit-learn BallTree", communes_tree, True)]),
    (f"micro-zones of {LEAST}", zones_ours, [("a loop over h3's parents", zones_loop, True)]),
]  # fmt: skip


def _measured(make: Callable[[int, int, int], Work], people: int, stores: int, seed: int, pipe: Any) -> None:
    work = make(people, stores, seed)
    before, wall, cpu = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter(), time.process_time()
    work()
    spent = time.process_time() - cpu, time.perf_counter() - wall
    pipe.send((*spent, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))


def measured(make: Callable[[int, int, int], Work], people: int, stores: int, seed: int) -> tuple[float, float, float]:
    """Return CPU seconds, wall seconds, and the MB that the peak of memory has grown by, in a new process."""
    receiving, sending = multiprocessing.get_context("spawn").Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_measured, args=(make, people, stores, seed, sending))
    process.start()
    sending.close()
    found: tuple[float, float, float] = receiving.recv()
    process.join()
    return found


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--people", type=int, default=1_000_000)
    options.add_argument("--peer", type=int, default=50_000)
    options.add_argument("--stores", type=int, default=1_000)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    print(f"{'':34} {'people':>10} {'CPU s':>8} {'wall s':>8} {'MB more':>8} {'µs each':>9} {'ratio':>7}")
    for name, ours, peers in PARTS:
        cpu, wall, memory = measured(ours, asked.people, asked.stores, asked.seed)
        each = cpu / asked.people
        print(f"{name:34} {asked.people:10,} {cpu:8.2f} {wall:8.2f} {memory:8.0f} {each * 1e6:9.2f}")
        for peer, make, rowwise in peers:
            people = asked.peer if rowwise else asked.people
            cpu, wall, memory = measured(make, people, asked.stores, asked.seed)
            people = max(people // 100, 1) if make is nearest_pandas else people
            theirs = cpu / people
            print(
                f"  {peer:32} {people:10,} {cpu:8.2f} {wall:8.2f} {memory:8.0f} {theirs * 1e6:9.2f} "
                f"{theirs / each:7.1f}"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
