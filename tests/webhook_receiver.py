"""A receiver of webhooks: a real HTTP server on this machine, which answers as a test tells it to."""

import json
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from kohort.activation.deliveries import Delivery
from kohort.definitions.journey import Endpoint
from kohort.definitions.references import Reference

KEY = bytes(range(32))
SECRET = f"whsec_{b64encode(KEY).decode()}"

Answering = Callable[["Received"], tuple[int, Mapping[str, str]]]


@dataclass(frozen=True)
class Received:
    """One request: its headers (names in lower case) and its body."""

    headers: Mapping[str, str]
    body: bytes
    path: str

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def document(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.body)
        return found

    @property
    def kind(self) -> str:
        return str(self.document["type"])

    @property
    def data(self) -> dict[str, object]:
        found = self.document["data"]
        assert isinstance(found, dict)
        return found


@dataclass
class Receiver:
    """What came, in order; `answering` says what is answered, by default 204. `hold` keeps answers back."""

    port: int
    scheme: str = "http"
    answering: Answering = lambda _: (204, {})
    received: list[Received] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}/hook?list=7"

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.url, (Reference(env="OFFER_SECRET"),), allow_private=True)

    @property
    def ids(self) -> list[str]:
        return [one.webhook_id for one in self.received]

    def answer(self, *statuses: int, **headers: str) -> None:
        """Answer these statuses in turn, the last for good."""
        left = list(statuses)

        def answering(_: Received) -> tuple[int, Mapping[str, str]]:
            return (left.pop(0) if len(left) > 1 else left[0]), headers

        self.answering = answering


@contextmanager
def receiving(tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[Receiver]:
    """Receive webhooks in a thread, on a free port unless one is named."""
    receiver = Receiver(0)
    receiver.hold.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            size = int(self.headers["content-length"])
            body = self.rfile.read(size)
            if len(body) < size:
                self.close_connection = True  # whoever sent died before the end
                return
            one = Received({name.lower(): value for name, value in self.headers.items()}, body, self.path)
            receiver.received.append(one)
            receiver.hold.wait(60)
            status, headers = receiver.answering(one)
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                if status != 204:
                    self.send_header("content-length", "0")
                self.end_headers()
            except OSError:
                self.close_connection = True  # whoever asked has gone

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # whoever asked has gone

    server = Server(("127.0.0.1", port), Handler)
    receiver.port = server.server_address[1]
    if tls is not None:
        receiver.scheme = "https"
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


def a_delivery(delivery_id: str = "msg_1", **values: object) -> Delivery:
    """Return a delivery about Ada, who entered a segment at the first moment of 1970."""
    usual: dict[str, object] = {
        "journey": "offer", "seq": 7, "segment": "keen", "version": 1, "person_id": "p-ada", "user_id": "ada",
        "change": "entered", "effective_at": 0, "cause": "rule", "due_at": 0,
    }  # fmt: skip
    return Delivery(delivery_id, **(usual | values))  # type: ignore[arg-type]


def kinds(received: Sequence[Received]) -> list[str]:
    """Return the types of what came."""
    return [one.kind for one in received]
