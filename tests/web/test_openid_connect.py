"""Signing in with one's organisation, at a real server of OpenID Connect in a process of its own."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from accounts_desk import Browser, guarded
from oidc_provider_names import CLIENT, SECRET

from kohort.activation.destinations.checked import CheckedClient
from kohort.errors import RemoteError
from kohort.governance.audit import OPERATOR
from kohort.governance.roles import Role
from kohort.project import Project

PROGRAM = Path(__file__).with_name("oidc_provider.py")
START = "/sign-in/organisation?next=/segments"


@dataclass(frozen=True)
class Provider:
    url: str

    def be(self, **what: Any) -> None:
        httpx.post(f"{self.url}/be", json=what).raise_for_status()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(PROGRAM), str(port)], stderr=subprocess.DEVNULL)
    found = Provider(f"http://127.0.0.1:{port}")
    try:
        for _ in range(600):
            try:
                httpx.get(f"{found.url}/keys")
                break
            except httpx.ConnectError:
                assert process.poll() is None
                time.sleep(0.05)
        yield found
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def url(shop: Project, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    provider.be(user={"sub": "1", "preferred_username": "Ada", "groups": ["staff", "lab"]}, lie="")
    declare(shop, provider.url, "true")
    monkeypatch.setenv("KOHORT_OIDC_SECRET", SECRET)
    with guarded(shop) as found:
        yield found


def declare(shop: Project, issuer: str, private: str) -> None:
    settings = shop.folder.settings
    settings.write_text(
        settings.read_text()
        + f"""
sign_in:
  oidc:
    issuer: {issuer}
    client_id: {CLIENT}
    client_secret: {{env: KOHORT_OIDC_SECRET}}
    claim: groups
    roles: {{boss: admin, lab: analyst, staff: viewer}}
    allow_private: {private}
