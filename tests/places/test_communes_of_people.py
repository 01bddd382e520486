"""Where a postal code, and a town as people write it, are."""

import runpy
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.definitions.values import MICRO
from kohort.places.communes_of_people import Place, place_of, place_people
from kohort.places.insee import french_places

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "insee.py"))


def placed(code: str, town: str = "", *, french: bool = False) -> Place | None:
    return place_of(code, town, french_places(), french=french)


@pytest.mark.parametrize(
    ("code", "town", "commune", "by"),
    [
        ("35000", "", "35238", "postal code"),
        ("35000", "Rennes", "35238", "postal code and town"),
        ("38080", "L'Isle-d'Abeau", "38193", "postal code and town"),
        ("38080", "ISLE D ABEAU (L')", "38193", "postal code and town"),
        ("38080", "St Alban de Roche", "38352", "postal code and town"),
        ("38080", "Saint-Marcel-Bel-Accueil", "38415", "postal code and town"),
        ("38080", "Sait Alban de Roche", "38352", "postal code and a town spelled alike"),
        ("42000", "SAINT-ÉTIENNE CEDEX 1", "42218", "postal code and town"),
        ("33074", "Bordeaux CEDEX", "33063", "town in the department of the code"),
        ("20000", "Ajaccio", "2A004", "postal code and town"),
        ("20200", "Bastia", "2B033", "postal code and town"),
        ("97400", "Saint-Denis", "97411", "postal code and town"),
        ("97200", "Fort de France", "97209", "postal code and town"),
        ("98800", "Nouméa", "98818", "postal code and town"),
        ("75011", "Paris 11e", "75056", "postal code and town"),
        ("69003", "", "69123", "postal code"),
        ("F-59160", "Lomme", "59350", "postal code and town"),
        ("92060", "Paris La Défense", "", "the beginning of the postal code"),
    ],
)
def test_a_postal_code_and_a_town_tell_the_commune(code: str, town: str, commune: str, by: str) -> None:
    place = placed(code, town)
    assert place is not None
    assert (place.commune, place.by) == (commune, by)


@pytest.mark.parametrize(
    ("code", "town", "department", "region", "by"),
    [
        ("38080", "", "38", "84", "postal code of several communes"),
        ("38080", "Les Roches Bleues", "38", "84", "postal code of several communes"),
        ("35000", "Lyon", "35", "53", "postal code against its town"),
        ("20176", "", "2A", "94", "the beginning of the postal code"),
        ("20620", "Biguglia", "2B", "94", "postal code and town"),
        ("05110", "", "", "93", "postal code of several communes"),
    ],
)
def test_what_cannot_be_told_apart_stays_a_department_or_a_region(
    code: str, town: str, department: str, region: str, by: str
) -> None:
    place = placed(code, town)
    assert place is not None
    assert (place.department, place.region, place.by) == (department, region, by)


@pytest.mark.parametrize(("code", "town"), [("98000", "Monaco"), ("ABC", "Rennes"), ("", "Rennes"), ("99999", "")])
def test_what_is_no_french_code_is_nowhere(code: str, town: str) -> None:
    assert placed(code, town) is None


def test_a_zero_that_a_spreadsheet_took_is_restored_where_something_speaks_for_it() -> None:
    restored = "postal code and town, a zero restored"
    assert placed("1000", "Bourg-en-Bresse") == Place("01053", "01", "84", restored)
    assert placed("1000") is None, "four digits are Swiss or Belgian as well"
    assert placed("1950", "Sion") is None
    found = placed("6200", french=True)
    assert found == Place("06088", "06", "93", "postal code, a zero restored")


def test_columns_may_be_numbers_and_other_countries_are_left_alone() -> None:
    codes = pa.array([35_000 * MICRO, 35_000 * MICRO, None, 1_000 * MICRO, 1_000 * MICRO])
    countries = pa.array(["FR", "US", "FR", "France", None])
    found = place_people(codes, None, countries, french=False)
    communes = [one.commune if (one := found.distinct[place]) else None for place in found.whose]
    assert communes == ["35238", None, None, "", None]
    assert found.told.tolist() == [True, True, False, True, True]


@given(
    st.lists(st.tuples(st.sampled_from(["35000", "38080", "1000", "x", None]), st.sampled_from(["Rennes", "", None])))
)
def test_columns_say_what_each_row_by_itself_says(rows: list[tuple[str | None, str | None]]) -> None:
    codes, towns = (pa.array([row[place] for row in rows], pa.string()) for place in (0, 1))
    found = place_people(codes, towns, None, french=True)
    expected = [placed(code or "", town or "", french=True) for code, town in rows]
    assert [found.distinct[place] for place in found.whose] == expected


def test_every_code_of_the_file_is_placed_within_its_communes() -> None:
    places = french_places()
    for code, own in places.by_postal_code.items():
        place = place_of(code, "", places)
        assert place is not None
        assert place.commune in {*own, ""}
        assert place.region in {places.department(one).region for one in own} | {""}
        if len(own) == 1:
            assert place.commune == own[0]


def test_a_commune_is_found_by_its_name_unless_two_of_its_code_are_called_so() -> None:
    places = french_places()
    lost = []
    for code, own in list(places.by_postal_code.items())[::7]:
        for one in own:
            place = place_of(code, places.communes[one].name, places)
            assert place is not None
            if place.commune != one:
                lost.append((code, one, place))
    assert lost == []


def test_the_file_is_what_the_tool_makes() -> None:
    here = {"code": "A1", "nom": "Ici", "departement": "A", "type": "commune-actuelle"}
    communes = [
        {**here, "population": 5, "codesPostaux": ["2", "1"]},
        {"code": "A2", "nom": "Jadis", "chefLieu": "A1", "type": "commune-deleguee"},
        {"code": "M1", "nom": "Île", "collectiviteOutremer": {"code": "M"}, "type": "commune-actuelle"},
    ]  # fmt: skip
    assert TOOL["commune_rows"](communes) == [("A1", "Ici", "A", "5", "1 2"), ("M1", "Île", "M", "", "")]
    delivered = [{"codeCommune": "A1", "nomCommune": "ICI", "libelleAcheminement": "ICI LES BAINS"}]
    assert TOOL["name_rows"](communes, delivered) == [("ICI LES BAINS", "A1"), ("Jadis", "A1")]
    place = ["1", "Là", "", "", "48.1", "2.1", "P", "PPL", "FR", "", "", "", "", "A1", "900"]
    named = ["2", "Ici", "", "", "48.2", "2.2", "P", "PPL", "FR", "", "", "", "", "A1", "600"]
    assert TOOL["coordinate_rows"](communes, [place, named]) == [("A1", "48.2", "2.2")]
    regions = [{"code": "R", "nom": "Région"}]
    departments = [{"code": "A", "nom": "Dép", "region": "R"}, {"code": "M", "nom": "Mer", "region": "M"}]
    assert TOOL["department_rows"](departments, regions) == [("A", "Dép", "R", "Région"), ("M", "Mer", "M", "Mer")]
