"""What learning found, as the rows that people see."""

from collections.abc import Mapping
from typing import Final

from kohort.learning.clustering.candidates import Candidate
from kohort.learning.features.preparation import Preparation
from kohort.learning.features.reasons import scaling_reasons
from kohort.learning.features.table import FeatureTable
from kohort.learning.features.wording import (
    SKEWED,
    dropped_words,
    prepared_words,
    reduction_words,
    scaled_skewness,
    skew_warnings,
)
from kohort.learning.personas.description import Persona
from kohort.learning.personas.habits import habit_words
from kohort.learning.traits import TraitLabel, label_of, write_value
from kohort.learning.wording import NARROW_SPACE, Bilingual
from kohort.reports.data import CandidateRow, PersonaCard, PersonaCategory, PersonaTrait
from kohort.reports.persona_data import PersonaRule
from kohort.reports.preparation_data import PreparationSummary, PreparedFeature

_SYMBOLS: Final = {"EUR": "€", "USD": "$", "GBP": "£"}
_CATEGORIES_SHOWN: Final = 4
_HABITS_SHOWN: Final = 4


def currency_symbol(code: str) -> str:
    """Return the symbol of a currency, or its code.

    >>> currency_symbol("USD"), currency_symbol("CHF")
    ('$', 'CHF ')
    """
    return _SYMBOLS.get(code, f"{code} ")


def _category(trait: str, category: str) -> Bilingual:
    name = trait.replace("_", " ")
    return Bilingual(f"{name}: {category}", f"{name}{NARROW_SPACE}: {category}")


def candidate_row(candidate: Candidate) -> CandidateRow:
    """Return one number of clusters as a row of the table beside the curves."""
    return CandidateRow(
        k=candidate.k,
        inertia_share=candidate.inertia_share,
        silhouette=candidate.silhouette.mean,
        silhouette_error=candidate.silhouette.error,
        silhouette_squared=candidate.silhouette_squared,
        weakest_stability=candidate.weakest,
        mean_stability=sum(candidate.stability) / len(candidate.stability),
        smallest_share=candidate.smallest_share,
        border_density=candidate.border_density,
        ellipse_gap=candidate.ellipse_gap.gap,
        copula_gap=candidate.copula_gap.gap,
        ellipse_gap_error=candidate.ellipse_gap.error,
        copula_gap_error=candidate.copula_gap.error,
    )


def preparation_summary(
    preparation: Preparation, table: FeatureTable, labels: Mapping[str, TraitLabel]
) -> PreparationSummary:
    """Return how the features of `table` became points, in words."""
    skewed, reasons = scaled_skewness(preparation, table), scaling_reasons(preparation, table)
    features = []
    for name, how in prepared_words(preparation):
        label, reason = label_of(name, labels), reasons[name]
        features.append(
            PreparedFeature(
                Bilingual(label.en, label.fr), how, skewed.get(name), reason.why, reason.skewness, reason.missing
            )
        )
    return PreparationSummary(
        features=tuple(features),
        left_out=tuple(dropped_words(one, labels) for one in preparation.dropped),
        warnings=skew_warnings(preparation, table, labels),
        reduction=reduction_words(preparation),
        digest=preparation.digest,
        most_skewed=SKEWED,
    )


def persona_card(
    persona: Persona, currency: str, identity: str, history: Bilingual | None, rule: PersonaRule | None
) -> PersonaCard:
    """Return a persona as a card; `identity` is whose it is, `history` says which earlier persona it continues."""
    return PersonaCard(
        cluster=persona.cluster,
        name=persona.name,
        sentences=persona.sentences[1:] or persona.sentences,
        people=persona.people,
        share_of_people=persona.share_of_people,
        share_of_value=persona.share_of_value,
        stability=persona.quality.stability,
        gradual=persona.gradual,
        traits=tuple(
            PersonaTrait(
                label=Bilingual(one.label.en, one.label.fr),
                here=write_value(one.here, one.label.kind, currency=currency),
                elsewhere=write_value(one.elsewhere, one.label.kind, currency=currency),
                effect=one.effect,
            )
            for one in persona.traits
        ),
        categories=tuple(
            PersonaCategory(
                label=_category(one.trait, one.category),
                here=one.here,
                elsewhere=one.elsewhere,
                lift=one.lift,
            )
            for one in persona.categories[:_CATEGORIES_SHOWN]
        ),
        example=persona.example,
        history=history,
        identity=identity,
        rule=rule,
        value=persona.value,
        habits=tuple(
            PersonaCategory(habit_words(one.trait, one.category), one.here, one.elsewhere, one.lift)
            for one in persona.habits[:_HABITS_SHOWN]
        ),
    )
