"""What messages say of who is who, gathered until the tables of people are brought up to it."""

import pyarrow as pa

from kohort.pipeline.projecting.namings import SIGHTED
from kohort.pipeline.projecting.stretches import Stretch


class Evidence:
    """Sightings and links of many stretches, each sighting once with its first and last moment.

    >>> from kohort.definitions.identity import IdentityDefinition
    >>> from kohort.pipeline.projecting.stretches import stretch_of
    >>> from kohort.storage.messages import Message
    >>> def visit(identity, ts):
    ...     return Message(identity, "page", ts, 0, "web", "visit", anonymous_id="a")
    >>> evidence = Evidence()
    >>> for number, ts in enumerate([5, 7, 6, 2, 3]):
    ...     evidence.add(stretch_of([visit(str(number), ts)], IdentityDefinition()))
    >>> evidence.sightings().select(["value", "first_seen", "last_seen"]).to_pylist()
    [{'value': 'a', 'first_seen': 2, 'last_seen': 7}]
    """

    def __init__(self) -> None:
        self._sightings: list[pa.Table] = []
        self._links: list[pa.Table] = []
        self._size = 0

    def add(self, stretch: Stretch) -> None:
        """Gather what the messages of a stretch say: all of them are new."""
        self._sightings.append(stretch.sightings())
        self._links.append(stretch.links())
        self._size += self._sightings[-1].num_rows + self._links[-1].num_rows

    def sightings(self) -> pa.Table:
        """Return rows of `identifiers`, but for what is refused, in no order."""
        return merged_sightings(self._sightings)

    def links(self) -> pa.Table:
        """Return rows of `links`, the same one perhaps several times."""
        return pa.concat_tables(self._links)

    def __bool__(self) -> bool:
        return bool(self._sightings)

    def __len__(self) -> int:
        return self._size


def merged_sightings(parts: list[pa.Table]) -> pa.Table:
    """Return sightings of several tables, each once, in no order; of a column `row` the greatest is kept."""
    together = pa.concat_tables(parts)
    kept = {"first_seen": "min", "last_seen": "max", "row": "max"}
    asked = [(name, kept[name]) for name in together.column_names if name in kept]
    found = together.group_by([*SIGHTED]).aggregate(asked)
    return found.rename_columns([*SIGHTED, *(name for name, _ in asked)])
