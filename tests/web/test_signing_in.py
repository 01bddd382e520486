"""Coming in and going out: links, passwords, cookies, and pages that others may have sent."""

from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from accounts_desk import PASSWORD, SAME, Browser, guarded, holder

from kohort.clock import DAY, HOUR, SECOND
from kohort.governance.attempts import PER_ACCOUNT
from kohort.governance.audit import OPERATOR
from kohort.governance.roles import Role
from kohort.project import Project
from kohort.testing.clock import SettableClock
from kohort.web.api import stream
from kohort.web.callers import COOKIE
from small_shop import NOW


@pytest.fixture
def url(shop: Project) -> Iterator[str]:
    with guarded(shop) as found:
        yield found


@pytest.fixture
def browser(url: str) -> Browser:
    return Browser(url)


@pytest.fixture
def admin(url: str, shop: Project) -> Browser:
    holder(shop, "root", Role.ADMIN)
    found = Browser(url)
    found.sign_in("root")
    return found


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, Project]]:
    """The admin of one shop, for tests that change nothing of it."""
    shop = Project.create(tmp_path_factory.mktemp("steady") / "shop", clock=SettableClock(NOW))
    with guarded(shop) as url:
        holder(shop, "root", Role.ADMIN)
        found = Browser(url)
        found.sign_in("root")
        yield found, shop


def test_a_link_leads_to_a_password_and_in(browser: Browser, shop: Project) -> None:
    link = shop.accounts.first_link()
    for _ in range(2):
        page = browser.get(f"/welcome/{link}")
        assert (page.status_code, browser.session) == (200, "")
    assert "Welcome, admin" in page.text
    wrong = browser.post(f"/welcome/{link}", {"password": PASSWORD, "repeated": "another"}, **SAME)
    assert (wrong.status_code, "not the same" in wrong.text) == (422, True)
    weak = browser.post(f"/welcome/{link}", {"password": "short", "repeated": "short"}, **SAME)
    assert (weak.status_code, "12 characters" in weak.text) == (422, True)
    answer = browser.post(f"/welcome/{link}", {"password": PASSWORD, "repeated": PASSWORD}, **SAME)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.get("/").status_code == 200
    again = browser.get(f"/welcome/{link}")
    assert (again.status_code, "leads nowhere" in again.text) == (404, True)


def test_the_cookie_is_bound_to_this_host_and_hidden_from_scripts(admin: Browser) -> None:
    (cookie,) = admin.cookies
    name, _, rest = cookie.partition("=")
    assert name == COOKIE == "__Host-kohort"
    attributes = {one.strip().lower() for one in rest.split(";")[1:]}
    assert attributes == {"secure", "httponly", "samesite=lax", "path=/"}
    assert len(admin.session) == 43


def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(browser: Browser, shop: Project) -> None:
    holder(shop, "ada", Role.VIEWER)
    answer = browser.get("/segments?at=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fsegments%3Fat%3D1")
    page = browser.get(answer.headers["location"])
    assert 'name="next" value="/segments?at=1"' in page.text
    assert browser.sign_in("ada", path="/segments?at=1").headers["location"] == "/segments?at=1"
    assert browser.get("/sign-in").headers["location"] == "/"
    for path in ("/segments.json", "/segments.csv", "/account.json"):
        refused = httpx.get(browser.url + path)
        assert (refused.status_code, refused.json()["code"]) == (401, "not_signed_in")


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "evil", "/\tx", "/\r\nx: y"],
)
def test_signing_in_leads_nowhere_else(steady: tuple[Browser, Project], path: str) -> None:
    browser = Browser(steady[0].url)
    assert browser.sign_in("root", path=path).headers["location"] == "/"
    assert browser.get(f"/sign-in?next={quote(path)}").headers["location"] == "/"


def test_a_wrong_password_says_no_more_than_a_wrong_name(browser: Browser, shop: Project) -> None:
    holder(shop, "ada", Role.VIEWER)
    said = [browser.sign_in(name, "wrong password") for name in ("ada", "nobody")]
    assert [one.status_code for one in said] == [401, 401]
    assert said[0].text.replace("ada", "") == said[1].text.replace("nobody", "")
    assert browser.session == ""


