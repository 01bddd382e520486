"""Duplicates of French customers whose truth is known, and pairs that a marketer could read."""

import sys
import unicodedata
from itertools import combinations
from pathlib import Path

import pytest

from kohort.definitions.duplicates import Linkage
from kohort.errors import InputError, MissingExtraError, UsageError
from kohort.pipeline.duplicates.duplicates import (
    Duplicates,
    Records,
    find_duplicates,
    labelled_threshold,
    read_labels,
    read_records,
)
from kohort.quality.duplicates.accuracy import linked_accuracy, pair_accuracy
from kohort.testing.french_people import COLUMNS, french_people

PEOPLE = 700

# prénom, nom, date de naissance, adresse, code postal, ville, e-mail, téléphone
ONE_PERSON = {
    "spelled as it sounds": (
        "Quentin;Thibault;1980-05-14;12 rue Pasteur;69003;Lyon;q.thibault@orange.fr;",
        "Kentin;Tibaud;1980-05-14;12 rue Pasteur;69003;Lyon;;06 51 22 33 44",
    ),
    "accents, and forms of Unicode": (
        "Hélène;Lefèvre;1971-11-02;3 place du Marché;35000;Rennes;;",
        unicodedata.normalize("NFD", "HÉLÈNE;Lefebvre;1971-11-02;3, pl du Marché;35000;RENNES;;"),
    ),
    "compound first names": (
        "Jean-Pierre;Rivoire;1955-03-21;8 impasse des Lilas;44300;Nantes;;02 40 11 22 33",
        "Jean Pierre;RIVOIRE;;8 impasse des Lilas;44300;Nantes;jp.rivoire@free.fr;+33 2 40 11 22 33",
    ),
    "Saint and St": (
        "Maud;Saint-Cyr;1988-09-30;45 avenue Foch;54000;Nancy;;",
        "Maud;St Cyr;1988-09-30;45 av Foch;54000;Nancy;;",
    ),
    "names swapped": (
        "Cyprien;Delaunoy;1994-01-17;7 rue des Vignes;21000;Dijon;;",
        "Delaunoy;Cyprien;1994-01-17;;21000;Dijon;;",
    ),
    "day and month swapped": (
        "Ondine;Marchandeau;1983-04-11;19 rue Haute;67000;Strasbourg;;",
        "Ondine;Marchandeau;1983-11-04;19 rue Haute;67000;Strasbourg;;",
    ),
    "married and moved": (
        "Albane;Kermarec;1990-06-08;2 quai du Port;29200;Brest;albane.k@gmail.com;06 77 88 99 00",
        "Albane;Kermarec-Blondel;1990-06-08;31 rue de la Paix;33000;Bordeaux;albane.k@gmail.com;0033677889900",
    ),
}
TWO_PEOPLE = {
    "twins": (
        "Léonie;Hautecloque;2001-02-03;5 rue du Bac;75007;Paris;;01 45 44 33 22",
        "Barnabé;Hautecloque;2001-02-03;5 rue du Bac;75007;Paris;;01 45 44 33 22",
    ),
    "father and son with one name": (
        "Octave;Bellenger;1949-07-19;27 rue Basse;14000;Caen;;02 31 10 20 30",
        "Octave;Bellenger;1979-12-01;27 rue Basse;14000;Caen;;02 31 10 20 30",
    ),
    "a couple": (
        "Sidonie;Vasseur;1966-10-10;60 rue Verte;59000;Lille;;",
        "Hippolyte;Vasseur;1963-03-05;60 rue Verte;59000;Lille;;",
    ),
    "Dupont and Dumont": (
        "Jean;Dupont;1958-08-08;1 rue Neuve;13001;Marseille;;",
        "Jean;Dumont;1985-02-14;90 rue Longue;62000;Arras;;",
    ),
    "two of one frequent name": (
        "Marie;Martin;1975-05-05;4 rue Courte;31000;Toulouse;;",
        "Marie;Martin;1996-09-12;77 bd Carnot;06000;Nice;;",
    ),
}


