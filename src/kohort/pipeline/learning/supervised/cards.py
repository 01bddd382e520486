"""The card of supervised segments in both languages, and what the registry is told of them."""

from collections.abc import Iterator
from typing import Any

import msgspec

from kohort.clock import DAY, datetime_of
from kohort.definitions.supervised import SupervisedDefinition
from kohort.learning.cards import Figure, ModelCard
from kohort.learning.prediction.wording import study_words
from kohort.learning.wording import COLON, Bilingual, number, percent
from kohort.pipeline.learning.prediction_models import studied, study_figures
from kohort.pipeline.learning.registry.entries import ModelEntry, entry_of
from kohort.pipeline.learning.seeds import SeedRules
from kohort.pipeline.learning.supervised.documents import KIND, Dropped, SupervisedDocument
from kohort.pipeline.workspace import Workspace


def learnt_by(definition: SupervisedDefinition, seeds: SeedRules, content: str) -> dict[str, Any]:
    """Return what a model learns by: the declaration, the rules of its segments, and a digest of its file."""
    said: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(definition))
    # What is said of a model that learnt before there was a cut-off is what it would be without one.
    aside = {"retrain"} if definition.before else {"retrain", "before"}
    said = {name: value for name, value in said.items() if name not in aside}
    return {**said, "sentences": seeds.sentences, "content": content}


def supervised_entry(
    workspace: Workspace,
    parameters: dict[str, Any],
    found: SupervisedDocument,
    content: bytes,
    *,
    cause: str = "run",
    why: Bilingual | None = None,
) -> ModelEntry:
    """Return what is told of a supervised segment that was learnt."""
    learnt = studied(found, KIND, parameters, _card(workspace, found))
    return entry_of(workspace, learnt, content, cause=cause, why=why)


def supervised_words(found: SupervisedDocument) -> Iterator[Bilingual]:
    """Yield what was found: how good it is, which examples were of no use, who is chosen, the rule that comes near."""
    yield from study_words(found.study)
    yield from _dropped(found)
    yield from _too_late(found)
    chosen, asked = number(found.chosen), number(found.asked)
    limit = percent(found.threshold)
    yield Bilingual(
        f"Of {asked.en} people {chosen.en} are chosen, from a chance of {limit.en} on.",
        f"Sur {asked.fr} personnes, {chosen.fr} sont choisies, à partir d'une probabilité de {limit.fr}.",
    )
    if found.rule is not None:
        close = percent(found.rule.f1.estimate)
        poor = Bilingual(", which is poor", ", ce qui est faible") if found.rule.is_poor else Bilingual("", "")
        yield Bilingual(
            f"The rule that comes nearest is: {found.rule.sentence.en} (F1 {close.en} on people it was not made "
            f"of{poor.en}).",
            f"La règle la plus proche est{COLON} {found.rule.sentence.fr} (F1 {close.fr} sur des personnes qui n'ont "
            f"pas servi à la faire{poor.fr}).",
        )


_OF_NO_USE = (
    ("unknown", "of nobody who is known", "de personne de connu"),
    ("unsaid", "without an answer", "sans réponse"),
    ("contradicted", "of people of whom both was said", "de personnes dont on a dit oui et non"),
)


def _dropped(found: SupervisedDocument) -> Iterator[Bilingual]:
    for name, why, why_fr in _OF_NO_USE:
        dropped: Dropped = getattr(found, name)
        if dropped.count:
            count = number(dropped.count)
            listed = ", ".join(dropped.places) + (", …" if len(dropped.places) < dropped.count else "")
            places = f" ({listed})" if dropped.places else ""
            # A place is told as messages tell it: "line 7".
            places_fr = places.replace("line ", "ligne ").replace("row ", "ligne ")
            yield Bilingual(
                f"Examples of no use, {why}: {count.en}{places}.",
                f"Exemples inutilisables, {why_fr}{COLON} {count.fr}{places_fr}.",
            )


def _too_late(found: SupervisedDocument) -> Iterator[Bilingual]:
    days = number(found.before / DAY, 0 if found.before % DAY == 0 else 1)
    if found.unseen:
        unseen = number(found.unseen)
        yield Bilingual(
            f"Of {unseen.en} people with an answer nothing was known {days.en} days before: they are not learnt from.",
            f"De {unseen.fr} personnes dont on a la réponse, on ne savait rien {days.fr} jours plus tôt\u202f: elles "
            "sont laissées de côté.",
        )
    if found.entered_before:
        early = number(found.entered_before)
        yield Bilingual(
            f"{early.en} members who were in a segment {days.en} days before already are not learnt from.",
            f"{early.fr} membres, déjà dans un segment {days.fr} jours plus tôt, sont laissés de côté.",
        )


def _card(workspace: Workspace, found: SupervisedDocument) -> ModelCard:
    day = datetime_of(found.at - found.before, workspace.settings.zone).date().isoformat()
    yes, no = number(found.yes), number(found.no)
    words = list(supervised_words(found))
    return ModelCard(
        title=Bilingual(f"Supervised segment: {found.score}", f"Segment cible{COLON} {found.score}"),
        says=Bilingual(
            "The chance that somebody is as those of whom the examples say yes.",
            "La probabilité que quelqu'un soit comme ceux dont les exemples disent oui.",
        ),
        data=Bilingual(
            f"{yes.en} people of whom the examples say yes and {no.en} of whom they say no, by what was known before "
            f"{day}.",
            f"{yes.fr} personnes dont les exemples disent oui et {no.fr} dont ils disent non, d'après ce qu'on savait "
            f"avant le {day}.",
        ),
        figures=(*study_figures(found.study), *_fidelity(found)),
        limits=Bilingual(
            " ".join([*(one.en for one in words), _BIAS.en]), " ".join([*(one.fr for one in words), _BIAS.fr])
        ),
    )


_BIAS = Bilingual(
    "It learns whoever chose the examples too: people of a kind that is not among them are judged by guesswork.",
    "Il apprend aussi les choix de qui a donné les exemples\u202f: les gens d'une sorte qui n'y figure pas sont jugés "
    "à l'aveugle.",
)


def _fidelity(found: SupervisedDocument) -> tuple[Figure, ...]:
    if found.rule is None:
        return ()
    return (Figure("fidelity", Bilingual("F1 of the nearest rule", "F1 de la règle la plus proche"), found.rule.f1),)
