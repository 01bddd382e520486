"""What was found of look-alikes, in words: the same in the terminal and on the model's card."""

from collections.abc import Iterator

from kohort.learning.lookalike.results import LookalikeQuality
from kohort.learning.prediction.results import PredictionStudy
from kohort.learning.prediction.wording import family_words
from kohort.learning.wording import COLON, SEMICOLON, Bilingual, number, percent, sentence_case


def lookalike_words(study: PredictionStudy, quality: LookalikeQuality) -> Iterator[Bilingual]:
    """Yield what is known: how hidden members were found, beside lots and the obvious rule, and what is not known."""
    yield _found(study, quality)
    if not quality.is_better_than_lot:
        yield Bilingual(
            "That is no better than drawing lots: nothing that is known of people tells the seed apart. Do not use it.",
            "Ce n'est pas mieux qu'un tirage au sort\u202f: rien de ce qu'on sait des gens ne distingue les membres. "
            "Ne l'utilisez pas.",
        )
    yield _beside_the_rule(study)
    yield _areas(quality)
    if study.is_telling:
        yield Bilingual(
            f"An AUC of {number(quality.area.estimate, 3).en} is rarely honest: look for features that together say "
            f"what the segment's rule says.",
            f"Une AUC de {number(quality.area.estimate, 3).fr} est rarement honnête{COLON} cherchez des variables qui, "
            f"ensemble, disent ce que dit la règle du segment.",
        )
    yield _hidden(quality)
    yield UNKNOWABLE


UNKNOWABLE = Bilingual(
    "All this takes the seed for drawn at random of all who are like it. Where people came into it for another reason, "
    "such as one shop's list, those of that reason are found first; and of nobody outside is it known that they are "
    "unlike.",
    "Tout ceci suppose que les membres sont tirés au hasard parmi tous ceux qui leur ressemblent. S'ils le sont pour "
    "une autre raison, comme la liste d'un seul magasin, ce sont d'abord les gens de cette raison qui sont "
    "trouvés\u202f; et l'on ne sait de personne, hors du segment, qu'il est différent.",
)
"""What no figure can say."""


def _found(study: PredictionStudy, quality: LookalikeQuality) -> Bilingual:
    family = family_words(study.chosen)
    first = next(one for one in quality.first if one.share == 0.1)  # noqa: PLR2004 - a tenth, as people read it
    recall = [percent(one) for one in (first.recall.estimate, first.recall.low, first.recall.high)]
    lift, members = number(first.lift.estimate, 1), number(quality.members)
    return Bilingual(
        f"{sentence_case(family.en)}: of {members.en} members of the seed, each hidden among the others in turn, "
        f"{recall[0].en} ({recall[1].en} to {recall[2].en}) stand as high as the first 10 % outside, {lift.en} times "
        f"as many as by lot.",
        f"{sentence_case(family.fr)}{COLON} sur {members.fr} membres du segment, cachés tour à tour parmi les autres, "
        f"{recall[0].fr} (de {recall[1].fr} à {recall[2].fr}) se classent aussi haut que les 10\u202f% premiers "
        f"des autres, {lift.fr} fois plus que par tirage au sort.",
    )


def _beside_the_rule(study: PredictionStudy) -> Bilingual:
    rule, gained = study.rule, study.rule.gained
    area, *gains = (number(one, 3) for one in (rule.auc.estimate, gained.estimate, gained.low, gained.high))
    said = Bilingual(
        f"(AUC {area.en}; gain {gains[0].en}, {gains[1].en} to {gains[2].en})",
        f"(AUC {area.fr}{SEMICOLON} gain {gains[0].fr}, de {gains[1].fr} à {gains[2].fr})",
    )
    if rule.is_beaten:
        return Bilingual(
            f"It beats the obvious rule, {rule.name} alone {said.en}.",
            f"Il bat la règle évidente, {rule.name} seule {said.fr}.",
        )
    return Bilingual(
        f"It does not beat the obvious rule, {rule.name} alone {said.en}: take the rule.",
        f"Il ne bat pas la règle évidente, {rule.name} seule {said.fr}{COLON} prenez la règle.",
    )


def _areas(quality: LookalikeQuality) -> Bilingual:
    area, low, high = (number(one, 3) for one in (quality.area.estimate, quality.area.low, quality.area.high))
    top = number(quality.corrected.high, 3)
    return Bilingual(
        f"The AUC is {area.en} ({low.en} to {high.en}) if nobody outside is like the seed, and up to {top.en} if as "
        f"many are as can be.",
        f"L'AUC est de {area.fr} (de {low.fr} à {high.fr}) si aucun des autres ne ressemble aux membres, et jusqu'à "
        f"{top.fr} s'ils sont aussi nombreux que possible à leur ressembler.",
    )


def _hidden(quality: LookalikeQuality) -> Bilingual:
    high, estimate, others = percent(quality.hidden.high), percent(quality.hidden.estimate), number(quality.others)
    first = next(one for one in quality.first if one.share == 0.1).alike.high  # noqa: PLR2004 - as above
    tenth = Bilingual("", "")
    if first < 1:
        tenth = Bilingual(
            f"; of the first 10 % at most {percent(first).en}",
            f"{SEMICOLON} parmi les 10\u202f% premiers, {percent(first).fr} au plus",
        )
    return Bilingual(
        f"Of {others.en} people outside at most {high.en} are like the seed ({estimate.en} if what sets it apart is "
        f"had by nobody else){tenth.en}. It may be none.",
        f"Sur {others.fr} autres personnes, {high.fr} au plus ressemblent aux membres ({estimate.fr} si ce qui "
        f"distingue ceux-ci n'appartient qu'à leurs semblables){tenth.fr}. Il se peut que ce ne soit personne.",
    )
