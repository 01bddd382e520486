"""The commands that change segments: what they print, what they ask, how they end."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kohort.cli.main import run_command
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, order

Inside = Callable[..., tuple[str, str]]
RECENT = "segments:\n  - {name: recent, where: did order_completed in last 7 days, tests: [{in: ada}]}\n"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two buyers and one segment in force."""
    folder = tmp_path_factory.mktemp("changing")
    shop = Project.create(folder / "shop", clock=SettableClock(NOW))
    (shop.folder.path / "segments" / "reference.yaml").write_text(RECENT)
    shop.folder.settings.write_text(shop.folder.settings.read_text() + "as_of: 2026-03-01\n")
    lines = [order("ada", 1, days_ago=2), order("bob", 2, days_ago=6)]
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    shop.ingest(folder / "events.jsonl")
    list(shop.run())
    return shop.folder.path


@pytest.fixture
def folder(ran: Path, tmp_path: Path) -> Path:
    """A copy of that project, whose files say five days instead of seven."""
    folder = Path(shutil.copytree(ran, tmp_path / "shop"))
    write(folder, RECENT.replace("7 days", "5 days"))
    return folder


@pytest.fixture
def inside(capsys: pytest.CaptureFixture[str], folder: Path) -> Inside:
    """Run a command on that project in this process."""

    def run(*words: object, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        found = run_command([*(str(word) for word in words), "--project", str(folder)])
        out, err = capsys.readouterr()
        assert found == code, out + err
        return out, err

    return run


def write(folder: Path, text: str) -> None:
    (folder / "segments" / "reference.yaml").write_text(text)


def size(folder: Path) -> int:
    return len(Project(folder).members("recent"))


def test_a_plan_as_table_json_and_csv(inside: Inside) -> None:
    out, _ = inside("plan")
    for words in ("- did order_completed in last 7 days", "+ did order_completed in last 5 days", "would leave: bob"):
        assert words in out
    assert "warning: smallest of recent: 1 person, fewer than 20" in out
    found = json.loads(inside("plan", "--format", "json")[0])
    assert [(one["segment"], one["kind"], one["leaving_sample"]) for one in found["changes"]] == [
        ("recent", "changed", ["bob"])
    ]
    (row,) = csv.DictReader(io.StringIO(inside("plan", "--format", "csv")[0]))
    assert (row["before"], row["after"], row["leaving"]) == ("2", "1", "1")


def test_check_tells_by_the_exit_code_whether_anything_would_change(inside: Inside, folder: Path) -> None:
    inside("plan", code=0)
    inside("plan", "--check", code=8)
    write(folder, RECENT)
    assert "nothing to change" in inside("plan", "--check", code=0)[0]


@pytest.mark.parametrize(("answer", "code", "left"), [("yes\n", 0, 1), ("no\n", 8, 2), ("", 8, 2)])
def test_apply_asks(
    inside: Inside, folder: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, left: int
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    out, err = inside("apply", code=code)
    assert "would leave: bob" in out
    assert "type yes" in err
    assert size(folder) == left


def test_yes_asks_nothing_and_the_way_back_is_named(inside: Inside, folder: Path) -> None:
    assert "kohort rollback" in inside("apply", "--yes")[0]
    assert size(folder) == 1
    assert "nothing to change" in inside("apply", "--yes")[0]
    inside("rollback", "--yes")
    assert size(folder) == 2
    rows = json.loads(inside("history", "recent", "--format", "json")[0])
    assert [(row["version"], row["cause"], row["in_force"]) for row in rows] == [
        (1, "first run", False),
        (2, "apply", False),
        (3, "rollback", True),
    ]
    assert rows[1]["who_left"] == ["bob"]
    inside("rollback", "recent", "--to", "2", "--yes")
    assert size(folder) == 1
    out, _ = inside("history", "recent")
    for words in ("rollback", "2: did order_completed in last 5 days", "   left: bob"):
        assert words in out


def test_a_kept_plan_is_applied_exactly_or_not_at_all(inside: Inside, folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "plan.json"
    assert f"kohort apply {kept}" in inside("plan", "--out", kept)[1]
    write(folder, RECENT.replace("7 days", "4 days"))
    assert "the files have changed since" in inside("apply", kept, "--yes", code=8)[1]
    assert size(folder) == 2
    write(folder, RECENT.replace("7 days", "5 days"))
    inside("apply", kept, "--yes")
    assert size(folder) == 1
    assert "something else has been applied" in inside("apply", kept, "--yes", code=8)[1]


def test_tests_of_segments_end_with_their_own_exit_code(inside: Inside, folder: Path) -> None:
    assert "passed" in inside("test")[0]
    write(folder, RECENT.replace("7 days", "5 days").replace("in: ada", "in: bob"))
    out, err = inside("test", "recent", code=8)
    assert "failed" in out
    assert "1 of 1 tests failed" in err
    assert "1 test failed" in inside("apply", "--yes", code=8)[1]
    assert "tests fail, so kohort apply would stop" in inside("plan")[0]
    assert size(folder) == 2
    write(folder, RECENT.replace(", tests: [{in: ada}]", ""))
    assert "no segment has tests" in inside("test")[1]


def test_run_applies_only_when_asked(inside: Inside, folder: Path) -> None:
    assert "kohort plan" in " ".join(inside("run")[0].split())
    assert size(folder) == 2
    inside("run", "--apply")
    assert size(folder) == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["apply", "gone.json"], 2, "kohort plan --out"),
        (["apply", "gone.json", "--at", "2026-03-01"], 2, "its own moment"),
        (["rollback", "--to", "1"], 2, "name the segment"),
        (["rollback", "--yes"], 2, "nothing to go back to"),
        (["history", "recnt"], 3, 'did you mean "recent"'),
        (["test", "recnt"], 3, 'did you mean "recent"'),
        (["apply", "--yes", "--despite", "smalest", "--reason", "why"], 3, 'did you mean "smallest"'),
        (["apply", "--yes", "--despite", "smallest"], 2, "--reason"),
    ],
)
def test_what_goes_wrong_is_said(inside: Inside, words: list[str], code: int, said: str) -> None:
    out, err = inside(*words, code=code)
    assert said in err
    assert "Traceback" not in err + out


def test_a_file_that_is_no_plan_is_refused(inside: Inside, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text('{"at": "soon"}')
    assert "is no plan of this Kohort" in inside("apply", tmp_path / "plan.json", code=2)[1]
