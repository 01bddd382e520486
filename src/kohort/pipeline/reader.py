"""A process that reads records for another one: python -m kohort.pipeline.reader, until its input ends."""

import gc
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec


class _WithoutPandas(MetaPathFinder):
    """Arrow loads pandas to see whether it is given any of its objects; here it never is, and starting takes half."""

    def find_spec(self, fullname: str, _path: Sequence[str] | None, _target: object = None) -> ModuleSpec | None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)
        return None


if __name__ == "__main__":
    sys.meta_path.insert(0, _WithoutPandas())

# Arrow would load it as soon as these are loaded.
from kohort.pipeline.reading import read_records  # noqa: E402
from kohort.pipeline.wire import asked_of, read_frame, told, write_frame  # noqa: E402


def main() -> None:
    """Read what is asked on the standard input, and tell on the standard output what it says."""
    gc.disable()
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        write_frame(sys.stdout.buffer, told(read_records(*asked_of(frame))))


if __name__ == "__main__":
    main()
