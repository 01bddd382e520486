"""The temporary tables of a store that cannot undo what an error interrupted."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_MADE: Final = re.compile(r'CREATE TEMPORARY TABLE ("\w+")')


class Scratch:
    """Remembers which temporary tables statements make, and drops those that an error left.

    >>> ran = []
    >>> scratch = Scratch(ran.append)
    >>> with scratch.dropped():
    ...     scratch.note('CREATE TEMPORARY TABLE "scratch" AS SELECT 1')
    >>> ran
    ['DROP TABLE IF EXISTS "scratch"']
    """

    def __init__(self, run: Callable[[str], object]) -> None:
        self._run = run
        self._made: list[str] = []

    def note(self, text: str) -> None:
        """Remember the table that the statement `text` makes, if it makes one."""
        if made := _MADE.match(text):
            self._made.append(made[1])

    @contextmanager
    def dropped(self) -> Iterator[None]:
        """Drop in the end what was made inside."""
        try:
            yield
        finally:
            while self._made:
                self._run(f"DROP TABLE IF EXISTS {self._made.pop()}")
