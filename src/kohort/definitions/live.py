"""What `kohort.yaml` declares of memberships that the server keeps up live."""

from dataclasses import dataclass
from typing import Final

from kohort.clock import HOUR, MINUTE, SECOND, parse_duration
from kohort.definitions.fields import Fields

_LONGEST: Final = 24 * HOUR


@dataclass(frozen=True)
class LiveSettings:
    """Whether `kohort serve` keeps memberships up with what comes in and with the clock.

    What time alone changes is told once the clock has passed it by `settling` microseconds. `every` so many
    microseconds the numbers of the population are taken anew, and it is recorded that memberships are up to date.
    """

    enabled: bool = True
    settling: int = 10 * SECOND
    every: int = MINUTE


def live_settings_of(fields: Fields | None) -> LiveSettings:
    """Read `live:` of `kohort.yaml`; raises DefinitionError.

    >>> live_settings_of(Fields({"settling": "5 seconds"}, "kohort.yaml", "live")).settling
    5000000
    """
    if fields is None:
        return LiveSettings()
    usual = LiveSettings()
    found = LiveSettings(
        _flag(fields, "enabled", usual=usual.enabled),
        _duration(fields, "settling", usual.settling),
        _duration(fields, "every", usual.every),
    )
    fields.refuse_unknown()
    return found


def _duration(fields: Fields, name: str, usual: int) -> int:
    if fields.value(name) is None:
        return usual
    duration = fields.build(name, parse_duration)
    if duration > _LONGEST:
        raise fields.wrong(name, "at most 24 hours", fields.value(name))
    return duration


def _flag(fields: Fields, name: str, *, usual: bool) -> bool:
    value = fields.value(name)
    if value is None:
        return usual
    if not isinstance(value, bool):
        raise fields.wrong(name, "true or false", value)
    return value
