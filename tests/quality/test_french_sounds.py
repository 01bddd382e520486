import unicodedata

import pytest

from kohort.quality.duplicates.folding import folded, soundex, words_of
from kohort.quality.duplicates.french_sounds import french_sound

ALIKE = """
Dupont Dupond Dupon
Lefèvre Lefevre Lefebvre
Martin Marthin Martain
Gauthier Gautier Gotier
Thibault Thibaud Thibaut Tibo
Saint St
Sainte-Marie Ste-Marie
Jean-Pierre Jeanpierre
Leclerc Leclair Leclère Leclercq
Durand Durant Duran
Renault Renaud Reno Renaux
Moreau Moreaux Morot
Leroy Leroi
François Francois
Jeanne Jane
Philippe Filipe
Mathieu Matthieu
Bernard Bernart
Chabot Chabaud
Catherine Katherine
Guillaume Guilaume
Quentin Kentin
Christophe Cristofe
Geoffroy Joffroy
Henry Henri
Nathalie Natalie
Benoît Benoist
Vincent Vinsent
Cyrille Cyril
Michaud Michaux
Beauchamp Bochamps
"""
UNLIKE = """
Dupont Dumont
Martin Martinet
Martin Martine
Martin Morin
Moreau Morel
Bernard Bernier
Roux Rousseau
Leroy Leroux
Blanc Blanchard
Simon Simone
Girard Giraud
Faure Favre
Jean Jeanne
Marie Marine
Louis Louise
Durand Dupont
Renard Renaud
Petit Petitjean
Fournier Fourier
Julien Julie
Garnier Granier
"""


@pytest.mark.parametrize("names", ALIKE.split("\n")[1:-1])
def test_names_that_are_said_alike_have_one_code(names: str) -> None:
    sounds = {name: french_sound(name) for name in names.split()}
    assert len(set(sounds.values())) == 1, sounds


@pytest.mark.parametrize("names", UNLIKE.split("\n")[1:-1])
def test_names_that_are_not_said_alike_have_two(names: str) -> None:
    one, other = names.split()
    assert french_sound(one) != french_sound(other)


@pytest.mark.parametrize("name", ["Hélène Lefèvre", "Jean-Pierre", "L'Isle-d'Abeau", "Noël", "Garçon"])
def test_neither_case_nor_hyphens_nor_the_form_of_unicode_make_a_difference(name: str) -> None:
    written = [name.upper(), name.lower(), name.replace("-", " "), unicodedata.normalize("NFD", name), f" {name} "]
    assert {french_sound(one) for one in written} == {french_sound(name)}
    assert {words_of(one) for one in written} == {words_of(name)}


def test_a_name_without_latin_letters_has_no_sound() -> None:
    assert french_sound("42 !") == french_sound("") == soundex("-") == ""


def test_english_soundex_takes_french_names_apart_that_are_one() -> None:
    assert soundex("Thibault") != soundex("Tibo")
    assert folded("Thibault") != folded("Tibo")
