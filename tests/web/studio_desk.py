"""The studio, listening on this machine, on a project of the tests, for a visitor with every right."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import httpx
from api_desk import serving
from fastapi import Request

from kohort.errors import StorageError
from kohort.governance.keys import SCOPES
from kohort.project import Project
from kohort.rules.languages import Language
from kohort.web.api.app import application
from kohort.web.api.feed import Feed
from kohort.web.studio.app import mount_studio
from kohort.web.studio.visiting import Visitor

EVERY_RIGHT = Visitor("a_1", "Ada", "admin", frozenset(SCOPES), None, "csrf")


@dataclass(frozen=True)
class Studio:
    """Where the studio is, and how a browser asks for a page."""

    url: str

    def get(self, path: str, language: str = "en", **headers: str) -> httpx.Response:
        """Ask for a page in a language."""
        asked = {"accept": "text/html", "accept-language": language, **headers}
        return httpx.get(self.url + path, headers=asked, timeout=60)

    def post(self, path: str, body: object, language: str = "en") -> httpx.Response:
        """Send a body as JSON, as the studio's scripts do."""
        shown = {"x-csrf-token": EVERY_RIGHT.csrf, "sec-fetch-site": "same-origin", "accept-language": language}
        return httpx.post(self.url + path, json=body, headers=shown, timeout=60)

    def send(self, path: str, form: dict[str, str]) -> httpx.Response:
        """Send a form, as a page of the studio does."""
        shown = {"accept": "text/html", "sec-fetch-site": "same-origin"}
        return httpx.post(self.url + path, data=form, headers=shown, timeout=60)


@contextmanager
def studio(project: Project, *scopes: str, language: Language | None = None) -> Iterator[Studio]:
    """Serve a project's studio in a thread; without scopes the visitor has all."""
    visitor = replace(EVERY_RIGHT, scopes=frozenset(scopes or SCOPES), language=language)

    def known(_: Request) -> Visitor:
        return visitor

    troubles: list[StorageError] = []
    feed = Feed(project.membership_log(), troubles.append)
    app = application(project, feed, studio=partial(mount_studio, doorkeeper=known))
    with serving(app, feed) as url:
        yield Studio(url)
    assert troubles == []


def plain(page: str) -> str:
    """Return the words of a page, without those of its charts."""
    without = re.sub(r"<svg.*?</svg>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", without)).split())
