"""A bound on what stands before a request's body: the HTTP server itself reads as many headers as are sent."""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST: Final = 64 * 2**10
"""The most bytes of a request's first line and headers, give or take what one read brings."""


class BoundedHeads(HttpToolsProtocol):
    """The protocol of uvicorn, which cuts a connection whose request has too many bytes before its body."""

    _head: int | None = None

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting: what follows is the body, which the application bounds."""
        self._head = None
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Read on, unless it has become too much."""
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > MOST:
                self.transport.close()
