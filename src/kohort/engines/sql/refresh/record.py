"""What a store keeps from one evaluation to the next, as the document that stands beside its tables."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from kohort.clock import Moment
from kohort.engines.plan import Feature
from kohort.engines.sql.narrow import Subject, subject_of
from kohort.engines.sql.refresh.people import events_read
from kohort.engines.sql.statements import Place
from kohort.rules.catalog import Catalog

LAYOUT = 2


@dataclass(frozen=True)
class Loaded:
    """How far a load had come: up to the cursor `upto`, its columns having been read as `meaning` says.

    Where rows are counted, it had `rows`, of which `taken` counted.
    """

    upto: int
    meaning: str = ""
    rows: int = 0
    taken: int = 0


@dataclass(frozen=True)
class Kept:
    """The state of a store as of the moment `at`, with all rows that `loads` say, by the name of the load.

    `places` are the narrow tables' columns by the feature's `fingerprint`, `texts` the tables of distinct values by
    what they are of, `earliest` the moment of the first event where a rule needed it. `tables` is the number of tables
    ever made, so that each new one has a name of its own. `answers` names the meaning of the answers that are kept of
    everybody, if they are. Where tables are written anew, `names` says which one stands for each of their names.

    >>> kept = Kept(5, {"events": Loaded(10)}, {"ab": Place("kept_0", 3)})
    >>> Kept.of_json(kept.to_json()) == kept
    True
    """

    at: Moment
    loads: Mapping[str, Loaded] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    earliest: Moment | None = None
    tables: int = 0
    answers: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the document."""
        places = {name: [place.table, place.index] for name, place in self.places.items()}
        loads = {name: vars(one) for name, one in self.loads.items()}
        return json.dumps({"layout": LAYOUT, **vars(self), "places": places, "loads": loads})

    @staticmethod
    def of_json(text: str) -> "Kept | None":
        """Read a document back; None if it is none, or is of another layout of tables."""
        try:
            document = json.loads(text)
            if document.pop("layout") != LAYOUT:
                return None
            places = {name: Place(str(table), int(index)) for name, (table, index) in document.pop("places").items()}
            loads = {name: Loaded(**one) for name, one in document.pop("loads").items()}
            return Kept(places=places, loads=loads, **document)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def fingerprint(feature: Feature, catalog: Catalog) -> str:
    """Return what names the meaning of a feature: its words, and all that the catalog says of what it reads.

    >>> from kohort.definitions.values import ValueType
    >>> from kohort.rules.parse import parse_rule
    >>> count = Feature(parse_rule("count of e > 1").value, ValueType.NUMBER)
    >>> fingerprint(count, Catalog(events={"e": {}})) == fingerprint(count, Catalog(events={"e": {"x": {}}}))
    False
    """
    subject: Subject = subject_of(feature, catalog)
    read = [(event, sorted(map(repr, catalog.events[event].items()))) for event in events_read(subject)]
    words = repr((feature, catalog.zone.key, sorted(catalog.periods.items()), read))
    return hashlib.sha256(words.encode()).hexdigest()
