"""What the command line and the processes of the server keep from being imported, and what they need an extra for."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType

from kohort.errors import MissingExtraError


class WithoutPandas:
    """An import hook under which pandas is as good as not installed.

    Arrow imports pandas wherever it finds it, which costs half a second and 40 MB; nothing of ours uses it. Libraries
    that can do without it (Arrow, scikit-learn, Altair) then do.
    """

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse pandas; leave every other module to the hooks that follow."""
        if fullname == "pandas":
            raise ModuleNotFoundError("kohort runs without pandas", name=fullname)
        return None


def import_without_pandas() -> None:
    """Keep pandas out of this process."""
    sys.meta_path.insert(0, WithoutPandas())


def let_pandas_in() -> None:
    """Let this process import pandas after all, for a library of an extra that cannot do without it.

    >>> import_without_pandas()
    >>> let_pandas_in()
    >>> any(isinstance(one, WithoutPandas) for one in sys.meta_path)
    False
    """
    sys.meta_path[:] = [one for one in sys.meta_path if not isinstance(one, WithoutPandas)]


@contextmanager
def needing_extra(name: str, purpose: str) -> Iterator[None]:
    """Raise MissingExtraError, which names the extra, if a library is missing that the block imports for `purpose`."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("kohort"):
            raise
        raise MissingExtraError(name, purpose) from error
