"""What the edges that let staff in share: where somebody comes from, how fast they may try, the count."""

from typing import TypeVar

from flask import current_app, g, request
from prometheus_client import Counter

from miniprogram_api.identity.password_rules import PROFILES, PasswordProfile
from miniprogram_api.identity.service import sign_in
from miniprogram_api.identity.service.sign_in import Proof
from miniprogram_api.identity.service.staff_sessions import Origin
from miniprogram_api.kernel.db import reading
from miniprogram_api.kernel.errors import AppError
from miniprogram_api.web.addresses import is_loopback, neighbourhood_of
from miniprogram_api.web.limits import hit

T = TypeVar("T")

AUTH_FAILURES = Counter("auth_failures_total", "Staff sign-ins refused", ["reason"])

# Guesses spread over many usernames come from few networks. An organisation behind one address is slowed down
# for a minute at most, never locked. Failures slow it down further: see `identity.lockout`.
_NETWORK_RATE = "60/minute"


def prove(username: str, password: str) -> Proof:
    """Compare a password, outside any transaction. Raises TooMany for a network that tries too often."""
    slow_down_network()
    settings = current_app.extensions["settings"]
    with reading() as session:
        claim = sign_in.find_claim(session, username=username, demo_allowed=not settings.production)
    return sign_in.prove(claim, password)


def slow_down_network() -> None:
    """Refuse a network that tries too often; without the shared store nobody is let in uncounted."""
    found = network()
    if found is not None:
        hit("staff_sign_in", _NETWORK_RATE, found, fail_closed=True)


def network() -> str | None:
    """The network that failures count against; None for this machine in development."""
    production = current_app.extensions["settings"].production
    if is_loopback(request.remote_addr) and not production:
        return None
    return neighbourhood_of(request.remote_addr)


def granted(outcome: T | AppError) -> T:
    """Raise a refusal now that what it counted is committed."""
    if isinstance(outcome, AppError):
        AUTH_FAILURES.labels(outcome.code).inc()
        raise outcome
    return outcome


def profile() -> PasswordProfile:
    """The rules of passwords that this installation follows."""
    return PROFILES[current_app.extensions["settings"].password_profile]


def origin() -> Origin:
    """From where the request comes."""
    agent = request.headers.get("User-Agent")
    return Origin(request.remote_addr, agent, g.get("request_id"), network=network())
