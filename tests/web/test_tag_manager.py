"""The Google Tag Manager template: allowed what it uses, passing its own tests, and reaching a collector."""

import json
import re
from collections.abc import Iterator

import pytest
import yaml

pytest.importorskip("playwright", reason="the browser's driver is not installed")

from browser import CHROMIUM, CaptureServer, capture_server, chromium, wait_for
from playwright.sync_api import Browser, Page

from kohort.web.pixel import tag_manager_template

SECTIONS = dict(
    re.findall(r"^___([A-Z_]+)___\n\n(.*?)(?=\n\n\n___|\Z)", tag_manager_template(), re.MULTILINE | re.DOTALL)
)
CODE = SECTIONS["SANDBOXED_JS_FOR_WEB_TEMPLATE"]
SCENARIOS = {one["name"]: one["code"] for one in yaml.safe_load(SECTIONS["TESTS"])["scenarios"]}
PERMISSIONS = {
    "injectScript": "inject_script",
    "createArgumentsQueue": "access_globals",
    "isConsentGranted": "access_consent",
    "addConsentListener": "access_consent",
    "makeTableMap": None,
}
"""What the template may require, each with the permission that the tag manager asks for it."""

# The tag manager's own interface, as its documentation describes it, for templates that run outside of it.
STUBS = """
window.stubs = (granted, listeners) => ({
    createArgumentsQueue: (name, queue) => {
        window[name] = window[name] || function () { (window[name].q = window[name].q || []).push(arguments); };
        return function () { window[name].apply(null, arguments); };
    },
    injectScript: (url, onSuccess, onFailure) => {
        const script = document.createElement('script');
        script.src = url; script.async = true; script.onload = onSuccess; script.onerror = onFailure;
        document.head.append(script);
    },
    isConsentGranted: (purpose) => granted.includes(purpose),
    addConsentListener: (purpose, listener) => { listeners[purpose] = listener; },
    makeTableMap: (table, key, value) =>
        table.length ? Object.fromEntries(table.map((row) => [row[key], row[value]])) : null,
});
window.runTemplate = (code, apis, data) => new Function('require', 'data', code)((name) => {
    if (!apis[name]) throw new Error('the template may not require ' + name);
    return apis[name];
}, data);
window.runScenario = (code, scenario) => {
    const apis = stubs([], {}), called = new Set();
    const known = (name, run) => (...given) => { called.add(name); return run(...given); };
    const mock = (name, run) => { apis[name] = run; };
    const runCode = (data) => runTemplate(
        code,
        Object.fromEntries(Object.entries(apis).map(([name, run]) => [name, known(name, run)])),
        {...data, gtmOnSuccess: known('gtmOnSuccess', () => {}), gtmOnFailure: known('gtmOnFailure', () => {})},
    );
    const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
    const fail = (text) => { throw new Error(text); };
    const assertThat = (found) => ({
        isEqualTo: (wanted) => same(found, wanted) || fail(JSON.stringify(found) + ' is not ' + JSON.stringify(wanted)),
    });
    const assertApi = (name) => ({
        wasCalled: () => called.has(name) || fail(name + ' was not called'),
        wasNotCalled: () => !called.has(name) || fail(name + ' was called'),
    });
    new Function('mock', 'runCode', 'assertThat', 'assertApi', scenario)(mock, runCode, assertThat, assertApi);
};
"""


def test_its_sections_are_those_of_a_template() -> None:
    assert list(SECTIONS) == [
        "TERMS_OF_SERVICE", "INFO", "TEMPLATE_PARAMETERS", "SANDBOXED_JS_FOR_WEB_TEMPLATE", "WEB_PERMISSIONS", "TESTS",
        "NOTES",
    ]  # fmt: skip
    assert json.loads(SECTIONS["INFO"])["type"] == "TAG"
    assert len({one["name"] for one in json.loads(SECTIONS["TEMPLATE_PARAMETERS"])}) == 6


def test_it_asks_for_the_permissions_that_it_uses_and_no_others() -> None:
    required = set(re.findall(r"require\('(\w+)'\)", CODE))
    granted = {one["instance"]["key"]["publicId"] for one in json.loads(SECTIONS["WEB_PERMISSIONS"])}
    assert required == set(PERMISSIONS)
    assert granted == {one for one in PERMISSIONS.values() if one}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        context.add_init_script(STUBS)
        yield context.new_page()


@pytest.fixture
def collector() -> Iterator[CaptureServer]:
    with capture_server() as server:
        yield server


needs_browser = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the system package chromium"),
]


class TestInABrowser:
    pytestmark = needs_browser

    @pytest.mark.parametrize("name", SCENARIOS)
    def test_it_passes_its_own_tests(self, page: Page, name: str) -> None:
        page.goto("about:blank")
        page.evaluate("([code, scenario]) => runScenario(code, scenario)", [CODE, SCENARIOS[name]])

    def test_a_scenario_can_fail(self, page: Page) -> None:
        page.goto("about:blank")
        wrong = (
            SCENARIOS["Tells of an event with its properties"]
            .replace("gold'}]])", "tin'}]])")
            .replace("{plan: 'gold'}]]", "{plan: 'tin'}]]")
        )
        with pytest.raises(Exception, match="is not"):
            page.evaluate("([code, scenario]) => runScenario(code, scenario)", [CODE, wrong])

    def test_it_loads_the_pixel_which_waits_for_consent_and_then_reaches_the_collector(
        self, page: Page, collector: CaptureServer
    ) -> None:
        page.goto(f"{collector.address}/")
        page.evaluate(
            """([code, host]) => {
                window.listeners = {};
                const apis = stubs([], listeners);
                const done = {gtmOnSuccess: () => { window.loaded = true; }, gtmOnFailure: () => {}};
                const load = {command: 'init', host, key: 'wk_test', purpose: 'analytics_storage'};
                runTemplate(code, apis, {...load, ...done});
                const values = [{name: 'plan', value: 'gold'}];
                runTemplate(code, apis, {command: 'track', subject: 'Signed Up', values, ...done});
            }""",
            [CODE, collector.address],
        )
        page.wait_for_function("window.loaded")
        page.wait_for_timeout(1_500)
        assert collector.posts == []
        page.evaluate(
            "listeners.ad_storage('ad_storage', false); listeners.analytics_storage('analytics_storage', true)"
        )
        wait_for(page, lambda: "Signed Up" in collector.events())
        (message,) = [one for one in collector.messages() if one.get("event") == "Signed Up"]
        assert message["properties"] == {"plan": "gold"}
        consent = {"categoryPreferences": {"ad_storage": False, "analytics_storage": True}}
        assert message["context"]["consent"] == consent
