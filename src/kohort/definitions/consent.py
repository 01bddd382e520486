"""What `consent:` in `kohort.yaml` declares: the purposes that people consent to, and how banners call them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kohort.definitions.fields import Fields
from kohort.errors import DefinitionError, did_you_mean

CONSENT_PREFIX: Final = "consent to "
"""How the traits begin in which engines read consents; no message can set one."""


@dataclass(frozen=True)
class Purpose:
    """A purpose, and the categories of consent banners that speak of it; its own name is always one of them."""

    name: str
    label: Mapping[str, str] = field(default_factory=dict)
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConsentDefinition:
    """The purposes by name, and by source those without which nothing of it is stored.

    >>> declared = ConsentDefinition({"ads": Purpose("ads", categories=("Advertising",))})
    >>> declared.categories()
    {'ads': ('ads', 'Advertising')}
    """

    purposes: Mapping[str, Purpose] = field(default_factory=dict)
    required: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def categories(self) -> dict[str, tuple[str, ...]]:
        """Return what each purpose is called in choices: its name first, then its categories."""
        return {
            name: tuple(dict.fromkeys((name, *purpose.categories))) for name, purpose in sorted(self.purposes.items())
        }


def consent_trait(purpose: str) -> str:
    """Return the name under which engines read the consent to a purpose, as a boolean trait.

    >>> consent_trait("ads_matching")
    'consent to ads_matching'
    """
    return CONSENT_PREFIX + purpose


def consent_definition_of(fields: Fields | None) -> ConsentDefinition:
    """Read `consent:` of `kohort.yaml`; raises DefinitionError for what is wrong in it.

    >>> document = {"purposes": {"ads_matching": {"categories": ["Advertising"]}}, "required": {"web": "ads_matching"}}
    >>> consent_definition_of(Fields(document, "kohort.yaml")).required
    {'web': ('ads_matching',)}
    """
    if fields is None:
        return ConsentDefinition()
    declared, required = fields.inner("purposes"), fields.inner("required")
    fields.refuse_unknown()
    purposes = {name: _purpose(declared, name) for name in declared.names()} if declared else {}
    return ConsentDefinition(
        purposes,
        {source: check_purposes(required, source, purposes) for source in required.names()} if required else {},
    )


def check_purposes(fields: Fields, name: str, known: Mapping[str, object]) -> tuple[str, ...]:
    """Return a field that names purposes; raises DefinitionError for one that is not declared."""
    named = fields.texts(name)
    for one in named:
        if one not in known:
            raise DefinitionError(f'{fields.place(name)}: unknown purpose "{one}"; {did_you_mean(one, known)}')
    return named


def _purpose(declared: Fields, name: str) -> Purpose:
    fields = declared.inner(name)
    if fields is None:
        return Purpose(name)
    label = fields.inner("label")
    words = {language: label.text(language) for language in label.names()} if label else {}
    purpose = Purpose(name, words, fields.texts("categories", default=()))
    fields.refuse_unknown()
    return purpose
