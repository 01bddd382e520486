"""What the client asks of segments, and of who is in them."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from kohort.client.answers.segments import (
    Change,
    Definition,
    Edited,
    Flows,
    History,
    Member,
    Members,
    Overlap,
    SegmentDetail,
    Segments,
    Sizes,
)
from kohort.client.calls import Calls
from kohort.client.errors import ComeAgainError
from kohort.client.paging import Paged
from kohort.client.transport import at

_SILENCE: Final = 60.0
"""The seconds after which a stream, which says every fifteen that it is alive, is dead."""


class SegmentCalls(Calls):
    """The part of `Client` that is about segments. Moments are ISO 8601 texts; None is as recorded, or the present."""

    def list_segments(self) -> Segments:
        """Return every segment: size and freshness."""
        return self._transport.get("/segments", Segments)

    def get_segment(self, name: str) -> SegmentDetail:
        """Return what a segment means."""
        return self._transport.get(at("segments", name), SegmentDetail)

    def segment_history(self, name: str) -> History:
        """Return every version of a segment."""
        return self._transport.get(at("segments", name, "history"), History)

    def segment_sizes(
        self, name: str, *, since: str | None = None, until: str | None = None, every: str = "1 day"
    ) -> Sizes:
        """Return how large a segment was at regular moments."""
        asked = {"since": since, "until": until, "every": every}
        return self._transport.get(at("segments", name, "sizes"), Sizes, asked)

    def overlap(self, segments: Sequence[str] = (), moment: str | None = None) -> Overlap:
        """Return how segments, or all of them, lie in one another."""
        return self._transport.get("/overlap", Overlap, {"segment": segments, "at": moment})

    def flows(self, since: str, until: str | None = None, segments: Sequence[str] = ()) -> Flows:
        """Return who went from which segment to which between two moments."""
        return self._transport.get("/flows", Flows, {"since": since, "until": until, "segment": segments})

    def segment_members(self, name: str, moment: str | None = None, *, page: int = 1_000) -> Paged[Members, Member]:
        """Return who is in a segment, `page` at a time."""
        asked = {"at": moment, "limit": page}
        return self._paged(at("segments", name, "members"), Members, asked, lambda found: found.members)

    def members_csv(self, name: str, moment: str | None = None, *, raw: bool = True) -> Iterator[bytes]:
        """Yield all members as CSV, piece by piece; not `raw`, no cell of it is a formula."""
        path = at("segments", name, "members.csv")
        with self._transport.stream(path, {"at": moment, "raw": raw}) as answer:
            yield from answer.iter_bytes()

    def members_arrow(self, name: str, moment: str | None = None) -> Iterator[bytes]:
        """Yield all members as a stream of Arrow, piece by piece."""
        with self._transport.stream(at("segments", name, "members.arrow"), {"at": moment}) as answer:
            yield from answer.iter_bytes()

    def memberships_stream(
        self, segments: Sequence[str] = (), since: int | None = None
    ) -> Generator[Change, None, None]:
        """Yield who enters and leaves, of these segments or of all, as it is recorded, without end.

        It begins after the row `since`, else with what is new. Where it is cut off it goes on without a gap; each row
        comes once.
        """
        last, waited, tried = since, 0.0, 0
        while True:
            asked = {"segment": segments, "since": last}
            try:
                with self._transport.stream("/memberships/stream", asked, timeout=_SILENCE) as answer:
                    for identity, change in _blocks(answer.iter_lines()):
                        last, waited, tried = identity, 0.0, 0
                        if change is not None:
                            yield change
                error = ComeAgainError("the server has ended the stream")
            except ComeAgainError as lost:
                error = lost
            waited, tried = self._transport.paused(tried, error, waited), tried + 1

    def segment_definition(self, name: str) -> Definition:
        """Return how a segment is declared; its `tag` is what changes of it ask for."""
        return self._transport.get(at("segments", name, "definition"), Definition)

    def declare_segment(
        self,
        name: str,
        rule: str | Mapping[str, Any] | None = None,
        *,
        text: str | None = None,
        tag: str | None = None,
        **fields: object,
    ) -> Edited:
        """Declare a segment by its rule, a sentence or a document, or by its `text` as an earlier answer has it.

        `tag` is that of the definition that is to be changed, None for a new one, "*" whatever it is. `fields` are
        `language`, `label`, `description`, `owner`, `purpose`, `needs`, `tests`, `guards` and `file`; what is left out
        goes. A plan puts it in force. Raises ChangedError if somebody else changed it.
        """
        form = {"where": rule} if isinstance(rule, str) else {"rule": rule}
        given = {one: value for one, value in {**form, "text": text, **fields}.items() if value is not None}
        return self._transport.send("PUT", at("segments", name), Edited, given, tag)

    def delete_segment(self, name: str, *, tag: str) -> Edited:
        """Take a segment out of its file; `tag` is as for `declare_segment`."""
        return self._transport.send("DELETE", at("segments", name), Edited, tag=tag)


def _blocks(lines: Iterator[str]) -> Iterator[tuple[int, Change | None]]:
    """Yield the id of each block of server-sent events, with the change that it tells, if it tells one."""
    identity, change = 0, None
    for line in lines:
        if line.startswith("id: "):
            identity = int(line.removeprefix("id: "))
        elif line.startswith("data: "):
            change = msgspec.json.decode(line.removeprefix("data: "), type=Change)
        elif not line:
            yield identity, change
            change = None
