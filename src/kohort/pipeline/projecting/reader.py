"""A process that reads records for another one: python -m kohort.pipeline.projecting.reader, until its input ends."""

import gc
import sys

from kohort.imports import import_sparingly

if __name__ == "__main__":
    import_sparingly()

# Arrow would load it as soon as these are loaded.
from kohort.pipeline.projecting.reading import read_records
from kohort.pipeline.projecting.wire import asked_of, read_parts, told, write_parts


def main() -> None:
    """Read what is asked on the standard input, and tell on the standard output what it says."""
    gc.disable()
    while (parts := read_parts(sys.stdin.buffer)) is not None:
        write_parts(sys.stdout.buffer, told(read_records(*asked_of(parts))))


if __name__ == "__main__":
    main()
