"""Choose a number of clusters, or say that there is none to choose.

The rule, in words. A number of clusters is *acceptable* if every cluster comes back when people are drawn again
(mean Jaccard of at least 0.75: Hennig 2007) and none is too small to act on. Then:

1. **Separated clusters**: the largest acceptable number whose clusters are tighter than those of one ellipse of the
   same covariance, with a valley between every two of them.
2. Else **a stable partition of a continuum**: the largest acceptable number up to the elbow, or the smallest one past
   it, whose clusters are tighter than chance combinations of the same traits would give. People at its borders
   resemble both sides.
3. Else **no stable clusters**.

The silhouette is shown beside and never decides: it rewards leaving skewed features as they are, with nearly
everybody in one cluster.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from kohort.learning.clustering.candidates import Candidate
from kohort.learning.wording import COLON, SEMICOLON, Bilingual, number, percent


class Verdict(StrEnum):
    """What the data say about clusters."""

    SEPARATED = "separated clusters"
    CONTINUUM = "a stable partition of a continuum"
    NONE = "no stable clusters"


class Objection(StrEnum):
    """Why a number of clusters is not taken."""

    UNSTABLE = "unstable"
    TOO_SMALL = "a cluster is too small"
    CROWDED_BORDERS = "no valley between clusters"
    LIKE_AN_ELLIPSE = "no tighter than one ellipse"
    LIKE_CHANCE = "no tighter than chance combinations"
    TOO_FEW_CLUSTERS = "fewer than two clusters"
    MOSTLY_OUTSIDE = "too many people in no cluster"


@dataclass(frozen=True)
class Criteria:
    """What a number of clusters must meet.

    `stability`: mean Jaccard of the least stable cluster. `smallest_share` and `smallest_people`: a cluster holds at
    least the larger of the two; in a small population the second gives way to `smallest_share_of_few`. `gap`:
    relative reduction of inertia against a reference, which must also be `errors` standard errors above zero.
    `border_density`: people at the border of two clusters per person at the emptier centre. `outside`: the largest
    share of people in no cluster, for methods that leave some out. `silhouette` is a guide that is shown and never
    decides.
    """

    stability: float = 0.75
    smallest_share: float = 0.01
    smallest_people: int = 50
    smallest_share_of_few: float = 0.05
    gap: float = 0.01
    errors: float = 3.0
    border_density: float = 0.5
    outside: float = 0.25
    silhouette: float = 0.5

    def smallest(self, people: int) -> float:
        """Return the smallest share of `people` that a cluster may hold.

        >>> Criteria().smallest(1_000_000), Criteria().smallest(10_000), Criteria().smallest(1_000)
        (0.01, 0.01, 0.05)
        """
        return max(self.smallest_share, min(self.smallest_people / people, self.smallest_share_of_few))


@dataclass(frozen=True)
class Choice:
    """The verdict, the number of clusters if there is one, and the reasons in words."""

    verdict: Verdict
    k: int | None
    words: Bilingual


def objections(candidate: Candidate, verdict: Verdict, criteria: Criteria, people: int) -> tuple[Objection, ...]:
    """Return why `candidate` does not earn `verdict`; nothing if it does."""
    gap = candidate.ellipse_gap if verdict is Verdict.SEPARATED else candidate.copula_gap
    like = Objection.LIKE_AN_ELLIPSE if verdict is Verdict.SEPARATED else Objection.LIKE_CHANCE
    crowded = verdict is Verdict.SEPARATED and candidate.border_density > criteria.border_density
    met = {
        Objection.UNSTABLE: candidate.weakest >= criteria.stability,
        Objection.TOO_SMALL: candidate.smallest_share >= criteria.smallest(people),
        Objection.CROWDED_BORDERS: not crowded,
        like: gap.exceeds(criteria.gap, errors=criteria.errors),
    }
    return tuple(objection for objection, is_met in met.items() if not is_met)


def choose(candidates: Sequence[Candidate], elbow: int | None, *, people: int, criteria: Criteria) -> Choice:
    """Apply the rule of this module to candidates in ascending k."""
    separated = [one for one in candidates if not objections(one, Verdict.SEPARATED, criteria, people)]
    if separated:
        return _chosen(Verdict.SEPARATED, separated[-1], elbow)
    partitions = [one for one in candidates if not objections(one, Verdict.CONTINUUM, criteria, people)]
    if partitions:
        up_to_elbow = [one for one in partitions if elbow is None or one.k <= elbow]
        return _chosen(Verdict.CONTINUUM, up_to_elbow[-1] if up_to_elbow else partitions[0], elbow)
    return Choice(Verdict.NONE, None, _none_words(candidates, criteria, people))


def _chosen(verdict: Verdict, candidate: Candidate, elbow: int | None) -> Choice:
    gap = candidate.ellipse_gap if verdict is Verdict.SEPARATED else candidate.copula_gap
    bend = Bilingual("no elbow", "pas de coude")
    if elbow is not None:
        bend = Bilingual(f"elbow at {elbow}", f"coude à {elbow}")
    stability, tighter = number(candidate.weakest, 2), percent(gap.tighter, 1)
    silhouette = number(candidate.silhouette.mean, 2)
    template = _FOUND[verdict]
    return Choice(
        verdict,
        candidate.k,
        Bilingual(
            f"{candidate.k} {template.en} (least stable: Jaccard {stability.en}; {tighter.en} tighter than chance; "
            f"{bend.en}; silhouette {silhouette.en}).",
            f"{candidate.k} {template.fr} (le moins stable{COLON} Jaccard {stability.fr}{SEMICOLON} {tighter.fr} plus "
            f"resserré que le hasard{SEMICOLON} {bend.fr}{SEMICOLON} silhouette {silhouette.fr}).",
        ),
    )


def _none_words(candidates: Sequence[Candidate], criteria: Criteria, people: int) -> Bilingual:
    if not candidates:
        return _NOTHING_TO_TRY
    found = {why for one in candidates for why in objections(one, Verdict.CONTINUUM, criteria, people)}
    reasons = [REASONS[why] for why in Objection if why in found]
    return Bilingual(
        f"No stable clusters: for each number tried, {' or '.join(why.en for why in reasons)}.",
        f"Pas de groupes stables{COLON} pour chaque nombre essayé, {' ou '.join(why.fr for why in reasons)}.",
    )


_FOUND = {
    Verdict.SEPARATED: Bilingual(
        "separated clusters: the largest number at which every cluster comes back when people are drawn again and a "
        "valley lies between every two",
        f"groupes séparés{COLON} le plus grand nombre pour lequel chaque groupe se retrouve quand on tire à nouveau "
        "les personnes et pour lequel un creux sépare chaque paire",
    ),
    Verdict.CONTINUUM: Bilingual(
        "stable parts of a continuum: they come back when people are drawn again, but their borders are gradual, and "
        "people near a border resemble both sides",
        f"parties stables d'un continuum{COLON} elles se retrouvent quand on tire à nouveau les personnes, mais leurs "
        "frontières sont graduelles et, près d'une frontière, on ressemble aux deux côtés",
    ),
}
_NOTHING_TO_TRY = Bilingual(
    "No stable clusters: there are too few people, or too few traits that vary, to look for any.",
    f"Pas de groupes stables{COLON} trop peu de personnes ou de caractéristiques qui varient pour en chercher.",
)
REASONS = {
    Objection.UNSTABLE: Bilingual(
        "a cluster does not come back when people are drawn again",
        "un groupe ne se retrouve pas quand on tire à nouveau les personnes",
    ),
    Objection.TOO_SMALL: Bilingual("a cluster is too small to act on", "un groupe est trop petit pour servir"),
    Objection.LIKE_CHANCE: Bilingual(
        "clusters are no tighter than chance combinations of the same traits would give",
        "les groupes ne sont pas plus resserrés que des combinaisons au hasard des mêmes caractéristiques",
    ),
    Objection.CROWDED_BORDERS: Bilingual(
        "no valley lies between two clusters", "aucun creux ne sépare deux des groupes"
    ),
    Objection.LIKE_AN_ELLIPSE: Bilingual(
        "clusters are worth no more than those found in a crowd that has none",
        "les groupes ne valent pas mieux que ceux trouvés dans une foule qui n'en a pas",
    ),
    Objection.TOO_FEW_CLUSTERS: Bilingual(
        "fewer than two clusters were found", "moins de deux groupes ont été trouvés"
    ),
    Objection.MOSTLY_OUTSIDE: Bilingual(
        "too many people are in no cluster", "trop de personnes ne sont dans aucun groupe"
    ),
}
