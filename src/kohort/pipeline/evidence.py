"""Which messages suffice to say who is who."""

from kohort.pipeline.columns import EVENT_TYPES
from kohort.storage.messages import Message

_Identifiers = tuple[str | tuple[str, str], ...]


class Evidence:
    """Messages gathered over chunks, without the events that say nothing new about identity.

    Of the events with the same identifiers the first to come, the earliest and the latest stay: together they say what
    all of them say. Every other message stays.

    >>> def visit(identity, ts):
    ...     return Message(identity, "page", ts, 0, "web", "visit", anonymous_id="a")
    >>> evidence = Evidence()
    >>> for number, ts in enumerate([5, 7, 6, 2, 3]):
    ...     evidence.add(visit(str(number), ts))
    >>> [one.event_id for one in evidence.messages()]
    ['0', '1', '3']
    """

    def __init__(self) -> None:
        self._others: list[tuple[int, Message]] = []
        self._events: dict[_Identifiers, list[tuple[int, Message]]] = {}
        self._number = 0

    def add(self, message: Message) -> None:
        """Gather a message that comes after all before."""
        self._number += 1
        one = (self._number, message)
        if message.type not in EVENT_TYPES:
            self._others.append(one)
            return
        identifiers: _Identifiers = (message.user_id, message.anonymous_id, *sorted(message.shared.items()))
        kept = self._events.get(identifiers)
        if kept is None:
            self._events[identifiers] = [one, one, one]
        elif message.ts > kept[2][1].ts:
            kept[2] = one
        elif (message.ts, message.event_id) < (kept[1][1].ts, kept[1][1].event_id):
            kept[1] = one

    def messages(self) -> list[Message]:
        """Return the messages that suffice, in the order in which they came."""
        found = dict(self._others)
        for kept in self._events.values():
            found.update(kept)
        return [found[number] for number in sorted(found)]

    def __len__(self) -> int:
        return len(self._others) + len(self._events)