def test_guesses_are_told_when_to_come_again(browser: Browser, shop: Project) -> None:
    holder(shop, "ada", Role.VIEWER)
    for _ in range(PER_ACCOUNT):
        browser.post("/sign-in", {"name": "ada", "password": "wrong password"}, **SAME)
    answer = browser.post("/sign-in", {"name": "ada", "password": PASSWORD}, **SAME)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "900")


def test_signing_in_again_begins_another_session_and_ends_the_one_before(admin: Browser) -> None:
    before = admin.session
    admin.sign_in("root")
    assert admin.session != before
    assert Browser(admin.url, before).get("/").status_code == 303


def test_a_session_that_somebody_else_has_chosen_is_not_taken_over(browser: Browser, shop: Project) -> None:
    holder(shop, "ada", Role.VIEWER)
    browser.session = "A" * 43
    browser.sign_in("ada")
    assert browser.session != "A" * 43


def test_signing_out_ends_the_session_here_and_not_only_in_the_browser(admin: Browser) -> None:
    kept = admin.session
    answer = admin.send("/sign-out")
    assert answer.headers["location"] == "/sign-in"
    assert "Max-Age=0" in admin.cookies[-1]
    assert Browser(admin.url, kept).get("/").status_code == 303


def test_signing_out_everywhere_ends_every_session(admin: Browser) -> None:
    other = Browser(admin.url)
    other.sign_in("root")
    other.send("/sign-out", {"everywhere": "true"})
    assert admin.get("/").status_code == 303


def test_a_session_ends_when_nobody_comes(admin: Browser, clock: SettableClock) -> None:
    clock.advance(11 * HOUR)
    assert admin.get("/").status_code == 200
    clock.advance(13 * HOUR)
    assert admin.get("/").status_code == 303


STATES = ["/sign-out", "/account/language", "/account/password", "/accounts", "/accounts/root/link"]


