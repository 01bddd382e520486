"""The deliberate faults of `make mutants` still find the places that they change."""

from pathlib import Path

import pytest

from mutants import FAULTS, PACKAGE, ROOT, Fault


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.path} {fault.words}")
def test_each_fault_has_one_place(fault: Fault) -> None:
    assert Path(ROOT, PACKAGE, fault.path).read_text(encoding="utf-8").count(fault.old) == 1
