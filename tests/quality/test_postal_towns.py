"""Postal codes beside towns, as people write them."""

import re
import runpy
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.places import communes
from kohort.places.communes import FILE, communes_of, french_communes
from kohort.places.towns import LONGEST_TOWN, town_key
from kohort.quality.cross_checks.postal_towns import agrees, judge_towns

MAKE = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "communes.py"))["codes_by_name"]


@pytest.mark.parametrize(
    ("code", "town"),
    [
        ("76600", "Le Havre"),
        ("76600", "LE HAVRE"),
        ("76600", "Havre (Le)"),
        ("76600", "HAVRE LE"),
        ("76600", "Havre, Le"),
        ("76600", "76600 Le Havre"),
        ("42000", "St Etienne"),
        ("42100", "Saint-Étienne"),
        ("42000", "ST-ETIENNE"),
        ("42000", "SAINT ÉTIENNE CEDEX 1"),
        ("85160", "St-Jean-de-Monts"),
        ("83120", "Ste Maxime"),
        ("13460", "Stes Maries de la Mer"),
        ("47300", "Villeneuve s/ Lot"),
        ("47300", "Villeneuve-sur-Lot"),
        ("94120", "Fontenay ss Bois"),
        ("30400", "Villeneuve lez Avignon"),
        ("30400", "Villeneuve-lès-Avignon"),
        ("95290", "L'Isle-Adam"),
        ("95290", "L’ISLE ADAM"),
        ("95290", "Isle-Adam (L')"),
        ("14470", "Courseulles/Mer"),
        ("63000", "Clermont - Ferrand"),
        ("62520", "Le Touquet"),
        ("62520", "Le Touquet-Paris-Plage"),
        ("74400", "Chamonix"),
        ("33000", "Bordeaux centre"),
        ("93210", "La Plaine Saint-Denis"),
        ("50100", "Cherbourg-en-Cotentin"),
        ("50100", "Cherbourg"),
        ("59160", "Lomme"),
        ("49000", "Angers, Maine-et-Loire"),
        ("67000", "Strassbourg"),
        ("75011", "Paris"),
        ("75011", "Paris 11"),
        ("75011", "PARIS 11E"),
        ("75011", "Paris 11ème"),
        ("75011", "Paris XI"),
        ("75011", "Paris XIe arrondissement"),
        ("75001", "Paris 1er"),
        ("75116", "Paris 16e Arrondissement"),
        ("69003", "Lyon 3e"),
        ("69003", "LYON 03"),
        ("13008", "Marseille 8e arr."),
        ("33074", "Bordeaux CEDEX"),
        ("75739", "PARIS CEDEX 15"),
        ("69326", "Lyon Cedex 03"),
        ("97400", "Saint-Denis"),
        ("97400", "St Denis (La Réunion)"),
        ("97110", "Pointe-à-Pitre"),
        ("97200", "Fort-de-France"),
        ("97300", "Cayenne"),
        ("97600", "Mamoudzou"),
        ("98800", "Nouméa"),
        ("20000", "Ajaccio"),
        ("20200", "Bastia"),
        ("20304", "Ajaccio CEDEX 9"),
        ("01000", "Bourg-en-Bresse"),
        ("1000", "Bourg en Bresse"),
        ("F-44000", "Nantes"),
        ("FR 44000", "Nantes"),
        ("44 000", "Nantes"),
        (" 44000 ", " nantes "),
        ("44000.0", "Nantes"),
        ("57600", "Oeting"),
        ("57600", "Œting"),
    ],
)
def test_a_town_has_the_code_however_it_is_written(code: str, town: str) -> None:
    assert agrees(code, town, french_communes()) is True


@pytest.mark.parametrize(
    ("code", "town"),
    [
        ("75011", "Lyon"),
        ("75011", "Paris 12e"),
        ("69001", "Lyon 3"),
        ("76600", "Rouen"),
        ("69110", "Lyon"),  # Sainte-Foy-lès-Lyon
        ("97400", "Saint-Pierre"),  # it is 97410
        ("20000", "Bastia"),
        ("33074", "Toulouse CEDEX"),
        ("97490", "Fort-de-France"),
        ("01000", "Nantes"),
    ],
)
def test_another_town_contradicts_the_code(code: str, town: str) -> None:
    assert agrees(code, town, french_communes()) is False


@pytest.mark.parametrize(
    ("code", "town"),
    [
        ("92060", "Paris La Défense CEDEX"),
        ("33000", "Les Chartrons"),
        ("98000", "Monaco"),
        ("10115", "Berlin"),
        ("1950", "Sion"),  # in Switzerland, though there is one in the Gers
        ("1000", "Bruxelles"),
        ("00100", "Armées"),
        ("SW1A 1AA", "London"),
        ("", "Paris"),
        ("75011", ""),
        ("75011", "-"),
        ("7501", "x" * 10_000),
        ("750111", "Paris"),
        ("²²²²²", "Paris"),
        ("٧٥٠٠١", "Paris"),
    ],
)
def test_what_nobody_can_tell_is_not_judged(code: str, town: str) -> None:
    assert agrees(code, town, french_communes()) is None


