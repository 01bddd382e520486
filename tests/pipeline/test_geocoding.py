"""Addresses found by a run: without a server, or by the one that is declared, asked once for each and no more."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from geocoding_server import Failure, GeocodingServer, french, geocoding
from kohort.clock import SECOND
from kohort.errors import DefinitionError
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, iso

PEOPLE: dict[str, dict[str, object]] = {
    "ana": {"street": "12 rue de la Soif", "postcode": "35000", "city": "Rennes"},
    "ben": {"street": "1 rue du Puits", "postcode": "01510", "city": "Armix"},
    "cid": {"street": "12 rue  de la Soif ", "postcode": "35000", "city": "Rennes"},
    "dan": {"street": "nowhere"},
    "eve": {"city": "Rennes"},
}
LATER = SettableClock(NOW)
SOIF = "12 rue de la Soif 35000 Rennes"
PUITS = "1 rue du Puits 01510 Armix"
SCORES = """\
scores:
  - {kind: geocoding, address: [street, postcode, city], by: BY}
  - kind: places
    name: around
    position: {latitude: address_latitude, longitude: address_longitude}
    prefix: address_
    stores: [{name: Rennes, latitude: 48.11, longitude: -1.68}]
"""
SEGMENTS = "segments: [{name: near, where: address_store_distance_km < 3}]\n"


def shop_in(folder: Path, by: str, settings: str = "") -> Project:
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    path = project.folder.path
    (path / "kohort.yaml").write_text((path / "kohort.yaml").read_text() + settings)
    (path / "scores" / "addresses.yaml").write_text(SCORES.replace("BY", by))
    (path / "segments" / "near.yaml").write_text(SEGMENTS)
    project = Project(path, clock=SettableClock(NOW))
    tell(project, folder, PEOPLE, "first")
    return project


def tell(project: Project, folder: Path, people: dict[str, dict[str, object]], batch: str) -> None:
    lines = [
        {
            "type": "identify", "messageId": f"{batch}-{person}", "userId": person, "timestamp": iso(NOW - 10),
            "traits": traits,
        }
        for person, traits in people.items()
    ]  # fmt: skip
    file = folder / f"{batch}.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in lines))
    project.ingest(file)


def outcomes(project: Project) -> dict[str, str]:
    """Run, a second later each time, as of the same moment."""
    LATER.advance(SECOND)
    again = Project(project.folder.path, clock=SettableClock(LATER.now()))
    return {one.step: one.state for one in again.run(NOW)}


def held(project: Project, person: str) -> dict[str, tuple[object, str]]:
    return {one.name: (one.value, one.mark) for one in project.traits(person)}


def said(project: Project) -> str:
    (detail,) = [one.detail for one in project.findings() if one.check == "geocoded"]
    return detail


@pytest.fixture
def server() -> Iterator[GeocodingServer]:
    with geocoding() as found:
        found.known[SOIF] = french("12 Rue de la Soif", 48.111, -1.681, "35238", "housenumber", 0.97)
        found.known[PUITS] = french("Rue du Puits", 45.8, 5.6, "01019", "street", 0.31)
        yield found


def declared(server: GeocodingServer, most: int = 100) -> str:
    return (
        "places: {geocoding: {service: geoplateforme, contact: data@example.org, rate: 1000, allow_private: true, "
        f"url: '{server.url}', most: {most}}}}}\n"
    )


def test_without_a_server_addresses_are_found_to_the_commune(tmp_path: Path) -> None:
    project = shop_in(tmp_path, "local")
    assert outcomes(project)["score geocoding"] == "done"
    assert held(project, "ana")["address_commune"] == ("35238", "placed by the communes of France")
    assert held(project, "ana")["address_level"][0] == "commune"
    assert held(project, "ben")["address_commune"][0] == "01019"
    assert "address_latitude" not in held(project, "ben")
    assert "address_commune" not in held(project, "eve")
    assert said(project).startswith("2 of 4 different addresses are found, 2 are not or not surely, 0 are left")
    assert not (project.folder.path / "data" / "geocoding.sqlite").exists()
    assert project.member_page("near").size == 2


def test_no_address_leaves_unless_a_service_is_declared(tmp_path: Path) -> None:
    project = shop_in(tmp_path, "service")
    with pytest.raises(DefinitionError, match="would send addresses to a service, and none is declared"):
        list(project.run(NOW))


def test_a_service_is_asked_once_for_each_address_and_only_sure_answers_count(
    tmp_path: Path, server: GeocodingServer
) -> None:
    project = shop_in(tmp_path, "service", declared(server))
    assert outcomes(project)["score geocoding"] == "done"
    assert sorted(server.texts) == [PUITS, SOIF, "Rennes", "nowhere"]
    ana = held(project, "ana")
    assert (str(ana["address_latitude"][0]), ana["address_latitude"][1]) == ("48.111", "placed by localhost")
    assert (ana["address_level"][0], str(ana["address_score"][0])) == ("house", "0.97")
    assert held(project, "cid")["address_commune"][0] == "35238"
    assert "address_commune" not in held(project, "ben"), "a score of .31 is below .5"
    assert said(project).endswith("Base Adresse Nationale, by IGN's Géoplateforme, Licence Ouverte 2.0")
    assert outcomes(project)["score geocoding"] == "skipped"
    tell(project, tmp_path, {"fay": {"street": "nowhere"}, "eve": {"city": "Brest"}}, "second")
    assert outcomes(project)["score geocoding"] == "done"
    assert server.texts[4:] == ["Brest"]


def test_addresses_are_kept_as_hashes_and_those_that_nobody_has_any_more_are_forgotten(
    tmp_path: Path, server: GeocodingServer
) -> None:
    project = shop_in(tmp_path, "service", declared(server))
    outcomes(project)
    file = project.folder.path / "data" / "geocoding.sqlite"
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"Soif" not in file.read_bytes()
    with sqlite3.connect(file) as connection:
        assert connection.execute("select count(*) from answers").fetchone() == (4,)
    connection.close()
    tell(project, tmp_path, {"ben": {"street": None, "postcode": None, "city": None}}, "second")
    outcomes(project)
    with sqlite3.connect(file) as connection:
        assert connection.execute("select count(*) from answers").fetchone() == (3,)
    connection.close()
    file.unlink()
    tell(project, tmp_path, {"gus": {"age": 3}}, "third")
    outcomes(project)
    assert len(server.texts) == 7, "what was deleted is asked anew"


def test_a_run_asks_for_so_many_and_the_next_one_for_the_rest(tmp_path: Path, server: GeocodingServer) -> None:
    project = shop_in(tmp_path, "service", declared(server, most=3))
    assert outcomes(project)["score geocoding"] == "done"
    assert "1 are left for the next run" in said(project)
    assert len(server.texts) == 3
    assert outcomes(project)["score geocoding"] == "done"
    assert "0 are left" in said(project)
    assert len(server.texts) == 4
    assert outcomes(project)["score geocoding"] == "skipped"


def test_a_service_that_refuses_stops_no_run_and_is_asked_again_by_the_next(
    tmp_path: Path, server: GeocodingServer
) -> None:
    server.failures = [Failure(403)]
    project = shop_in(tmp_path, "service", declared(server))
    assert outcomes(project)["score geocoding"] == "done"
    assert "stopped: localhost refused to look for addresses: it answered 403" in said(project)
    assert [one.severity for one in project.findings() if one.check == "geocoded"] == ["warning"]
    assert len(server.asked) == 1
    assert outcomes(project)["score geocoding"] == "done"
    assert held(project, "ana")["address_level"][0] == "house"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("service: google", "one of geoplateforme, nominatim"),
        ("contact: nobody", "an e-mail address"),
        ("contact: 'x@y\\r\\nHost: z'", "an e-mail address"),
        ("url: http://example.org", "an address such as"),
        ("url: file:///etc/passwd", "an address such as"),
        ("rate: 2", "from 1 to 1, as nominatim.openstreetmap.org allows"),
        ("most: 0", "a whole number from 1 on"),
        ("allow_private: perhaps", "true or false"),
    ],
)
def test_a_service_is_declared_with_a_contact_and_within_what_it_allows(tmp_path: Path, change: str, said: str) -> None:
    fields = {"service": "nominatim", "contact": "data@example.org"}
    name, _, value = change.partition(": ")
    fields[name] = value.replace("'", '"') if "\\r" in value else value
    project = Project.create(tmp_path / "shop", clock=SettableClock(NOW))
    settings = project.folder.path / "kohort.yaml"
    settings.write_text(
        settings.read_text() + "places:\n  geocoding:\n" + "".join(f"    {one}: {two}\n" for one, two in fields.items())
    )
    with pytest.raises(DefinitionError, match=said):
        list(Project(project.folder.path, clock=SettableClock(NOW)).run(NOW))
