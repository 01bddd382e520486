"""One of the server's processes, without pandas: python -m kohort.web MODULE, and what MODULE takes."""

import sys
from runpy import run_module

from kohort.imports import import_without_pandas

if __name__ == "__main__":
    import_without_pandas()
    del sys.argv[0]
    run_module(sys.argv[0], run_name="__main__", alter_sys=True)
