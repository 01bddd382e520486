"""docs/accounts.md and docs/keys.md say of scopes and roles what the code does."""

import re
from pathlib import Path

from kohort.governance.keys import SCOPES
from kohort.governance.roles import ROLES

DOCS = Path(__file__).parents[2] / "docs"


def test_the_table_of_roles_is_the_one_in_force() -> None:
    text = (DOCS / "accounts.md").read_text()
    rows = re.findall(r"^\| `([a-z]+:[a-z]+)` \|(.*)\|$", text, re.MULTILINE)
    said = {scope: [cell.strip() == "yes" for cell in cells.split("|")] for scope, cells in rows}
    assert said == {scope: [scope in scopes for scopes in ROLES.values()] for scope in SCOPES}


def test_every_scope_is_explained() -> None:
    text = (DOCS / "keys.md").read_text()
    assert set(re.findall(r"^\| `([a-z]+:[a-z]+)` \|", text, re.MULTILINE)) == set(SCOPES)
