"""The dbt example, as its README says, in an environment of its own.

`make examples` makes that environment; without it the test is skipped, unless KOHORT_DBT names the program, as
`.ci/run` does.
"""

import os
import shutil
from pathlib import Path

import pytest

from snippets import ROOT, run_page


@pytest.fixture
def dbt() -> Path:
    """The program dbt."""
    named = os.environ.get("KOHORT_DBT")
    program = Path(named) if named else ROOT / ".venv" / "dbt" / "bin" / "dbt"
    if not named and not program.exists():
        pytest.skip("dbt has an environment of its own, which is not there; make it with: make examples")
    assert program.exists(), f"KOHORT_DBT names {program}, which is not there"
    return program.absolute()


def test_the_commands_of_its_readme(dbt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "dbt"
    left_over = shutil.ignore_patterns("data", "target", "logs", "warehouse.duckdb*", "lifetime_orders.csv", ".venv")
    shutil.copytree(ROOT / "examples" / "dbt", folder, ignore=left_over)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", f"{dbt.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DBT_USE_COLORS", "false")
    run_page(ROOT / "examples" / "dbt" / "README.md", folder)
