"""A real Chromium, a site of pages, and a collector that writes down what it is sent."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from kohort.web.pixel import pixel_script

CHROMIUM = shutil.which("chromium")
_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip
Answer = tuple[int, dict[str, str]]


@dataclass
class CaptureServer:
    """Serves pages and the pixel, and keeps the bodies that are posted; `answer` decides what each POST is told."""

    pages: dict[str, str] = field(default_factory=dict)
    scripts: dict[str, bytes] = field(default_factory=dict)
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answer: Callable[[], Answer] = lambda: (200, {})
    address: str = ""

    def messages(self) -> list[dict[str, Any]]:
        """Return every message once, in the order of its first arrival."""
        return list({one["messageId"]: one for _, body in self.posts for one in body["batch"]}.values())

    def events(self) -> list[str]:
        """Return the names of the events so far; a page is "page"."""
        return [one.get("event") or one["type"] for one in self.messages()]

    def received(self, path: str, body: bytes) -> Answer:
        self.posts.append((path, json.loads(body)))
        return self.answer()


def handler_of(server: CaptureServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/kohort.js":
                self._send(200, pixel_script(), "text/javascript")
            elif path in server.scripts:
                self._send(200, server.scripts[path], "text/javascript")
            else:
                self._send(200, server.pages.get(path, "<!doctype html><title>empty</title>").encode(), "text/html")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers = server.received(self.path, body)
            exposed = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}
            self._send(status, b"{}", "application/json", exposed | headers)

        def _send(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def capture_server() -> Iterator[CaptureServer]:
    """Run a capture server on a free port of this machine."""
    server = CaptureServer()
    listening = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(server))
    server.address = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium without a window."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, headless=True, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def pixel_tag(collector: str, **options: str) -> str:
    """Return a page with the pixel: the stub that queues what is said before it is there, and the script."""
    attributes = " ".join(f'data-{name}="{value}"' for name, value in ({"key": "wk_test"} | options).items())
    stub = "window.kohort=window.kohort||function(){(kohort.q=kohort.q||[]).push(arguments)};"
    return (
        f"<!doctype html><title>Shop</title><script>{stub}</script>"
        f'<script async src="{collector}/kohort.js" {attributes}></script>'
    )


def wait_for(page: Page, happened: Callable[[], bool], seconds: float = 10) -> None:
    """Let the page run until something has happened; fails after `seconds`."""
    for _ in range(int(seconds * 20)):
        if happened():
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"it has not happened within {seconds} s")


def named(messages: Sequence[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    """Return the messages of one event."""
    return [one for one in messages if one.get("event") == event]
