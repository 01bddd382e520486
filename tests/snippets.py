"""Running the commands and snippets of a page, in the order of the page.

In a page, ```python blocks share one namespace; in ```console blocks each line `$ kohort …` runs, and the lines after
it are what it prints (`...` stands for anything, on standard output or error). A ```yaml or ```csv block begins with a
comment that names its file, and is written there. `make` targets are checked to exist: the tests run under one of them.
"""

import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from kohort.cli.main import run_command as run_command_line

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
NOT_RUN = {"text", "mermaid", ""}
IN_A_BROWSER = {(ROOT / "docs/pixel.md", language) for language in ("html", "js")}
"""Blocks that tests/web/test_pixel.py runs."""
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\S+\.(?:yaml|csv))\n")
LOOSE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """One fence: its language, its text, and its line."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    content = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(content):
        yield Block(match[1], match[2], content.count("\n", 0, match.start()) + 1)


def commands(text: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.replace("\\\n", " ").partition("\n")
        yield command, output


def run_command(command: str, expected: str, folder: Path, place: str, *, inside: bool) -> None:
    words = shlex.split(command)
    if words[0] == "make":
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), place
        return
    scripts = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "160"}
    assert words[0] in {"kohort", "python", "cat", "dbt"}, f"{place}: only kohort, python, cat and dbt run here"
    if words[0] == "kohort" and inside:
        code, printed = run_inside(words[1:])
    else:
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        code, printed = done.returncode, done.stdout + done.stderr
    if expected.strip():
        assert doctest.OutputChecker().check_output(expected, printed, LOOSE), f"{place}: {command}\n{printed}"
    else:
        assert code == 0, f"{place}: {command}\n{printed}"


def run_inside(words: Sequence[str]) -> tuple[int, str]:
    """Run a command of Kohort's in this process, which takes a second less than in a new one."""
    printed, complained = io.StringIO(), io.StringIO()
    with redirect_stdout(printed), redirect_stderr(complained):
        code = run_command_line(words)
    return code, printed.getvalue() + complained.getvalue()


def run_page(page: Path, folder: Path, *, inside: bool = False) -> None:
    """Run a page from top to bottom in `folder`, which is the current one; Kohort's commands `inside` this process."""
    namespace: dict[str, object] = {"__name__": "snippet"}
    for block in blocks(page):
        place = f"{page.relative_to(ROOT)}, line {block.line}"
        if block.language in {"yaml", "csv"}:
            named = FILE.match(block.text)
            assert named, f"{place}: a {block.language} block begins with the name of its file"
            (folder / named[1]).write_text(block.text[named.end() :], encoding="utf-8")
        elif block.language == "console":
            for command, expected in commands(block.text):
                run_command(command, expected, folder, place, inside=inside)
        elif block.language == "python":
            exec(compile(block.text, place, "exec"), namespace)  # noqa: S102 - our own pages
        else:
            run_elsewhere = block.language in NOT_RUN or (page, block.language) in IN_A_BROWSER
            assert run_elsewhere, f"{place}: a {block.language} block that nothing runs"
