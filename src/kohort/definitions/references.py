"""References to secrets: a definition says where a secret is kept, never the secret itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from kohort.definitions.fields import Fields
from kohort.errors import DefinitionError


@dataclass(frozen=True)
class Reference:
    """Where a secret is kept: the environment's variable `env`, or `keyring`, "service/name" in the system's keyring.

    Exactly one of both is set.

    >>> str(Reference(env="SHOP_SECRET"))
    'the environment variable SHOP_SECRET'
    """

    env: str = ""
    keyring: str = ""

    def __str__(self) -> str:
        return f"the environment variable {self.env}" if self.env else f'the keyring entry "{self.keyring}"'


def reference_of(fields: Fields, name: str) -> Reference:
    """Read a field that is a reference.

    Raises DefinitionError for anything else; what stands there is not shown, since it may be the secret itself.

    >>> reference_of(Fields({"secret": {"keyring": "shop/secret"}}, "webhooks/shop.yaml"), "secret")
    Reference(env='', keyring='shop/secret')
    """
    return _reference(fields.value(name), fields, name)


def references_of(fields: Fields, name: str) -> tuple[Reference, ...]:
    """Read a field that is a reference, or a list of them: while a secret is being changed, the old one too.

    Raises DefinitionError as `reference_of`.

    >>> references_of(Fields({"secret": {"env": "SHOP_SECRET"}}, "webhooks/shop.yaml"), "secret")
    (Reference(env='SHOP_SECRET', keyring=''),)
    """
    value = fields.value(name)
    given = value if isinstance(value, list) and value else [value]
    return tuple(_reference(one, fields, name) for one in given)


def _reference(value: object, fields: Fields, name: str) -> Reference:
    expected = f"{fields.place(name)}: expected {{env: NAME}} or {{keyring: service/name}}"
    if not isinstance(value, Mapping):
        raise DefinitionError(f"{expected}; a secret itself does not belong into a file")
    inner = Fields(value, fields.file, fields.place(name).field or name)
    found = Reference(inner.text("env", default=""), inner.text("keyring", default=""))
    inner.refuse_unknown()
    service, slash, entry = found.keyring.partition("/")
    if bool(found.env) == bool(found.keyring) or (found.keyring and not (service and slash and entry)):
        raise DefinitionError(expected)
    return found
