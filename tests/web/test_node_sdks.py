"""The real Node SDKs of Segment and RudderStack, unchanged, against the collector: from a call to a person."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from collector_desk import Desk, serving

from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW

MODULES = os.environ.get("KOHORT_NODE_MODULES")
SCRIPTS = Path(__file__).parent / "node"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None, reason="needs Node"),
    pytest.mark.skipif(MODULES is None, reason="the SDKs have an environment of their own: make test-slow"),
]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = SettableClock(NOW)
    with serving(Project.create(tmp_path / "shop", clock=clock), clock) as one:
        yield one


@pytest.mark.parametrize(("sdk", "person", "total"), [("segment", "ada", "12.500000"), ("rudder", "bob", "7.000000")])
def test_what_is_tracked_reaches_one_person(desk: Desk, sdk: str, person: str, total: str) -> None:
    command = ["node", str(SCRIPTS / f"{sdk}.mjs"), desk.url, desk.key]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    rows = desk.rows("select name, person_id, total, sku from events order by name")
    assert [row["name"] for row in rows] == ["order_completed", "product_added"]
    assert str(rows[0]["total"]) == total
    assert len({row["person_id"] for row in rows}) == 1, "the anonymous visitor and the known person are one"
    assert desk.rows("select user_id from people") == [{"user_id": person}]
    assert desk.project.dead_letters().num_rows == 0
    plan = {"ada": "gold", "bob": "tin"}[person]
    assert desk.project.preview(f'plan = "{plan}" and did order_completed and did product_added').size == 1
