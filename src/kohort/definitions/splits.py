"""How a score divides what somebody bought by the values of a property: by category, by channel."""

import re
from dataclasses import dataclass
from typing import Final

from kohort.definitions.fields import Fields

MOST: Final = 50
"""The most values that a split may name: each of them is a trait."""

DIVIDED: Final = ("value", "orders", "items")
OTHER: Final = "other"
_NO_WORD: Final = re.compile(r"\W+")


@dataclass(frozen=True)
class SplitDefinition:
    """A text property (`name`) whose `values` each get a share of `by`: of the value, of the orders or of the items.

    Traits written: `{property}_{value}_share` for each, and `{property}_other_share` for the rest.
    """

    name: str
    values: tuple[str, ...]
    by: str = "value"

    @property
    def traits(self) -> tuple[str, ...]:
        """The names of the shares, in the order of the values, the rest last.

        >>> SplitDefinition("channel", ("Web shop", "store")).traits
        ('channel_web_shop_share', 'channel_store_share', 'channel_other_share')
        """
        return tuple(f"{self.name}_{slug(value)}_share" for value in (*self.values, OTHER))


def slug(text: str) -> str:
    """Return a text as a part of a trait's name: small letters, digits and underscores.

    >>> slug("Fruit & Vegetables")
    'fruit_vegetables'
    """
    return _NO_WORD.sub("_", text.strip().lower()).strip("_")


def splits_of(fields: Fields | None, *, items: bool) -> tuple[SplitDefinition, ...]:
    """Read splits by property; `items` tells whether the score has a number of items.

    Raises DefinitionError, for values too many or whose traits would have one name, too.

    >>> splits_of(Fields({"channel": {"values": ["web"], "by": "orders"}}, "scores/a.yaml"), items=False)
    (SplitDefinition(name='channel', values=('web',), by='orders'),)
    """
    return tuple(_split(fields, name, items=items) for name in fields.names()) if fields else ()


def _split(splits: Fields, name: str, *, items: bool) -> SplitDefinition:
    fields = splits.inner(name)
    if fields is None:
        raise splits.wrong(name, "values, and by what", None)
    split = SplitDefinition(name, fields.texts("values"), fields.text("by", default="value"))
    if len(split.values) > MOST:
        raise fields.wrong("values", f"at most {MOST} values, each of which is a trait", len(split.values))
    if len(set(split.traits)) < len(split.traits) or not all(map(slug, split.values)):
        raise fields.wrong("values", "values that differ by a letter or digit, and none called other", split.values)
    if split.by not in DIVIDED:
        raise fields.wrong("by", "one of " + ", ".join(DIVIDED), split.by)
    if split.by == "items" and not items:
        raise fields.wrong("by", "value or orders: the score names no property as its items", split.by)
    fields.refuse_unknown()
    return split
