"""What `kohort.yaml` declares under `stores`: where else the rules can run, and how to get there without a secret."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from kohort.definitions.fields import Fields
from kohort.definitions.references import Reference, reference_of
from kohort.errors import DefinitionError

_PASSWORD_WORD: Final = re.compile(r"\b\w*(password|passwd|pwd|secret|token)\s*=", re.IGNORECASE)
_SECRET_NAME: Final = re.compile(r"password|passwd|\bpwd\b|secret|token|access\.?key|credential", re.IGNORECASE)
_PASSWORD_FIELDS: Final = frozenset({"password", "passwd", "pwd", "secret", "token", "access_token"})


@dataclass(frozen=True)
class StoreDefinition:
    """A store that holds data, and takes results: its name, kind ("postgres", "duckdb" …), address and schema.

    `address` is a reference, or text that holds no password: for a DuckDB file its path, from the project's folder; for
    Spark its master. `schema` is where the results land. `settings` are the store's own, by name: Spark's.
    """

    name: str
    kind: str
    address: Reference | str
    schema: str = "kohort"
    settings: Mapping[str, Reference | str] = field(default_factory=dict)


def stores_of(fields: Fields | None) -> Mapping[str, StoreDefinition]:
    """Read the field `stores` of `kohort.yaml`, None for none.

    Raises DefinitionError with the field of what is wrong; a password is refused, and never shown.

    >>> stores = {"warehouse": {"kind": "postgres", "address": {"env": "KOHORT_WAREHOUSE"}}}
    >>> stores_of(Fields(stores, "kohort.yaml", "stores"))["warehouse"].schema
    'kohort'
    """
    if fields is None:
        return {}
    return {name: _store(fields, name) for name in fields.names()}


def _store(stores: Fields, name: str) -> StoreDefinition:
    fields = stores.inner(name)
    if fields is None:
        raise stores.wrong(name, "a kind and an address", None)
    settings = fields.inner("settings")
    given = {} if settings is None else {one: _setting(settings, one) for one in settings.names()}
    address = _open_text(fields, "address", "an address with a password")
    store = StoreDefinition(name, fields.text("kind"), address, fields.text("schema", default="kohort"), given)
    fields.refuse_unknown()
    return store


def _setting(settings: Fields, name: str) -> Reference | str:
    value = settings.value(name)
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, Mapping) and _SECRET_NAME.search(name):
        raise _not_here(settings, name, "a setting that is a secret")
    return _open_text(settings, name, "a setting with a password")


def _open_text(fields: Fields, name: str, what: str) -> Reference | str:
    """Read a reference, or a text that holds no password; `what` names one that does."""
    if isinstance(fields.value(name), Mapping):
        return reference_of(fields, name)
    text = fields.text(name)
    if _holds_password(text):
        raise _not_here(fields, name, what)
    return text


def _not_here(fields: Fields, name: str, what: str) -> DefinitionError:
    return DefinitionError(
        f"{fields.place(name)}: {what} does not belong into a file; put it into the environment or the keyring and "
        "write {env: NAME} or {keyring: service/name}"
    )


def _holds_password(address: str) -> bool:
    try:
        parts = urlsplit(address)
        if parts.password is not None or any(name.lower() in _PASSWORD_FIELDS for name, _ in parse_qsl(parts.query)):
            return True
    except ValueError:
        # What is no address may still hold a secret.
        return "@" in address
    return bool(_PASSWORD_WORD.search(address))
