"""What a score's `retrain:` declares: when a new model is proposed, on a schedule or on drift."""

from dataclasses import dataclass
from typing import Final

from kohort.clock import DAY, parse_duration
from kohort.definitions.fields import Fields

_MOST_MONTHS: Final = 24


@dataclass(frozen=True)
class RetrainingDefinition:
    """When a model is trained again, as a candidate that somebody may promote.

    `every` so many microseconds since the newest training run, and `on_drift` when people are no longer as they were;
    None and False for never. Drift is looked for month by month: the `months` before the training are quiet, and each
    month is compared with the one `season` months before it, or, with a season of 0, with the quiet ones.
    """

    every: int | None = None
    on_drift: bool = False
    months: int = 12
    season: int = 12

    @property
    def is_empty(self) -> bool:
        """Whether nothing is ever proposed."""
        return self.every is None and not self.on_drift


NEVER: Final = RetrainingDefinition()


def retraining_of(fields: Fields | None) -> RetrainingDefinition:
    """Read `retrain:` of a score; raises DefinitionError with the field of what is wrong.

    >>> retraining_of(Fields({"every": "90 days", "on_drift": True}, "scores/personas.yaml", "retrain"))
    RetrainingDefinition(every=7776000000000, on_drift=True, months=12, season=12)
    """
    if fields is None:
        return NEVER
    every = fields.build("every", parse_duration) if fields.value("every") is not None else None
    if every is not None and every < DAY:
        raise fields.wrong("every", "at least 1 day", fields.value("every"))
    found = RetrainingDefinition(
        every,
        _on_drift(fields),
        fields.integer("months", default=12),
        fields.integer("season", default=12),
    )
    for name, least in (("months", 1), ("season", 0)):
        if not least <= getattr(found, name) <= _MOST_MONTHS:
            raise fields.wrong(name, f"from {least} to {_MOST_MONTHS} months", getattr(found, name))
    fields.refuse_unknown()
    return found


def _on_drift(fields: Fields) -> bool:
    asked = fields.value("on_drift")
    if asked is not None and not isinstance(asked, bool):
        raise fields.wrong("on_drift", "true or false", asked)
    return bool(asked)
