"""A made-up shop of any size, the same at every run, in the columns that the kernel engine reads.

    python benchmarks/segments.py …            makes what it needs
    from workload.population import population  for anything else

Activity is heavy-tailed (Pareto, α = 1.2), event names are Zipf-distributed, events come in sessions over 180 days
with slightly growing traffic, and the moment of evaluation falls on no border of a day. A block of people is made at a
time, so memory does not grow with the number of events; the files are memory-mapped when they are read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from kohort.clock import DAY, HOUR, MINUTE, SECOND, Moment
from kohort.definitions.values import MICRO, ValueType
from kohort.engines.columns import BLOCK, Block, Column, History, Rows
from kohort.rules.catalog import Catalog

SEED = 7
DAYS = 180
START: Moment = 1_767_225_600 * SECOND  # 2026-01-01T00:00Z
NOW: Moment = START + DAYS * DAY + 13 * HOUR + 37 * MINUTE + 11_003_000

NAMES = (
    "page_viewed",
    "product_viewed",
    "searched",
    "cart_added",
    "email_opened",
    "purchased",
    "logged_in",
    "wish_added",
    "checkout_started",
    "push_opened",
    "cart_removed",
    "coupon_entered",
    "email_clicked",
    "refunded",
    "signed_up",
    "video_played",
    "reviewed",
    "shared",
    "logged_out",
    "app_opened",
    "app_updated",
    "ad_clicked",
    "form_sent",
    "chat_started",
    "ticket_opened",
    "subscribed",
    "unsubscribed",
    "gift_card_bought",
    "store_visited",
    "survey_answered",
)
VALUED = ("cart_added", "purchased", "checkout_started", "refunded", "gift_card_bought")
CATEGORIES = tuple(f"category {letter}" for letter in "ABCDEFGH")
COUNTRIES = tuple(sorted(("FR", "DE", "US", "GB", "ES", "IT", "NL", "BE", "PL", "SE", "JP", "BR")))
PLANS = ("basic", "free", "pro", "team")

_CATEGORY = {"category": {ValueType.TEXT: "category"}}
_TOTAL = {"total": {ValueType.NUMBER: "total"}}
CATALOG = Catalog(
    events={name: _CATEGORY | (_TOTAL if name in VALUED else {}) for name in NAMES},
    traits={
        "country": ValueType.TEXT,
        "plan": ValueType.TEXT,
        "age": ValueType.NUMBER,
        "opted_in": ValueType.BOOLEAN,
    },
)

TRAIT_COLUMNS = {
    "country": ("text", COUNTRIES),
    "plan": ("text", PLANS),
    "age": ("number", ()),
    "opted_in": ("boolean", ()),
}
_EVENT_FIELDS = {"people": np.int32, "ts": np.int64, "category": np.int8}
_SESSION = 0.25  # the chance that a session ends with an event: 4 events on average
_GAP = 90 * SECOND


@dataclass(frozen=True)
class Population:
    """A population on disk: `folder` holds one file per event name and column, blocks of people one after another."""

    folder: Path
    people: int
    events: int

    def history(self) -> History:
        """Return the population as the kernel engine reads it, memory-mapped."""
        ids = pa.array([f"p{number:09}" for number in range(self.people)], pa.string())
        events = {name: self._columns(name) for name in NAMES}
        traits = {name: self._columns(f"trait.{name}") for name in TRAIT_COLUMNS}
        bounds = {name: self._array(f"{name}.bounds") for name in [*events, *(f"trait.{one}" for one in traits)]}
        first_seen = self._array("first_seen")
        return History(
            ids,
            [
                Block(
                    first_seen[first : first + BLOCK],
                    {name: _rows(its, bounds[name], number) for name, its in events.items()},
                    {name: _rows(its, bounds[f"trait.{name}"], number) for name, its in traits.items()},
                )
                for number, first in enumerate(range(0, self.people, BLOCK))
            ],
        )

    def _columns(self, subject: str) -> dict[str, Column]:
        found = {
            path.name.split(".")[-2]: np.asarray(np.load(path, mmap_mode="r"))
            for path in self.folder.glob(f"{subject}.*.npy")
        }
        dictionaries = {"category": CATEGORIES}
        if subject.startswith("trait."):
            kind, dictionary = TRAIT_COLUMNS[subject.removeprefix("trait.")]
            dictionaries[kind] = dictionary
        return {name: Column(values, dictionaries.get(name, ())) for name, values in found.items() if name != "bounds"}

    def _array(self, name: str) -> NDArray[np.int64]:
        return np.asarray(np.load(self.folder / f"{name}.npy", mmap_mode="r"))


def population(people: int, events: int, folder: Path) -> Population:
    """Return the population of that size in `folder`, made there first if it is not."""
    its = folder / f"{people}-{events}"
    if not (its / "made").exists():
        its.mkdir(parents=True, exist_ok=True)
        _make(people, events, its)
        (its / "made").touch()
    return Population(its, people, events)


def _make(people: int, events: int, folder: Path) -> None:
    random = np.random.default_rng(SEED)
    activity = np.minimum(random.pareto(1.2, people) + 1, 2_000)
    shares = np.add.reduceat(activity, np.arange(0, people, BLOCK))
    upto = np.round(np.cumsum(shares) / shares.sum() * events).astype(np.int64)
    zipf = 1 / np.arange(1, len(NAMES) + 1)
    counts = np.array([random.multinomial(size, zipf / zipf.sum()) for size in np.diff(upto, prepend=0)])
    files = _event_files(counts, folder)
    for number, (first, sizes) in enumerate(zip(range(0, people, BLOCK), counts, strict=True)):
        made = _block_events(activity[first : first + BLOCK], sizes, np.random.default_rng((SEED, number)))
        for place, rows in enumerate(made):
            for field, values in rows.items():
                start = int(counts[:number, place].sum())
                files[place][field][start : start + len(values)] = values
    _make_traits(people, folder, random)


def _event_files(counts: NDArray[np.int64], folder: Path) -> list[dict[str, NDArray[np.int64]]]:
    files = []
    for place, name in enumerate(NAMES):
        np.save(folder / f"{name}.bounds.npy", np.cumsum([0, *counts[:, place]]))
        fields = _EVENT_FIELDS | ({"total": np.int64} if name in VALUED else {})
        size = (int(counts[:, place].sum()),)
        files.append(
            {field: open_memmap(folder / f"{name}.{field}.npy", "w+", dtype, size) for field, dtype in fields.items()}
        )
    return files


def _block_events(
    activity: NDArray[np.float64], sizes: NDArray[np.int64], random: np.random.Generator
) -> Iterator[dict[str, NDArray[np.int64]]]:
    """Yield the events of a block of people, one name after another, each in the order of time."""
    size = int(sizes.sum())
    lengths = random.geometric(_SESSION, size)
    lengths = lengths[: int(np.searchsorted(np.cumsum(lengths), size)) + 1]
    session = np.repeat(np.arange(len(lengths)), lengths)[:size]
    whose = np.searchsorted(np.cumsum(activity) / activity.sum(), random.random(len(lengths)))
    people = np.minimum(whose, len(activity) - 1).astype(np.int32)[session]
    begins = START + (random.random(len(lengths)) ** 0.8 * (NOW - START)).astype(np.int64)
    passed = np.cumsum(random.exponential(_GAP, size).astype(np.int64) + SECOND // 2)
    opening = np.cumsum(lengths) - lengths
    ts = np.minimum(begins[session] + passed - passed[opening][session], NOW)
    names = np.repeat(np.arange(len(NAMES)), sizes)
    random.shuffle(names)
    order = np.argsort((names << 48) + (ts - START))
    category = np.minimum(random.geometric(0.35, size) - 1, len(CATEGORIES) - 1).astype(np.int8)
    for place, end in enumerate(np.cumsum(sizes)):
        chosen = order[end - sizes[place] : end]
        rows = {"people": people[chosen], "ts": ts[chosen], "category": category[chosen]}
        if NAMES[place] in VALUED:
            cents = np.minimum(np.exp(random.normal(8.2, 1.0, len(chosen))), 2_000_000).astype(np.int64)
            rows["total"] = cents * (MICRO // 100)
        yield rows


def _make_traits(people: int, folder: Path, random: np.random.Generator) -> None:
    first_seen = START - (random.random(people) * 365 * DAY).astype(np.int64)
    np.save(folder / "first_seen.npy", first_seen)
    zipf = 1 / np.arange(1, len(COUNTRIES) + 1) ** 0.8
    values = {
        "country": random.choice(len(COUNTRIES), people, p=zipf / zipf.sum()).astype(np.int8),
        "plan": random.choice(len(PLANS), people, p=[0.2, 0.7, 0.08, 0.02]).astype(np.int8),
        "age": random.integers(16, 90, people) * MICRO,
        "opted_in": (random.random(people) < 0.6).astype(np.int8),
    }
    known = {name: np.ones(people, np.bool_) for name in values} | {"age": random.random(people) < 0.9}
    for name, its in values.items():
        blocks = [
            _in_time(first_seen[first : first + BLOCK], known[name][first : first + BLOCK])
            for first in range(0, people, BLOCK)
        ]
        numbers = np.concatenate([block + place * BLOCK for place, block in enumerate(blocks)])
        np.save(folder / f"trait.{name}.bounds.npy", np.cumsum([0, *map(len, blocks)]))
        np.save(folder / f"trait.{name}.people.npy", np.concatenate(blocks).astype(np.int32))
        np.save(folder / f"trait.{name}.ts.npy", first_seen[numbers])
        np.save(folder / f"trait.{name}.{TRAIT_COLUMNS[name][0]}.npy", its[numbers])


def _in_time(first_seen: NDArray[np.int64], known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the places of the people of a block whose value is known, in the order of time."""
    order = np.argsort(first_seen)
    return order[known[order]]


def _rows(columns: dict[str, Column], bounds: NDArray[np.int64], block: int) -> Rows:
    part = slice(int(bounds[block]), int(bounds[block + 1]))
    cut = {name: Column(one.values[part], one.dictionary) for name, one in columns.items()}
    people, ts = cut.pop("people").values, cut.pop("ts").values
    return Rows(people, ts, cut)
