"""Quantities to the declared unit: lengths, weights, volumes, temperatures."""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Final

from kohort.definitions.normalisation import Asked, Normalisation, Outcome
from kohort.errors import DefinitionError, MissingExtraError, shorten
from kohort.quality.normalisation.characters import LONGEST, cleaned
from kohort.quality.normalisation.numbers import written
from kohort.quality.normalisation.outcomes import NormaliseOne, Reason, Repair, UnreadableError, guarded, number_settled

_ALIASES: Final = {
    "kilo": "kg", "kilos": "kg", "kgs": "kg", "kilogramme": "kg", "kilogrammes": "kg", "gramme": "g",
    "grammes": "g", "gr": "g", "grs": "g", "gms": "g", "milligramme": "mg", "milligrammes": "mg", "tonne": "t",
    "tonnes": "t", "lbs": "lb", "once": "oz", "onces": "oz",
    "mètre": "m", "mètres": "m", "metre": "m", "metres": "m", "mtr": "m", "mètre carré": "m**2",
    "mètres carrés": "m**2", "kilomètre": "km", "kilomètres": "km", "kilometre": "km", "kilometres": "km",
    "kms": "km", "centimètre": "cm", "centimètres": "cm", "centimetre": "cm", "centimetres": "cm", "cms": "cm",
    "millimètre": "mm", "millimètres": "mm", "pouce": "inch", "pouces": "inch", '"': "inch", "in": "inch",
    "pied": "foot", "pieds": "foot", "'": "foot", "ft": "foot", "litre": "l", "litres": "l", "ltr": "l",
    "centilitre": "cl", "centilitres": "cl", "millilitre": "ml", "millilitres": "ml",
    "°c": "degC", "celsius": "degC", "degré": "degC", "degrés": "degC", "degrés celsius": "degC", "c": "degC",
    "°f": "degF", "fahrenheit": "degF", "f": "degF",
}  # fmt: skip
_REMEMBERED: Final = 1_000
_NAME: Final = re.compile(r"[A-Za-zµμΩ°]{1,24}(?:/[A-Za-z]{1,12})?")
_SQUARED: Final = re.compile(r"[kdcm]?m\*\*[23]")
_POWER: Final = re.compile(r"(.*\d)\s?([kdcm]?m)([23²³])", re.IGNORECASE)
_POWERS: Final = {"2": 2, "²": 2, "3": 3, "³": 3}
_METRES: Final = re.compile(r"(\d)\s?m\s?(\d\d)(?:\s?cm)?", re.ASCII | re.IGNORECASE)
_FEET: Final = re.compile(
    r"""(\d{1,2})\s?(?:'|ft|feet|foot)\s?(\d{1,2}(?:\.\d{1,2})?)\s?(?:"|''|in|inch|inches)?""", re.ASCII
)


def quantities(declared: Normalisation, where: str = "") -> NormaliseOne:
    """Return what reads quantities as numbers of the declared unit; `where` names the declaration, for an error.

    Raises DefinitionError for a unit that nobody knows, MissingExtraError without the extra `[clean]`.

    >>> from kohort.definitions.normalisation import Kind
    >>> read = quantities(Normalisation(Kind.QUANTITY, unit="kg"))
    >>> [read(Asked(one)).value for one in ("70", "70 kg", "70 000 g")], read(Asked("70 cm")).rules
    ([70000000, 70000000, 70000000], ('unit of something else',))
    """
    target = _target(declared.unit, where)

    @lru_cache(_REMEMBERED)
    def conversion(token: str) -> Callable[[Decimal], Decimal]:
        return _conversion(token, target)

    @guarded
    def normalise(asked: Asked) -> Outcome:
        combined = _combined(asked.value) if isinstance(asked.value, str) else None
        if combined is not None:
            value, unit = combined
            return number_settled(conversion(unit)(value), (Repair.UNIT,))
        power = _POWER.fullmatch(asked.value.strip()[:LONGEST]) if isinstance(asked.value, str) else None
        found = written(power[1] if power else asked.value, declared.decimal)
        if found.front or (power and found.back):
            raise UnreadableError(Reason.NO_NUMBER)
        value, repairs = found.number
        unit = f"{power[2].lower()}**{_POWERS[power[3]]}" if power else found.back
        if not unit:
            return number_settled(value, repairs)
        return number_settled(conversion(unit)(value), (*repairs, Repair.UNIT))

    return normalise


@cache
def _registry() -> Any:
    try:
        import pint  # noqa: PLC0415 - an extra, and half a second
    except ImportError as error:
        raise MissingExtraError("clean", "converting quantities") from error
    return pint.UnitRegistry(non_int_type=Decimal)


def _target(unit: str, where: str) -> Any:
    found = _unit(_ALIASES.get(unit.lower(), unit))
    if found is None:
        place = f"{where}: " if where else ""
        raise DefinitionError(f'{place}unknown unit "{shorten(unit)}"; write one such as kg, cm, l or °C')
    return found


def _unit(name: str) -> Any:
    """Return a unit by its name, None for what is none: only names reach the library, never an expression."""
    if not (_NAME.fullmatch(name) or _SQUARED.fullmatch(name)):
        return None
    registry = _registry()
    from pint.errors import PintError  # noqa: PLC0415 - an extra

    try:
        return registry.parse_units(name)
    except (PintError, AttributeError, ValueError, TypeError, KeyError):  # as many as it raises for a name
        return None


def _conversion(token: str, target: Any) -> Callable[[Decimal], Decimal]:
    """Return what converts numbers of a unit; it is asked for two values, between which all units are straight."""
    text = token.rstrip(".").strip()
    known = [one for one in (text, _ALIASES.get(text.lower()), text.lower()) if one]
    units = [unit for unit in map(_unit, known) if unit is not None]
    fitting = [unit for unit in units if unit.is_compatible_with(target)]
    if not fitting:
        raise UnreadableError(Reason.OTHER_DIMENSION if units else Reason.UNKNOWN_UNIT)
    quantity = _registry().Quantity
    found = {tuple(quantity(Decimal(value), unit).to(target).magnitude for value in (0, 1)) for unit in fitting}
    if len(found) > 1:  # ML may be a million litres, and mostly is not
        raise UnreadableError(Reason.AMBIGUOUS_UNIT)
    zero, one = found.pop()
    return lambda value: zero + (one - zero) * value


def _combined(given: str) -> tuple[Decimal, str] | None:
    """Return the number and unit of "1m75" and 5'11", None for anything else."""
    text = cleaned(given)
    metres = _METRES.fullmatch(text.text)
    if metres:
        return Decimal(f"{metres[1]}.{metres[2]}"), "m"
    feet = _FEET.fullmatch(text.text)
    return (Decimal(feet[1]) * 12 + Decimal(feet[2]), "inch") if feet else None
