"""What is said of personas in sentences, in both languages."""

from kohort.learning.wording import COLON, SEMICOLON, Bilingual, number, percent
from kohort.reports.persona_data import Lineage, PersonaRule


def fidelity_words(rule: PersonaRule) -> Bilingual:
    """Say how well a rule describes a persona.

    >>> from kohort.stats.intervals import Interval
    >>> half = Interval(0.5, 0.4, 0.6, 50)
    >>> poor = PersonaRule(Bilingual("a < 1", "a < 1"), half, half, half, 90, is_poor=True)
    >>> fidelity_words(poor).en.splitlines()[-1]
    'The rule describes them poorly: use the persona itself where it matters who is in.'
    """
    people, score = number(rule.held_out), number(rule.f1.estimate, 2)
    low, high = number(rule.f1.low, 2), number(rule.f1.high, 2)
    english, french = [], []
    if rule.recall is not None:
        share = percent(rule.recall.estimate)
        english.append(f"It finds {share.en} of them")
        french.append(f"Elle en trouve {share.fr}")
    if rule.precision is not None:
        share = percent(rule.precision.estimate)
        english.append(f"{share.en} of whom it finds are of them")
        french.append(f"{share.fr} des personnes trouvées en sont")
    words = Bilingual(
        f"{'; '.join([*english, f'F1 {score.en} ({low.en} to {high.en})'])}, "
        f"on {people.en} people that it was not made of.",
        f"{f'{SEMICOLON} '.join([*french, f'F1 {score.fr} (de {low.fr} à {high.fr})'])}, "
        f"sur {people.fr} personnes qui n'ont pas servi à la faire.",
    )
    if not rule.is_poor:
        return words
    return Bilingual(
        f"{words.en}\nThe rule describes them poorly: use the persona itself where it matters who is in.",
        f"{words.fr}\nLa règle les décrit mal{COLON} prenez le persona lui-même quand il importe de savoir qui en est.",
    )


def lineage_words(lineage: Lineage) -> Bilingual:
    """Say what became of the personas of the generation before.

    >>> lineage_words(Lineage(3, 0)).en
    'Generation 3: 0 go on, 0 are new, 0 are gone.'
    """
    kept, born, gone = len(lineage.kept), len(lineage.born), len(lineage.gone)
    english = (
        f"{kept} {'goes' if kept == 1 else 'go'} on, {born} {'is' if born == 1 else 'are'} new, "
        f"{gone} {'is' if gone == 1 else 'are'} gone"
    )
    french = (
        f"{kept} {'continue' if kept < 2 else 'continuent'}, {born} {'nouveau' if born < 2 else 'nouveaux'}, "  # noqa: PLR2004
        f"{gone} {'disparu' if gone < 2 else 'disparus'}"  # noqa: PLR2004 - French counts from two
    )
    return Bilingual(
        f"Generation {lineage.generation}: {english}.", f"Génération {lineage.generation}{COLON} {french}."
    )
