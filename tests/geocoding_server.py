"""A server that answers as the Géoplateforme (Addok) and as Nominatim do, on this machine, and fails as they may."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request: its parameters, each once, its headers (names in lower case), its path."""

    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    path: str


@dataclass(frozen=True)
class Failure:
    """An answer that is none."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def french(label: str, latitude: float, longitude: float, citycode: str, kind: str, score: float) -> dict[str, object]:
    """Return a feature as the Géoplateforme answers it."""
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
        "properties": {
            "label": label, "score": score, "id": f"{citycode}_0001", "type": kind, "name": label, "citycode": citycode,
            "postcode": "35000", "city": "Rennes", "context": "35, Ille-et-Vilaine, Bretagne", "importance": 0.6,
            "_type": "address",
        },
    }  # fmt: skip


def osm(name: str, latitude: str, longitude: str, kind: str) -> dict[str, object]:
    """Return a place as Nominatim answers it in its format jsonv2."""
    return {
        "place_id": 1, "licence": "Data © OpenStreetMap contributors, ODbL 1.0. http://osm.org/copyright",
        "osm_type": "way", "osm_id": 2, "lat": latitude, "lon": longitude, "category": "place", "type": kind,
        "place_rank": 30, "importance": 0.1, "addresstype": kind, "name": "", "display_name": name,
        "boundingbox": ["48.1", "48.2", "-1.7", "-1.6"],
    }  # fmt: skip


@dataclass
class GeocodingServer:
    """What was asked, in order. `known` gives the answer by text; `failures` come first, one for each request."""

    port: int
    known: dict[str, dict[str, object]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/geo"

    def answer(self, asked: Asked) -> tuple[int, bytes]:
        """Answer as the service whose parameters these are."""
        found = self.known.get(asked.parameters["q"])
        listed = [] if found is None else [found]
        if asked.parameters.get("format") == "jsonv2":
            return 200, json.dumps(listed).encode()
        if len(asked.parameters["q"]) < 3:
            return 400, json.dumps({"code": 400, "detail": ["q: must contain between 3 and 200 chars"]}).encode()
        return 200, json.dumps(
            {"type": "FeatureCollection", "features": listed, "query": asked.parameters["q"]}
        ).encode()


@contextmanager
def geocoding() -> Iterator[GeocodingServer]:
    """Answer in a thread, on a free port."""
    server = GeocodingServer(0)
    server.hold.set()
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads = True
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.hold.set()
        http.shutdown()
        thread.join()
        http.server_close()


def _handler(server: GeocodingServer) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            parameters = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            asked = Asked(parameters, {name.lower(): value for name, value in self.headers.items()}, parts.path)
            server.asked.append(asked)
            server.hold.wait(30)
            failure = server.failures.pop(0) if server.failures else None
            status, body = (failure.status, failure.body) if failure else server.answer(asked)
            try:
                self.send_response(status)
                for name, value in (failure.headers if failure else {"content-type": "application/json"}).items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True  # whoever asked has gone

        def log_message(self, *_: object) -> None:
            pass

    return Handler
