"""What a study of importance comes to, in words and as a table."""

from typing import Final

from kohort.learning.importance.results import Fault, Holdout, ImportanceStudy, Priority
from kohort.learning.wording import Bilingual
from kohort.reports.formatting import count, decimal, percent, percent_range
from kohort.reports.tables import Table
from kohort.stats.intervals import Interval

_FAULTS: Final = {
    Fault.UNKNOWN: Bilingual("known of hardly anybody", "connue de presque personne"),
    Fault.CONSTANT: Bilingual("the same for nearly everybody", "la même pour presque tous"),
    Fault.LEAKING: Bilingual("knows the goal already", "connaît déjà l’objectif"),
    Fault.IDENTIFYING: Bilingual("a value of its own for nearly everybody", "une valeur propre à presque chacun"),
    Fault.PERSONAL: Bilingual("says who somebody is", "dit qui est la personne"),
    Fault.DEFINING: Bilingual("defines the segment that is learnt from", "définit le segment dont on apprend"),
    Fault.PROTECTED: Bilingual("protected from being chosen by", "protégée\u202f: on ne choisit pas d’après elle"),
}
_PRIORITIES: Final = {
    Priority.STRATEGIC: Bilingual("strategic", "stratégique"),
    Priority.COLLECT: Bilingual("worth collecting", "à collecter"),
    Priority.ACCESSORY: Bilingual("accessory", "accessoire"),
    Priority.ASIDE: Bilingual("set aside", "écartée"),
}


def fault_words(fault: Fault) -> Bilingual:
    """Return why a variable is left out.

    >>> fault_words(Fault.LEAKING).en
    'knows the goal already'
    """
    return _FAULTS[fault]


def priority_words(priority: Priority) -> Bilingual:
    """Return what a priority is called.

    >>> priority_words(Priority.COLLECT).fr
    'à collecter'
    """
    return _PRIORITIES[priority]


def verdict_words(study: ImportanceStudy) -> Bilingual:
    """Return how much the forest tells of the goal, and what it was tried on."""
    skill = study.skill
    told = _shares(skill)
    people = count(skill.n)
    tried = {
        Holdout.TIME: Bilingual(
            f"{people} people of a later time than it learnt from", f"{people} personnes, plus tard que l’apprentissage"
        ),
        Holdout.PEOPLE: Bilingual(
            f"{people} other people of the same time", f"{people} autres personnes de la même période"
        ),
    }[study.holdout]
    if study.is_silent:
        return Bilingual(
            f"Nothing that is known tells the goal beyond chance: {told} of what is open, tried on {tried.en}.",
            f"Rien de ce qui est connu n’annonce l’objectif au-delà du hasard : {told} de l’incertitude, "
            f"mesuré sur {tried.fr}.",
        )
    return Bilingual(
        f"All variables together tell {told} of what is open about the goal, tried on {tried.en}.",
        f"Toutes les variables ensemble expliquent {told} de l’incertitude sur l’objectif, mesuré sur {tried.fr}.",
    )


def _shares(found: Interval) -> str:
    return f"{percent(found.estimate)} {percent_range(found.low, found.high)}"


def importance_table(study: ImportanceStudy) -> Table:
    """Return every variable with its priority, impact, strength alone, and the share of people of whom it is known."""
    rows = [
        (
            one.name,
            priority_words(one.priority),
            _shares(one.importance_together),
            f"{decimal(one.alone.strength.estimate, 2)}{'' if one.alone.is_connected else ' (not beyond chance)'}",
            percent(one.availability, 0),
            ", ".join(one.same),
        )
        for one in study.variables
    ]
    columns = ("Variable", "Priority", "Lost without it", "Association alone", "Known of", "Says the same as")
    return Table("Which variables matter", columns, tuple(rows), words=frozenset({0, 1, 5}))
