"""What `sign_in:` in `kohort.yaml` declares: who else may say who somebody is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kohort.definitions.fields import Fields
from kohort.definitions.references import Reference, reference_of
from kohort.errors import DefinitionError

SCOPES: Final = ("openid", "profile", "email")


@dataclass(frozen=True)
class OidcDefinition:
    """An organisation's server of OpenID Connect, which vouches for people.

    `claim` is that of its ID token that says in which groups somebody is, `roles` gives the role of each group: of
    several, the one that stands first. `name` is the claim that names an account. `allow_private` lets the server stand
    in a private network, and be asked without TLS.
    """

    issuer: str
    client_id: str
    client_secret: Reference | None
    claim: str
    roles: Mapping[str, str]
    name: str = "preferred_username"
    scopes: tuple[str, ...] = SCOPES
    allow_private: bool = False


def oidc_definition_of(fields: Fields | None) -> OidcDefinition | None:
    """Read `sign_in:` of `kohort.yaml`, None where it is missing; raises DefinitionError for what is wrong in it.

    >>> server = {"issuer": "https://id.example", "client_id": "kohort", "claim": "groups"}
    >>> oidc_definition_of(Fields({"oidc": {**server, "roles": {"staff": "viewer"}}}, "kohort.yaml")).roles
    {'staff': 'viewer'}
    """
    inner = None if fields is None else fields.inner("oidc")
    if fields is None or inner is None:
        return None
    fields.refuse_unknown()
    roles = inner.inner("roles")
    if roles is None or not roles.names():
        raise inner.wrong("roles", "groups, each with its role", None)
    private = inner.value("allow_private")
    if private not in {None, True, False}:
        raise inner.wrong("allow_private", "true or false", private)
    found = OidcDefinition(
        inner.build("issuer", _address),
        inner.text("client_id"),
        None if inner.value("client_secret") is None else reference_of(inner, "client_secret"),
        inner.text("claim"),
        {group: roles.text(group) for group in roles.names()},
        inner.text("name", default="preferred_username"),
        inner.texts("scopes", default=SCOPES),
        bool(private),
    )
    inner.refuse_unknown()
    if "openid" not in found.scopes:
        raise DefinitionError(f'{inner.place("scopes")}: "openid" is missing, without which nobody is vouched for')
    return found


def _address(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise ValueError(f'expected an address such as "https://id.example", got "{text}"')
    return text.rstrip("/") if text.count("/") == 3 else text  # noqa: PLR2004 - the slash after the host says nothing