def with_cases(people: int, *, duplicated: float = 0.2) -> tuple[Records, list[int], dict[str, tuple[int, int]]]:
    """Return made-up people with the pairs above among them, the person of each record, and where the pairs stand."""
    made = french_people(5, people, duplicated=duplicated, families=0.01)
    columns = {name: list(values) for name, values in made.columns.items()}
    person = list(made.person)
    places = {}
    for what, pair in {**ONE_PERSON, **TWO_PEOPLE}.items():
        places[what] = (len(person), len(person) + 1)
        for number, text in enumerate(pair):
            for name, value in zip(COLUMNS[1:], text.split(";"), strict=True):
                columns[name].append(value or None)
            columns["client"].append(f"{what} {number}")
            person.append(person[-1] if number and what in ONE_PERSON else max(person) + 1)
    return Records(columns, tuple(one or "" for one in columns["client"])), person, places


@pytest.fixture(scope="module")
def shop() -> tuple[Duplicates, list[int], dict[str, tuple[int, int]]]:
    records, person, places = with_cases(PEOPLE)
    return find_duplicates(records, Linkage(ignored=("client",))), person, places


@pytest.mark.parametrize("what", ONE_PERSON)
def test_two_records_of_one_person_are_found(
    shop: tuple[Duplicates, list[int], dict[str, tuple[int, int]]], what: str
) -> None:
    one, other = shop[2][what]
    assert shop[0].clusters[one] == shop[0].clusters[other]


@pytest.mark.parametrize("what", TWO_PEOPLE)
def test_two_people_stay_two(shop: tuple[Duplicates, list[int], dict[str, tuple[int, int]]], what: str) -> None:
    one, other = shop[2][what]
    assert shop[0].clusters[one] != shop[0].clusters[other]


def test_most_duplicates_are_found_and_hardly_anything_else(
    shop: tuple[Duplicates, list[int], dict[str, tuple[int, int]]],
) -> None:
    found, person, _ = shop
    measured = linked_accuracy(found.clusters, person, seed=1)
    assert measured.precision.estimate >= 0.98
    assert measured.recall.estimate >= 0.9
    assert pair_accuracy(found.linked(), person, seed=1).precision.estimate >= 0.98
    assert found.blocking.comparisons <= 50 * len(person)
    assert found.largest <= 4


def test_what_may_be_family_is_shown_and_never_joined(
    shop: tuple[Duplicates, list[int], dict[str, tuple[int, int]]],
) -> None:
    found, _, places = shop
    shown = {(int(found.pairs.left[k]), int(found.pairs.right[k])): bool(found.pairs.kin[k]) for k in found.to_review()}
    assert shown[places["twins"]]
    assert shown[places["father and son with one name"]]
    kin = list(zip(found.pairs.left[found.pairs.kin], found.pairs.right[found.pairs.kin], strict=True))
    assert kin
    assert not [pair for pair in kin if found.clusters[pair[0]] == found.clusters[pair[1]]]


@pytest.mark.slow
def test_the_same_table_and_seed_give_the_same_people(
    shop: tuple[Duplicates, list[int], dict[str, tuple[int, int]]],
) -> None:
    again = find_duplicates(shop[0].records, Linkage(ignored=("client",)))
    assert again.clusters.tolist() == shop[0].clusters.tolist()
    assert again.pairs.probability == pytest.approx(shop[0].pairs.probability, rel=1e-9)


@pytest.mark.slow
def test_ten_times_as_many_people_without_duplicates_leave_precision_as_it_is() -> None:
    records, person, _ = with_cases(2_000)
    others = french_people(77, 10 * len(person), duplicated=0, families=0)
    columns = {name: [*values, *others.columns[name]] for name, values in records.columns.items()}
    ids = tuple(str(number) for number in range(len(columns["client"])))
    everybody = [*person, *(max(person) + 1 + one for one in others.person)]
    found = find_duplicates(Records(columns, ids), Linkage(ignored=("client",)))
    assert linked_accuracy(found.clusters, everybody, seed=1).precision.estimate >= 0.99
    assert found.blocking.comparisons <= 50 * len(everybody)


