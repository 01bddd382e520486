"""Choose among methods: k-means unless another finds what it cannot.

k-means gives everyone a cluster and borders that are easily told, so it is taken unless another method *holds* and
*finds more*. A method holds if every cluster comes back when it learns from other people, none is too small, at most
a quarter of the people are in none, its clusters are worth more than those it finds in one ellipse, and a valley lies
between every two. It finds more if k-means finds nothing that holds, or if its clusters are others (adjusted Rand
index below 0.9), better in its own measure, and no fewer than separated clusters of k-means. Of several such methods
those whose clusters do not touch come first (density validity above 0), of those the one with the most clusters, and
of those the first in the order of `Method`.
"""

from collections.abc import Sequence
from typing import Final

from kohort.definitions.clusters import Method
from kohort.learning.clustering.choice import REASONS, Choice, Criteria, Verdict
from kohort.learning.clustering.comparison import MethodResult
from kohort.learning.clustering.methods.fitted import METHOD_NAMES
from kohort.learning.wording import COLON, SEMICOLON, Bilingual, number, percent

_THE_SAME: Final = 0.9


def choose_method(
    results: Sequence[MethodResult], choice: Choice, criteria: Criteria, *, only: Method | None = None
) -> tuple[Method, Choice]:
    """Return the method to take and the choice with its reason, in place of `choice`, that of k-means.

    With `only` it is that one, whatever others find, and its clusters if they hold.

    >>> from kohort.learning.clustering.choice import Objection
    >>> nothing = Choice(Verdict.NONE, None, Bilingual("No.", "Non."))
    >>> rows = [MethodResult(Method.K_MEANS, 2, objections=(Objection.UNSTABLE,))]
    >>> method, chosen = choose_method(rows, nothing, Criteria())
    >>> method.value, chosen.k
    ('k_means', None)
    >>> rows.append(MethodResult(Method.WARD, 3, stability=(0.9, 0.8, 0.8), same=((Method.K_MEANS, 1.0),)))
    >>> method, chosen = choose_method(rows, nothing, Criteria(), only=Method.WARD)
    >>> method.value, chosen.k
    ('ward', 3)
    """
    if only is not None:
        return only, choice if only is Method.K_MEANS else _alone(only, results, criteria)
    others = [one for one in results if one.method is not Method.K_MEANS]
    more = [one for one in others if one.holds and finds_more(one, choice, criteria)]
    if more:
        taken = max(more, key=lambda one: ((one.density or 0) > 0, one.k))
        return taken.method, Choice(Verdict.SEPARATED, taken.k, _taken(taken, choice))
    if not others:
        return Method.K_MEANS, choice
    words = _none(choice, others) if choice.k is None else _k_means(choice, others)
    return Method.K_MEANS, Choice(choice.verdict, choice.k, words)


def finds_more(result: MethodResult, choice: Choice, criteria: Criteria) -> bool:
    """Tell whether a method that holds finds what k-means cannot.

    >>> none = Choice(Verdict.NONE, None, Bilingual("", ""))
    >>> finds_more(MethodResult(Method.HDBSCAN, 2), none, Criteria())
    True
    """
    if choice.k is None or choice.verdict is Verdict.NONE:
        return True
    if agreement_with_k_means(result) >= _THE_SAME or result.better is None:
        return False
    fewer = choice.verdict is Verdict.SEPARATED and result.k < choice.k
    return not fewer and result.better.exceeds(criteria.gap, errors=criteria.errors)


def agreement_with_k_means(result: MethodResult) -> float:
    """Return the adjusted Rand index between a method's clusters and those of k-means, 1 for k-means.

    >>> agreement_with_k_means(MethodResult(Method.WARD, 2, same=((Method.K_MEANS, 0.5),)))
    0.5
    """
    return dict(result.same).get(Method.K_MEANS, 1.0)


