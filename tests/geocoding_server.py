"""A server that answers as the Géoplateforme (Addok) and as Nominatim do, on this machine, and fails as they may."""

import csv
import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request: its parameters, each once, its headers (names in lower case), its path."""

    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    path: str
    lines: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        return self.lines or (self.parameters["q"],)


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
    def texts(self) -> list[str]:
        """Every address that was asked for, one by one or in a file, in order."""
        return [text for one in self.asked for text in one.texts]

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/geo"

    def answer(self, asked: Asked) -> tuple[int, bytes]:
        """Answer as the service whose parameters these are."""
        if asked.path.endswith("/csv"):
            return 200, self.answer_file(asked)
        found = self.known.get(asked.parameters["q"])
        listed = [] if found is None else [found]
        if asked.parameters.get("format") == "jsonv2":
            return 200, json.dumps(listed).encode()
        if len(asked.parameters["q"]) < 3:
            return 400, json.dumps({"code": 400, "detail": ["q: must contain between 3 and 200 chars"]}).encode()
        return 200, json.dumps(
            {"type": "FeatureCollection", "features": listed, "query": asked.parameters["q"]}
        ).encode()

    def answer_file(self, asked: Asked) -> bytes:
        """Answer a file with its lines, and what was found of each, as the Géoplateforme does."""
        text = io.StringIO()
        names = [
            "longitude",
            "latitude",
            "result_score",
            "result_label",
            "result_type",
            "result_citycode",
            "result_status",
        ]
        writer = csv.DictWriter(text, [asked.parameters["columns"], *names])
        writer.writeheader()
        for line in asked.lines:
            row: dict[str, object] = {asked.parameters["columns"]: line, "result_status": "not-found"}
            if (found := self.known.get(line)) is not None:
                geometry, properties = (
                    cast("dict[str, Any]", found["geometry"]),
                    cast("dict[str, Any]", found["properties"]),
                )
                row |= {f"result_{name}": properties[name] for name in ("score", "label", "type", "citycode")}
                row |= {"result_status": "ok"} | dict(zip(names, geometry["coordinates"], strict=False))
            writer.writerow(row)
        return text.getvalue().encode()


def read_file(content_type: str, body: bytes) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the fields of a form, and the lines of the column of its file that they name."""
    form = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    parts = {part.get_param("name", header="content-disposition"): part for part in form.iter_parts()}
    fields = {str(name): str(part.get_payload()) for name, part in parts.items() if name != "data"}
    file = cast("bytes", parts["data"].get_payload(decode=True)).decode()
    return fields, tuple(row[fields["columns"]] for row in csv.DictReader(io.StringIO(file)))


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
            self.serve(Asked(parameters, self.lowered(), parts.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            fields, lines = read_file(self.headers["content-type"], body)
            self.serve(Asked(fields, self.lowered(), self.path, lines))

        def lowered(self) -> dict[str, str]:
            return {name.lower(): value for name, value in self.headers.items()}

        def serve(self, asked: Asked) -> None:
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