"""
    )


@pytest.fixture
def tokens(shop: Project) -> None:
    """ID tokens are of now, and so must be who reads them."""
    shop.clock.moment = int(time.time() * 1_000_000)  # type: ignore[attr-defined]


@dataclass
class Traveller:
    """A browser that goes to the other server and comes back, with the cookies of both."""

    browser: Browser
    waiting: str = ""

    def leave(self, path: str = START) -> str:
        answer = self.browser.get(path)
        assert answer.status_code == 303, answer.text
        self.waiting = answer.headers["set-cookie"].partition(";")[0]
        self.browser.session = ""
        return answer.headers["location"]

    def there(self, address: str) -> str:
        """Sign in over there, and return where that leads back to."""
        back = httpx.get(address)
        assert back.status_code == 302, back.text
        return back.headers["location"].removeprefix(self.browser.url)

    def back(self, path: str, cookie: str | None = None) -> httpx.Response:
        shown = self.waiting if cookie is None else cookie
        answer = httpx.get(self.browser.url + path, headers={"cookie": shown, "accept": "text/html"})
        for one in answer.headers.get_list("set-cookie"):
            name, _, value = one.partition(";")[0].partition("=")
            if name == "__Host-kohort":
                self.browser.session = value
        return answer


@pytest.fixture
def traveller(url: str, tokens: None) -> Traveller:
    return Traveller(Browser(url))


def test_who_is_vouched_for_is_in_with_the_role_of_their_group(traveller: Traveller, shop: Project) -> None:
    assert '/sign-in/organisation?next=%2F"' in traveller.browser.get("/sign-in").text
    answer = traveller.back(traveller.there(traveller.leave()))
    assert answer.status_code == 303, shop.audit.list(1)
    assert answer.headers["location"] == "/segments"
    assert traveller.browser.get("/segments").status_code == 200
    account = shop.accounts.find("ada")
    assert (account.role, account.has_password, account.state) == (Role.ANALYST, False, "active")
    assert account.subject == "1"


def test_what_is_asked_holds_a_challenge_a_state_and_a_nonce(traveller: Traveller) -> None:
    first, second = (parse_qs(urlsplit(traveller.leave()).query) for _ in range(2))
    assert first["code_challenge_method"] == ["S256"]
    assert first["response_type"] == ["code"]
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]
        assert len(first[name][0]) == 43
        assert first[name][0] not in traveller.waiting, "what the browser keeps is sealed"


def test_another_group_is_another_role_at_the_next_time(
    traveller: Traveller, shop: Project, provider: Provider
) -> None:
    traveller.back(traveller.there(traveller.leave()))
    before = traveller.browser.session
    provider.be(user={"sub": "1", "preferred_username": "Renamed", "groups": ["boss"]})
    traveller.back(traveller.there(traveller.leave()))
    assert [(one.name, one.role) for one in shop.accounts.list()] == [("ada", Role.ADMIN)]
    assert Browser(traveller.browser.url, before).get("/").status_code == 303, (
        "the session of the role before has ended"
    )


def test_who_has_no_group_here_or_is_disabled_stays_out(
    traveller: Traveller, shop: Project, provider: Provider
) -> None:
    provider.be(user={"sub": "2", "preferred_username": "eve", "groups": ["others"]})
    answer = traveller.back(traveller.there(traveller.leave()))
    assert (answer.status_code, "no role here" in answer.text) == (403, True)
    assert shop.accounts.list() == []
    provider.be(user={"sub": "1", "preferred_username": "Ada", "groups": "boss"})
    traveller.back(traveller.there(traveller.leave()))
    shop.accounts.create("other", Role.ADMIN, OPERATOR)
    shop.accounts.vouched("x", "y", "second", Role.ADMIN)
    shop.accounts.disable("ada", OPERATOR)
    assert traveller.back(traveller.there(traveller.leave())).status_code == 403
    assert traveller.browser.session == ""


def test_an_account_of_the_same_name_is_not_taken_over(traveller: Traveller, shop: Project) -> None:
    mine = shop.accounts.create("ada", Role.ADMIN, OPERATOR)
    traveller.back(traveller.there(traveller.leave()))
    assert shop.accounts.find("ada") == mine
    assert shop.accounts.find("ada-2").role is Role.ANALYST


@pytest.mark.parametrize("lie", ["key", "issuer", "audience", "expired", "nonce"])
def test_a_token_that_proves_nobody_lets_nobody_in(
    traveller: Traveller, shop: Project, provider: Provider, lie: str
) -> None:
    provider.be(lie=lie)
    answer = traveller.back(traveller.there(traveller.leave()))
    assert (answer.status_code, "did not work" in answer.text) == (502, True)
    assert shop.accounts.list() == []
    assert traveller.browser.session == ""


@pytest.mark.parametrize("lie", ["discovery", "redirect"])
def test_another_issuer_and_a_redirect_are_not_followed(
    traveller: Traveller, shop: Project, provider: Provider, lie: str
) -> None:
    provider.be(lie=lie)
    assert traveller.browser.get(START).status_code == 502
    assert shop.audit.list(1)[0].action == "sign-in refused"


def test_an_attempt_is_that_of_the_browser_that_began_it(traveller: Traveller, shop: Project) -> None:
    path = traveller.there(traveller.leave())
    for cookie in ("", "__Host-kohort-sign-in=pn_AAAA", f"__Host-kohort-sign-in={shop.pseudonyms.of('{}')}"):
        assert traveller.back(path, cookie).status_code == 502
    other = Traveller(Browser(traveller.browser.url))
    other.leave()
    assert other.back(path).status_code == 502, "nor that of another attempt"
    assert traveller.back(path.replace("state=", "state=x")).status_code == 502
    assert traveller.back("/sign-in/organisation/back?error=access_denied").status_code == 502
    assert shop.accounts.list() == []


def test_a_code_counts_once_and_an_attempt_ten_minutes(traveller: Traveller, shop: Project) -> None:
    path = traveller.there(traveller.leave())
    assert traveller.back(path).status_code == 303
    assert traveller.back(path).status_code == 502
    path = traveller.there(traveller.leave())
    shop.clock.moment += 600_000_000  # type: ignore[attr-defined]
    assert traveller.back(path).status_code == 502


def test_a_private_address_is_asked_only_if_the_file_says_so(
    shop: Project, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(shop, provider.url.replace("http:", "https:"), "false")
    monkeypatch.setenv("KOHORT_OIDC_SECRET", SECRET)
    with guarded(shop) as url:
        assert Browser(url).get(START).status_code == 502
    assert "no public address" in shop.audit.list(1)[0].detail


Found = Callable[[str, int], Any]


def resolving(*answers: Sequence[str]) -> Found:
    """Return what finds one answer after another."""
    left = list(answers)

    async def found(_host: str, _port: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return found


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["::1"], ["::ffff:127.0.0.1"], ["fe80::1%lo"], ["100.64.0.1"],
        ["64:ff9b::7f00:1"], ["0.0.0.0"], ["fd00::1"],  # noqa: S104 - nothing listens there
    ],
)  # fmt: skip
def test_no_name_leads_to_a_private_address(addresses: list[str]) -> None:
    client = CheckedClient(resolve=resolving(addresses))
    with pytest.raises(RemoteError, match="no public address"):
        asyncio.run(client.ask("https://id.example/keys"))


def test_a_name_that_changes_its_address_is_asked_at_the_one_that_was_checked() -> None:
    seen: list[str] = []

    async def changing(_host: str, _port: int) -> Sequence[str]:
        seen.append("asked")
        return ["192.0.2.1", "127.0.0.1"] if len(seen) == 1 else ["127.0.0.1"]

    client = CheckedClient(resolve=changing, timeout=0.3)
    # 192.0.2.1 is of nobody; what matters is that 127.0.0.1 is never tried, and the name is looked up once.
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.5)
        with pytest.raises(RemoteError):
            asyncio.run(client.ask(f"https://id.example:{trap.getsockname()[1]}/keys"))
        with pytest.raises(TimeoutError):
            trap.accept()
    assert seen == ["asked"]


@pytest.mark.parametrize("address", ["http://id.example/", "ftp://id.example/", "file:///etc/passwd", "https://", ""])
def test_only_tls_is_spoken(address: str) -> None:
    with pytest.raises(RemoteError):
        asyncio.run(CheckedClient(resolve=resolving(["93.184.215.14"]), timeout=1).ask(address))
