"""The token endpoint's work, by Authlib: client credentials (RFC 6749), client assertions (RFC 7523).

Only the library's framework-neutral classes are used, see docs/decisions/0009. Whatever is wrong with a
client's proof, and whether there is such a client, the answer is the same one.
"""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750.token import BearerTokenGenerator
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwk, jwt
from joserfc.errors import JoseError
from sqlalchemy.orm import Session

from miniprogram_api.kernel.ids import token_hash
from miniprogram_api.registry.models.partners import KeyKind, PartnerClient, PartnerKey
from miniprogram_api.registry.rules.partners import (
    ASSERTION_LIFE,
    LEEWAY,
    PARTNER_SCOPES,
    TOKEN_LIFE,
    narrowed,
)
from miniprogram_api.registry.service import partner_access
from miniprogram_api.registry.service.partner_access import KnownClient, Origin

_ALGORITHMS = {"RSA": ["RS256", "PS256"], "EC": ["ES256"]}
_LONGEST_ASSERTION = 8_000
_LONGEST_JTI = 256
_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
_NOBODYS_HASH = secrets.token_bytes(32)


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the endpoint answers, which client asked, and whether it proved to be that client."""

    status: int
    body: dict[str, Any] = field(repr=False)
    headers: dict[str, str]
    client: PartnerClient | None
    proved: bool


def answer_token_request(
    session: Session,
    *,
    form: Mapping[str, Sequence[str]],
    authorization: str,
    audiences: Sequence[str],
    origin: Origin,
    now: datetime,
) -> TokenAnswer:
    """Judge a request for a token and issue one. The first of `audiences` is what the token is for.

    A refusal is an answer and no exception, for the assertion that it used up has to be committed.
    """
    server = _TokenServer(session, audiences=audiences, origin=origin, now=now)
    try:
        _refuse_unclear(form, authorization)
        request = _TokenRequest(form, authorization)
        status, body, headers = server.create_token_response(request)
    except OAuth2Error as error:
        status, body, headers = server.handle_error_response(None, error)
    except (ValueError, TypeError, RecursionError):
        # What the library makes of a header or an assertion that is no text, or no JSON it can read.
        status, body, headers = server.handle_error_response(None, InvalidClientError())
    asked = server.asked
    return TokenAnswer(
        status,
        body,
        dict(headers),
        client=asked.known.client if asked and asked.known else None,
        proved=asked is not None and asked.key is not None,
    )


def _refuse_unclear(form: Mapping[str, Sequence[str]], authorization: str) -> None:
    if any(len(values) > 1 for values in form.values()):
        raise InvalidRequestError(description="A parameter is given more than once.")
    if not form.get("grant_type"):
        raise InvalidRequestError(description="Missing grant_type.")
    proofs = (bool(authorization), "client_secret" in form, "client_assertion" in form)
    if sum(proofs) > 1:
        raise InvalidRequestError(description="More than one way to authenticate the client.")
    if any(len(value) > _LONGEST_ASSERTION for values in form.values() for value in values):
        raise InvalidRequestError(description="A parameter is too long.")


class _TokenRequest(OAuth2Request):  # type: ignore[misc]  # the library has no types
    def __init__(self, form: Mapping[str, Sequence[str]], authorization: str) -> None:
        # The library refuses other addresses than https here. Whether TLS ends before us is the proxy's
        # business, and nothing below looks at the address.
        super().__init__("POST", "https://localhost/oauth/token", headers={"Authorization": authorization})
        self._form = {name: values[0] for name, values in form.items()}
        self.payload = BasicOAuth2Payload(self._form)

    @property
    def form(self) -> dict[str, str]:
        return self._form


class _Client(ClientMixin):  # type: ignore[misc]
    """A client as the library asks about it; also nobody, who has no keys, so that both take one path."""

    def __init__(self, known: KnownClient | None, *, admitted: bool) -> None:
        self.known = known
        self._admitted = known if admitted else None
        self.key: PartnerKey | None = None

    def keys_of(self, kind: KeyKind) -> list[PartnerKey]:
        return self._admitted.keys_of(kind) if self._admitted else []

    def check_client_secret(self, client_secret: str) -> bool:
        given = token_hash(client_secret)
        hmac.compare_digest(given, _NOBODYS_HASH)
        for key in self.keys_of(KeyKind.SECRET):
            if hmac.compare_digest(given, key.secret_hash or _NOBODYS_HASH):
                self.key = key
        return self.key is not None

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return self.key is not None

    def check_grant_type(self, grant_type: str) -> bool:
        return bool(grant_type == ClientCredentialsGrant.GRANT_TYPE)

    def get_allowed_scope(self, scope: str | None) -> str | None:
        held = self.known.client.scopes if self.known else []
        allowed = narrowed(scope, held)
        return None if allowed is None else " ".join(allowed)


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = _METHODS


class _TokenServer(AuthorizationServer):  # type: ignore[misc]
    """One request's server: its transaction, its time."""

    def __init__(self, session: Session, *, audiences: Sequence[str], origin: Origin, now: datetime) -> None:
        super().__init__(scopes_supported=list(PARTNER_SCOPES))
        self.session, self.now, self.audiences = session, now, list(audiences)
        self._origin = origin
        self.asked: _Client | None = None
        self.register_grant(_Grant)
        life = int(TOKEN_LIFE.total_seconds())
        generator = BearerTokenGenerator(lambda **_: partner_access.new_token(), expires_generator=life)
        self.register_token_generator("default", generator)
        self.register_client_auth_method("private_key_jwt", _Assertion(self))

    def query_client(self, client_id: str) -> _Client:
        known = partner_access.find_client(self.session, client_id, now=self.now)
        self.asked = _Client(known, admitted=known is not None and self._origin.is_of(known.client))
        return self.asked

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        partner_access.keep_token(
            self.session,
            token["access_token"],
            key=request.client.key,
            scopes=token.get("scope", "").split(),
            audience=self.audiences[0],
            now=self.now,
        )

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def handle_response(
        self, status: int, body: dict[str, Any], headers: Sequence[tuple[str, str]]
    ) -> tuple[int, dict[str, Any], Sequence[tuple[str, str]]]:
        return status, body, headers

    def handle_error_response(
        self, request: OAuth2Request | None, error: OAuth2Error
    ) -> tuple[int, dict[str, Any], Sequence[tuple[str, str]]]:
        if isinstance(error, InvalidClientError):
            error = InvalidClientError(status_code=401, description="Client authentication failed.")
        return self.handle_response(*error(None))


