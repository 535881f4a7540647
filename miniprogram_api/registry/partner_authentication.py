"""Recognises partners, by a token or by a signed request; a client that was ended is a stranger at once.

Who calls is noted before it is judged, so that refused calls are in the audit trail too; beyond a few a
minute from one address they are only refused, for anybody may name a client.
"""

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType

from flask import current_app, g, request

from config.settings import Settings
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.access import Grant, Principal, PrincipalKind
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.models.partners import KeyKind, PartnerClient
from miniprogram_api.registry.rules import partners as rules
from miniprogram_api.registry.service import partner_access
from miniprogram_api.registry.service.partner_access import Origin
from miniprogram_api.registry.service.partners import secret_of
from miniprogram_api.web import limits
from miniprogram_api.web.api import read_body
from miniprogram_api.web.partners import PartnerCaller, count_call, note_caller

_NOBODYS_SECRET = b"nobody has this one"
_REFUSALS = "30/minute"


def current_origin() -> Origin:
    """Where the request comes from; the proxy's word for a certificate counts only behind a trusted proxy."""
    settings: Settings = current_app.extensions["settings"]
    given = ""
    if settings.trusted_proxies and settings.partner_certificate_header:
        given = request.headers.get(settings.partner_certificate_header, "")
    return Origin(request.remote_addr, rules.certificate_shown(given), settings.environment.value)


def note_refusal(client: PartnerClient) -> None:
    """Note a call that named this client without proving it. Raises TooMany."""
    limits.hit_address("partner-refused", _REFUSALS)
    note_caller(PartnerCaller(client.id, client.client_id, verified=False))


def _once(authenticate: Callable[[str], Principal | None]) -> Callable[[str], Principal | None]:
    """Asked once for a request: a view that runs again must not find its own nonce used."""

    @functools.wraps(authenticate)
    def ask(credential: str) -> Principal | None:
        known: Principal | None = g.get("partner_principal")
        if known is None:
            known = g.partner_principal = authenticate(credential)
        return known

    return ask


@_once
def authenticate_partner(token: str) -> Principal | None:
    """Which client holds this token, with the token's scopes; None when it is over, or another system's."""
    settings: Settings = current_app.extensions["settings"]
    with reading() as session:
        found = partner_access.find_token(session, token)
    if found is None:
        return None
    client, scopes, audience, expires_at = found
    timely = clock.now() < expires_at and audience == settings.partner_audiences[0]
    if not (timely and current_origin().is_of(client)):
        note_refusal(client)
        return None
    return _recognised(client, set(scopes) & set(client.scopes))


def _authenticate_signed(scheme: str, parameters: str) -> Principal | None:
    """Which client signed this request, just now and for the first time."""
    call, now = rules.read_signed_call(scheme, parameters), clock.now()
    if call is None:
        return None
    with reading() as session:
        known = partner_access.find_client(session, call.client_id, now=now)
    secrets = [secret_of(key) for key in known.keys_of(KeyKind.HMAC)] if known else []
    proved = rules.is_signed_by(secrets or [_NOBODYS_SECRET], call, _current_request()) and bool(secrets)
    if known is None:
        return None
    if proved and call.is_timely(now) and current_origin().is_of(known.client):
        with atomic() as session:
            fresh = partner_access.use_once(
                session, kind="nonce", client_id=known.client.id, value=call.nonce, now=now
            )
        if fresh:
            return _recognised(known.client, set(known.client.scopes))
    note_refusal(known.client)
    return None


def _current_request() -> rules.Request:
    read_body(request)
    query = tuple(request.args.items(multi=True))
    return rules.Request(request.method, request.path, query, request.get_data())


def _recognised(client: PartnerClient, scopes: set[str]) -> Principal:
    caller = PartnerCaller(client.id, client.client_id, verified=True)
    note_caller(caller)
    count_call(caller)
    grant = Grant(role="partner", permissions=frozenset(scopes))
    return Principal(PrincipalKind.PARTNER, client.id, client.id, (grant,))


SIGNING_SCHEMES: Mapping[str, Callable[[str], Principal | None]] = MappingProxyType(
    {scheme: _once(functools.partial(_authenticate_signed, scheme)) for scheme in rules.ALGORITHMS}
)
