"""The card of look-alikes in both languages, and how their model is opened and told to the registry."""

from typing import Any

import msgspec

from kohort.clock import DAY, datetime_of
from kohort.definitions.lookalike import LookalikeDefinition, LookedAt, is_protected
from kohort.learning.cards import Figure, ModelCard
from kohort.learning.lookalike.results import LookalikeQuality
from kohort.learning.lookalike.wording import lookalike_words
from kohort.learning.prediction.results import PredictionStudy
from kohort.learning.wording import COLON, SEMICOLON, Bilingual, number
from kohort.pipeline.learning.lookalikes.documents import KIND, LookalikeDocument
from kohort.pipeline.learning.lookalikes.wording import entry_words
from kohort.pipeline.learning.prediction_models import studied
from kohort.pipeline.learning.registry.entries import ModelEntry, entry_of
from kohort.pipeline.learning.seeds import SeedRules
from kohort.pipeline.workspace import Workspace


def learnt_by(definition: LookalikeDefinition, seed: SeedRules) -> dict[str, Any]:
    """Return what a model learns by: the declaration without who is chosen in the end, and the rule of the seed."""
    said: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(definition))
    aside = {"share", "size", "chance", "retrain"}
    if definition.at is LookedAt.RUN:
        # What is said of a model that learnt before there was a choice is what it would be now.
        aside |= {"at", "moments"}
    said = {name: value for name, value in said.items() if name not in aside}
    return {**said, "sentences": seed.sentences}


def lookalike_entry(
    workspace: Workspace,
    definition: LookalikeDefinition,
    seed: SeedRules,
    found: LookalikeDocument,
    content: bytes,
    *,
    cause: str = "run",
    why: Bilingual | None = None,
) -> ModelEntry:
    """Return what is told of look-alikes that were learnt."""
    learnt = studied(found, KIND, learnt_by(definition, seed), _card(workspace, found))
    return entry_of(workspace, learnt, content, cause=cause, why=why)


def _card(workspace: Workspace, found: LookalikeDocument) -> ModelCard:
    known = _known(workspace, found)
    members, others = number(found.quality.members), number(found.quality.others)
    words = [*lookalike_words(found.study, found.quality), *_consequences(found), *_protected(found)]
    return ModelCard(
        title=Bilingual(f"Look-alikes: {found.score}", f"Profils semblables{COLON} {found.score}"),
        says=Bilingual(
            f'How like the members of the segment "{found.seed}" somebody outside it is.',
            f"À quel point quelqu'un ressemble aux membres du segment «\u202f{found.seed}\u202f», sans en être.",
        ),
        data=Bilingual(
            f"{members.en} members and {others.en} people outside, by what was known {known.en}, without anything "
            f"that the segment's rule is made of.",
            f"{members.fr} membres et {others.fr} personnes hors du segment, d'après ce qu'on savait {known.fr}, "
            "sans rien de ce dont la règle du segment est faite.",
        ),
        figures=_figures(found.study, found.quality),
        limits=Bilingual(" ".join(one.en for one in words), " ".join(one.fr for one in words)),
    )


def _known(workspace: Workspace, found: LookalikeDocument) -> Bilingual:
    day, last = (
        datetime_of(one, workspace.settings.zone).date().isoformat()
        for one in (found.cut_off, found.cut_off if found.entries is None else found.entries.moments[-1])
    )
    if found.entries is None:
        return Bilingual(f"before {day}", f"avant le {day}")
    moments = number(len(found.entries.moments))
    return Bilingual(
        f"before each member entered ({moments.en} moments from {day} to {last}; of the others at moments drawn like "
        f"those)",
        f"avant l'entrée de chaque membre ({moments.fr} moments du {day} au {last}{SEMICOLON} pour les autres, des "
        f"moments tirés à l'image de ceux-ci)",
    )


def _consequences(found: LookalikeDocument) -> tuple[Bilingual, ...]:
    if found.entries is not None:
        return tuple(entry_words(found.entries, found.entered_before))
    if found.cut_off < found.at:
        days, early = (found.at - found.cut_off) // DAY, number(found.entered_before)
        return (
            Bilingual(
                f"{early.en} members who were in the segment {days} days before already are not learnt from.",
                f"{early.fr} membres, déjà dans le segment {days} jours plus tôt, sont laissés de côté.",
            ),
        )
    return (
        Bilingual(
            "What was known of members is of a time when they were members: what came of that, such as a letter to "
            "them, may be what is learnt. at: entry looks at what was known before each entered, before: 90 days at "
            "what was known so long ago.",
            "Ce qu'on savait des membres date d'un temps où ils l'étaient\u202f: ce qui en découle, une lettre aux "
            "membres par exemple, peut être ce qui est appris. at: entry regarde ce qu'on savait avant l'entrée de "
            "chacun, before: 90 days ce qu'on savait alors.",
        ),
    )


def _protected(found: LookalikeDocument) -> tuple[Bilingual, ...]:
    used = [one for one in found.study.features if is_protected(one)]
    if not used:
        return ()
    names = ", ".join(used)
    return (
        Bilingual(
            f"People are chosen by {names} too, for the declaration names it: see that they may be.",
            f"Le choix se fait aussi d'après {names}, que la déclaration nomme\u202f: vérifiez que c'est permis.",
        ),
    )


def _figures(study: PredictionStudy, quality: LookalikeQuality) -> tuple[Figure, ...]:
    tenth = next(one for one in quality.first if one.share == 0.1)  # noqa: PLR2004 - a tenth, as people read it
    return (
        Figure(
            "auc",
            Bilingual("AUC, all others taken as unlike", "AUC, tous les autres supposés différents"),
            quality.area,
        ),
        Figure("auc_corrected", Bilingual("AUC, corrected", "AUC, corrigée"), quality.corrected),
        Figure(
            "recall",
            Bilingual("hidden members found in the first 10 %", "membres cachés retrouvés dans les 10 premiers %"),
            tenth.recall,
        ),
        Figure("lift", Bilingual("lift of the first 10 %", "lift des premiers 10 %"), tenth.lift),
        Figure(
            "hidden",
            Bilingual("share of the others who are alike", "part des autres qui sont semblables"),
            quality.hidden,
        ),
        Figure(
            "labelled",
            Bilingual("share of all alike that the segment holds", "part des semblables que compte le segment"),
            quality.labelled,
        ),
        Figure(
            "gain",
            Bilingual(f"AUC gained on {study.rule.name}", f"AUC gagnée sur {study.rule.name}"),
            study.rule.gained,
        ),
    )
