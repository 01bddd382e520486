"""Every command and snippet of docs/ runs, each page in a new project; the README runs with the demo's tests."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kohort.cli.output import err, out
from kohort.project import Project
from snippets import PAGES, ROOT, run_page

LONG = {
    f"docs/{page}.md"
    for page in (
        "api",
        "collect",
        "discover",
        "drift",
        "duplicates",
        "engines",
        "explain",
        "how-to/kafka",
        "live",
        "lookalikes",
        "models",
        "personas",
        "places",
        "predict",
        "python-client",
        "quality",
        "segments-as-code",
        "texts",
        "traits",
    )
}
"""Pages that serve, learn or run again and again, which takes more than two seconds."""


def pages() -> Iterator[object]:
    for page in PAGES:
        if page.parent != ROOT:
            name = str(page.relative_to(ROOT))
            yield pytest.param(page, id=name, marks=[pytest.mark.slow] if name in LONG else [])


@pytest.mark.parametrize("page", list(pages()))
def test_the_snippets_of(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Project.create(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    for console in (out, err):
        monkeypatch.setattr(console, "width", 160)
    run_page(page, tmp_path, inside=True)


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            target = (page.parent / link).resolve()
            assert target.exists(), f"{page.relative_to(ROOT)} links to {link}, which is not there"
            if target.suffix == ".md" and target not in reached:
                waiting.append(target)
    assert set(PAGES) <= reached
