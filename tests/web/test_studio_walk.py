"""From the first sign-in to an export, in a real Chromium, in French; and the same by the API alone."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from browser import CHROMIUM, chromium
from builder_hands import Builder, Hand, says, settled
from playwright.sync_api import Page, expect
from segment.analytics.client import Client as Sdk
from server_desk import Running, ended, serve_command

from cluster_shop import two_groups
from kohort.client import Client
from kohort.clock import HOUR
from kohort.governance.keys import PEOPLE_PSEUDONYMISED, SCOPES
from kohort.project import Project
from kohort.rules.languages import Language
from kohort.rules.parse import parse_rule
from kohort.rules.print import print_rule
from kohort.web.studio.builder.reading import draft_of

pytestmark = pytest.mark.slow

RULE = parse_rule("did add_to_cart then not order_completed within 5 minutes")
EVERYTHING = sorted(SCOPES.keys() - {PEOPLE_PSEUDONYMISED})
FRENCH = print_rule(RULE, Language.FR)
PASSWORD = "cheval batterie agrafe"  # noqa: S105 - of nobody


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A shop with two kinds of customers, found by clustering; nobody has an account yet."""
    found = two_groups(tmp_path)
    found.discover()
    return Project(found.folder.path)


def carts(folder: Path) -> Path:
    """Write a file of messages: two carts, one of which was bought."""
    told = [("Add To Cart", "zoe", 30), ("Add To Cart", "ugo", 30), ("Order Completed", "ugo", 29)]
    now = datetime.now(UTC)
    lines = [
        {
            "type": "track",
            "event": event,
            "userId": who,
            "messageId": f"imported-{number}",
            "timestamp": (now - timedelta(minutes=minutes)).isoformat(),
            "properties": {"total": 20},
        }
        for number, (event, who, minutes) in enumerate(told)
    ]
    path = folder / "carts.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


@contextmanager
def serving(project: Project) -> Iterator[tuple[Running, str]]:
    """Run `kohort serve`; give it, and the link of the first account."""
    with subprocess.Popen(serve_command(project), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        server = Running(project, process)
        assert process.stdout is not None
        found = re.search(r"http://\S+/welcome/[\w-]{43}", process.stdout.readline())
        assert found is not None
        with ended(process):
            server.wait_for("started", "web")
            yield server, found[0]


def leave_a_cart(server: Running, key: str, who: str) -> None:
    """Have an SDK say that somebody filled a cart ten minutes ago."""
    sdk = Sdk(key, host=server.url, sync_mode=True, timeout=30)
    sdk.track(who, "Add To Cart", timestamp=datetime.now(UTC) - timedelta(minutes=10))


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize("keys", [False, True], ids=["mouse", "keyboard"])
def test_the_way_from_a_file_to_an_export(project: Project, tmp_path: Path, keys: bool) -> None:
    key, _ = project.keys.create_write("web")
    with serving(project) as (server, link), chromium() as browser:
        context = browser.new_context(locale="fr-FR")
        page, faults = context.new_page(), []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        come_in(page, link)
        bring_a_file(page, server.api, carts(tmp_path))
        build(page, server.api, Hand(page, keys))
        apply(page)
        hear_of_somebody(page, server, key)
        explain(page)
        discover(page, server.api)
        export(page, server.api)
        context.close()
        assert faults == []


def come_in(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_label("Nouveau mot de passe").fill(PASSWORD)
    page.locator('input[name="repeated"]').fill(PASSWORD)
    page.locator("button.first").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def bring_a_file(page: Page, address: str, file: Path) -> None:
    page.goto(f"{address}/sources")
    page.locator('select[name="source"]').select_option("segment")
    page.locator('input[type="file"]').set_input_files(file)
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_role("status")).to_have_text("3 nouveaux, 0 déjà connus, 0 refusés.", timeout=60_000)


def build(page: Page, address: str, hand: Hand) -> None:
    page.goto(f"{address}/build")
    settled(page)
    Builder(page, hand).group(draft_of(RULE), "")
    says(page, FRENCH)
    expect(page.locator("#outcome .size strong")).to_have_text("1")
    hand.write(page.get_by_label("Nom", exact=True), "abandoned_cart")
    hand.write(page.get_by_label("Libellé en français"), "Paniers abandonnés")
    # The server's own page follows, so nothing is left to settle.
    page.get_by_role("button", name="Garder, et voir ce qui changerait").click()


def apply(page: Page) -> None:
    expect(page.get_by_role("heading", name="Paniers abandonnés")).to_be_visible()
    expect(page.locator("ins.rule").first).to_have_text(FRENCH)
    page.get_by_role("button", name="Appliquer exactement cela").click()
    expect(page.get_by_role("status")).to_have_text("Appliqué\u00a0: c’est désormais en vigueur.", timeout=60_000)


def hear_of_somebody(page: Page, server: Running, key: str) -> None:
    page.goto(f"{server.api}/segments/abandoned_cart")
    expect(page.locator("#size")).to_have_text("1")
    expect(page.locator("#live")).to_be_visible(timeout=30_000)
    leave_a_cart(server, key, "noe")
    expect(page.locator("#size")).to_have_text("2", timeout=60_000)
    expect(page.locator("#news-list li")).to_have_count(1)


def explain(page: Page) -> None:
    page.locator("#news-list a").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("noe")
    page.get_by_role("link", name=re.compile("Paniers abandonnés")).last.click()
    expect(page.locator("#why")).to_contain_text("add_to_cart")
    expect(page.locator("#why .badge").first).to_have_text("dedans")


def discover(page: Page, address: str) -> None:
    page.goto(f"{address}/discover")
    page.get_by_role("link", name="En faire un segment").first.click()
    settled(page)
    expect(page.locator("#outcome .size strong")).to_have_text("30")


def export(page: Page, address: str) -> None:
    page.goto(f"{address}/segments/abandoned_cart/members")
    with page.expect_download() as download:
        page.locator("a[download]").first.click()
    rows = download.value.path().read_text().splitlines()
    assert sorted(row.split(",")[1] for row in rows[1:]) == ["noe", "zoe"]


def test_the_same_way_by_the_api_alone(project: Project, tmp_path: Path) -> None:
    key, _ = project.keys.create_write("web")
    secret, _ = project.keys.create_secret("programs", EVERYTHING, project.clock.now() + HOUR)
    with serving(project) as (server, _), Client(server.api, secret) as client:
        assert client.send_file("segment", carts(tmp_path)).accepted == 3
        assert client.preview_rule(print_rule(RULE)).size == 1
        client.declare_segment("abandoned_cart", FRENCH, language="fr", label={"fr": "Paniers abandonnés"})
        plan = client.make_plan()
        assert [(one.segment, one.entering) for one in plan.changes] == [("abandoned_cart", 1)]
        assert client.apply_plan(plan).changed
        with closing(client.memberships_stream(["abandoned_cart"], since=0)) as changes:
            assert next(changes).change == "entered"
            leave_a_cart(server, key, "noe")
            entered = next(changes)
        assert entered.change == "entered"
        assert client.explain("abandoned_cart", entered.person_id).holds
        assert [one.value for one in client.get_person(entered.person_id).identifiers] == ["noe"]
        assert len(client.get_clusters().candidates) == 3
        assert sorted(one.people for one in client.get_personas().personas) == [30, 30]
        rows = b"".join(client.members_csv("abandoned_cart")).decode().splitlines()
        assert sorted(row.split(",")[1] for row in rows[1:]) == ["noe", "zoe"]
