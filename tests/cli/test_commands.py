"""The command line: what it prints, where, and with which exit code."""

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kohort.cli.main import run_command
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, WriteLines, order

HEAVY = ["pandas", "sklearn", "altair", "vl_convert", "duckdb", "pyarrow", "deltalake", "numpy", "fastapi"]


def kohort(*words: object, code: int = 0) -> tuple[str, str]:
    """Run the command line in a process of its own; return standard output and standard error."""
    command = [sys.executable, "-m", "kohort", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout, done.stderr


Inside = Callable[..., tuple[str, str]]


@pytest.fixture
def inside(capsys: pytest.CaptureFixture[str]) -> Inside:
    """Run a command in this process, which is much faster than a process of its own."""

    def run(*words: object, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        found = run_command([str(word) for word in words])
        out, err = capsys.readouterr()
        assert found == code, out + err
        return out, err

    return run


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two buyers, run as of 1 March 2026."""
    folder = tmp_path_factory.mktemp("ran")
    lines = [order("ada", 1, days_ago=2, total=10), order("=cmd()", 2, days_ago=40, total=20)]
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    shop = Project.create(folder / "shop", clock=SettableClock(NOW))
    shop.ingest(folder / "events.jsonl")
    list(shop.run("2026-03-01"))
    return shop.folder.path


@pytest.fixture
def folder(ran: Path, tmp_path: Path) -> Path:
    """A copy of that project, for one test."""
    return Path(shutil.copytree(ran, tmp_path / "shop"))


def test_help_is_grouped_and_imports_nothing_heavy() -> None:
    out, _ = kohort("--help")
    for words in ("Start", "Data", "Segments", "Learn and report", "Exit codes", "preview", "dead-letters"):
        assert words in out
    program = (
        "import sys; sys.argv = ['kohort', '--help']\n"
        "from kohort.cli.main import main\n"
        "try: main()\n"
        f"except SystemExit: print('loaded', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "loaded []" in done.stdout


@pytest.mark.slow
def test_no_command_loads_pandas_or_model_libraries_to_preview(folder: Path) -> None:
    program = (
        f"import sys; sys.argv = ['kohort', 'preview', 'did order_completed', '--project', {str(folder)!r}]\n"
        "from kohort.cli.main import main\n"
        "try: main()\n"
        "finally: print('loaded', [name for name in ('pandas', 'sklearn', 'altair') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "loaded []" in done.stdout


def test_a_project_from_nothing_to_members(tmp_path: Path, write_lines: WriteLines, inside: Inside) -> None:
    file = write_lines("events.jsonl", [order("ada", 1, days_ago=2), order("bob", 2, days_ago=40), "{broken"])
    project = tmp_path / "fresh"
    assert "made a project" in inside("init", project, "--time-zone", "Europe/Paris")[0]
    out, err = inside("ingest", file, "--project", project, "--format", "json")
    assert json.loads(out) == [
        {"file": "events.jsonl", "source": "segment", "rows": 3, "accepted": 2, "known": 0, "rejected": 1}
    ]
    assert "dead-letters" in err
    (letter,) = json.loads(inside("dead-letters", "--project", project, "--format", "json")[0])
    assert (letter["line"], letter["source"]) == (3, "segment")
    out, _ = inside("run", "--at", "2026-03-01", "--project", project, "--format", "json")
    assert {row["state"] for row in json.loads(out)} == {"done", "skipped"}
    out, _ = inside("members", "reactive", "--project", project, "--format", "json")
    (member,) = json.loads(out)
    assert (member["user_id"], member["entered_at"]) == ("ada", "2026-02-27T01:00:00+01:00")
    assert inside("status", "--project", project)[0].count("\n") > 5


@pytest.mark.slow
def test_every_listing_comes_as_table_json_and_csv(folder: Path, inside: Inside) -> None:
    listings = (
        ["segments"], ["members", "frequent_buyers"], ["status"], ["preview", "orders >= 1"], ["dead-letters"],
        ["explain", "upsell"], ["overlap"], ["overlap", "--pairs"], ["flows", "reactive", "--from", "2026-02-01"],
        ["flows", "reactive", "--from", "2026-02-01", "--transitions"], ["sizes", "reactive", "--from", "2026-02-20"],
    )  # fmt: skip
    for words in listings:
        as_json = json.loads(inside(*words, "--project", folder, "--format", "json")[0])
        as_csv = list(csv.DictReader(io.StringIO(inside(*words, "--project", folder, "--format", "csv")[0])))
        assert len(as_json) == len(as_csv)
        assert inside(*words, "--project", folder)[0].strip()


def test_a_spreadsheet_takes_no_cell_for_a_formula(folder: Path, inside: Inside) -> None:
    out, _ = inside("members", "occasional_buyers", "--project", folder, "--format", "csv")
    assert "'=cmd()" in out
    assert "=cmd()" in inside("members", "occasional_buyers", "--project", folder, "--format", "json")[0]


def test_preview_gives_size_and_population(folder: Path, inside: Inside) -> None:
    out, _ = inside("preview", "sum of order_completed.total > 15", "--project", folder, "--format", "json")
    (row,) = json.loads(out)
    assert (row["size"], row["population"], len(row["members"])) == (1, 2, 1)
    out, _ = inside("preview", "did order_completed", "--at", "2026-02-01", "--project", folder, "--format", "json")
    assert json.loads(out)[0]["size"] == 1


def test_preview_shows_what_each_condition_keeps(folder: Path, inside: Inside) -> None:
    rule = "sum of order_completed.total > 15 and did order_completed in last 7 days"
    at = ("--at", "2026-03-01", "--project", folder)
    shown = inside("preview", rule, *at)[0]
    assert "the whole rule" in shown
    assert "and did order_completed" in shown
    assert "█" in shown, "a bar for the one whom the first condition keeps"
    (found,) = json.loads(inside("preview", rule, *at, "--format", "json")[0])
    assert [(line["role"], line["before"], line["kept"], line["dropped"]) for line in found["funnel"]] == [
        ("whole", 2, 0, 2),
        ("and", 2, 1, 1),
        ("and", 1, 0, 1),
    ]


def test_a_long_table_says_how_many_rows_it_leaves_out(folder: Path, inside: Inside) -> None:
    out, err = inside("overlap", "--rows", "1", "--project", folder)
    assert len(out.splitlines()) == 2
    assert "left out: 1 smaller; see all with --rows 2" in err


def test_explain_shows_the_tree(folder: Path, inside: Inside) -> None:
    out, _ = inside("explain", "upsell", "ada", "--project", folder)
    assert out.startswith("no")
    assert "count of order_completed in last 7 days >= 1" in out
    assert "threshold" in out
    found = json.loads(inside("explain", "upsell", "ada", "--project", folder, "--format", "json")[0])
    assert [part["holds"] for part in found["parts"]] == [True, False]
    rows = inside("explain", "upsell", "ada", "--project", folder, "--format", "csv")[0].splitlines()
    assert rows[0] == "depth,holds,sentence,value"


def test_rebuild_says_how_much_it_applied(folder: Path, inside: Inside) -> None:
    assert "records applied" in inside("rebuild", "--project", folder)[0]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["preview", "count of order_complete >= 1"], 3, 'did you mean "order_completed"'),
        (["preview", "did order_completed", "--at", "yesterday"], 2, "ISO 8601"),
        (["members", "vop"], 3, 'did you mean "vip"'),
        (["explain", "vip", "nobody"], 3, "person id"),
        (["ingest", "gone.csv"], 4, "gone.csv"),
        (["overlap", "vop"], 3, 'did you mean "vip"'),
        (["flows", "--from", "2026-03-02", "--to", "2026-03-01"], 2, "--from"),
        (["sizes", "reactive", "--every", "month"], 2, "56 days"),
        (["run", "--at", "2020-01-01"], 2, "--at TIME"),
        (["discover"], 2, "clusters"),
        (["preview"], 2, "RULE"),
    ],
)
def test_what_goes_wrong_is_said_on_standard_error_with_its_exit_code(
    folder: Path, inside: Inside, words: list[str], code: int, said: str
) -> None:
    out, err = inside(*words, "--project", folder, code=code)
    assert said in err
    assert "Traceback" not in err + out


def test_no_project_and_a_newer_one(tmp_path: Path, inside: Inside) -> None:
    assert "kohort init" in inside("status", "--project", tmp_path, code=5)[1]
    (tmp_path / "kohort.yaml").write_text("format: 99\nname: shop\n")
    assert "newer Kohort" in inside("status", "--project", tmp_path, code=5)[1]
    (tmp_path / "kohort.yaml").write_text("name: shop\ntime_zne: UTC\n")
    assert 'did you mean "time_zone"' in inside("status", "--project", tmp_path, code=3)[1]
    (tmp_path / "kohort.yaml").write_text("name: [shop\n")
    assert "line" in inside("status", "--project", tmp_path, code=3)[1]


def test_people_are_shown_merged_and_split(shop: Project, write_lines: WriteLines, inside: Inside) -> None:
    shop.folder.settings.write_text("name: shop\nconsent: {purposes: {ads: {categories: [Advertising]}}}\n")
    told = {"context": {"consent": {"categoryPreferences": {"Advertising": True}}}}
    shop.ingest(write_lines("m.jsonl", [order("ada", 1) | told, order("bob", 2)]))
    there = ("--project", shop.folder.path)
    out, _ = inside("people", "merge", "ada", "bob", "--reason", "one card", *there)
    assert out.startswith("one person now: ")
    out, _ = inside("people", "show", "bob", "--format", "json", *there)
    found = json.loads(out)
    assert [one["value"] for one in found["identifiers"]] == ["ada", "bob"]
    assert [one["by"] for one in found["merges"]] == ["hand"]
    assert found["consents_to"] == {"ads": "granted"}
    out, _ = inside("people", "show", "bob", "--format", "csv", *there)
    assert [row["what"] for row in csv.DictReader(io.StringIO(out))] == ["identifier", "identifier", "merge", "consent"]
    out, _ = inside("people", "show", "bob", *there)
    assert all(part in out for part in ("merged", "consents to", "granted", "choices"))
    out, _ = inside("people", "split", "ada", "bob", *there)
    assert "user_id ada\n" in out
    assert "user_id bob\n" in out
    _, err = inside("people", "split", "ada", "bob", *there, code=2)
    assert '"ada" and "bob" are two people already' in err
    _, err = inside("people", "show", "eve", *there, code=3)
    assert "give a person id, a user id or an anonymous id" in err
