"""Asking geocoders of others: what they answer, how they fail, and how little they are troubled."""

from collections.abc import Iterator, Sequence

import pytest

from geocoding_server import Failure, GeocodingServer, french, geocoding, osm
from kohort.activation.destinations.checked import CheckedClient
from kohort.activation.destinations.geocoders import BATCH, RemoteGeocoder
from kohort.clock import SECOND
from kohort.definitions.geocoding import GeocodingService, GeocodingSettings
from kohort.errors import ProjectError, RemoteError, TerminalError, TransientError
from kohort.places.geocoding import Geocoded, LocalGeocoder
from kohort.testing.clock import SettableClock
from small_shop import NOW

STREET = "12 rue de la Soif 35000 Rennes"


@pytest.fixture
def server() -> Iterator[GeocodingServer]:
    with geocoding() as found:
        found.known[STREET] = french("12 Rue de la Soif 35000 Rennes", 48.11, -1.68, "35238", "housenumber", 0.93)
        yield found


class Sleeper:
    """Sleeps by moving a clock on, and remembers for how long."""

    def __init__(self, clock: SettableClock) -> None:
        self.clock, self.slept = clock, list[float]()

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(round(seconds * SECOND))


def asking(
    server: GeocodingServer, service: GeocodingService = GeocodingService.GEOPLATEFORME, *, rate: int = 10,
    client: CheckedClient | None = None,
) -> tuple[RemoteGeocoder, Sleeper]:  # fmt: skip
    sleeper = Sleeper(SettableClock(NOW))
    settings = GeocodingSettings(service, "data@example.org", server.url, rate, allow_private=True)
    return RemoteGeocoder(settings, sleeper.clock, sleeper, client), sleeper


def test_the_french_address_base_tells_degrees_commune_level_and_score(server: GeocodingServer) -> None:
    geocoder, _ = asking(server)
    assert geocoder.find(f"  {STREET}\n") == Geocoded(48.11, -1.68, "35238", "house", 0.93)
    (asked,) = server.asked
    assert asked.path == "/geo/search"
    assert asked.parameters == {"q": STREET, "limit": "1", "index": "address", "autocomplete": "0"}
    assert asked.headers["user-agent"] == "kohort (data@example.org)"


@pytest.mark.parametrize(
    ("kind", "level"), [("street", "street"), ("locality", "street"), ("municipality", "commune"), ("new", "other")]
)
def test_how_far_an_address_was_found_is_a_level(server: GeocodingServer, kind: str, level: str) -> None:
    server.known["Rennes"] = french("Rennes", 48.1, -1.7, "35238", kind, 1.2)
    assert asking(server)[0].find("Rennes") == Geocoded(48.1, -1.7, "35238", level, 1.0)


def test_nominatim_tells_degrees_and_level_and_is_told_whom_to_write_to(server: GeocodingServer) -> None:
    server.known["Unter den Linden 1 Berlin"] = osm("1, Unter den Linden, Berlin", "52.5168", "13.3989", "building")
    geocoder, _ = asking(server, GeocodingService.NOMINATIM)
    assert geocoder.find("Unter den Linden 1 Berlin") == Geocoded(52.5168, 13.3989, "", "house")
    assert server.asked[0].parameters["email"] == "data@example.org"
    assert server.asked[0].parameters["format"] == "jsonv2"


@pytest.mark.parametrize("service", list(GeocodingService))
def test_an_address_that_nobody_knows_is_none(server: GeocodingServer, service: GeocodingService) -> None:
    assert asking(server, service)[0].find("nowhere at all") is None


def test_what_the_service_cannot_look_for_is_none(server: GeocodingServer) -> None:
    assert asking(server)[0].find("?") is None


def test_requests_keep_the_pace_that_is_declared(server: GeocodingServer) -> None:
    geocoder, sleeper = asking(server, rate=4)
    for _ in range(3):
        geocoder.find(STREET)
    assert sleeper.slept == [0.25, 0.25]
    sleeper.clock.advance(SECOND)
    geocoder.find(STREET)
    assert sleeper.slept == [0.25, 0.25], "whoever waited otherwise waits no more"


def test_a_busy_server_is_asked_again_when_it_says(server: GeocodingServer) -> None:
    server.failures = [Failure(429, {"Retry-After": "7"}), Failure(503, {"Retry-After": "1"})]
    geocoder, sleeper = asking(server)
    assert geocoder.find(STREET) is not None
    assert sleeper.slept == [7, 1]
    assert len(server.asked) == 3


def test_a_fault_of_the_server_is_asked_again_later_and_later_and_then_given_up(server: GeocodingServer) -> None:
    server.failures = [Failure(500)] * 5
    geocoder, sleeper = asking(server)
    with pytest.raises(RemoteError, match="localhost answered 500") as caught:
        geocoder.find(STREET)
    assert isinstance(caught.value, TransientError)
    assert sleeper.slept == [2, 4]
    assert len(server.asked) == 3


def test_nobody_waits_for_hours(server: GeocodingServer) -> None:
    server.failures = [Failure(429, {"Retry-After": "86400"})]
    geocoder, sleeper = asking(server)
    with pytest.raises(RemoteError, match="answered 429"):
        geocoder.find(STREET)
    assert sleeper.slept == []


