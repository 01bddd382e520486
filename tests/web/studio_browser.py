"""The studio in a real Chromium: what it complains of, and what axe finds."""

from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from browser import chromium
from playwright.sync_api import Browser, Page

SIGHTS = ((390, "fr", True), (1280, "en", False), (1920, "fr", False))
"""Widths, languages, and whether it is dark: each of them at least once."""
LANGUAGES = {"en": "en-GB", "fr": "fr-FR"}


@contextmanager
def opened(browser: Browser, language: str = "en", *, width: int = 1280, dark: bool = False) -> Iterator[Page]:
    """Give a page of a browser in a language; fails if the console complains, or a policy is broken."""
    context = browser.new_context(
        locale=LANGUAGES[language],
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (event) => console.error('policy', event.violatedDirective))"
    )
    try:
        yield page
    finally:
        context.close()
    assert complaints == []


def check_access(page: Page) -> None:
    """Fail for what axe finds, and for a page that is wider than its window."""
    found = Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def check_everywhere(browser: Browser, url: str) -> None:
    """Check a page as it is seen in both languages, at each width, light and dark."""
    for width, language, dark in SIGHTS:
        with opened(browser, language, width=width, dark=dark) as page:
            page.goto(url)
            check_access(page)


__all__ = ["check_access", "check_everywhere", "chromium", "opened"]
