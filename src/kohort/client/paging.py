"""Lists that come by page."""

from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")


class Page(Protocol):
    """A page, which says where the next one begins."""

    @property
    def next_cursor(self) -> str | None:
        """What to ask for next; None on the last page."""


P = TypeVar("P", bound=Page)


class Paged(Generic[P, Item]):
    """All items of a list, asked for page by page as they are iterated over; `pages` gives what else a page says.

    >>> class Numbers:
    ...     def __init__(self, numbers, next_cursor):
    ...         self.numbers, self.next_cursor = numbers, next_cursor
    >>> held = {None: Numbers([1, 2], "b"), "b": Numbers([3], None)}
    >>> list(Paged(held.get, lambda page: page.numbers))
    [1, 2, 3]
    """

    def __init__(self, ask: Callable[[str | None], P], items: Callable[[P], "tuple[Item, ...]"]) -> None:
        self._ask, self._items = ask, items

    def pages(self) -> Iterator[P]:
        """Yield the pages, one request each."""
        page = self._ask(None)
        yield page
        while page.next_cursor is not None:
            page = self._ask(page.next_cursor)
            yield page

    def __iter__(self) -> Iterator[Item]:
        """Yield the items of all pages."""
        for page in self.pages():
            yield from self._items(page)
