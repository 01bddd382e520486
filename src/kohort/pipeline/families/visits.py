"""The traits of visits, computed as a score declares."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from kohort.clock import Moment
from kohort.definitions.visits import ORIGINS, VisitsDefinition
from kohort.engines.columns import NO_CODE
from kohort.pipeline.families.gathering import Everybody, Gathered, TextCodes, Wanted, gather, known_events
from kohort.pipeline.families.tables import joined_table
from kohort.profiles.channels import (
    Read,
    channel_of_referrer,
    channel_of_search,
    channel_of_source,
    channel_of_word,
)
from kohort.profiles.visits import CHANNELS, TRAITS, visit_traits, visits_in


def visit_scores(everybody: Everybody, definition: VisitsDefinition, at: Moment) -> pa.Table:
    """Return the traits of visits of everybody who visited up to `at`.

    A visit that goes on at `at` counts as far as it has come. Raises UnknownNameError for a property that is declared
    and that no event has.
    """
    events = known_events(everybody.catalog, definition.events)
    pages = np.array([one in known_events(everybody.catalog, definition.pages) for one in events], dtype=np.bool_)
    parts = []
    where = f'score "{definition.name}"'
    for block in gather(everybody, events, _origins(definition), at=at, where=where):
        channels = _first_told(block)
        visits = visits_in(block.people, block.ts, pages[block.names], channels, timeout=definition.timeout)
        traits = visit_traits(visits, at=at, zone=everybody.zone, recent=definition.recent)
        parts.append((block.ids_of(visits.people), traits))
    return joined_table(parts, TRAITS)


def _origins(definition: VisitsDefinition) -> dict[str, Wanted]:
    """Return the properties that tell where an event came from, those that count first in front."""
    reads: dict[str, Read] = {
        "channel": channel_of_word,
        "medium": channel_of_word,
        "source": channel_of_source,
        "search": channel_of_search,
        "referrer": lambda text: channel_of_referrer(text, definition.site),
    }
    return {
        key: Wanted(name, TextCodes(_coded(read)), usual=name == ORIGINS.get(key))
        for key, read in reads.items()
        if (name := getattr(definition, key))
    }


def _coded(read: Read) -> Callable[[str], int]:
    def code(text: str) -> int:
        channel = read(text)
        return NO_CODE if channel is None else CHANNELS.index(channel)

    return code


def _first_told(block: Gathered) -> np.ndarray:
    """Return the channel that the first of the properties tells of each event, `NO_CODE` where none does."""
    found = np.full(len(block.ts), NO_CODE, dtype=np.int64)
    for codes in block.codes.values():
        found = np.where(found >= 0, found, codes)
    return found
