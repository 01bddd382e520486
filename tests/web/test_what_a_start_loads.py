"""What a server's start does not load: each of its processes pays for that, whenever it starts and is started again."""

import json
import subprocess
import sys
from typing import Final

LIGHT: Final = ("engine", "delivering", "serving", "collecting")
HEAVY: Final = {
    "altair", "babel", "duckdb", "email_validator", "fastapi", "httpx", "jinja2", "lark", "numba", "pandas", "pydantic",
    "rich", "scipy", "sklearn", "sqlglot", "vl_convert",
}  # fmt: skip
IN_PAGES: Final = {"httpx", "lightgbm", "numba", "pandas", "rich", "scipy", "sklearn", "vl_convert"}
CODE: Final = f"""
import json, sys
from importlib import import_module
from kohort.imports import import_sparingly
import_sparingly()
def loaded(*names):
    for name in names:
        import_module(f"kohort.web.{{name}}")
    return sorted(name for name in sys.modules if "." not in name)
light, pages = loaded(*{LIGHT!r}), loaded("answering")
import httpx  # which does without its command line
print(json.dumps([light, pages, httpx.Client().timeout.read, "rich" in sys.modules]))
"""


def test_a_start_loads_only_what_it_needs() -> None:
    """One process imports what all of them do: what is heavy must be in none, and of pages only in that of pages."""
    ran = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    *names, timeout, is_rich = json.loads(ran.stdout)
    light, pages = map(frozenset, names)
    assert (timeout, is_rich) == (5, False)
    assert sorted(light & HEAVY) == []
    assert sorted(pages & IN_PAGES) == []
    assert {"fastapi", "jinja2"} <= pages, "the names are those of modules"
