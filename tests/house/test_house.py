"""The house's own rules: sizes, the clock, and what must not stand in the repository."""

import ast
import gc
import statistics
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
CLOCK_READERS = {"now", "utcnow", "today", "time_ns", "monotonic"}
DANGEROUS = {"pickle", "marshal", "shelve", "dill", "joblib"}


ASKED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Attribute, ast.Call, ast.Import, ast.ExceptHandler)


@cache
def nodes() -> list[tuple[str, ast.AST]]:
    """Return every node of every source that the rules are about, with its place: file and line."""
    found: list[tuple[str, ast.AST]] = []
    # Nothing of the trees is garbage: looking for it again and again would take most of the time.
    gc.disable()
    try:
        for path in SOURCES:
            name = path.relative_to(ROOT)
            asked = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ASKED))
            found += [(f"{name}:{node.lineno}", node) for node in asked]
    finally:
        gc.enable()
    return found


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_files_are_small() -> None:
    lengths = {path: lines_of(path) for path in SOURCES}
    assert max(lengths.values()) <= 600, max(lengths, key=lambda path: lengths[path])
    assert statistics.median(lengths.values()) < 150


def test_functions_are_short() -> None:
    long = [
        f"{place} {node.name}"
        for place, node in nodes()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= 60
    ]
    assert long == []


def test_only_the_clock_reads_the_time() -> None:
    readers = [
        place
        for place, node in nodes()
        if isinstance(node, ast.Attribute)
        and node.attr in CLOCK_READERS
        and isinstance(node.value, ast.Name)
        and node.value.id in {"datetime", "date", "time"}
        and not place.startswith("src/kohort/clock.py:")
    ]
    assert readers == []


def test_nothing_is_evaluated_unpickled_or_swallowed() -> None:
    found = []
    for place, node in nodes():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}:
            found.append(place)
        if isinstance(node, ast.Import) and any(one.name.split(".")[0] in DANGEROUS for one in node.names):
            found.append(place)
        if isinstance(node, ast.ExceptHandler) and (
            node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"}
        ):
            found.append(place)
    assert found == []


def test_no_address_of_a_machine_or_registry_is_committed() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no git checkout: nothing to list")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    suspicious = ("/" + "work/", "py" + "pi.org", "python" + "hosted", "npm" + "js.")
    for name in listed:
        path = ROOT / name
        if path.is_file() and path.suffix in {
            ".py",
            ".md",
            ".toml",
            ".txt",
            ".yaml",
            ".yml",
            "",
            ".lark",
            ".css",
            ".j2",
        }:
            text = path.read_text(encoding="utf-8")
            assert not [one for one in suspicious if one in text], name


def test_constraints_are_versions_only() -> None:
    for path in (ROOT / "constraints.txt", ROOT / "examples" / "dbt" / "constraints.txt"):
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        assert all("==" in line and "/" not in line and "@" not in line for line in lines)


def test_no_merge_was_left_half_done() -> None:
    marked = subprocess.run(
        ["git", "grep", "-nE", "^(<{7}|={7}|>{7})( |$)"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert marked.stdout == ""
