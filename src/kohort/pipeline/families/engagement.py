"""The traits of engagement, computed as a score declares."""

import numpy as np
import pyarrow as pa

from kohort.clock import Moment
from kohort.definitions.engagement import EngagementDefinition
from kohort.engines.columns import NO_CODE
from kohort.errors import UnknownNameError
from kohort.pipeline.families.gathering import Everybody, TextCodes, Wanted, gather, known_events
from kohort.pipeline.families.tables import joined_table
from kohort.profiles.engagement import TRAITS, Contacts, Role, Terms, contacts_in, engagement_traits

_ANSWERS = {"sent": Role.SENT, "opened": Role.OPENED, "clicked": Role.CLICKED, "replied": Role.REPLIED}


def engagement_scores(everybody: Everybody, definition: EngagementDefinition, at: Moment) -> pa.Table:
    """Return the traits of engagement of everybody who was sent or answered anything up to `at`.

    Events that no data have shown yet count as not having happened. Raises UnknownNameError for a conversion or a
    property that nobody has shown.
    """
    catalog = everybody.catalog
    where = f'score "{definition.name}"'
    if definition.conversion and not known_events(catalog, [definition.conversion]):
        raise UnknownNameError("event", definition.conversion, catalog.events, where=where)
    # In the order of roles: of one moment, a message comes before the answers to it, and a conversion last.
    meant = [
        (getattr(channel, answer), role, place)
        for answer, role in _ANSWERS.items()
        for place, channel in enumerate(definition.channels)
    ]
    meant.append((definition.conversion, Role.CONVERTED, NO_CODE))
    known = [(key, role, place) for event, role, place in meant for key in known_events(catalog, [event])]
    roles, channels = (np.array([one[part] for one in known], np.int64) for part in (1, 2))
    numbers: dict[str, int] = {}
    wanted = (
        {"message": Wanted(definition.message, TextCodes(lambda text: numbers.setdefault(text, len(numbers))))}
        if definition.message
        else {}
    )
    terms = Terms(
        tuple(bool(one.clicked or one.replied) for one in definition.channels), definition.window, definition.horizon
    )
    parts, ids = [], []
    for block in gather(everybody, [one[0] for one in known], wanted, at=at, where=where):
        keys = block.codes.get("message", np.full(len(block.ts), NO_CODE, np.int64))
        keys = np.where(roles[block.names] == Role.CONVERTED, NO_CODE, keys)
        # Who did nothing but convert was never written to.
        reached = np.zeros(len(block.ids), np.bool_)
        reached[block.people[roles[block.names] != Role.CONVERTED]] = True
        written = reached[block.people]
        people, names = block.people[written], block.names[written]
        found = contacts_in(people, block.ts[written], roles[names], channels[names], keys[written], at=at, terms=terms)
        parts.append(found)
        ids.append(block.ids_of(people))
    if not parts:
        return joined_table([], TRAITS)
    traits = engagement_traits(
        Contacts.joined(parts),
        definition.channels,
        at=at,
        prior=definition.prior,
        weights=definition.weights,
        trim=definition.winsorise,
    )
    return joined_table([(pa.concat_arrays(ids), traits)], TRAITS)
