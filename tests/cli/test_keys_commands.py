"""`kohort keys`: what it prints, and what it refuses."""

import json

import pytest

from kohort.cli.main import run_command
from kohort.project import Project


def kohort(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    assert run_command(list(words)) == code
    return capsys.readouterr()


def test_a_key_from_making_to_revoking(shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    here = ("--project", str(shop.folder.path), "--format", "json")
    origins = ("--origin", "https://shop.example", "--origin", "https://www.shop.example")
    out, err = kohort(capsys, "keys", "create", "--kind", "write", "--source", "web", *origins, "--rate", "9", *here)
    (made,) = json.loads(out)
    assert "shown this once" in err
    found = shop.keys.find_write(made["key"])
    assert found is not None
    assert (found.key_id, list(found.origins), found.rate) == (made["key_id"], made["origins"], made["rate"])
    (row,) = json.loads(kohort(capsys, "keys", "list", *here)[0])
    assert row == {name: value for name, value in made.items() if name != "key"}
    kohort(capsys, "keys", "revoke", row["key_id"], *here[:2])
    (row,) = json.loads(kohort(capsys, "keys", "list", *here)[0])
    assert row["state"] == "revoked"


def test_the_key_alone_goes_to_standard_output(shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    here = ("--project", str(shop.folder.path))
    out, _ = kohort(capsys, "keys", "create", "--kind", "secret", "--name", "bi", "--scope", "metrics:read", *here)
    assert out == out.strip() + "\n"
    found = Project(shop.folder.path).keys.find_secret(out.strip())
    assert found is not None
    assert found.scopes == {"metrics:read"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--kind", "admin"], 2, '"write" or "secret"'),
        (["--kind", "write"], 2, "needs --source NAME"),
        (["--kind", "write", "--source", "web", "--scope", "metrics:read"], 2, "has no --scope"),
        (["--kind", "write", "--source", "web", "--origin", "*"], 2, "no origin"),
        (["--kind", "write", "--source", "web", "--expires", "soon"], 2, "ISO 8601"),
        (["--kind", "write", "--source", "web", "--expires", "2020-01-01"], 2, "expired already"),
        (["--kind", "secret", "--name", "bi"], 2, "needs a scope"),
        (["--kind", "secret", "--name", "bi", "--rate", "5", "--scope", "metrics:read"], 2, "has no --rate"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(
    shop: Project, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    _, err = kohort(capsys, "keys", "create", *words, "--project", str(shop.folder.path), code=code)
    assert said in err
    assert shop.keys.list() == []