def verdict_on(result: MethodResult, choice: Choice, criteria: Criteria) -> Bilingual:
    """Say in a few words how one method fared.

    >>> from kohort.learning.clustering.choice import Objection
    >>> verdict_on(MethodResult(Method.WARD, 2, objections=(Objection.UNSTABLE,)), _NOTHING, Criteria()).en
    'a cluster does not come back when people are drawn again'
    """
    if result.refused:
        return Bilingual(f"not run: {result.refused.en}", f"non exécutée{COLON} {result.refused.fr}")
    if result.objections:
        reasons = [REASONS[why] for why in result.objections]
        return Bilingual("; ".join(why.en for why in reasons), f"{SEMICOLON} ".join(why.fr for why in reasons))
    if result.method is Method.K_MEANS:
        return Bilingual("holds", "tient")
    if finds_more(result, choice, criteria):
        return Bilingual("holds, and finds what k-means cannot", "tient, et trouve ce que k-moyennes ne peut trouver")
    if agreement_with_k_means(result) >= _THE_SAME:
        return Bilingual("holds, and finds the same as k-means", "tient, et trouve la même chose que k-moyennes")
    return Bilingual("holds, and finds no more than k-means", "tient, et ne trouve pas plus que k-moyennes")


_NOTHING = Choice(Verdict.NONE, None, Bilingual("", ""))


def _alone(method: Method, results: Sequence[MethodResult], criteria: Criteria) -> Choice:
    result = next(one for one in results if one.method is method)
    if result.holds:
        return Choice(Verdict.SEPARATED, result.k, _found(result))
    name, why = METHOD_NAMES[method], verdict_on(result, _NOTHING, criteria)
    return Choice(Verdict.NONE, None, Bilingual(f"{name.en}: {why.en}", f"{name.fr}{COLON} {why.fr}"))


def _found(result: MethodResult) -> Bilingual:
    name, stability = METHOD_NAMES[result.method], number(result.weakest, 2)
    return Bilingual(
        f"{result.k} separated clusters, found by {name.en}: every one comes back when people are drawn again "
        f"(least stable: Jaccard {stability.en}), and people are few between them.",
        f"{result.k} groupes séparés, trouvés par {name.fr}{COLON} chacun se retrouve quand on tire à nouveau les "
        f"personnes (le moins stable{COLON} Jaccard {stability.fr}), et peu de personnes vivent entre eux.",
    )


def _taken(result: MethodResult, choice: Choice) -> Bilingual:
    if choice.k is None:
        why = Bilingual("k-means finds no clusters that hold.", "k-moyennes ne trouve pas de groupes qui tiennent.")
    else:
        same = number(agreement_with_k_means(result), 2)
        why = Bilingual(
            f"The {choice.k} clusters of k-means cut across them (adjusted Rand index {same.en}).",
            f"Les {choice.k} groupes de k-moyennes passent au travers (indice de Rand ajusté {same.fr}).",
        )
    words = [_found(result), why]
    if result.outside:
        share = percent(result.outside)
        words.append(Bilingual(f"{share.en} of people are in none.", f"{share.fr} des personnes ne sont dans aucun."))
    return _joined(words)


def _k_means(choice: Choice, others: Sequence[MethodResult]) -> Bilingual:
    same = [one for one in others if one.holds and agreement_with_k_means(one) >= _THE_SAME]
    if not same:
        return _joined([choice.words, Bilingual(
            "No other method finds more that holds.", "Aucune autre méthode ne trouve davantage qui tienne."
        )])  # fmt: skip
    names = [METHOD_NAMES[one.method] for one in same]
    listed = Bilingual(", ".join(name.en for name in names), ", ".join(name.fr for name in names))
    agreeing = Bilingual(
        f"Of the other methods, {listed.en} finds the same; k-means is the simplest.",
        f"Parmi les autres méthodes, {listed.fr} trouve la même chose{SEMICOLON} k-moyennes est la plus simple.",
    )
    if len(same) > 1:
        agreeing = Bilingual(
            f"{listed.en} find the same; k-means is the simplest.",
            f"{listed.fr} trouvent la même chose{SEMICOLON} k-moyennes est la plus simple.",
        )
    return _joined([choice.words, agreeing])


def _none(choice: Choice, others: Sequence[MethodResult]) -> Bilingual:
    names = [METHOD_NAMES[one.method] for one in others]
    listed = Bilingual(", ".join(name.en for name in names), ", ".join(name.fr for name in names))
    return _joined([choice.words, Bilingual(
        f"Other methods find none that hold either ({listed.en}).",
        f"D'autres méthodes n'en trouvent pas non plus qui tiennent ({listed.fr}).",
    )])  # fmt: skip


def _joined(sentences: Sequence[Bilingual]) -> Bilingual:
    return Bilingual(" ".join(one.en for one in sentences), " ".join(one.fr for one in sentences))