@pytest.mark.parametrize("status", [301, 302, 401, 403, 404])
def test_a_refusal_and_a_redirect_are_not_tried_again(server: GeocodingServer, status: int) -> None:
    server.failures = [Failure(status, {"Location": "http://169.254.169.254/latest/meta-data/"})]
    geocoder, _ = asking(server)
    with pytest.raises(ProjectError, match=f"it answered {status}") as caught:
        geocoder.find(STREET)
    assert isinstance(caught.value, TerminalError)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"[]", b"{}", b'{"features": 3}', b'{"features": [{}]}', b"\xff\xfe", b"[" * 100_000,
        b'{"features":[{"geometry":{"coordinates":["east","north"]},"properties":{"score":1}}]}',
        b'{"features":[{"geometry":{"coordinates":[200,95]},"properties":{"score":1}}]}',
        b'{"features":[{"geometry":{"coordinates":[NaN,NaN]},"properties":{"score":1}}]}',
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_an_error_and_repeats_no_address(server: GeocodingServer, body: bytes) -> None:
    server.failures = [Failure(200, body=body)] * 3
    geocoder, _ = asking(server)
    with pytest.raises(RemoteError, match="no answer of geoplateforme") as caught:
        geocoder.find(STREET)
    assert "Soif" not in str(caught.value)


def test_an_answer_beyond_a_megabyte_is_not_read(server: GeocodingServer) -> None:
    server.failures = [Failure(200, body=b" " * (2**20 + 1))] * 3
    geocoder, _ = asking(server)
    with pytest.raises(RemoteError, match="more than a megabyte"):
        geocoder.find(STREET)


def test_a_slow_server_is_left(server: GeocodingServer) -> None:
    server.hold.clear()
    geocoder, _ = asking(server, client=CheckedClient(allow_private=True, timeout=0.1))
    with pytest.raises(RemoteError, match="did not answer within"):
        geocoder.find(STREET)


def test_no_private_address_is_asked_unless_it_is_declared(server: GeocodingServer) -> None:
    async def inside(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    settings = GeocodingSettings(GeocodingService.GEOPLATEFORME, "data@example.org", "https://geo.example", 10)
    sleeper = Sleeper(SettableClock(NOW))
    geocoder = RemoteGeocoder(settings, sleeper.clock, sleeper, CheckedClient(resolve=inside))
    with pytest.raises(RemoteError, match="no public address"):
        geocoder.find(STREET)
    assert server.asked == []


@pytest.mark.parametrize(
    ("address", "commune"),
    [
        ("12 rue de la Soif 35000 Rennes", "35238"),
        ("12 rue de la Soif, 35000 Rennes, France", "35238"),
        ("3 place X, L'Isle-d'Abeau, 38080", "38193"),
        ("10115 rue longue 38080 ISLE D ABEAU", "38193"),
        ("BP 12345, 33074 Bordeaux CEDEX", "33063"),
        ("38080", None),
        ("12 rue de la Soif", None),
        ("", None),
        ("x" * 100_000 + " 35000 Rennes", None),
    ],
)
def test_without_a_server_the_commune_is_found(address: str, commune: str | None) -> None:
    found = LocalGeocoder().find(address)
    assert (found and found.commune) == commune
    if found:
        assert found.level == "commune"
        assert found.latitude is not None


def test_a_small_commune_has_a_code_and_no_degrees() -> None:
    assert LocalGeocoder().find("1 rue du Puits 01510 Armix") == Geocoded(None, None, "01019", "commune")


def test_the_french_address_base_is_sent_files_and_others_one_address_at_a_time(server: GeocodingServer) -> None:
    addresses = [STREET, *(f"{number} rue, 'x'; \"y\" d'ici" for number in range(BATCH))]
    geocoder, sleeper = asking(server)
    found = dict(geocoder.find_all(addresses))
    assert list(found) == addresses
    assert found[STREET] == Geocoded(48.11, -1.68, "35238", "house", 0.93)
    assert [one for one, place in found.items() if place] == [STREET]
    assert [len(one.lines) for one in server.asked] == [BATCH, 1]
    assert server.asked[0].path == "/geo/search/csv"
    assert server.asked[0].headers["user-agent"] == "kohort (data@example.org)"
    assert sleeper.slept == [0.1]
    geocoder, _ = asking(server, GeocodingService.NOMINATIM)
    assert [place for _, place in geocoder.find_all(addresses[1:3])] == [None, None]
    assert [one.path for one in server.asked[2:]] == ["/geo/search", "/geo/search"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"address\r\nelsewhere\r\n", b"address,latitude\r\n" + STREET.encode() + b",48.1\r\n", b"\xff\xfe",
        b"address,latitude,longitude,result_type,result_citycode,result_score\r\n" + STREET.encode() + b",95,2,a,b,1",
    ],
)  # fmt: skip
def test_a_file_that_answers_something_else_is_an_error(server: GeocodingServer, body: bytes) -> None:
    server.failures = [Failure(200, body=body)] * 3
    geocoder, _ = asking(server)
    with pytest.raises(RemoteError, match="no answer of geoplateforme"):
        list(geocoder.find_all([STREET]))


def test_a_file_that_the_service_cannot_read_is_not_sent_again(server: GeocodingServer) -> None:
    server.failures = [Failure(400)]
    geocoder, _ = asking(server)
    with pytest.raises(ProjectError, match="could not read a file of 1 addresses"):
        list(geocoder.find_all([STREET]))
    assert len(server.asked) == 1


def test_a_file_is_sent_again_when_a_busy_server_says(server: GeocodingServer) -> None:
    server.failures = [Failure(429, {"Retry-After": "5"})]
    geocoder, sleeper = asking(server)
    assert [place is not None for _, place in geocoder.find_all([STREET])] == [True]
    assert sleeper.slept == [5]
