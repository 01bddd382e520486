"""OpenID Connect: an organisation's server says who somebody is (authorization code, PKCE, state and nonce)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import msgspec
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from kohort.activation.destinations.checked import CheckedClient
from kohort.clock import HOUR, SECOND, Clock, Moment
from kohort.definitions.signing_in import OidcDefinition
from kohort.errors import RemoteError
from kohort.governance.roles import Role, role_of
from kohort.web.accounts.pending import Pending

_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")
"""Those of public keys: what the client itself could sign proves nothing."""
_LEEWAY: Final = 60
_FRESH: Final = HOUR


@dataclass(frozen=True)
class Voucher:
    """Whom the server vouches for; `role` is None for who is in no group that has one."""

    issuer: str
    subject: str
    name: str
    role: Role | None


@dataclass
class Provider:
    """The server that a project names, asked by `client`; `secret` is ours with it, "" for none."""

    declared: OidcDefinition
    secret: str
    clock: Clock
    client: CheckedClient
    _known: tuple[Moment, Mapping[str, Any]] | None = field(default=None)

    async def begin(self, back: str, path: str) -> tuple[str, Pending]:
        """Return where to sign in, and what the browser keeps meanwhile; who has comes `back`, then on to `path`."""
        known = await self._discovered()
        pending = Pending(generate_token(43), generate_token(43), generate_token(64), path, self.clock.now())
        asked = {
            "response_type": "code",
            "client_id": self.declared.client_id,
            "redirect_uri": back,
            "scope": " ".join(self.declared.scopes),
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": create_s256_code_challenge(pending.verifier),
            "code_challenge_method": "S256",
        }
        return add_params_to_uri(_text(known, "authorization_endpoint"), list(asked.items())), pending

    async def finish(self, back: str, pending: Pending, code: str) -> Voucher:
        """Return whom a code vouches for; raises RemoteError for a code, or an answer, that proves nobody."""
        known = await self._discovered()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "client_id": self.declared.client_id,
            "code_verifier": pending.verifier,
        }
        login = None
        if self.secret:
            # Basic, as RFC 6749 has it: both are encoded before they are joined.
            login = (_encoded(self.declared.client_id), _encoded(self.secret))
        answer = await self._asked(_text(known, "token_endpoint"), form, login)
        keys = await self._asked(_text(known, "jwks_uri"))
        return self._voucher(self._claims(_text(answer, "id_token"), keys, pending.nonce))

    def _claims(self, token: str, keys: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        declared = self.declared
        try:
            decoded = jwt.decode(token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS)  # type: ignore[arg-type]
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": declared.issuer},
                    "aud": {"essential": True, "value": declared.client_id},
                },
                {"nonce": nonce, "client_id": declared.client_id},
            )
            claims.validate(now=self.clock.now() // SECOND, leeway=_LEEWAY)
        except (JoseError, AuthlibBaseError, ValueError, KeyError, TypeError) as error:
            raise RemoteError(f"the ID token proves nobody: {type(error).__name__}") from error
        if claims.get("nonce") != nonce:
            raise RemoteError("the ID token is of another attempt")
        return dict(claims)

    def _voucher(self, claims: Mapping[str, Any]) -> Voucher:
        groups = claims.get(self.declared.claim)
        theirs = set(map(str, groups)) if isinstance(groups, list) else {str(groups)}
        roles = [role_of(role) for group, role in self.declared.roles.items() if group in theirs]
        subject = _text(claims, "sub")
        name = claims.get(self.declared.name)
        return Voucher(
            self.declared.issuer, subject, name if isinstance(name, str) else subject, roles[0] if roles else None
        )

    async def _discovered(self) -> Mapping[str, Any]:
        now = self.clock.now()
        if self._known is None or not self._known[0] <= now < self._known[0] + _FRESH:
            found = await self._asked(f"{self.declared.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.declared.issuer:
                raise RemoteError("the server that was discovered is another issuer than kohort.yaml names")
            self._known = now, found
        return self._known[1]

    async def _asked(
        self, address: str, form: Mapping[str, str] | None = None, login: tuple[str, str] | None = None
    ) -> Mapping[str, Any]:
        reply = await self.client.ask(address, form, login)
        if reply.status != 200:  # noqa: PLR2004 - nothing else is an answer, a redirect least of all
            raise RemoteError(f"the server of OpenID Connect answered {reply.status}")
        try:
            return msgspec.json.decode(reply.body, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise RemoteError("the server of OpenID Connect answered what is no JSON object") from error


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise RemoteError(f"the server of OpenID Connect tells no {name}")
    return value


def _encoded(text: str) -> str:
    # A space as %20 is read by servers that follow the form's rules, and by those that do not.
    return quote(text, safe="")
