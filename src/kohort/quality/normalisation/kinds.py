"""From a declaration to what brings values into its form."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from kohort.definitions.normalisation import Asked, Kind, Normalisation, Outcome
from kohort.quality.normalisation.amounts import amounts
from kohort.quality.normalisation.countries import countries, country_of
from kohort.quality.normalisation.dates import dates
from kohort.quality.normalisation.durations import durations
from kohort.quality.normalisation.emails import emails
from kohort.quality.normalisation.languages import languages
from kohort.quality.normalisation.numbers import numbers
from kohort.quality.normalisation.outcomes import EMPTY, NormaliseOne
from kohort.quality.normalisation.phones import phones
from kohort.quality.normalisation.quantities import quantities
from kohort.quality.normalisation.rates import shipped_rates
from kohort.quality.normalisation.texts import texts

Normalise = Callable[[Sequence[Asked]], list[Outcome]]


@dataclass(frozen=True)
class Normalisers:
    """What normalises values in a project: its currency, and the country of phone numbers that name none.

    >>> from kohort.definitions.normalisation import Normalisation
    >>> read = Normalisers("EUR", "FR").of(Normalisation(Kind.PHONE), ZoneInfo("UTC"))
    >>> [one.value for one in read([Asked("06 12 34 56 78"), Asked(" ")])]
    ['+33612345678', None]
    """

    currency: str = "EUR"
    country: str = ""

    def of(self, declared: Normalisation, zone: ZoneInfo, where: str = "") -> Normalise:
        """Return what normalises values; times without an offset are in `zone`. `where` names the declaration.

        Nothing is raised for a wrong value: it is flagged. Raises DefinitionError for a unit or region that nobody
        knows, MissingExtraError for a library that is not installed.
        """
        one = self._one(declared, zone, where)
        return lambda values: [
            EMPTY if isinstance(asked.value, str) and (not asked.value or asked.value.isspace()) else one(asked)
            for asked in values
        ]

    def _one(self, declared: Normalisation, zone: ZoneInfo, where: str) -> NormaliseOne:
        match declared.kind:
            case Kind.AMOUNT:
                return amounts(declared, self.currency, shipped_rates())
            case Kind.QUANTITY:
                return quantities(declared, where)
            case Kind.DATE:
                return dates(declared, declared.zone or zone)
            case Kind.PHONE:
                return phones(declared, self.country, where, country_of if declared.beside else None)
        plain = {
            Kind.NUMBER: numbers,
            Kind.DURATION: durations,
            Kind.TEXT: texts,
            Kind.EMAIL: emails,
            Kind.COUNTRY: countries,
            Kind.LANGUAGE: languages,
        }
        return plain[declared.kind](declared)
