"""Our access token at the registry: client credentials, fetched once, kept until shortly before its end."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from authlib.oauth2.rfc7523 import private_key_jwt_sign
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from miniprogram_api.kernel.outbound import Outbound, OutboundFailed, OutboundRefused
from miniprogram_api.registry.sources import reading
from miniprogram_api.registry.sources.port import SourceUnavailable

SCOPES = "projects.read corrections.write"
_MARGIN = timedelta(seconds=30)
_SHORTEST_S, _LONGEST_S = 60, 600
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFE_S = 60


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    until: datetime


class Credentials:
    """One client's tokens; threads that want one at the same time wait for a single request."""

    def __init__(
        self,
        outbound: Outbound,
        *,
        token_url: str,
        client_id: str,
        client_secret: str,
        private_key_file: Path | None,
        now: Callable[[], datetime],
    ) -> None:
        self._outbound = outbound
        self._url = token_url
        self._client_id = client_id
        self._secret = client_secret
        self._key_file = private_key_file
        self._now = now
        self._turn = threading.Lock()
        self._token: _Token | None = None

    def token(self, *, other_than: str | None = None) -> str:
        """A token believed good, and not the one that was just refused. Raises SourceUnavailable."""
        with self._turn:
            kept = self._token
            if kept is None or kept.value == other_than or kept.until <= self._now():
                kept = self._token = self._fetch()
            return kept.value

    def _fetch(self) -> _Token:
        form = {"grant_type": "client_credentials", "scope": SCOPES, "client_id": self._client_id}
        try:
            reply = self._outbound.request("POST", self._url, data=form | self._proof())
            answer = reply.json() if reply.status == 200 else None
        except (OutboundFailed, OutboundRefused, RecursionError) as error:
            raise SourceUnavailable(f"token: {error}") from None
        if reply.status != 200:
            raise SourceUnavailable(f"token: {reply.status}", reading.asked_wait(reply, self._now()))
        value = answer.get("access_token") if isinstance(answer, dict) else None
        life_s = answer.get("expires_in") if isinstance(answer, dict) else None
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            raise SourceUnavailable("token: malformed")
        life_s = life_s if isinstance(life_s, int | float) else _SHORTEST_S
        return _Token(value, self._now() + timedelta(seconds=min(life_s, _LONGEST_S)) - _MARGIN)

    def _proof(self) -> dict[str, str]:
        """That we are the client: a signed assertion where there is a key, else the secret."""
        if self._key_file is None:
            return {"client_secret": self._secret}
        key, algorithm = _signing_key(self._key_file)
        assertion = private_key_jwt_sign(
            key,
            self._client_id,
            self._url,
            alg=algorithm,
            issued_at=int(self._now().timestamp()),
            expires_in=_ASSERTION_LIFE_S,
        )
        return {"client_assertion_type": _ASSERTION, "client_assertion": str(assertion)}


def _signing_key(path: Path) -> tuple[RSAKey | ECKey | OKPKey, str]:
    """The key of a PEM file and the algorithm it signs by. Raises SourceUnavailable."""
    try:
        pem = path.read_bytes()
    except OSError:
        raise SourceUnavailable("private key: unreadable") from None
    for kind, algorithm in ((RSAKey, "RS256"), (ECKey, "ES256"), (OKPKey, "EdDSA")):
        try:
            return kind.import_key(pem), algorithm
        except (JoseError, ValueError, TypeError):
            continue
    raise SourceUnavailable("private key: unknown kind")
