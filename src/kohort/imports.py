"""What the command line and the processes of the server keep from being imported, and what they need an extra for."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType

from kohort.errors import MissingExtraError


class Sparing:
    """An import hook under which modules are as good as not installed: libraries that can do without them then do.

    Arrow, scikit-learn and Altair import pandas wherever they find it, which costs half a second and 40 MB; httpx
    imports its own command line, with rich and click, which costs more than the rest of it. Nobody here uses either.
    """

    def __init__(self) -> None:
        self.spared = {"pandas", "httpx._main"}

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse the modules that are spared; leave every other to the hooks that follow."""
        if fullname in self.spared:
            raise ModuleNotFoundError(f"kohort runs without {fullname}", name=fullname)
        return None


def import_sparingly() -> None:
    """Keep out of this process what costs time to import and is not used."""
    sys.meta_path.insert(0, Sparing())


def let_pandas_in() -> None:
    """Let this process import pandas after all, for a library of an extra that cannot do without it.

    >>> hook = Sparing()
    >>> sys.meta_path.insert(0, hook)
    >>> let_pandas_in()
    >>> sys.meta_path.remove(hook)
    >>> hook.spared
    {'httpx._main'}
    """
    for one in sys.meta_path:
        if isinstance(one, Sparing):
            one.spared.discard("pandas")


@contextmanager
def needing_extra(name: str, purpose: str) -> Iterator[None]:
    """Raise MissingExtraError, which names the extra, if a library is missing that the block imports for `purpose`."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("kohort"):
            raise
        raise MissingExtraError(name, purpose) from error
