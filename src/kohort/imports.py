"""What the command line and the processes of the server keep from being imported."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


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
