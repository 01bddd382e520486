"""An explanation in words, English and French: the same at every door."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from kohort.clock import Moment
from kohort.definitions.provenance import Mark
from kohort.definitions.values import ValueType
from kohort.engines.evaluation import Doing, Explanation, Fact, Outlook, Setting, Shown
from kohort.engines.outlook.wheres import ANY
from kohort.places.communes_of_people import RESTORED, PlacedBy
from kohort.places.geocoding import OF_FRANCE
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
    marks: Mapping[str, str]
    methods: Mapping[str, str]


_FRENCH_METHODS: Final[Mapping[str, str]] = {
    PlacedBy.CODE: "code postal",
    PlacedBy.TOWN: "code postal et ville",
    PlacedBy.SPELLING: "code postal et ville au nom proche",
    PlacedBy.BUSINESS: "ville du département du code",
    PlacedBy.AMBIGUOUS: "code postal de plusieurs communes",
    PlacedBy.CONTRADICTED: "code postal, que la ville contredit",
    PlacedBy.BEGINNING: "le début du code postal",
    OF_FRANCE: "les communes de France",
}

WORDS: Final = {
    Language.EN: Words(
        yes="yes",
        no="no",
        value="value {}",
        missing="missing",
        score_of="score of {}",
        threshold="population's threshold {} from {} people as of {}",
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
        marks={one: f"{one} by {{}}" for one in Mark},
        methods={},
    ),
    Language.FR: Words(
        yes="oui",
        no="non",
        value="valeur {}",
        missing="manquante",
        score_of="score de {}",
        threshold="seuil de la population {} sur {} personnes au {}",
        facts_in_all="{} en tout",
        inside="Dans le segment depuis le {}.",
        outside="Hors du segment depuis le {}.",
        inside_unknown="Dans le segment\u202f; depuis quand n’est pas enregistré.",
        outside_unknown="Hors du segment\u202f; jamais dedans, d’après ce qui est enregistré.",
        leaves="Le temps seul\u00a0: hors du segment à partir du {}.",
        enters="Le temps seul\u00a0: dans le segment à partir du {}.",
        time_changes_nothing="Le temps seul ne change rien jusqu’au {}.",
        would_change="Le changerait maintenant\u00a0: {}.",
        nothing_would="Aucun événement ni trait n’a été trouvé qui le changerait maintenant à lui seul.",
        once_more="un {} de plus",
        more="{} {} de plus",
        having=" avec {}",
        removed="{} retiré",
        another="une autre valeur",
        marks={
            Mark.IMPUTED: "imputée par {}",
            Mark.CAPPED: "plafonnée par {}",
            Mark.PLACED: "localisée par {}",
            Mark.JOINED: "jointe par {}",
        },
        methods={
            f"{one}{ending}": f"{said}{its}"
            for one, said in _FRENCH_METHODS.items()
            for ending, its in (("", ""), (RESTORED, ", un zéro rétabli"))
        },
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


@dataclass(frozen=True)
class Telling:
    """Tells an explanation: in which words, and how moments, values and counts are shown.

    >>> telling = Telling(WORDS[Language.EN], lambda moment: f"at {moment}")
    >>> telling.fact(Fact("order_completed", 0, "total", Decimal(12)))
    'order_completed at 0, total 12'
    >>> telling.change(Doing("order_completed", 2))
    '2 more order_completed'
    """

    words: Words
    show_moment: ShowMoment
    show_value: Callable[[Shown], str] = value_text
    show_count: Callable[[int], str] = "{:,}".format

    def closing(self, explanation: Explanation) -> list[str]:
        """Return since when the person is in or out, and what would change it; nothing where that was not asked."""
        words = self.words
        if explanation.outlook is None:
            return []
        known, unknown = (
            (words.inside, words.inside_unknown) if explanation.holds else (words.outside, words.outside_unknown)
        )
        since = unknown if explanation.since is None else known.format(self.show_moment(explanation.since))
        return [since, *self._outlook(explanation.outlook, explanation.holds)]

    def found(self, node: Explanation) -> list[str]:
        """Return what was found of the person for a condition, and what it was compared with; nothing for a group."""
        if node.parts:
            return []
        words = self.words
        made = next((f" ({self.mark(fact.mark)})" for fact in node.facts if fact.mark), "")
        found = [words.value.format(self.show_value(node.value) or words.missing) + made]
        if node.scored is not None:
            found.append(words.score_of.format(self.show_value(node.scored)))
        if node.thresholds:
            limits, people = ", ".join(self.show_value(one) for one in node.thresholds), node.population or 0
            found.append(words.threshold.format(limits, self.show_count(people), self.show_moment(node.statistics_at)))
        return found

    def fact(self, fact: Fact) -> str:
        """Return an event or trait value on one line."""
        value = "" if fact.value is None else self.show_value(fact.value)
        if fact.property is None:
            made = f" ({self.mark(fact.mark)})" if fact.mark else ""
            return f"{fact.name}{f' {value}' if value else ''}{made} {self.show_moment(fact.at)}"
        return f"{fact.name} {self.show_moment(fact.at)}, {fact.property} {value}"

    def mark(self, mark: str) -> str:
        """Return how a value was made that nobody told, in words.

        >>> Telling(WORDS[Language.FR], str).mark("imputed by mice")
        'imputée par mice'
        >>> Telling(WORDS[Language.FR], str).mark("placed by postal code and town, a zero restored")
        'localisée par code postal et ville, un zéro rétabli'
        """
        kind, by, method = mark.partition(" by ")
        told = self.words.methods.get(method, method)
        return self.words.marks[kind].format(told) if by and kind in self.words.marks else mark

    def change(self, change: Doing | Setting) -> str:
        """Return a change in words."""
        words = self.words
        match change:
            case Setting(trait=trait, value=None):
                return words.removed.format(trait)
            case Setting(trait=trait, value=value):
                return self._pair(trait, value)
            case Doing(event=event, times=times, properties=properties):
                done = words.once_more.format(event) if times == 1 else words.more.format(times, event)
                having = ", ".join(self._pair(name, value) for name, value in properties)
                return done + (words.having.format(having) if having else "")

    def _pair(self, name: str, value: Shown) -> str:
        anything = value in (ANY[ValueType.TEXT], ANY[ValueType.TEXT_LIST])
        return f"{name} = {self.words.another if anything else self.show_value(value)}"

    def _outlook(self, outlook: Outlook, holds: bool) -> list[str]:
        words = self.words
        time = (
            words.time_changes_nothing.format(self.show_moment(outlook.looked_until))
            if outlook.time_alone is None
            else (words.leaves if holds else words.enters).format(self.show_moment(outlook.time_alone))
        )
        change = outlook.single_change
        return [time, words.nothing_would if change is None else words.would_change.format(self.change(change))]
