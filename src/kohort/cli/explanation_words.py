"""The words around an explanation, in the project's language."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from kohort.clock import Moment
from kohort.definitions.values import ValueType
from kohort.engines.evaluation import Doing, Explanation, Fact, Outlook, Setting, Shown
from kohort.engines.outlook.wheres import ANY
from kohort.rules.languages import Language

ShowMoment = Callable[[Moment | None], str]


@dataclass(frozen=True)
class Words:
    """The sentences, with places for what they speak of."""

    yes: str
    no: str
    value: str
    missing: str
    score_of: str
    threshold: str
    facts_in_all: str
    inside: str
    outside: str
    inside_unknown: str
    outside_unknown: str
    leaves: str
    enters: str
    time_changes_nothing: str
    would_change: str
    nothing_would: str
    once_more: str
    more: str
    having: str
    removed: str
    another: str


WORDS: Final = {
    Language.EN: Words(
        yes="yes",
        no="no",
        value="value {}",
        missing="missing",
        score_of="score of {}",
        threshold="population's threshold {} from {:,} people as of {}",
        facts_in_all="{} in all",
        inside="In since {}.",
        outside="Out since {}.",
        inside_unknown="In; since when is not recorded.",
        outside_unknown="Out; never in, as far as is recorded.",
        leaves="Time alone: out from {} on.",
        enters="Time alone: in from {} on.",
        time_changes_nothing="Time alone changes nothing up to {}.",
        would_change="Would change it now: {}.",
        nothing_would="No single event or trait was found that would change it now.",
        once_more="one more {}",
        more="{} more {}",
        having=" with {}",
        removed="{} removed",
        another="another value",
    ),
    Language.FR: Words(
        yes="oui",
        no="non",
        value="valeur {}",
        missing="manquante",
        score_of="score de {}",
        threshold="seuil de la population {} sur {} personnes au {}",
        facts_in_all="{} en tout",
        inside="Dans le segment depuis {}.",
        outside="Hors du segment depuis {}.",
        inside_unknown="Dans le segment ; depuis quand n'est pas enregistré.",
        outside_unknown="Hors du segment ; jamais dedans, d'après ce qui est enregistré.",
        leaves="Le temps seul : hors du segment à partir de {}.",
        enters="Le temps seul : dans le segment à partir de {}.",
        time_changes_nothing="Le temps seul ne change rien jusqu'à {}.",
        would_change="Le changerait maintenant : {}.",
        nothing_would="Aucun événement ni trait n'a été trouvé qui le changerait maintenant à lui seul.",
        once_more="un {} de plus",
        more="{} {} de plus",
        having=" avec {}",
        removed="{} retiré",
        another="une autre valeur",
    ),
}


def value_text(value: Shown) -> str:
    """Return a value as text, "" where it is missing.

    >>> value_text(Decimal("12.50")), value_text(("tea", "jazz"))
    ('12.50', 'tea, jazz')
    """
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat()
        case tuple():
            return ", ".join(value)
        case _:
            return value


def closing_sentences(explanation: Explanation, words: Words, show_moment: ShowMoment) -> list[str]:
    """Return since when the person is in or out, and what would change it; nothing where that was not asked."""
    if explanation.outlook is None:
        return []
    known, unknown = (
        (words.inside, words.inside_unknown) if explanation.holds else (words.outside, words.outside_unknown)
    )
    since = unknown if explanation.since is None else known.format(show_moment(explanation.since))
    return [since, *_outlook(explanation.outlook, explanation.holds, words, show_moment)]


def fact_text(fact: Fact, show_moment: ShowMoment) -> str:
    """Return an event or trait value on one line.

    >>> fact_text(Fact("order_completed", 0, "total", Decimal(12)), lambda moment: f"at {moment}")
    'order_completed at 0, total 12'
    """
    value = "" if fact.value is None else value_text(fact.value)
    if fact.property is None:
        return f"{fact.name}{f' {value}' if value else ''} {show_moment(fact.at)}"
    return f"{fact.name} {show_moment(fact.at)}, {fact.property} {value}"


def change_text(change: Doing | Setting, words: Words) -> str:
    """Return a change in words.

    >>> change_text(Doing("order_completed", 2), WORDS[Language.EN])
    '2 more order_completed'
    """
    match change:
        case Setting(trait=trait, value=None):
            return words.removed.format(trait)
        case Setting(trait=trait, value=value):
            return _pair(trait, value, words)
        case Doing(event=event, times=times, properties=properties):
            done = words.once_more.format(event) if times == 1 else words.more.format(times, event)
            having = ", ".join(_pair(name, value, words) for name, value in properties)
            return done + (words.having.format(having) if having else "")


def _pair(name: str, value: Shown, words: Words) -> str:
    anything = value in (ANY[ValueType.TEXT], ANY[ValueType.TEXT_LIST])
    return f"{name} = {words.another if anything else value_text(value)}"


def _outlook(outlook: Outlook, holds: bool, words: Words, show_moment: ShowMoment) -> list[str]:
    time = (
        words.time_changes_nothing.format(show_moment(outlook.looked_until))
        if outlook.time_alone is None
        else (words.leaves if holds else words.enters).format(show_moment(outlook.time_alone))
    )
    change = outlook.single_change
    return [time, words.nothing_would if change is None else words.would_change.format(change_text(change, words))]
