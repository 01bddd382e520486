"""A segment over a persona while the server runs: exact as soon as asked, moved by the run that data bring about."""

import shutil
from pathlib import Path

import pytest
from live_desk import LiveDesk

from cluster_shop import two_groups
from kohort.clock import DAY, HOUR, SECOND
from kohort.project import Project
from small_shop import NOW


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = two_groups(tmp_path_factory.mktemp("found"), "    methods: [k_means]\n")
    project.discover(follow=False)
    (project.folder.path / "segments" / "best.yaml").write_text(
        'segments:\n  - {name: best, where: persona_id = "persona-1"}\n'
    )
    list(project.run(apply=True))
    return project


def orders_of(person: str, days: int) -> list[dict[str, object]]:
    return [
        {"event": "Order Completed", "userId": person, "at": (day - 1) * DAY, "properties": {"total": 95.0}}
        for day in range(days)
    ]


def test_somebody_new_enters_a_segment_over_a_persona_with_the_next_run_and_is_told_before(
    found: Project, tmp_path: Path
) -> None:
    desk = LiveDesk.again(Path(shutil.copytree(found.folder.path, tmp_path / "shop")), NOW, "live")
    desk.step()
    assert len(desk.inside("best")) == 30
    desk.clock.advance(10 * DAY)
    desk.receive(*orders_of("zoe", 10), *orders_of("p40", 10))
    desk.step()
    # As of now it is known at once whose persona she has; no segment moves for an answer.
    told = desk.project.person_cluster("zoe")
    assert told.identity == "persona-1"
    assert "zoe" not in desk.inside("best")
    # What the server's schedule does once data have settled; nothing is applied anew.
    desk.run()
    desk.step(after=HOUR)
    now = desk.inside("best")
    assert {"zoe", "p40"} <= set(now)
    assert {desk.project.person_cluster(one).identity for one in (*now[:5], "zoe", "p40")} == {"persona-1"}
    assert desk.project.person_cluster("p41").identity != "persona-1"
    assert "p41" not in now
    [entered] = [line for line in desk.log("best") if "zoe" in line]
    assert entered == f"best zoe entered {10 * DAY / SECOND:g}"
