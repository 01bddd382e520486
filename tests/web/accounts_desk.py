"""The API and the guarded studio on this machine, and browsers that are signed in, played by a program."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from api_desk import serving
from argon2 import PasswordHasher

from kohort.errors import StorageError
from kohort.governance.accounts import Accounts
from kohort.governance.audit import OPERATOR
from kohort.governance.passwords import Passwords
from kohort.governance.roles import Role
from kohort.project import Project
from kohort.storage.state import State
from kohort.web.accounts.app import mount_guarded_studio
from kohort.web.api.app import application
from kohort.web.api.feed import Feed
from kohort.web.callers import COOKIE

PASSWORD = "correct horse battery"  # noqa: S105 - of nobody
SAME = {"sec-fetch-site": "same-origin"}


@dataclass
class Browser:
    """Keeps the session, and sends what forms send; `httpx` would keep it to itself without TLS, as no browser does."""

    url: str
    session: str = ""
    csrf: str = ""
    cookies: list[str] = field(default_factory=list)

    def get(self, path: str, language: str = "en", **headers: str) -> httpx.Response:
        """Ask for a page."""
        asked = {"accept": "text/html", "accept-language": language, **headers}
        return self._sent("GET", path, headers=asked)

    def send(self, path: str, form: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        """Send a form as a page of ours does, with the token of the session."""
        return self.post(path, {"csrf": self.csrf, **(form or {})}, **SAME, **headers)

    def post(self, path: str, form: dict[str, str], **headers: str) -> httpx.Response:
        """Send a form, and nothing by itself but the cookie."""
        return self._sent("POST", path, headers={"accept": "text/html", **headers}, data=form)

    def sign_in(self, name: str, password: str = PASSWORD, path: str = "/") -> httpx.Response:
        """Sign in, and learn the token of the session from a page."""
        answer = self.post("/sign-in", {"name": name, "password": password, "next": path}, **SAME)
        self.learn()
        return answer

    def learn(self) -> None:
        """Learn the token of the session from the page that has forms."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.get("/account").text)
        self.csrf = found[1] if found else ""

    def _sent(self, method: str, path: str, headers: dict[str, str], data: object = None) -> httpx.Response:
        shown = {"cookie": f"{COOKIE}={self.session}"} if self.session else {}
        answer = httpx.request(
            method,
            self.url + path,
            headers={**shown, **headers},
            content=data if isinstance(data, str) else None,
            data=None if isinstance(data, str) else data,  # type: ignore[arg-type] # a form, or nothing
            timeout=60,
        )
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            if name == COOKIE:
                self.cookies.append(cookie)
                self.session = value.strip('"')
        return answer


def use_quick_passwords(project: Project) -> None:
    """Hash passwords at a cost that tests can pay; what they cost in earnest is tested by itself."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    project.__dict__["accounts"] = Accounts(State(project.folder.state), project.clock, Passwords(hasher))


def holder(project: Project, name: str, role: Role) -> str:
    """Make an account that has the password, and return its id."""
    project.accounts.create(name, role, OPERATOR)
    return project.accounts.accept(project.accounts.link(name, OPERATOR), PASSWORD).account_id


@contextmanager
def guarded(project: Project) -> Iterator[str]:
    """Serve a project's API and studio, as `kohort serve` does, in a thread; give where."""
    use_quick_passwords(project)
    troubles: list[StorageError] = []
    feed = Feed(project.membership_log(), troubles.append)
    with serving(application(project, feed, studio=mount_guarded_studio), feed) as url:
        yield url
    assert troubles == []