class _Assertion(JWTBearerClientAssertion):  # type: ignore[misc]
    """`private_key_jwt`: the client signs who it is, for whom, and until when."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, server: _TokenServer) -> None:
        super().__init__(validate_jti=True)
        self._server = server
        self._client = _Client(None, admitted=False)

    def resolve_client_public_key(self, client: _Client) -> _Client:
        """Which key it was is found by trying: there are two at most, and a key id may be missing."""
        self._client = client
        return client

    def process_assertion_claims(self, assertion: str, client: _Client) -> dict[str, Any]:
        for key in client.keys_of(KeyKind.PUBLIC_KEY):
            claims = _read(assertion, key)
            if claims is not None:
                self.verify_claims(claims)
                client.key = key
                return claims
        raise InvalidClientError

    def verify_claims(self, claims: dict[str, Any]) -> None:
        """As the library does it, by our clock, and with an end that the memory for `jti` outlives."""
        now = int(self._server.now.timestamp())
        leeway = int(LEEWAY.total_seconds())
        registry = jwt.JWTClaimsRegistry(
            now=now,
            leeway=leeway,
            iss={"essential": True},
            sub={"essential": True},
            aud={"essential": True, "values": list(self._server.audiences)},
            exp={"essential": True},
            jti={"essential": True},
        )
        try:
            registry.validate(claims)
        except JoseError as error:
            raise InvalidClientError from error
        too_long = claims["exp"] > now + ASSERTION_LIFE.total_seconds() + leeway
        if claims["sub"] != claims["iss"] or too_long or not self.validate_jti(claims, claims["jti"]):
            raise InvalidClientError

    def validate_jti(self, claims: dict[str, Any], jti: str) -> bool:
        known = self._client.known
        return (
            known is not None
            and len(jti) <= _LONGEST_JTI
            and partner_access.use_once(
                self._server.session, kind="jti", client_id=known.client.id, value=jti, now=self._server.now
            )
        )


def _read(assertion: str, key: PartnerKey) -> dict[str, Any] | None:
    """The claims if this key signed them, by an algorithm of its own kind."""
    public = dict(key.public_jwk or {})
    try:
        return jwt.decode(assertion, jwk.import_key(public), algorithms=_ALGORITHMS[public["kty"]]).claims
    except JoseError:
        return None
