"""Who may call: clients with a secret or a public key, and the short tokens they are given."""

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from miniprogram_api.devtools.fake_registry.demo import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, SCOPES
from miniprogram_api.devtools.fake_registry.wire import Call, OAuthRefusal, Problem

TOKEN_LIFE_S = 600
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS = ["ES256", "RS256", "PS256", "EdDSA", "Ed25519"]
_LEEWAY_S = 30


@dataclass
class Client:
    """A system that may ask for tokens; several keys may be valid at a time."""

    id: str
    secret: str | None
    scopes: tuple[str, ...]
    keys: list[Key] = field(default_factory=list)


@dataclass(frozen=True)
class Token:
    """What a token opens, until when."""

    client_id: str
    scopes: tuple[str, ...]
    expires_at: float


class Credentials:
    """The clients, their living tokens, and the assertions that were used up."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.clients = {DEMO_CLIENT_ID: Client(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, SCOPES)}
        self.life_s = TOKEN_LIFE_S
        self._tokens: dict[str, Token] = {}
        self._used_assertions: set[str] = set()

    def add_key(self, client_id: str, jwk: dict[str, Any]) -> None:
        """Register a public key for `private_key_jwt`."""
        self.clients[client_id].keys.append(JWKRegistry.import_key(jwk))

    def revoke_all(self) -> int:
        """Every token dies; answers how many there were."""
        count = len(self._tokens)
        self._tokens.clear()
        return count

    def grant(self, call: Call) -> dict[str, Any]:
        """The answer of the token endpoint. Raises OAuthRefusal."""
        if call.form.get("grant_type") != "client_credentials":
            raise OAuthRefusal(400, "unsupported_grant_type", "client_credentials only")
        client = self._authenticate(call)
        asked = call.form.get("scope", "").split() or list(client.scopes)
        if unknown := [scope for scope in asked if scope not in client.scopes]:
            raise OAuthRefusal(400, "invalid_scope", f"not granted: {' '.join(unknown)}")
        value = secrets.token_urlsafe(32)
        self._tokens[value] = Token(client.id, tuple(asked), self._now() + self.life_s)
        return {
            "access_token": value,
            "token_type": "Bearer",
            "expires_in": self.life_s,
            "scope": " ".join(asked),
        }

    def check(self, call: Call, scope: str) -> Token:
        """The caller's token. Raises Problem `auth_invalid` or `scope_missing`."""
        kind, _, value = call.headers.get("authorization", "").partition(" ")
        token = self._tokens.get(value) if kind.lower() == "bearer" else None
        if token is None or token.expires_at <= self._now():
            raise Problem("auth_invalid", "no valid token", headers={"WWW-Authenticate": "Bearer"})
        if scope not in token.scopes:
            raise Problem("scope_missing", f"the token lacks {scope}")
        return token

    def _authenticate(self, call: Call) -> Client:
        if call.form.get("client_assertion_type") == ASSERTION_TYPE:
            return self._by_assertion(call)
        client_id, secret = _basic(call.headers.get("authorization", "")) or (
            call.form.get("client_id", ""),
            call.form.get("client_secret", ""),
        )
        client = self.clients.get(client_id)
        expected = client.secret if client and client.secret else secrets.token_urlsafe()
        if client is None or not hmac.compare_digest(expected.encode(), secret.encode()):
            raise _unknown_client()
        return client

    def _by_assertion(self, call: Call) -> Client:
        assertion = call.form.get("client_assertion", "")
        for client in self.clients.values():
            for key in client.keys:
                try:
                    claims = jwt.decode(assertion, key, algorithms=_ALGORITHMS).claims
                except (JoseError, ValueError):
                    continue
                self._check_claims(claims, client, call.url)
                return client
        raise _unknown_client()

    def _check_claims(self, claims: dict[str, Any], client: Client, url: str) -> None:
        audiences = claims.get("aud")
        named = audiences if isinstance(audiences, list) else [audiences]
        expires_at, assertion_id = claims.get("exp"), claims.get("jti")
        if (
            claims.get("iss") != client.id
            or claims.get("sub") != client.id
            or not _names_us(named, url)
            or not isinstance(expires_at, int | float)
            or expires_at + _LEEWAY_S < self._now()
            or not isinstance(assertion_id, str)
            or assertion_id in self._used_assertions
        ):
            raise _unknown_client()
        self._used_assertions.add(assertion_id)


def _names_us(audiences: Iterable[Any], url: str) -> bool:
    """Whether an assertion is meant for this token endpoint or the registry it belongs to."""
    return any(aud in {url, url.removesuffix("/oauth/token")} for aud in audiences)


def _basic(header: str) -> tuple[str, str] | None:
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (ValueError, binascii.Error):
        return None
    return unquote_plus(client_id), unquote_plus(secret)


def _unknown_client() -> OAuthRefusal:
    return OAuthRefusal(401, "invalid_client", "unknown client or wrong credentials")