@pytest.mark.parametrize("path", STATES)
@pytest.mark.parametrize(
    ("headers", "token", "code"),
    [
        ({"sec-fetch-site": "cross-site"}, True, "cross_site"),
        ({"sec-fetch-site": "same-site"}, True, "cross_site"),
        ({"sec-fetch-site": "none"}, True, "cross_site"),
        ({"sec-fetch-site": "cross-site", "origin": "OWN"}, True, "cross_site"),
        ({}, True, "cross_site"),
        ({"origin": "null"}, True, "cross_site"),
        ({"origin": "http://evil.example"}, True, "cross_site"),
        ({"origin": "http://127.0.0.1:1"}, True, "cross_site"),
        (SAME, False, "csrf_token_wrong"),
        ({"origin": "OWN"}, False, "csrf_token_wrong"),
    ],
)
def test_nothing_is_changed_by_what_another_page_sends(
    steady: tuple[Browser, Project], path: str, headers: dict[str, str], token: bool, code: str
) -> None:
    admin, shop = steady
    sent = {name: admin.url if value == "OWN" else value for name, value in headers.items()}
    before = shop.audit.list()
    form = {"csrf": admin.csrf if token else "x" * 43, "name": "eve", "role": "admin", "language": "fr"}
    answer = admin.post(path, form, **sent, accept="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert shop.audit.list() == before


def test_the_token_of_another_session_opens_nothing(admin: Browser, shop: Project) -> None:
    other = Browser(admin.url)
    other.sign_in("root")
    answer = admin.post("/accounts", {"csrf": other.csrf, "name": "eve", "role": "admin"}, **SAME)
    assert answer.status_code == 403


def test_a_token_may_come_in_a_header_and_an_old_browser_names_its_origin(admin: Browser, shop: Project) -> None:
    own = {"origin": admin.url, "x-csrf-token": admin.csrf}
    assert admin.post("/account/language", {"language": "fr"}, **own).status_code == 303
    assert shop.accounts.find("root").language == "fr"
    assert '<html lang="fr">' in admin.get("/account", "en").text


@pytest.mark.parametrize("path", ["/sign-in", "/welcome/LINK"])
def test_nobody_is_signed_in_by_another_page(browser: Browser, shop: Project, path: str) -> None:
    holder(shop, "ada", Role.VIEWER)
    shop.accounts.create("bob", Role.VIEWER, OPERATOR)
    path = path.replace("LINK", shop.accounts.link("bob", OPERATOR))
    form = {"name": "ada", "password": PASSWORD, "repeated": PASSWORD}
    for headers in ({"sec-fetch-site": "cross-site"}, {}, {"origin": "https://evil.example"}):
        assert browser.post(path, form, **headers).status_code == 403
    assert browser.session == ""


def test_looking_changes_nothing(admin: Browser, shop: Project) -> None:
    before = shop.accounts.list(), shop.audit.list(), shop.keys.list()
    pages = ("/", "/account", "/accounts", "/audit", "/sign-in", "/segments", "/accounts/root/disable", "/sign-out")
    for path in pages:
        for method in ("GET", "HEAD"):
            httpx.request(method, admin.url + path, headers={"cookie": f"{COOKIE}={admin.session}"})
    assert (shop.accounts.list(), shop.audit.list(), shop.keys.list()) == before
    assert admin.get("/").status_code == 200


def test_the_password_is_changed_by_who_knows_it_and_ends_other_sessions(admin: Browser) -> None:
    other = Browser(admin.url)
    other.sign_in("root")
    new = {"new": "another good password", "repeated": "another good password"}
    assert admin.send("/account/password", {"old": "wrong password", **new}).status_code == 422
    assert other.get("/").status_code == 200
    assert admin.send("/account/password", {"old": PASSWORD, **new}).status_code == 303
    assert admin.get("/").status_code == 200
    assert other.get("/").status_code == 303


def test_one_browser_of_several_is_signed_out(admin: Browser) -> None:
    other = Browser(admin.url)
    other.sign_in("root")
    sessions = admin.get("/account.json").json()["sessions"]
    (ending,) = [one["session_id"] for one in sessions if not one["this"]]
    admin.send(f"/account/sessions/{ending}/end")
    assert (admin.get("/").status_code, other.get("/").status_code) == (200, 303)


def test_an_admin_invites_changes_and_disables(admin: Browser, shop: Project) -> None:
    made = admin.send("/accounts", {"name": "Ada@Example.org", "role": "analyst"})
    assert made.headers["cache-control"] == "no-store"
    link = made.text.partition(f"{admin.url}/welcome/")[2].partition("<")[0]
    ada = Browser(admin.url)
    ada.post(f"/welcome/{link}", {"password": PASSWORD, "repeated": PASSWORD}, **SAME)
    ada.learn()
    assert ada.get("/accounts").status_code == 403
    assert ada.send("/accounts", {"name": "eve", "role": "admin"}).status_code == 403
    path = "/accounts/ada@example.org"
    admin.send(f"{path}/role", {"role": "marketer"})
    assert ada.get("/").status_code == 303, "another role is another session"
    ada.sign_in("ada@example.org")
    admin.send(f"{path}/disable")
    assert ada.get("/").status_code == 303
    assert ada.sign_in("ada@example.org").status_code == 401
    admin.send(f"{path}/enable")
    assert ada.sign_in("ada@example.org").status_code == 303
    admin.send(f"{path}/sign-out")
    assert ada.get("/").status_code == 303
    listed = admin.get("/accounts.json").json()["accounts"]
    assert [(one["name"], one["role"], one["sessions"]) for one in listed] == [
        ("ada@example.org", "marketer", 0),
        ("root", "admin", 1),
    ]
    told = [one["action"] for one in admin.get("/audit.json").json()["lines"]]
    assert {"account created", "role changed", "account disabled", "account enabled", "signed out everywhere"} <= {
        *told
    }
    assert {one.actor for one in shop.audit.list() if one.action == "role changed"} == {"root"}


@pytest.mark.parametrize(
    ("path", "form", "status", "said"),
    [
        ("/accounts", {"name": "no name", "role": "viewer"}, 422, "letters from a to z"),
        ("/accounts", {"name": "root", "role": "viewer"}, 422, "There is an account root already"),
        ("/accounts", {"name": "ada", "role": "boss"}, 422, "cannot be done"),
        ("/accounts/root/disable", {}, 422, "root is the last admin"),
        ("/accounts/root/role", {"role": "viewer"}, 422, "root is the last admin"),
        ("/accounts/nobody/link", {}, 404, "There is no account nobody"),
        ("/accounts/%3Cscript%3E/link", {}, 404, "There is no account &lt;script&gt;"),
    ],
)
def test_what_cannot_be_done_is_said_on_the_page(
    steady: tuple[Browser, Project], path: str, form: dict[str, str], status: int, said: str
) -> None:
    admin, shop = steady
    before = shop.accounts.list()
    answer = admin.send(path, form)
    assert answer.status_code == status
    assert said in answer.text
    assert shop.accounts.list() == before


def test_every_page_speaks_french(admin: Browser, shop: Project) -> None:
    link = shop.accounts.create("bob", Role.VIEWER, OPERATOR) and shop.accounts.link("bob", OPERATOR)
    for path, said in {
        "/account": "Mon compte",
        "/accounts": "Inviter quelqu’un",
        "/audit": "compte créé",
        f"/welcome/{link}": "Bienvenue, bob",
        "/welcome/x": "Ce lien ne mène nulle part",
    }.items():
        assert said in admin.get(path, "fr").text, path
    assert "Se connecter" in Browser(admin.url).get("/sign-in", "fr").text


def test_a_stream_ends_with_the_session_that_opened_it(
    admin: Browser, shop: Project, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "SILENCE", 0.2)
    shown = {"cookie": f"{COOKIE}={admin.session}"}
    with httpx.stream("GET", f"{admin.url}/api/v1/memberships/stream", headers=shown, timeout=60) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("retry:")
        shop.sessions.end_all(shop.accounts.find("root").account_id, "root", OPERATOR)
        for line in lines:
            assert not line.startswith("data:")


def test_a_key_that_is_shown_comes_before_a_cookie(admin: Browser, shop: Project, clock: SettableClock) -> None:
    plain, _ = shop.keys.create_secret("bi", ["metrics:read"], clock.now() + DAY)
    both = {"cookie": f"{COOKIE}={admin.session}", "authorization": f"Bearer {plain}"}
    assert httpx.get(f"{admin.url}/api/v1/segments", headers=both).status_code == 403
    wrong = {**both, "authorization": "Bearer sk_wrong"}
    assert httpx.get(f"{admin.url}/api/v1/segments", headers=wrong).status_code == 401
    assert admin.get("/api/v1/segments").status_code == 200


def test_whoever_is_signed_in_asks_only_so_much(shop: Project, clock: SettableClock) -> None:
    settings = shop.folder.settings
    settings.write_text(settings.read_text() + "api: {rate: 2, burst: 3}\n")
    for name in ("root", "ada"):
        holder(shop, name, Role.ADMIN)
    with guarded(shop) as url:
        root, ada = Browser(url), Browser(url)
        root.sign_in("root")  # the page that follows is one request
        assert root.get("/people").headers["ratelimit"] == '"session";r=1;t=2'
        assert httpx.get(f"{url}/static/studio.css", headers={"cookie": f"{COOKIE}={root.session}"}).status_code == 200
        assert root.get("/api/v1/segments").status_code == 200, "by a page or by its script, it is one account"
        page = root.get("/people", "fr")
        assert (page.status_code, page.headers["retry-after"]) == (429, "1")
        assert "plus de 2 demandes par seconde" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        for path in ("/segments.json", "/api/v1/segments"):
            data = root.get(path)
            assert (data.status_code, data.headers["retry-after"]) == (429, "1")
            assert data.json() == {
                "code": "rate_limited",
                "message": "more than 2 requests a second; come again in 1 s",
                "where": None,
            }
        ada.sign_in("ada")
        assert ada.get("/people").status_code == 200, "each account has its own"
        clock.advance(SECOND)
        assert root.get("/people").status_code == 200
