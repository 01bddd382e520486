"""One of the server's processes, without what it does not use: python -m kohort.web MODULE, and what MODULE takes."""

import gc
import sys
from importlib import import_module

from kohort.imports import import_sparingly

if __name__ == "__main__":
    import_sparingly()
    # What is imported stays: to look for garbage among it, then or later, costs a tenth of a start.
    gc.disable()
    del sys.argv[0]
    module = import_module(sys.argv[0])
    gc.freeze()
    gc.enable()
    module.main()
