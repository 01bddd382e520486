"""Model cards: what a model says, of what it is made, how good it is, and what it must not be used for.

After Mitchell et al. 2019, "Model Cards for Model Reporting", FAT*.
"""

from dataclasses import dataclass
from typing import Final

from kohort.learning.wording import COLON, Bilingual, number
from kohort.stats.intervals import Interval

FORBIDDEN: Final = Bilingual(
    "Decisions with legal or similarly grave effects on a person, such as credit, insurance, employment or housing; "
    "prices set for one person; guessing health, origin, opinions, religion or sexual orientation; people who have not "
    "consented to profiling where consent is asked for.",
    "Toute décision aux effets juridiques ou d'une gravité comparable pour une personne, comme le crédit, l'assurance, "
    "l'emploi ou le logement ; un prix fixé pour une seule personne ; deviner la santé, l'origine, les opinions, la "
    "religion ou l'orientation sexuelle ; les personnes qui n'ont pas consenti au profilage lorsque le consentement "
    "est requis.",
)
"""What no model of Kohort may be used for: articles 9 and 22 of the GDPR, and what the AI Act calls high risk."""

_TITLES: Final = {
    "says": Bilingual("What it says", "Ce qu'il dit"),
    "data": Bilingual("What it learnt from", "Ce dont il a appris"),
    "figures": Bilingual("How good it is", "Ce qu'il vaut"),
    "limits": Bilingual("Limits", "Limites"),
    "forbidden": Bilingual("Not to be used for", "À ne pas utiliser pour"),
}


@dataclass(frozen=True)
class Figure:
    """One figure of a model with its interval; `name` is for machines, `words` for people, `places` its decimals."""

    name: str
    words: Bilingual
    value: Interval
    places: int = 3


@dataclass(frozen=True)
class ModelCard:
    """What somebody should read before they use a model; `data` names its period."""

    title: Bilingual
    says: Bilingual
    data: Bilingual
    figures: tuple[Figure, ...]
    limits: Bilingual
    forbidden: Bilingual = FORBIDDEN

    def text(self, language: str) -> str:
        """Return the card as a text in Markdown, in the language "en" or "fr".

        >>> card = ModelCard(
        ...     Bilingual("Churn", "Attrition"), Bilingual("Who leaves.", "Qui part."), Bilingual("2026.", "2026."),
        ...     (Figure("auc", Bilingual("AUC", "AUC"), Interval(0.8, 0.75, 0.85, 900)),),
        ...     Bilingual("None.", "Aucune."),
        ... )
        >>> print(card.text("fr").partition("## Limites")[0])
        # Attrition
        <BLANKLINE>
        ## Ce qu'il dit
        <BLANKLINE>
        Qui part.
        <BLANKLINE>
        ## Ce dont il a appris
        <BLANKLINE>
        2026.
        <BLANKLINE>
        ## Ce qu'il vaut
        <BLANKLINE>
        - AUC\u202f: 0,800 (de 0,750 à 0,850)
        <BLANKLINE>
        <BLANKLINE>
        """
        parts = {name: getattr(getattr(self, name), language) for name in ("says", "data", "limits", "forbidden")}
        parts["figures"] = "\n".join(getattr(_said(one), language) for one in self.figures)
        sections = [f"## {getattr(title, language)}\n\n{parts[name]}\n" for name, title in _TITLES.items()]
        return f"# {getattr(self.title, language)}\n\n" + "\n".join(sections)


def _said(figure: Figure) -> Bilingual:
    value = figure.value
    estimate, low, high = (number(one, figure.places) for one in (value.estimate, value.low, value.high))
    return Bilingual(
        f"- {figure.words.en}: {estimate.en} ({low.en} to {high.en})",
        f"- {figure.words.fr}{COLON} {estimate.fr} (de {low.fr} à {high.fr})",
    )
