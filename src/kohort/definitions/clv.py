"""What a file in `scores/` declares of customer lifetime value: what people will be worth."""

from dataclasses import dataclass
from typing import Final

from kohort.clock import DAY, parse_duration
from kohort.definitions.fields import Fields

VALUE_MODELS: Final = ("auto", "bg_nbd", "mbg_nbd", "pareto_nbd", "supervised")
"""What may foretell value; `auto` takes what foretold a held-out time best."""
_DISCOUNT: Final = 0.1
_LIMITS: Final = ("expected_purchases_low", "expected_purchases_high", "expected_value_low", "expected_value_high")
_PARTS: Final = ("low", "high", "decile", "top", "expected_purchases", "expected_value", "active", "alive")


@dataclass(frozen=True)
class ClvDefinition:
    """What people will be worth over `horizon` (microseconds), by purchases: `event`, whose property `value` is money.

    `discount` a year and `margin` are shares; `currency` is shown beside amounts, by default the project's. Traits
    written: `{name}` (expected, discounted), `{name}_low`, `_high`, `_decile`, `_top`, `_expected_purchases`,
    `_expected_value`, `_active` and `_alive`. With `posterior` the parameters' distributions are sampled too, and
    `{name}_expected_purchases_low` and `_high`, `_expected_value_low` and `_high` hold nine tenths of them.
    """

    name: str
    event: str
    value: str
    horizon: int = 365 * DAY
    discount: float = _DISCOUNT
    margin: float = 1.0
    model: str = "auto"
    currency: str = ""
    posterior: bool = False

    @property
    def traits(self) -> tuple[str, ...]:
        """The names of the traits written, the value itself first."""
        parts = (*_PARTS, *(_LIMITS if self.posterior else ()))
        return (self.name, *(f"{self.name}_{part}" for part in parts))


def clv_of(fields: Fields) -> ClvDefinition:
    """Read a score of the kind `clv`; raises DefinitionError with the field of what is wrong."""
    sampled = fields.value("posterior")
    if not (sampled is None or isinstance(sampled, bool)):
        raise fields.wrong("posterior", "true or false", sampled)
    definition = ClvDefinition(
        name=fields.text("name", default="clv"),
        event=fields.text("event"),
        value=fields.text("value"),
        horizon=fields.build("horizon", parse_duration, default="365 days"),
        discount=fields.number("discount", default=_DISCOUNT),
        margin=fields.number("margin", default=1.0),
        model=fields.text("model", default="auto"),
        currency=fields.text("currency", default=""),
        posterior=bool(sampled),
    )
    if definition.horizon < DAY:
        raise fields.wrong("horizon", "a day or more", fields.value("horizon"))
    if not 0 <= definition.discount <= 1:
        raise fields.wrong("discount", "a share a year from 0 to 1, such as 0.1", definition.discount)
    if not 0 < definition.margin <= 1:
        raise fields.wrong("margin", "a share above 0 and up to 1, such as 0.35", definition.margin)
    if definition.model not in VALUE_MODELS:
        raise fields.wrong("model", "one of " + ", ".join(VALUE_MODELS), definition.model)
    if definition.posterior and definition.model == "supervised":
        raise fields.wrong("posterior", "false for the supervised model, which has none", True)
    return definition
