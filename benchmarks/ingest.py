"""What acknowledging events costs over HTTP, on disk and not, beside a body read by a pydantic model.

    python benchmarks/ingest.py [--seconds 5] [--connections 32] [--folder FOLDER]

Each server runs in a process of its own, and so does the sender, which sends the same prepared request again and again
over several connections, each as soon as it has its answer. The events of a batch are one visitor's, who sees another
page after every five. The servers: Kohort's collector; two processes of it that share the work, as `collect:
{processes: 2}` has it; one that does not force to disk; the same with a pydantic model of the batch in the place of
Kohort's own reading. CPU seconds are the server's; how many cores the server and the sender used tells which of them
was the limit.
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
import socket
import tempfile
import time
from base64 import b64encode
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import numpy as np
import uvloop

from kohort.clock import SystemClock
from kohort.project import Project
from kohort.storage import journal as journals
from kohort.storage.committing import GroupCommit
from kohort.storage.journal import Journal
from kohort.storage.received import Received, encode_received
from kohort.web.collecting import server_of, tune_collection
from kohort.web.collector import Collector
from kohort.web.http import Receive, Request, Scope, Send
from kohort.web.listening import http_server

SERVERS: Final = ("durable", "two processes", "not forced to disk", "pydantic model")
EVENT: Final[dict[str, Any]] = {
    "type": "track",
    "event": "Order Completed",
    "userId": "user-12345",
    "anonymousId": "0f0e0d0c-0b0a-0908-0706-050403020100",
    "messageId": "ajs-next-0f0e0d0c0b0a09080706050403020100",
    "timestamp": "2026-03-01T10:00:00.000Z",
    "properties": {
        "total": 42.5,
        "currency": "EUR",
        "products": [{"sku": "a-1", "price": 10.5, "quantity": 2}, {"sku": "b-2", "price": 21.5, "quantity": 1}],
    },
    "context": {
        "library": {"name": "analytics-python", "version": "2.4.0"},
        "page": {"url": "https://shop.example/cart?x=1", "path": "/cart", "title": "Votre panier"},
        "locale": "fr-FR",
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    },
    "integrations": {},
}


@dataclass(frozen=True)
class Measured:
    """What one sender saw, and the CPU seconds that its server and it spent."""

    events: int
    seconds: float
    cpu: float
    sender: float
    latencies: np.ndarray[Any, np.dtype[np.float64]]


def pydantic_app(commits: GroupCommit) -> Any:
    """Return an application that reads a batch by a pydantic model, as frameworks do, and commits it as ours does."""
    from pydantic import BaseModel, ConfigDict  # noqa: PLC0415 - nothing else needs it

    class Event(BaseModel):
        model_config = ConfigDict(extra="allow")
        type: str
        event: str | None = None
        userId: str | None = None  # noqa: N815 - the name on the wire
        anonymousId: str | None = None  # noqa: N815
        messageId: str | None = None  # noqa: N815
        timestamp: str | None = None
        properties: dict[str, Any] = {}
        context: dict[str, Any] = {}

    class Batch(BaseModel):
        batch: list[Event]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await Request(scope, receive, 0).body(10**7)
        batch = Batch.model_validate_json(body)
        texts = [msgspec.Raw(one.model_dump_json(exclude_unset=True).encode()) for one in batch.batch]
        await commits.submit_async("received", encode_received(Received("web", 0, events=texts)))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"16")]})
        await send({"type": "http.response.body", "body": b'{"success":true}'})

    return app


def serve(kind: str, folder: Path, listening: socket.socket, pipe: Connection) -> None:
    """Serve until told to stop; then tell the CPU seconds spent since the start of the measurement."""
    if kind == "not forced to disk":
        journals._force = lambda _descriptor: None  # noqa: SLF001 - what is left out is what is measured
    clock, project = SystemClock(), Project(folder)
    with GroupCommit(Journal(project.folder.journal), clock) as commits:
        if kind == "pydantic model":
            server = http_server(pydantic_app(commits), grace=1)
        else:
            server = server_of(Collector(project.keys, commits, clock))

        async def run() -> None:
            loop = asyncio.get_running_loop()
            started = 0.0

            def told() -> None:
                nonlocal started
                word = pipe.recv()
                usage = resource.getrusage(resource.RUSAGE_SELF)
                spent = usage.ru_utime + usage.ru_stime
                if word == "begin":
                    started = spent
                else:
                    pipe.send(spent - started)
                    server.should_exit = True
                    loop.remove_reader(pipe.fileno())

            loop.add_reader(pipe.fileno(), told)
            tune_collection()
            pipe.send("ready")
            await server._serve([listening])  # noqa: SLF001 - serve() would take over the signals

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run())


class Sender(asyncio.Protocol):
    """Sends one prepared request whenever the answer to the last one has come."""

    def __init__(self, request: bytes, until: float, latencies: list[float], done: asyncio.Future[None]) -> None:
        self._request, self._until, self._latencies, self._done = request, until, latencies, done
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102 - asyncio's name
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:  # noqa: D102 - asyncio's name
        self._answer += data
        if not self._answer.endswith(b"}"):
            return
        if not self._answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(self._answer.decode())
        self._answer = b""
        now = time.perf_counter()
        self._latencies.append(now - self._sent)
        if now < self._until:
            self._send()
        else:
            self._transport.close()
            self._done.set_result(None)


def send(port: int, request: bytes, connections: int, seconds: float, pipe: Connection) -> None:
    """Send for so many seconds over so many connections, and tell the latencies, the time and the CPU time it took."""

    async def run() -> tuple[list[float], float, float]:
        loop = asyncio.get_running_loop()
        latencies: list[float] = []
        begun, spent = time.perf_counter(), time.process_time()
        waiting = []
        for _ in range(connections):
            done: asyncio.Future[None] = loop.create_future()
            waiting.append(done)
            await loop.create_connection(
                lambda done=done: Sender(request, begun + seconds, latencies, done), "127.0.0.1", port
            )
        await asyncio.gather(*waiting)
        return latencies, time.perf_counter() - begun, time.process_time() - spent

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        pipe.send(runner.run(run()))


def events_of(number: int) -> list[dict[str, Any]]:
    """Return so many events of one visitor: each has its own id, time and values, and its page is that of five."""
    page = EVENT["context"]["page"]
    return [
        EVENT
        | {"messageId": f"{EVENT['messageId'][:-4]}{place:04}", "timestamp": f"2026-03-01T10:00:00.{place:03}Z"}
        | {"properties": EVENT["properties"] | {"total": round(42.5 + place / 100, 2)}}
        | {"context": EVENT["context"] | {"page": page | {"url": f"{page['url'][:-1]}{place // 5}"}}}
        for place in range(number)
    ]


def measure(kind: str, folder: Path, events: int, connections: int, seconds: float) -> Measured:
    project = Project.create(folder)
    key, _ = project.keys.create_write("web")
    body = json.dumps({"batch": events_of(events), "sentAt": "2026-03-01T10:00:01Z"}).encode()
    credential = b64encode(f"{key}:".encode()).decode()
    head = f"POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {credential}\r\nContent-Length: {len(body)}"
    request = f"{head}\r\n\r\n".encode() + body
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in range(2 if kind == "two processes" else 1)]
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        servers = [context.Process(target=serve, args=(kind, folder, listening, its), daemon=True) for _, its in pipes]
        for server in servers:
            server.start()
        for ours, _ in pipes:
            ours.recv()
        answers, its_end = context.Pipe()
        port = listening.getsockname()[1]
        for length in (1.0, seconds):  # once to warm up
            for ours, _ in pipes if length == seconds else ():
                ours.send("begin")
            sender = context.Process(target=send, args=(port, request, connections, length, its_end), daemon=True)
            sender.start()
            latencies, took, sender_cpu = answers.recv()
            sender.join()
        for ours, _ in pipes:
            ours.send("end")
        cpu = sum(ours.recv() for ours, _ in pipes)
        for server in servers:
            server.join()
    return Measured(len(latencies) * events, took, cpu, sender_cpu, np.array(latencies))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    size = len(json.dumps(EVENT))
    print(f"one event has {size:,} bytes; {given.connections} connections, {given.seconds:g} s each")
    names = ("server", "events a request", "events/s", "per CPU-s", "cores", "sender", "p50 ms", "p99 ms")
    print("{:20} {:>16} {:>9} {:>9} {:>5} {:>6} {:>7} {:>7}".format(*names))
    for events in (100, 1):
        for kind in SERVERS:
            with tempfile.TemporaryDirectory(dir=given.folder) as folder:
                one = measure(kind, Path(folder) / "shop", events, given.connections, given.seconds)
            p50, p99 = np.percentile(one.latencies * 1_000, [50, 99])
            speed, thrift = one.events / one.seconds, one.events / one.cpu
            cores = f"{one.cpu / one.seconds:5.2f} {one.sender / one.seconds:6.2f}"
            print(f"{kind:20} {events:16,} {speed:9,.0f} {thrift:9,.0f} {cores} {p50:7.1f} {p99:7.1f}", flush=True)


if __name__ == "__main__":
    main()
