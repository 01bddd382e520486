"""Customers of a French shop, made up, of whom it is known which records are one person's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from kohort.places.communes import commune_names
from kohort.quality.duplicates.folding import folded

Record = dict[str, str | None]

COLUMNS: Final = (
    "client",
    "prénom",
    "nom",
    "date de naissance",
    "adresse",
    "code postal",
    "ville",
    "e-mail",
    "téléphone",
)
_GIVEN_TEXT: Final = (
    "Jean Marie Pierre Michel André Philippe Alain Jacques Bernard Daniel Nathalie Isabelle Sylvie Catherine "
    "Martine Christine Françoise Valérie Sandrine Stéphanie Nicolas Christophe Laurent David Thomas Julien "
    "Céline Élodie Émilie Aurélie Camille Léa Manon Chloé Emma Inès Sarah Lucas Théo Hugo Enzo Mathis Raphaël "
    "Gaël Zoé Noémie Hélène Agnès Benoît Jérôme Frédéric Sébastien Cédric Loïc Yann Anaïs Océane Maëlle "
    "Jean-Pierre Jean-Luc Marie-Claude Anne-Sophie Marie-Thérèse Jean-François Pierre-Yves Louis Gabriel Jules "
    "Arthur Adam Rose Alice Louise Jade Mohamed Fatima Karim"
)
_GIVEN: Final = _GIVEN_TEXT.split()
_SURNAMES_TEXT: Final = (
    "Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefèvre Leroy Roux "
    "David Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Müller Lefebvre "
    "Faure André Mercier Blanc Guérin Boyer Garnier Chevalier François Legrand Gauthier Garcia Perrin Robin "
    "Clément Morin Nicolas Henry Saint-Martin Saint-Pierre Thibault Leclerc Nguyen Benoît Haddad Traoré "
    "Da-Silva D'Angelo Le-Gall"
)
_SURNAMES: Final = _SURNAMES_TEXT.split()
_ROOTS_TEXT: Final = (
    "Bar Bel Ber Bois Bou Bri Cal Car Cham Char Cor Cou Cré Del Des Dou Du Fai Fer Flo Fou Gar Gau Gir Gou Gri "
    "Hu Jac Jou La Lam Le Lou Mal Mar Mau Mon Mou Nau Pas Pel Per Pi Plan Pon Por Rai Re Ri Ro Rou Sal Sau Ser "
    "Tar Ti Tou Va Vi"
)
_ROOTS: Final = _ROOTS_TEXT.split()
_ENDINGS_TEXT: Final = (
    "bert bier blin bot chard cher don dot dry fray gal gier got lain lard let lier lin mond nard naud net "
    "nier not pin quet rand rault rel ret rier rin rot roux sel seau sier son tain tal teau tel tier tin val "
    "vard vier vin"
)
_ENDINGS: Final = _ENDINGS_TEXT.split()
_STREETS_TEXT: Final = (
    "de la République;Victor Hugo;de la Gare;du Général de Gaulle;des Écoles;Jean Jaurès;de l'Église;Pasteur;"
    "des Lilas;du Moulin;de Verdun;Saint-Exupéry;des Acacias;Émile Zola;du Château;de la Fontaine;des Tilleuls;"
    "Voltaire;du Stade;Gambetta;Jules Ferry;de la Paix;des Roses;du 8 Mai 1945;Molière;du Port;de Paris;"
    "des Vignes;du Bac;Saint-Antoine"
)
_STREETS: Final = _STREETS_TEXT.split(";")
_KINDS: Final = ("rue", "avenue", "boulevard", "chemin", "impasse", "place")
_FIRST_DAY: Final = date(1935, 1, 1)
_DAYS: Final = 26_000
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz"
_ACCENTS_FELL: Final = 0.3


@dataclass(frozen=True, eq=False)
class FrenchPeople:
    """Records by column (`COLUMNS`), n texts each, and the person of each record: n numbers."""

    columns: dict[str, list[str | None]]
    person: list[int]


def french_people(seed: int, people: int, *, duplicated: float = 0.2, families: float = 0.01) -> FrenchPeople:
    """Return the records of `people` people, in random order.

    A share of them, `duplicated`, has one record more, some two, written as people do: with typing errors, without
    accents, names swapped, compound names cut, "St" for "Saint", moved, married, values missing. A share, `families`,
    has a twin, a father or a son at one address: another person with the same surname, the same birth date or name.

    >>> made = french_people(1, 100, duplicated=0.5, families=0.1)
    >>> len(set(made.person)), len(made.person) > 150, list(made.columns)[:3]
    (100, True, ['client', 'prénom', 'nom'])
    """
    chance = Random(seed)  # noqa: S311 - made-up people, not secrets
    surnames = [*_SURNAMES, *(root + ending for root in _ROOTS for ending in _ENDINGS)]
    towns = [(code, name) for name, codes in sorted(commune_names().items()) for code in codes[:1]]
    rows: list[tuple[Record, int]] = []
    person = 0
    while person < people:
        one = _person(chance, surnames, towns)
        members = [one]
        if chance.random() < families and person + 1 < people:
            members.append(_relative(chance, one))
        for member in members:
            rows.append((_written(chance, member), person))
            if chance.random() < duplicated:
                rows += [
                    (_spoiled(chance, member, surnames, towns), person) for _ in range(1 + (chance.random() < _THIRD))
                ]
            person += 1
    chance.shuffle(rows)
    columns = {name: [row.get(name) for row, _ in rows] for name in COLUMNS}
    columns["client"] = [f"C{number:07}" for number in range(len(rows))]
    return FrenchPeople(columns, [person for _, person in rows])


_THIRD: Final = 0.15


def _person(chance: Random, surnames: Sequence[str], towns: Sequence[tuple[str, str]]) -> Record:
    # The first names of a list are the frequent ones, as names are.
    surname = surnames[int(len(surnames) * chance.random() ** 1.6)].replace("-", chance.choice("- "))
    given = _GIVEN[int(len(_GIVEN) * chance.random() ** 1.5)]
    return {
        "prénom": given,
        "nom": surname,
        "date de naissance": (_FIRST_DAY + timedelta(days=chance.randrange(_DAYS))).isoformat(),
        "e-mail": _email(chance, given, surname),
        "téléphone": _phone(chance),
        **_home(chance, towns),
    }


def _relative(chance: Random, one: Record) -> Record:
    """Return a twin, or a father or son with the same name, at the same address."""
    other = dict(one)
    born = date.fromisoformat(one["date de naissance"] or "")
    if chance.random() < 0.5:  # noqa: PLR2004 - as many of each
        other["prénom"] = chance.choice([name for name in _GIVEN if name[:2] != (one["prénom"] or "")[:2]])
    else:
        other["date de naissance"] = (born + timedelta(days=chance.randrange(7_500, 13_000))).isoformat()
    other["e-mail"] = _email(chance, other["prénom"] or "", other["nom"] or "")
    other["téléphone"] = chance.choice([one["téléphone"], _phone(chance)])
    return other


def _written(chance: Random, person: Record) -> Record:
    """Return a record of a person as it may be written, without an error: values missing, accents and phones."""
    record = dict(person)
    for name, rate in (("e-mail", 0.3), ("téléphone", 0.3), ("date de naissance", 0.05), ("adresse", 0.05)):
        if chance.random() < rate:
            record[name] = None
    if chance.random() < _ACCENTS_FELL:
        record = {
            name: value and (folded(value).upper() if name in {"prénom", "nom"} else value)
            for name, value in record.items()
        }
    if record["téléphone"] and chance.random() < 0.3:  # noqa: PLR2004 - a share
        record["téléphone"] = "+33 " + record["téléphone"][1:]
    return record


def _spoiled(chance: Random, person: Record, surnames: Sequence[str], towns: Sequence[tuple[str, str]]) -> Record:
    """Return another record of a person, with one to three of the errors that people make."""
    record = _written(chance, person)
    for _ in range(chance.choice((1, 1, 2, 3))):
        kind = chance.choice(_ERRORS)
        if kind == "moved":
            record |= _home(chance, towns)
        elif kind == "married":
            other = surnames[chance.randrange(len(surnames))]
            record["nom"] = chance.choice([other, f"{record['nom']}-{other}"])
        else:
            _SLIPS[kind](chance, record)
    return record


def _swap(_: Random, record: Record) -> None:
    record["prénom"], record["nom"] = record["nom"], record["prénom"]


def _turn_day(_: Random, record: Record) -> None:
    born = record["date de naissance"]
    record["date de naissance"] = born and f"{born[:4]}-{born[8:]}-{born[5:7]}"


def _mistype_date(chance: Random, record: Record) -> None:
    born = record["date de naissance"]
    if born:
        place = chance.choice((3, 6, 8, 9))
        record["date de naissance"] = born[:place] + str(chance.randrange(10)) + born[place + 1 :]


def _mistype_name(chance: Random, record: Record) -> None:
    name = chance.choice(("prénom", "nom", "adresse", "ville"))
    record[name] = _mistyped(chance, record[name])


def _shorten(_: Random, record: Record) -> None:
    record["prénom"] = (record["prénom"] or "").replace("-", " ").split(" ")[0] or None
    record["nom"] = (record["nom"] or "").replace("Saint", "St") or None


def _respell(_: Random, record: Record) -> None:
    """Write a surname as it sounds."""
    name = record["nom"] or ""
    for one, other in (
        ("ault", "aud"),
        ("ph", "f"),
        ("th", "t"),
        ("eau", "au"),
        ("ert", "er"),
        ("ard", "art"),
        ("in", "ain"),
    ):
        if one in name:
            name = name.replace(one, other, 1)
            break
    record["nom"] = name or None


def _lose(chance: Random, record: Record) -> None:
    record[chance.choice(("prénom", "date de naissance", "adresse", "code postal", "ville"))] = None


_SLIPS: Final[dict[str, Callable[[Random, Record], None]]] = {
    "swapped": _swap, "turned": _turn_day, "date": _mistype_date, "name": _mistype_name, "short": _shorten,
    "sound": _respell, "lost": _lose,
}  # fmt: skip
_ERRORS: Final = (
    "name",
    "name",
    "name",
    "sound",
    "sound",
    "short",
    "lost",
    "lost",
    "date",
    "turned",
    "swapped",
    "moved",
    "moved",
    "married",
)


def _mistyped(chance: Random, text: str | None) -> str | None:
    if not text or len(text) < 3:  # noqa: PLR2004 - too short to be known again
        return text
    place = chance.randrange(1, len(text) - 1)
    letter = chance.choice(_ALPHABET)
    return chance.choice([
        text[:place] + text[place + 1 :],
        text[:place] + letter + text[place:],
        text[:place] + letter + text[place + 1 :],
        text[:place] + text[place + 1] + text[place] + text[place + 2 :],
    ])  # fmt: skip


def _home(chance: Random, towns: Sequence[tuple[str, str]]) -> Record:
    code, town = towns[int(len(towns) * chance.random() ** 2)]
    address = f"{chance.randrange(1, 180)} {chance.choice(_KINDS)} {chance.choice(_STREETS)}"
    return {"adresse": address, "code postal": code, "ville": town}


def _email(chance: Random, given: str, surname: str) -> str:
    plain = folded(f"{given}{chance.choice(('.', '-', ''))}{surname}").replace(" ", "").replace("'", "")
    # So many numbers that hardly two people have one address.
    return f"{plain}{chance.randrange(10_000)}@{chance.choice(('orange.fr', 'gmail.com', 'free.fr'))}"


def _phone(chance: Random) -> str:
    return f"0{chance.choice('67')}" + "".join(f" {chance.randrange(100):02}" for _ in range(4))
