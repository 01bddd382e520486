"""Where people are, from what they told to segments over it: computed by a run, marked, and used in rules."""

import json
from pathlib import Path

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from kohort.errors import DefinitionError, ProjectError
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, iso

SCORES = """\
scores:
  - kind: places
    postal_code: postcode
    town: city
    country: country
    position: {latitude: latitude, longitude: longitude, event: store_searched}
    cell: 7
    stores: reference/stores.csv
    zones: {least: 3}
    ip: {address: ip}
"""
SEGMENTS = """\
segments:
  - {name: rennais, where: 'commune = "35238"'}
  - {name: bretons, where: 'region_name = "Bretagne"'}
  - {name: close, where: store_distance_km < 5}
  - {name: foreign, where: 'ip_country exists and ip_country != "FR"'}
"""
STORES = "name,latitude,longitude,phone\nRennes Centre,48.1113,-1.6800,1\nLyon Bellecour,45.7578,4.8320,2\n"
SEARCHED = "position: {latitude: latitude, longitude: longitude, event: store_searched}"
PEOPLE: dict[str, dict[str, object]] = {
    "ana": {"postcode": "35000", "city": "RENNES", "ip": "203.0.112.7"},
    "ben": {"postcode": "38080", "city": "L'Isle d'Abeau", "ip": "2a01:e0a::1"},
    "cid": {"postcode": "38080", "ip": "192.168.1.10"},
    "dan": {"postcode": "1000", "city": "Bourg en Bresse", "ip": "no address"},
    "eve": {"postcode": "10115", "city": "Berlin", "country": "DE", "ip": "198.51.111.1"},
    "fay": {"ip": "8.8.8.8"},
}
POSITIONS: dict[str, list[tuple[float, float]]] = {
    "ana": [(45.76, 4.83), (48.11, -1.67)],
    "ben": [(45.75, 4.85)],
    "cid": [(0, 0)],
    "dan": [(45.74, 4.86)],
    "fay": [(95, 5), (48.12, -1.66)],
}


def database(path: Path) -> None:
    """Write a real database of three networks, as MaxMind's and as ip-location-db's records are."""
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="test")
    writer.insert_network(IPSet(["203.0.112.0/24"]), {"country_code": "FR"})
    writer.insert_network(
        IPSet(["2a01:e00::/26"]), {"country": {"iso_code": "FR"}, "city": {"names": {"en": "Lyon", "fr": "Lyon"}}}
    )
    writer.insert_network(IPSet(["198.51.111.0/24"]), {"country_code": "DE"})
    path.parent.mkdir(exist_ok=True)
    writer.to_db_file(str(path))


def messages() -> list[dict[str, object]]:
    told: list[dict[str, object]] = [
        {
            "type": "identify", "messageId": f"told-{person}", "userId": person, "timestamp": iso(NOW - 10**6),
            "traits": traits,
        }
        for person, traits in PEOPLE.items()
    ]  # fmt: skip
    for person, points in POSITIONS.items():
        for number, (latitude, longitude) in enumerate(points):
            told.append({
                "type": "track", "event": "Store Searched", "messageId": f"{person}-{number}", "userId": person,
                "timestamp": iso(NOW - 10**9 + number * 10**6),
                "properties": {"latitude": latitude, "longitude": longitude},
            })  # fmt: skip
    return told


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("placing")
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    path = project.folder.path
    (path / "kohort.yaml").write_text((path / "kohort.yaml").read_text() + "places: {ip_database: databases/ip.mmdb}\n")
    database(path / "databases" / "ip.mmdb")
    (path / "reference").mkdir()
    (path / "reference" / "stores.csv").write_text(STORES)
    (path / "segments" / "places.yaml").write_text(SEGMENTS)
    (path / "scores" / "places.yaml").write_text(SCORES)
    (folder / "people.jsonl").write_text("".join(json.dumps(one) + "\n" for one in messages()))
    project = Project(path, clock=SettableClock(NOW))
    project.ingest(folder / "people.jsonl")
    outcomes = {one.step: one for one in project.run(NOW)}
    assert outcomes["score places"].state == "done"
    return project


def held(project: Project, person: str) -> dict[str, tuple[object, str]]:
    return {one.name: (one.value, one.mark) for one in project.traits(person) if one.source.startswith("places")}


def test_a_postal_code_becomes_commune_department_and_region_with_how_it_was_found(shop: Project) -> None:
    traits = held(shop, "ana")
    by = "placed by postal code and town"
    assert traits["commune"] == ("35238", by)
    assert traits["commune_name"] == ("Rennes", by)
    assert traits["department_name"] == ("Ille-et-Vilaine", by)
    assert traits["region_name"] == ("Bretagne", by)
    assert held(shop, "ben")["commune"] == ("38193", by)


def test_an_ambiguous_code_is_left_to_its_department_and_a_lost_zero_is_restored_by_name(shop: Project) -> None:
    traits = held(shop, "cid")
    assert "commune" not in traits
    assert traits["department"] == ("38", "placed by postal code of several communes")
    assert traits["place_level"][0] == "department"
    assert held(shop, "dan")["commune"] == ("01053", "placed by postal code and town, a zero restored")
    assert "place_level" not in held(shop, "eve"), "she is in Germany, where 10115 is another place"


def test_the_newest_position_gives_a_cell_the_nearest_commune_and_the_nearest_store(shop: Project) -> None:
    traits = held(shop, "ana")
    assert traits["nearest_store"][0] == "Rennes Centre"
    assert 0 < float(str(traits["store_distance_km"][0])) < 2
    assert traits["nearest_commune_name"][0] == "Rennes"
    assert str(traits["h3"][0]).startswith("87")
    assert held(shop, "ben")["nearest_store"][0] == "Lyon Bellecour"
    assert "h3" not in held(shop, "cid"), "0, 0 is where positions go that are none"