@pytest.mark.slow
def test_two_tables_are_linked_and_never_within_themselves(tmp_path: Path) -> None:
    made = french_people(9, 400, duplicated=0.5, families=0)
    place: dict[int, int] = {}
    first, second = list[int](), list[int]()
    for number, one in enumerate(made.person):
        (second if one in place else first).append(number)
        place.setdefault(one, number)
    paths = [tmp_path / "shop.csv", tmp_path / "web.csv"]
    for path, numbers in zip(paths, (first, second), strict=True):
        lines = [";".join((made.columns[name][k] or "").replace(";", " ") for name in COLUMNS) for k in numbers]
        path.write_text("\n".join([";".join(COLUMNS), *lines]), encoding="utf-8")
    records = read_records(paths, "client")
    found = find_duplicates(records, Linkage(ignored=("client",)))
    assert all(records.tables[one] != records.tables[other] for one, other in found.linked())
    person = [made.person[k] for k in (*first, *second)]
    measured = pair_accuracy(found.linked(), person, seed=1)
    assert measured.precision.estimate >= 0.97


def test_labelled_pairs_choose_the_threshold(shop: tuple[Duplicates, list[int], dict[str, tuple[int, int]]]) -> None:
    found, person, _ = shop
    ids = found.records.ids
    labels = [
        (ids[int(found.pairs.left[k])], ids[int(found.pairs.right[k])],
         person[int(found.pairs.left[k])] == person[int(found.pairs.right[k])])
        for k in range(0, len(found.pairs.left), 2)
    ]  # fmt: skip
    threshold = labelled_threshold(found.records, found.pairs, labels)
    assert threshold.why == f"the best F1 on {len(labels)} labelled pairs"
    assert threshold.chosen is not None
    assert threshold.chosen.precision.estimate > 0.9
    recalls = [point.recall.estimate for point in threshold.curve]
    assert recalls == sorted(recalls, reverse=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("left,right,decision\na,b,maybe", 'the decision is "maybe"'),
        ("left,right,decision\na,z,1", 'no record has the id "z"'),
        ("left,right\na,b", 'no column "decision"'),
    ],
)
def test_labels_that_cannot_be_used_are_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_labels(file, ["a", "b"])


def test_labels_without_a_decision_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("left,right,decision\na,b,\nb,c,oui\n'=x,a,0\n", encoding="utf-8")
    assert read_labels(file, ["a", "b", "c", "=x"]) == [("b", "c", True), ("=x", "a", False)]


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("id,nom\na,x\na,y\n", InputError, 'several records have the id "a"'),
        ("id,nom\n,x\n", InputError, 'row 1 has no "id"'),
        ("nom\nx\n", UsageError, 'no column "id"'),
        ("id,nom\n", InputError, "has no row"),
        ('id,nom\n1,"x\n', InputError, "line 2"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(tmp_path: Path, text: str, error: type[Exception], said: str) -> None:
    file = tmp_path / "people.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(error, match=said):
        read_records([file], "id")


def test_a_table_in_which_nobody_agrees_with_anybody_is_told_so() -> None:
    columns: dict[str, list[str | None]] = {"nom": ["Rivoire", "Kermarec"], "ville": ["Lyon", "Brest"]}
    with pytest.raises(UsageError, match="no two records agree"):
        find_duplicates(Records(columns, ("1", "2")), Linkage())


def test_without_the_extra_it_is_told_which_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)
    columns: dict[str, list[str | None]] = {"nom": ["Rivoire", "Rivoire"], "ville": ["Lyon", "Lyon"]}
    with pytest.raises(MissingExtraError, match=r"kohort\[people\]"):
        find_duplicates(Records(columns, ("1", "2")), Linkage())


def test_every_pair_above_is_told_apart_by_something() -> None:
    texts = [text for pair in (*ONE_PERSON.values(), *TWO_PEOPLE.values()) for text in pair]
    assert len(ONE_PERSON) + len(TWO_PEOPLE) == 12
    assert all(one != other for one, other in combinations(texts, 2))
