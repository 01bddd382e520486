"""The pages that are lists and plans, in a real Chromium: for everybody, in both languages, light and dark."""

from collections.abc import Iterator, Sequence

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import CHROMIUM, chromium
from playwright.sync_api import Browser
from studio_desk import studio

from kohort.project import Project
from prediction_shop import with_proposal
from segment_shop import SEGMENTS, lines, written

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]
MOST_BYTES = 250_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def changing(shop: Project) -> Project:
    """A shop whose files say another rule than the one in force."""
    for file in (shop.folder.path / "segments").iterdir():
        file.unlink()
    ours = shop.folder.path / "segments" / "ours.yaml"
    ours.write_text(SEGMENTS)
    shop.ingest(written(shop.folder.path.parent, "lines.jsonl", lines()))
    list(shop.run())
    ours.write_text(SEGMENTS.replace("in last 30 days", "in last 90 days"))
    return shop


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A shop with a prediction in force, and a model that waits."""
    return with_proposal(tmp_path_factory.mktemp("models"))


LISTS = ("/segments", "/changes", "/sources", "/quality", "/importance", "/duplicates", "/models")
MODELS = ("/models", "/models/lapse", "/models/lapse?number=2", "/changes?score=lapse&number=2", "/validation")
SEEN = pytest.mark.parametrize(("language", "scheme", "width"), [("en", "light", 1280), ("fr", "dark", 390)])


@SEEN
def test_nothing_is_in_the_way_of_anybody(
    browser: Browser, changing: Project, language: str, scheme: str, width: int
) -> None:
    walk(browser, changing, LISTS, language, scheme, width)


@SEEN
def test_nor_on_the_pages_of_models(browser: Browser, learnt: Project, language: str, scheme: str, width: int) -> None:
    walk(browser, learnt, MODELS, language, scheme, width)


def walk(browser: Browser, project: Project, paths: Sequence[str], language: str, scheme: str, width: int) -> None:
    """Look at pages: nothing that axe finds, no complaint, nothing too large or too wide."""
    with studio(project) as found:
        context = browser.new_context(
            locale=language,
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": 900},
        )
        page, sizes = context.new_page(), []
        troubles: list[str] = []
        page.on("console", lambda said: troubles.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("response", lambda answer: sizes.append(len(answer.body())))
        for path in paths:
            sizes.clear()
            page.goto(found.url + path)
            page.wait_for_load_state("load")
            report = Axe().run(page)
            assert report.violations_count == 0, (path, report.generate_report())
            assert page.locator("h1").count() == 1
            assert sum(sizes) < MOST_BYTES
            over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert over <= 0, f"{path} is wider than the screen"
        context.close()
    assert troubles == []