def test_a_micro_zone_holds_as_many_as_is_declared_and_here_all_are_together(shop: Project) -> None:
    zones = {held(shop, person)["zone"][0] for person in ("ana", "ben", "dan", "fay")}
    assert len(zones) == 1
    found = {one.check: one.detail for one in shop.findings() if one.source == "places"}
    assert found["zones"] == "4 people are in 1 micro-zones, each of 3 people or more"
    assert found["positions"].startswith("1 of 5 positions by latitude, longitude are nowhere")


def test_an_address_gives_its_country_and_town_where_the_database_has_them(shop: Project) -> None:
    assert held(shop, "ana")["ip_country"][0] == "FR"
    assert (held(shop, "ben")["ip_country"][0], held(shop, "ben")["ip_town"][0]) == ("FR", "Lyon")
    assert held(shop, "eve")["ip_country"][0] == "DE"
    assert not {"ip_country", "ip_town"} & held(shop, "cid").keys()
    (detail,) = [one.detail for one in shop.findings() if one.check == "addresses"]
    assert detail == (
        "3 of 6 addresses of ip have no country: 1 are none, 1 are not public, 1 are unknown to the database"
    )


def test_rules_ask_for_places_as_for_any_trait(shop: Project) -> None:
    assert {name: shop.member_page(name).size for name in ("rennais", "bretons", "close", "foreign")} == {
        "rennais": 1,
        "bretons": 1,
        "close": 4,
        "foreign": 1,
    }


def test_what_is_unchanged_is_skipped_and_a_changed_file_is_read_again(shop: Project) -> None:
    def state() -> str:
        again = Project(shop.folder.path, clock=SettableClock(NOW))
        return {one.step: one.state for one in again.run(NOW)}["score places"]

    stores = shop.folder.path / "reference" / "stores.csv"
    assert state() == "skipped"
    stores.write_text(STORES + "Brest,48.39,-4.48,3\n")
    assert state() == "done"
    assert state() == "skipped"


@pytest.mark.parametrize(
    ("score", "said"),
    [
        ("{kind: places, name: a, postal_code: postcode}", "the trait commune is told by places already"),
        ("{kind: places, name: a, postal_code: postcode, prefix: b_, town: city, country: ip_count}", "needs ip_count"),
        ("{kind: places, name: a, prefix: b_, position: {latitude: city, longitude: city}}", "should be a number"),
        (
            "{kind: places, name: a, prefix: b_, position: {latitude: x, longitude: y, event: store_searched}}",
            "unknown",
        ),
        (f"{{kind: places, name: a, prefix: b_, stores: none.csv, {SEARCHED}}}", 'there is no file "none.csv"'),
    ],
)
def test_what_cannot_be_is_refused_by_name(shop: Project, score: str, said: str) -> None:
    file = shop.folder.path / "scores" / "wrong.yaml"
    file.write_text(f"scores: [{score}]")
    try:
        if said.startswith("needs"):
            outcomes = {one.step: one for one in Project(shop.folder.path, clock=SettableClock(NOW)).run(NOW)}
            assert said in outcomes["score a"].detail
            return
        with pytest.raises(DefinitionError, match=said):
            list(Project(shop.folder.path, clock=SettableClock(NOW)).run(NOW))
    finally:
        file.unlink()


def test_a_database_that_is_none_or_not_declared_is_an_error_that_says_so(shop: Project) -> None:
    path = shop.folder.path / "databases" / "ip.mmdb"
    kept = path.read_bytes()
    path.write_bytes(b"no database")
    try:
        with pytest.raises(ProjectError, match="cannot be read as a database of IP addresses"):
            list(Project(shop.folder.path, clock=SettableClock(NOW)).run(NOW))
    finally:
        path.write_bytes(kept)
    settings = shop.folder.path / "kohort.yaml"
    said = settings.read_text()
    settings.write_text(said.replace("places: {ip_database: databases/ip.mmdb}\n", ""))
    try:
        with pytest.raises(DefinitionError, match="no database is declared"):
            list(Project(shop.folder.path, clock=SettableClock(NOW)).run(NOW))
    finally:
        settings.write_text(said)


def test_where_nobody_has_a_position_nobody_is_placed(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop", clock=SettableClock(NOW))
    (project.folder.path / "scores" / "places.yaml").write_text(
        "scores: [{kind: places, position: {latitude: lat, longitude: lon}, zones: {}, "
        "stores: [{name: Rennes, latitude: 48.1, longitude: -1.7}]}]"
    )
    message = {"type": "identify", "messageId": "m", "userId": "ana", "timestamp": iso(NOW - 10)}
    lines = [{**message, "traits": {"lat": 95.5, "lon": 1}}]
    (tmp_path / "people.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    project.ingest(tmp_path / "people.jsonl")
    assert {one.step: one.state for one in project.run(NOW)}["score places"] == "done"
    assert [one.name for one in project.traits("ana")] == ["lat", "lon"]


def test_distances_are_told_to_a_hundred_metres_and_positions_are_personal(shop: Project) -> None:
    distances = [held(shop, person)["store_distance_km"][0] for person in ("ana", "ben", "dan")]
    assert [str(one) for one in distances] == ["0.8", "1.6", "2.9"]
    privacy = shop._workspace().settings.privacy
    assert [privacy.is_personal(one, trait=True) for one in ("h3", "nearest_commune_km", "store_distance_km")] == [
        True, True, False,
    ]  # fmt: skip
