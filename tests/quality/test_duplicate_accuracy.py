from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.definitions.duplicates import THRESHOLD, FieldKind, Linkage, read_fields
from kohort.errors import InputError, UsageError
from kohort.quality.duplicates.accuracy import cluster_accuracy, linked_accuracy, pair_accuracy
from kohort.quality.duplicates.guessing import fields_of
from kohort.quality.duplicates.thresholds import choose_threshold, told_threshold

PEOPLE = st.lists(st.integers(0, 4), min_size=2, max_size=10)


@given(PEOPLE, st.data())
def test_pairs_are_right_as_counting_them_says(person: list[int], data: st.DataObject) -> None:
    pairs = list(combinations(range(len(person)), 2))
    found = data.draw(st.lists(st.sampled_from(pairs), unique=True))
    true = {pair for pair in pairs if person[pair[0]] == person[pair[1]]}
    right = len(true & set(found))
    measured = pair_accuracy(found, person, seed=1)
    assert measured.precision.estimate == pytest.approx(right / len(found) if found else 1)
    assert measured.recall.estimate == pytest.approx(right / len(true) if true else 1)
    for one in (measured.precision, measured.recall, measured.f1):
        assert 0 <= one.low <= one.high <= 1


@given(PEOPLE)
def test_the_truth_is_right(person: list[int]) -> None:
    clusters = [person.index(one) for one in person]
    for measured in (linked_accuracy(clusters, person, seed=1), cluster_accuracy(clusters, person, seed=1)):
        assert measured.f1.estimate == measured.f1.low == 1


def test_one_cluster_of_everybody_finds_all_and_is_wrong() -> None:
    person = [number // 2 for number in range(40)]
    measured = linked_accuracy([0] * 40, person, seed=1)
    assert measured.recall.estimate == 1
    assert measured.precision.estimate == pytest.approx(20 / (40 * 39 / 2))
    assert cluster_accuracy([0] * 40, person, seed=1).precision.estimate == 0


LABELLED = st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.5, 0.8, 0.95]), st.booleans()), min_size=2, max_size=12)


@given(LABELLED)
def test_no_threshold_has_a_better_f1_on_the_labelled_pairs(labelled: list[tuple[float, bool]]) -> None:
    probabilities, labels = zip(*labelled, strict=True)
    if len(set(labels)) == 1 or not any(probabilities):
        with pytest.raises(InputError, match="labelled pairs"):
            choose_threshold(probabilities, labels)
        return

    def f1(threshold: float) -> float:
        linked = [label for one, label in labelled if one >= threshold]
        return float(2 * sum(linked) / (len(linked) + sum(labels)))

    chosen = choose_threshold(probabilities, labels)
    assert f1(chosen.value) == max(f1(one) for one in (0.1, 0.35, 0.65, 0.9))
    assert chosen.chosen is not None
    assert chosen.chosen.f1 == pytest.approx(f1(chosen.value))


def test_a_threshold_that_nobody_tells_is_the_default_and_says_so() -> None:
    assert (told_threshold(None).value, told_threshold(None).why) == (THRESHOLD, "the default")
    assert told_threshold(0.5).why == "told"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("first_name", "given"), ("Prénom", "given"), ("givenName", "given"), ("NOM", "surname"),
        ("lastName", "surname"), ("téléphone", "phone"), ("mobile", "phone"),
        ("nom de famille", "surname"), ("date_de_naissance", "birth"), ("DOB", "birth"), ("code postal", "postcode"),
        ("ZIP", "postcode"), ("cp", "postcode"), ("ville", "town"), ("city", "town"), ("adresse", "address"),
        ("street_number", "address"), ("e-mail", "email"), ("courriel", "email"),
    ],
)  # fmt: skip
def test_a_column_is_known_by_its_name(name: str, kind: str) -> None:
    assert [str(one.kind) for one in fields_of({name: ["x"]})] == [kind]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["ada@example.org", None, "bob@example.org"], "email"),
        (["1990-02-01", "12/31/1980"], "birth"),
        (["06 12 34 56 78", "+33 6 12 34 56 78"], "phone"),
        (["gold", "silver", "gold"], "text"),
    ],
)
def test_a_column_is_known_by_its_values(values: list[str | None], kind: str) -> None:
    fields = fields_of({"x": values})
    assert [str(one.kind) for one in fields] == [kind]
    assert fields[0].why.startswith("its values are")


def test_what_says_nothing_is_not_used() -> None:
    with pytest.raises(UsageError, match="no column says anything"):
        fields_of({"amount": ["1", "2"], "key": ["a1", "a2"]})
    assert [one.column for one in fields_of({"nom": ["x"], "card": ["17", "18"]})] == ["nom"]


def test_what_is_told_comes_before_what_is_guessed() -> None:
    fields = fields_of({"nom": ["x"], "alias": ["y"]}, read_fields("surname=alias"))
    assert [(one.kind, one.column) for one in fields] == [(FieldKind.SURNAME, "alias")]


@pytest.mark.parametrize(
    ("text", "said"),
    [("surname", "no kind and column"), ("name=x", "no kind of column"), ("given=x,surname=x", "twice")],
)
def test_fields_that_cannot_be_read_are_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_fields(text)


def test_a_column_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match='did you mean "surname"'):
        fields_of({"surname": ["x"]}, read_fields("surname=surnam"))


@pytest.mark.parametrize("wrong", [{"threshold": 1.0}, {"threshold": 0.0}, {"most_comparisons": 0}])
def test_a_linkage_without_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Linkage(**wrong)  # type: ignore[arg-type]
