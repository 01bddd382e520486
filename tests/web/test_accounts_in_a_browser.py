"""A real Chromium: the first start's link, the cookie on this machine without TLS, and what other sites may not do."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from accounts_desk import PASSWORD, guarded, holder
from axe_playwright_python.sync_playwright import Axe
from browser import capture_server, chromium
from playwright.sync_api import Browser, Page, expect
from server_desk import Running, ended, serve_command

from kohort.governance.audit import OPERATOR
from kohort.governance.roles import Role
from kohort.project import Project
from kohort.web.callers import COOKIE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB")
    found = context.new_page()
    faults: list[str] = []
    found.on("pageerror", lambda error: faults.append(str(error)))
    found.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    yield found
    context.close()
    # What is refused on purpose is told as an error of loading.
    meant = ("Failed to load resource", "blocked by CORS policy")
    assert [one for one in faults if not any(words in one for words in meant)] == []


@contextmanager
def first_started(project: Project) -> Iterator[tuple[Running, str]]:
    """Run `kohort serve` on a project without accounts; give it, and the link that it prints."""
    with subprocess.Popen(serve_command(project), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        server = Running(project, process)
        assert process.stdout is not None
        printed = process.stdout.readline()
        found = re.search(r"http://\S+/welcome/[\w-]{43}", printed)
        assert found is not None, printed
        with ended(process):
            server.wait_for("started", "web")
            yield server, found[0]


def test_the_first_start_leads_to_a_signed_in_admin(shop: Project, page: Page) -> None:
    shop.keys.create_write("web")
    with first_started(shop) as (server, link):
        assert link.startswith(server.api)
        page.goto(link)
        page.get_by_label("New password").fill(PASSWORD)
        page.get_by_label("The same again").fill(PASSWORD)
        page.get_by_role("button", name="Begin").click()
        expect(page.get_by_role("link", name="admin")).to_be_visible()
        (cookie,) = page.context.cookies()
        assert (cookie["name"], cookie["secure"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (
            COOKIE, True, True, "Lax", "/",
        )  # fmt: skip
        assert page.evaluate("document.cookie") == ""
        page.goto(f"{server.api}/accounts")
        expect(page.get_by_role("heading", name="Accounts")).to_be_visible()
        assert page.goto(link).status == 404  # type: ignore[union-attr] # it has an answer
    assert Project(shop.folder.path).accounts.first_link() is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_signing_in_and_out_works_on_this_machine_without_tls(shop: Project, page: Page, host: str) -> None:
    with guarded(shop) as url:
        holder(shop, "ada", Role.VIEWER)
        here = url.replace("127.0.0.1", host)
        page.goto(f"{here}/segments")
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill("wrong password")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("do not belong together")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{here}/segments")
        page.goto(f"{here}/account")
        page.get_by_role("button", name="Sign out", exact=True).first.click()
        expect(page).to_have_url(f"{here}/sign-in")
        page.goto(f"{here}/segments")
        expect(page).to_have_url(re.compile("/sign-in"))


def test_another_site_changes_nothing(shop: Project, page: Page) -> None:
    with guarded(shop) as url, capture_server() as evil:
        holder(shop, "root", Role.ADMIN)
        page.goto(f"{url}/sign-in")
        page.get_by_label("Name").fill("root")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{url}/")
        before = shop.audit.list()
        for host in ("127.0.0.1", "localhost"):
            # Another port is another origin of the same site; another name is another site.
            evil.pages["/form"] = (
                f'<!doctype html><title>evil</title><form method="post" action="{url}/accounts">'
                '<input name="name" value="eve"><input name="role" value="admin"><button>go</button></form>'
            )
            page.goto(f"{evil.address.replace('127.0.0.1', host)}/form")
            with page.expect_response(f"{url}/accounts") as answer:
                page.get_by_role("button", name="go").click()
            assert answer.value.status in {303, 403}
            page.goto(f"{evil.address.replace('127.0.0.1', host)}/form")
            answered = page.evaluate(
                """async (url) => { try { const answer = await fetch(url, {credentials: "include"});
                return await answer.text() } catch { return "refused" } }""",
                f"{url}/api/v1/segments",
            )
            assert answered == "refused", "nor does another page read anything"
        assert shop.audit.list() == before
        assert [one.name for one in shop.accounts.list()] == ["root"]


@pytest.mark.parametrize("language", ["en-GB", "fr-FR"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_of_accounts_is_open_to_all(shop: Project, browser: Browser, language: str, width: int) -> None:
    with guarded(shop) as url:
        holder(shop, "root", Role.ADMIN)
        for role in Role:
            shop.accounts.create(f"{role.value.replace('_', '-')}.of.the.house@example.org", role, OPERATOR)
        link = shop.accounts.link("viewer.of.the.house@example.org", OPERATOR)
        context = browser.new_context(locale=language, viewport={"width": width, "height": 900})
        page = context.new_page()
        seen = []
        for path in (f"/welcome/{link}", "/welcome/none", "/sign-in", "/account", "/accounts", "/audit"):
            page.goto(url + path)
            if "/sign-in" in page.url:
                seen.append(path)
                violations = Axe().run(page).response["violations"]
                page.locator("input[name=name]").fill("root")
                page.locator("input[name=password]").fill(PASSWORD)
                page.keyboard.press("Enter")
                page.wait_for_url(f"{url}/")
            else:
                violations = Axe().run(page).response["violations"]
            assert [(one["id"], one["nodes"][0]["html"]) for one in violations] == [], path
            wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
            assert not wide, f"{path} is wider than the screen"
        assert seen == ["/sign-in"]
        context.close()
