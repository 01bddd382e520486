# ruff: noqa: ARG002 - the methods are those that Authlib calls
"""A server of OpenID Connect by Authlib, a process of its own: python oidc_provider.py PORT; who comes is let in."""

import json
import os
import sys
import time
from typing import Any

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "true"  # on this machine only

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, Response, jsonify, request
from joserfc.jwk import KeySet, RSAKey
from oidc_provider_names import CLIENT, SECRET

PORT = int(sys.argv[1])
ISSUER = f"http://127.0.0.1:{PORT}"

KEYS = KeySet([RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})])
OTHERS = KeySet([RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})])
app = Flask(__name__)
codes: dict[str, "Code"] = {}
state: dict[str, Any] = {"user": {"sub": "1", "preferred_username": "Ada", "groups": ["staff"]}, "lie": ""}


class Client(ClientMixin):  # type: ignore[misc] # Authlib has no types
    client_id = CLIENT

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return ""

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri.startswith("http://127.0.0.1:") and redirect_uri.endswith("/sign-in/organisation/back")

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class Code(AuthorizationCodeMixin):  # type: ignore[misc] # as above
    def __init__(self, code: str, asked: Any, user: dict[str, Any]) -> None:
        self.code, self.user, data = code, user, asked.payload.data
        self.redirect_uri, self.scope, self.nonce = data["redirect_uri"], asked.payload.scope, data.get("nonce")
        self.code_challenge = data.get("code_challenge")
        self.code_challenge_method = data.get("code_challenge_method")

    def get_redirect_uri(self) -> str:
        return str(self.redirect_uri)

    def get_scope(self) -> str:
        return str(self.scope)

    def get_nonce(self) -> str | None:
        return "another" if state["lie"] == "nonce" else self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc] # as above
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

    def save_authorization_code(self, code: str, request: Any) -> None:
        codes[code] = Code(code, request, request.user)

    def query_authorization_code(self, code: str, client: Any) -> Code | None:
        return codes.get(code)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        del codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> dict[str, Any]:
        return authorization_code.user


class IdToken(OpenIDCode):  # type: ignore[misc] # as above
    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return False

    def get_jwt_config(self, grant: Any, client: Any = None) -> dict[str, Any]:
        lie = state["lie"]
        return {
            "key": (OTHERS if lie == "key" else KEYS).keys[0],
            "alg": "RS256",
            "iss": "https://other.example" if lie == "issuer" else ISSUER,
            "exp": -3600 if lie == "expired" else 3600,
            "aud": ["another"] if lie == "audience" else [CLIENT],
        }

    def generate_user_info(self, user: dict[str, Any], scope: str) -> UserInfo:
        return UserInfo(**user)


server = AuthorizationServer(
    app, query_client=lambda found: Client() if found == CLIENT else None, save_token=lambda *_: None
)
server.register_grant(CodeGrant, [IdToken(require_nonce=True), CodeChallenge(required=True)])


@app.get("/.well-known/openid-configuration")
def discovery() -> Response:
    if state["lie"] == "redirect":
        return Response(status=302, headers={"location": f"{ISSUER}/moved"})
    return jsonify(
        issuer="https://other.example" if state["lie"] == "discovery" else ISSUER,
        authorization_endpoint=f"{ISSUER}/authorize",
        token_endpoint=f"{ISSUER}/token",
        jwks_uri=f"{ISSUER}/keys",
    )


@app.get("/moved")
def moved() -> Response:
    return jsonify(
        issuer=ISSUER,
        authorization_endpoint=f"{ISSUER}/authorize",
        token_endpoint=f"{ISSUER}/token",
        jwks_uri=f"{ISSUER}/keys",
    )


@app.get("/keys")
def keys() -> Response:
    return jsonify(KEYS.as_dict(private=False))


@app.get("/authorize")
def authorize() -> Any:
    grant = server.get_consent_grant(end_user=state["user"])
    return server.create_authorization_response(grant_user=state["user"], grant=grant)


@app.post("/token")
def token() -> Any:
    return server.create_token_response()


@app.post("/be")
def be() -> Response:
    state.update(json.loads(request.data))
    return jsonify(ok=True)


if __name__ == "__main__":
    app.run("127.0.0.1", PORT, threaded=False)
