from dataclasses import replace

import pytest

from kohort.learning.clustering.candidates import Candidate
from kohort.learning.clustering.choice import REASONS, Criteria, Objection, Verdict, choose, objections
from kohort.learning.clustering.reference import Gap
from kohort.learning.clustering.silhouette import SampledSilhouette

CLEAR, NOTHING = Gap(0.10, 0.01), Gap(0.0, 0.01)


def candidate(k: int, **changes: object) -> Candidate:
    perfect = Candidate(
        k=k,
        inertia_share=1 / k,
        silhouette_squared=0.6,
        silhouette=SampledSilhouette(0.4, 0.01, 1_000),
        stability=(0.95,) * k,
        smallest_share=1 / k,
        border_density=0.1,
        ellipse_gap=CLEAR,
        copula_gap=CLEAR,
    )
    return replace(perfect, **changes)  # type: ignore[arg-type]


UNSTABLE = {"stability": (0.9, 0.74)}
CROWDED = {"border_density": 1.2}


@pytest.mark.parametrize(
    ("rows", "elbow", "verdict", "k"),
    [
        ([(2, {}), (3, {}), (4, UNSTABLE)], 3, Verdict.SEPARATED, 3),
        ([(2, {}), (3, {}), (4, CROWDED)], 4, Verdict.SEPARATED, 3),
        ([(2, {}), (3, {"ellipse_gap": NOTHING})], 3, Verdict.SEPARATED, 2),
        ([(2, CROWDED), (3, CROWDED), (4, CROWDED), (5, CROWDED)], 4, Verdict.CONTINUUM, 4),
        ([(2, CROWDED), (3, CROWDED | UNSTABLE), (5, CROWDED)], 4, Verdict.CONTINUUM, 2),
        ([(2, CROWDED | UNSTABLE), (5, CROWDED), (6, CROWDED)], 4, Verdict.CONTINUUM, 5),
        ([(2, CROWDED), (3, CROWDED)], None, Verdict.CONTINUUM, 3),
        ([(2, CROWDED | {"copula_gap": NOTHING}), (3, UNSTABLE)], 3, Verdict.NONE, None),
        ([(2, CROWDED | {"copula_gap": Gap(0.02, 0.01)})], None, Verdict.NONE, None),
        ([(2, {"smallest_share": 0.04})], None, Verdict.NONE, None),
        ([], None, Verdict.NONE, None),
    ],
)
def test_the_rule(
    rows: list[tuple[int, dict[str, object]]], elbow: int | None, verdict: Verdict, k: int | None
) -> None:
    choice = choose([candidate(k, **changes) for k, changes in rows], elbow, people=1_000, criteria=Criteria())
    assert (choice.verdict, choice.k) == (verdict, k)


def test_the_silhouette_never_decides() -> None:
    attractive = candidate(2, silhouette=SampledSilhouette(0.9, 0.01, 100), silhouette_squared=0.99)
    assert choose([attractive, candidate(3)], 2, people=1_000, criteria=Criteria()).k == 3


def test_the_criteria_are_the_callers() -> None:
    rows = [candidate(2), candidate(3, stability=(0.8,) * 3)]
    assert choose(rows, None, people=1_000, criteria=Criteria(stability=0.85)).k == 2


def test_a_cluster_must_hold_one_percent_and_fifty_people_relaxed_for_few() -> None:
    criteria = Criteria()
    assert [criteria.smallest(people) for people in (100, 1_000, 2_500, 5_000, 10**6)] == [
        0.05, 0.05, 0.02, 0.01, 0.01
    ]  # fmt: skip


def test_every_objection_is_found_and_has_words() -> None:
    bad = candidate(
        2, stability=(0.1, 0.2), smallest_share=0.001, border_density=2.0, ellipse_gap=NOTHING, copula_gap=NOTHING
    )
    found = {why for verdict in Verdict for why in objections(bad, verdict, Criteria(), 1_000)}
    assert found == set(Objection) - {Objection.TOO_FEW_CLUSTERS, Objection.MOSTLY_OUTSIDE}
    assert set(REASONS) == set(Objection)


def test_the_words_say_why_in_both_languages() -> None:
    separated = choose([candidate(3)], 3, people=1_000, criteria=Criteria()).words
    assert separated.en.startswith("3 separated clusters: the largest number at which every cluster comes back")
    assert "least stable: Jaccard 0.95; 9.5\u202f% tighter than chance; elbow at 3; silhouette 0.40" in separated.en
    assert "Jaccard 0,95\u202f; 9,5\u202f% plus resserré que le hasard\u202f; coude à 3" in separated.fr
    gradual = choose([candidate(3, **CROWDED)], None, people=1_000, criteria=Criteria()).words
    assert "borders are gradual" in gradual.en
    assert "no elbow" in gradual.en
    assert "frontières sont graduelles" in gradual.fr
    none = choose([candidate(3, **UNSTABLE)], None, people=1_000, criteria=Criteria()).words
    assert (
        none.en
        == "No stable clusters: for each number tried, a cluster does not come back when people are drawn again."
    )
    assert "trop peu de personnes" in choose([], None, people=5, criteria=Criteria()).words.fr
