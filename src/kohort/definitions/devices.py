"""What a file in `scores/` declares of devices: which property of which events holds the user agent."""

from dataclasses import dataclass
from typing import Final

from kohort.definitions.fields import Fields

USER_AGENT: Final = "user_agent"


@dataclass(frozen=True)
class DevicesDefinition:
    """Devices, by the user agent in the text property `user_agent` of `events` (none named: of all that have it).

    Traits written: `TRAITS` of `profiles.devices`, `prefix` before each.
    """

    name: str
    user_agent: str = USER_AGENT
    events: tuple[str, ...] = ()
    prefix: str = ""


def devices_of(fields: Fields) -> DevicesDefinition:
    """Read a score of the kind `devices`; raises DefinitionError.

    >>> devices_of(Fields({"user_agent": "context.userAgent"}, "scores/a.yaml")).user_agent
    'context.userAgent'
    """
    return DevicesDefinition(
        name=fields.text("name", default="devices"),
        prefix=fields.text("prefix", default=""),
        user_agent=fields.text("user_agent", default=USER_AGENT),
        events=fields.texts("events", default=()),
    )
