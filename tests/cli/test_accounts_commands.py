"""`kohort accounts`: what it prints, and what it refuses."""

import json

import pytest

from kohort.cli.main import run_command
from kohort.governance.audit import Actor
from kohort.project import Project

PASSWORD = "correct horse battery"  # noqa: S105 - of nobody


def kohort(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    assert run_command(list(words)) == code
    return capsys.readouterr()


def test_an_account_from_making_to_disabling(shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    here = ("--project", str(shop.folder.path))
    listed = ("accounts", "list", *here, "--format", "json")
    out, err = kohort(capsys, "accounts", "create", "ada", "--role", "analyst", *here)
    assert "works once" in err
    address, _, link = out.strip().rpartition("/")
    assert address == "http://127.0.0.1:8001/welcome"
    now = Project(shop.folder.path)
    now.sessions.begin(now.accounts.accept(link, PASSWORD).account_id, Actor("ada", "studio"))
    (row,) = json.loads(kohort(capsys, *listed)[0])
    assert (row["name"], row["role"], row["state"], row["sessions"]) == ("ada", "analyst", "active", 1)
    kohort(capsys, "accounts", "signout", "ada", *here)
    kohort(capsys, "accounts", "role", "ada", "marketer", *here)
    kohort(capsys, "accounts", "disable", "ada", *here)
    (row,) = json.loads(kohort(capsys, *listed)[0])
    assert (row["role"], row["state"], row["sessions"]) == ("marketer", "disabled", 0)
    kohort(capsys, "accounts", "enable", "ada", *here)
    out, _ = kohort(capsys, "accounts", "link", "ada", "--address", "https://kohort.example/", *here)
    assert out.startswith("https://kohort.example/welcome/")
    told = json.loads(kohort(capsys, "accounts", "audit", *here, "--format", "json")[0])
    assert [one["action"] for one in reversed(told)] == [
        "account created", "link made", "password changed", "signed in", "signed out everywhere", "role changed",
        "account disabled", "account enabled", "link made",
    ]  # fmt: skip
    assert {one["actor"] for one in told} == {"operator", "ada"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["create", "ada", "--role", "boss"], 2, 'no role is called "boss"'),
        (["create", "no name", "--role", "viewer"], 2, "no name of an account"),
        (["link", "nobody"], 3, 'unknown account "nobody"'),
        (["role", "nobody", "admin"], 3, 'unknown account "nobody"'),
        (["signout", "nobody"], 3, 'unknown account "nobody"'),
    ],
)
def test_what_makes_no_sense_is_refused(
    shop: Project, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    _, err = kohort(capsys, "accounts", *words, "--project", str(shop.folder.path), code=code)
    assert said in err
    assert shop.accounts.list() == []


def test_roles_are_listed_with_what_they_allow(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(kohort(capsys, "accounts", "roles", "--format", "json")[0])
    assert {name: value for name, value in rows[0].items() if name != "allows"} == {
        "role": "viewer",
        "scope": "segments:read",
    }
    assert {row["role"] for row in rows} == {"viewer", "analyst", "marketer", "privacy_officer", "admin"}
