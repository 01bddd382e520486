"""Names of months, of days of the week and of time zones, in English and French."""

from typing import Final

from kohort.quality.normalisation.characters import plain_name

_MONTHS: Final = (
    "january jan janvier janv",
    "february feb février fév févr",
    "march mar mars",
    "april apr avril avr",
    "may mai",
    "june jun juin",
    "july jul juillet juil",
    "august aug août aou",
    "september sep sept septembre",
    "october oct octobre",
    "november nov novembre",
    "december dec décembre déc",
)
_DAYS: Final = (
    "monday mon lundi lun",
    "tuesday tue tues mardi mar",
    "wednesday wed mercredi mer",
    "thursday thu thur thurs jeudi jeu",
    "friday fri vendredi ven",
    "saturday sat samedi sam",
    "sunday sun dimanche dim",
)
MONTHS: Final = {plain_name(name): number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
"""The numbers of months, from 1, by their names without accents."""
WEEKDAYS: Final = {plain_name(name): number for number, names in enumerate(_DAYS) for name in names.split()}
"""The numbers of days of the week, from 0 for Monday, by their names without accents."""
ZONE_OFFSETS: Final = {"z": "+00:00", "utc": "+00:00", "gmt": "+00:00", "cet": "+01:00", "cest": "+02:00"}
"""The offsets that names of zones mean; others, such as EST, mean several."""
