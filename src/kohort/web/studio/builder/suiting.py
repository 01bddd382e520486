"""What a card can ask, by the type of its value; and what it asks before anybody chooses."""

from collections.abc import Mapping
from typing import Final

import msgspec

from kohort.definitions.values import ValueType
from kohort.rules.catalog import Catalog
from kohort.web.studio.builder.drafts import VALUED, Card, Group, Part, Step

EQUAL: Final = ("=", "!=")
ORDERED: Final = (">=", "<=", ">", "<")
PLACED: Final = ("top", "bottom", "mean", "quantile")
THERE: Final = ("exists", "missing")

TESTS: Final[Mapping[ValueType, tuple[str, ...]]] = {
    ValueType.NUMBER: (*ORDERED, *EQUAL, "between", *PLACED, *THERE),
    ValueType.TEXT: (*EQUAL, "one of", "contains", "starts with", "ends with", "matches", *THERE),
    ValueType.BOOLEAN: (*EQUAL, *THERE),
    ValueType.MOMENT: (*ORDERED, *EQUAL, "between", "anniversary", *THERE),
    ValueType.TEXT_LIST: ("includes", *THERE),
}
"""What can be asked of a value of each type, the usual first."""
_ALWAYS_NUMBERS: Final = frozenset(("count", "sum", "mean", "distinct", "since_first", "since_last"))
AS: Final = {
    ValueType.NUMBER: "number",
    ValueType.TEXT: "text",
    ValueType.BOOLEAN: "boolean",
    ValueType.MOMENT: "moment",
}
"""How a literal of each type is written in a card."""


def type_of_card(card: Card, catalog: Catalog, event: str = "") -> ValueType | None:
    """Return the type of a card's value, None where its names say nothing yet; `event` is that of a `where` around."""
    if card.kind in _ALWAYS_NUMBERS or card.field("levels"):
        return ValueType.NUMBER
    if card.kind == "trait":
        return catalog.traits.get(card.field("trait"))
    event = event if card.kind == "property" else catalog.aliases.get(card.field("event"), card.field("event"))
    known = sorted(catalog.events.get(event, {}).get(card.field("property"), {}))
    return next((one for one in known if one is ValueType.NUMBER), next(iter(known), None))


def suited(draft: Group, catalog: Catalog, event: str = "") -> Group:
    """Return a draft in which each card asks something that its value can answer, and has the parts that it needs."""
    return msgspec.structs.replace(draft, cards=tuple(_suited(one, catalog, event) for one in draft.cards))


def _suited(part: Part, catalog: Catalog, event: str) -> Part:
    if isinstance(part, Group):
        return suited(part, catalog, event)
    if part.kind == "sequence":
        steps = part.steps or (Step(), Step())
        return msgspec.structs.replace(part, steps=tuple(_suited_step(one, catalog) for one in steps))
    its = catalog.aliases.get(part.field("event"), part.field("event"))
    where = None if part.where is None else suited(part.where, catalog, its)
    if part.kind not in VALUED:
        return msgspec.structs.replace(part, where=where)
    fields, among = _asking(part, type_of_card(part, catalog, event)), part.among
    if fields.get("population") == "rule":
        among = suited(among or Group(cards=(Card("trait"),)), catalog)
    return msgspec.structs.replace(part, fields=fields, where=where, among=among)


def _suited_step(step: Step, catalog: Catalog) -> Step:
    its = step.fields.get("event", "")
    event = catalog.aliases.get(its, its)
    return step if step.where is None else msgspec.structs.replace(step, where=suited(step.where, catalog, event))


def _asking(card: Card, type_: ValueType | None) -> dict[str, str]:
    fields = dict(card.fields)
    if type_ is not None:
        test = fields.get("test", "")
        if not fields.get("as") and (not test or test not in TESTS[type_]):
            fields["test"] = TESTS[type_][0]
        if not fields.get("as") and type_ in AS:
            fields["as"] = AS[type_]
    return fields
