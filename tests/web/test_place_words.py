"""Scores of places and of open data in the words of both languages."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from kohort.definitions.enrichment import EnrichmentDefinition, JoinedColumn
from kohort.definitions.geocoding import GeocodingDefinition
from kohort.definitions.places import AddressDefinition, PlacesDefinition, PositionDefinition, Store
from kohort.definitions.values import ValueType
from kohort.rules.languages import Language
from kohort.web.studio.formats import Formats
from kohort.web.studio.values import ScoreWords

PLACES = PlacesDefinition(
    "places", "postcode", "city", position=PositionDefinition("lat", "lon"), stores=(Store("Lyon", 45.8, 4.8),),
    zones=20, ip=AddressDefinition("ip"), prefix="home_",
)  # fmt: skip
INCOMES = EnrichmentDefinition(
    "incomes", "commune", "incomes.csv", "code", (JoinedColumn("income", "median", ValueType.NUMBER),), "INSEE",
    "Licence Ouverte 2.0", date(2021, 12, 31),
)  # fmt: skip
ADDRESSES = GeocodingDefinition("geocoding", ("street", "city"))


def words(language: Language) -> ScoreWords:
    return ScoreWords([PLACES, INCOMES, ADDRESSES], Formats(language, ZoneInfo("UTC")))


@pytest.mark.parametrize("language", list(Language))
def test_every_trait_of_a_place_has_a_name(language: Language) -> None:
    traits = (*PLACES.traits, *ADDRESSES.traits)
    assert [one for one in traits if words(language).name(one) == one] == []


def test_a_score_says_what_it_tells_in_both_languages() -> None:
    assert words(Language.EN).about(PLACES) == "Where people are, by postcode, city, lat, lon, ip."
    assert words(Language.FR).about(PLACES) == "Où sont les personnes, d’après postcode, city, lat, lon, ip."
    assert words(Language.EN).about(INCOMES) == "INSEE as of 31 Dec 2021, joined by commune; Licence Ouverte 2.0."
    assert words(Language.FR).about(INCOMES) == ("INSEE au 31 déc. 2021, joint par commune\u202f; Licence Ouverte 2.0.")
    assert words(Language.FR).about(ADDRESSES) == "Où sont les adresses, d’après street, city."
    assert words(Language.FR).name("home_store_distance_km") == "Kilomètres jusqu’au magasin le plus proche"
