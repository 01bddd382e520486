"""What every part of the client builds on."""

from collections.abc import Callable
from typing import TypeVar

from kohort.client.paging import Page, Paged
from kohort.client.transport import Parameters, Transport

P = TypeVar("P", bound=Page)
Item = TypeVar("Item")


class Calls:
    """A part of `Client`, by subject; each method is an operation of the API, and has its name."""

    _transport: Transport

    def _paged(
        self, path: str, kind: type[P], parameters: Parameters, items: Callable[[P], tuple[Item, ...]]
    ) -> Paged[P, Item]:
        return Paged(lambda cursor: self._transport.get(path, kind, {**parameters, "cursor": cursor}), items)