def test_a_country_leaves_rows_out_and_makes_four_digits_certain() -> None:
    codes, towns = ["75011"] * 4 + ["1950", "1950"], ["Lyon"] * 4 + ["Sion", "Sion"]
    judged, failed = judge_towns(codes, towns, ["FR", "La Réunion", "Suisse", None, "FR", "CH"])
    assert judged.tolist() == [True, True, False, True, True, False]
    assert failed.tolist() == [True, True, False, True, True, False]


@pytest.mark.parametrize(
    ("code", "judged"),
    [
        (75_011_000_000, True),  # micros, as a message has them
        (75011.0, True),
        (1_000_000_000, False),  # Lyon at 01000, but four digits contradict nothing
        (75_011_500_000, False),
        (75011.5, False),
        (True, False),
        (float("nan"), False),
        (float("inf"), False),
        (-75011.0, False),
        (10**400, False),
        (["75011"], False),
        ({"code": "75011"}, False),
        (b"75011", False),
        (None, False),
    ],
)
def test_a_code_may_have_been_read_as_a_number(code: object, *, judged: bool) -> None:
    assert [flags.tolist() for flags in judge_towns([code], ["Lyon"])] == [[judged], [judged]]


@given(st.text(), st.text())
def test_no_text_raises_anything(code: str, town: str) -> None:
    judged, failed = judge_towns([code], [town])
    assert judged[0] or not failed[0]


@given(st.sampled_from(["Le Havre", "Saint-Étienne", "L'Isle-Adam", "Paris 12", "Nantes"]), st.randoms())
def test_case_and_what_stands_between_words_do_not_count(name: str, chance: Random) -> None:
    written = "".join(
        chance.choice([" ", "-", "_", "'", "  "] if char in " -'" else [char.upper(), char.lower()]) for char in name
    )
    assert town_key(written) == town_key(name)


@given(st.text(max_size=2 * LONGEST_TOWN))
def test_a_key_is_its_own_key(name: str) -> None:
    key = town_key(name)
    assert town_key(key) == key or len(key) > LONGEST_TOWN


def test_the_communes_of_france_are_all_there() -> None:
    known = french_communes()
    assert len(known.codes) > 34_000
    assert len(known.towns) > 6_300
    assert all(re.fullmatch("[0-9]{5}", code) for code in known.towns)
    assert {"01", "20", "75", "95", "971", "976", "988"} <= known.departments
    assert Path(communes.__file__).with_name(FILE).stat().st_size < 500_000


def test_every_commune_has_its_own_codes_and_no_other_town_has_them() -> None:
    known = communes_of({"Le Havre": ["76600", "76610"], "Rouen": ["76000"]})
    assert agrees("76610", "le havre", known) is True
    assert agrees("76000", "le havre", known) is False
    assert agrees("76930", "le havre", known) is True  # a business may have it: Le Havre is in the department


def test_the_file_is_made_of_communes_of_today_and_of_those_that_they_have_taken_in() -> None:
    made = MAKE(
        [
            {"code": "50129", "nom": "Cherbourg-en-Cotentin", "codesPostaux": ["50100", "50110"]},
            {"code": "50602", "nom": "Tourlaville", "chefLieu": "50129"},
            {"code": "98411", "nom": "Île Saint-Paul"},
        ],
        [
            _letter("50129", "50100", "CHERBOURG OCTEVILLE"),  # another name
            _letter("50129", "50108", "CHERBOURG AIR"),  # a code that nobody else has
            _letter("50602", "50110", "TOURLAVILLE"),
        ],
    )
    assert made == {
        "Cherbourg-en-Cotentin": {"50100", "50110", "50108"},
        "Tourlaville": {"50100", "50110"},
        "CHERBOURG OCTEVILLE": {"50100"},
        "CHERBOURG AIR": {"50108"},
    }


def test_a_code_of_another_commune_is_not_taken_from_the_tax_office() -> None:
    official = [
        {"code": "76351", "nom": "Le Havre", "codesPostaux": ["76600"]},
        {"code": "76540", "nom": "Rouen", "codesPostaux": ["76000"]},
    ]
    made = MAKE(official, [_letter("76540", "76600", "ROUEN")])
    assert made == {"Le Havre": {"76600"}, "Rouen": {"76000"}}


def _letter(commune: str, code: str, label: str) -> dict[str, str]:
    names = {"50129": "Cherbourg-en-Cotentin", "50602": "Tourlaville", "76540": "Rouen"}
    return {"codePostal": code, "codeCommune": commune, "nomCommune": names[commune], "libelleAcheminement": label}
