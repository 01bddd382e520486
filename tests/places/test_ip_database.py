"""Countries of IP addresses by databases: of both forms of records, and the real one where it is at hand."""

import os
from pathlib import Path

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from kohort.errors import ProjectError
from kohort.places.ip import IpPlace, places_of_addresses

MODULES = os.environ.get("KOHORT_NODE_MODULES", "")
REAL = Path(MODULES) / "@ip-location-db" / "geo-whois-asn-country-mmdb" / "geo-whois-asn-country.mmdb"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ip") / "small.mmdb"
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="test")
    writer.insert_network(IPSet(["203.0.112.0/24", "2a01:e00::/26"]), {"country_code": "FR"})
    writer.insert_network(
        IPSet(["198.51.111.0/24"]), {"country": {"iso_code": "de"}, "city": {"names": {"en": "Berlin"}}}
    )
    writer.insert_network(IPSet(["100.0.0.0/24"]), {"country_code": 7})
    writer.insert_network(IPSet(["100.0.1.0/24"]), {"city": "Nowhere"})
    writer.to_db_file(str(path))
    return path


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.112.1", IpPlace("FR", "")),
        (" 203.0.112.255 ", IpPlace("FR", "")),
        ("203.0.113.0", None),
        ("2a01:e0a:1:2::3", IpPlace("FR", "")),
        ("::ffff:203.0.112.1", None),
        ("198.51.111.9", IpPlace("DE", "Berlin")),
        ("100.0.0.1", None),
        ("100.0.1.1", None),
        ("10.0.0.1", None),
        ("fe80::1", None),
        ("127.0.0.1", None),
        ("224.0.0.1", None),
        ("localhost", None),
        ("1" * 1_000, None),
        ("", None),
        (None, None),
    ],
)
def test_an_address_has_the_place_of_its_network(database: Path, address: str | None, place: IpPlace | None) -> None:
    assert places_of_addresses(database, [address]).places == (place,)


def test_what_has_no_place_is_counted_by_why(database: Path) -> None:
    answers = places_of_addresses(database, ["203.0.112.1", "10.0.0.1", "::1", "?", "9.9.9.9", "2b00::1", None])
    assert (answers.wrong, answers.private, answers.unknown) == (1, 2, 2)


def test_a_database_of_ipv4_alone_knows_no_other_address(tmp_path: Path) -> None:
    writer = MMDBWriter(ip_version=4, database_type="test")
    writer.insert_network(IPSet(["203.0.112.0/24"]), {"country_code": "FR"})
    writer.to_db_file(str(tmp_path / "four.mmdb"))
    answers = places_of_addresses(tmp_path / "four.mmdb", ["203.0.112.1", "2a01:e0a::1"])
    assert answers.places == (IpPlace("FR", ""), None)
    assert answers.unknown == 1


@pytest.mark.parametrize("content", [b"", b"no database", b"\xab\xcd\xefMaxMind.com" * 3])
def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "wrong.mmdb").write_bytes(content)
    with pytest.raises(ProjectError, match="cannot be read as a database of IP addresses"):
        places_of_addresses(tmp_path / "wrong.mmdb", ["9.9.9.9"])


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_file(), reason="the database comes with npm, which is not installed")
def test_the_recommended_database_knows_well_known_addresses() -> None:
    answers = places_of_addresses(REAL, ["8.8.8.8", "2001:4860:4860::8888", "212.27.40.240", "2a01:e0a::1"])
    assert [one and one.country for one in answers.places] == ["US", "US", "FR", "FR"]
