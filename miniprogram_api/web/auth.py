"""Who is calling, and the policy that every route declares: public, or a named permission."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from flask import Flask, current_app, g, request
from prometheus_client import Counter

from miniprogram_api.kernel.access import Principal, PrincipalKind
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import retrying
from miniprogram_api.kernel.errors import Forbidden, Unauthenticated
from miniprogram_api.web import cookies

View = TypeVar("View", bound=Callable[..., Any])
Authenticator = Callable[[str], Principal | None]

DENIED = Counter("authz_denied_total", "Calls refused for want of a permission", ["route"])
PUBLIC = "public"
_EXTENSION = "authenticators"
_SCHEMES = "authentication_schemes"


def init_auth(
    app: Flask,
    authenticators: Mapping[str, Authenticator],
    *,
    schemes: Mapping[str, Authenticator] | None = None,
) -> None:
    """Set who recognises which tokens, by the tokens' prefix, and which schemes there are beside Bearer."""
    app.extensions[_EXTENSION] = dict(authenticators)
    app.extensions[_SCHEMES] = {name.lower(): scheme for name, scheme in (schemes or {}).items()}


def public(view: View) -> View:
    """Declare that anyone may call this."""
    return _declare(view, policy=PUBLIC)


class SecondFactorDue(Forbidden):
    """The act takes a second factor shown a short while ago; show it again and repeat the call."""

    code = "auth.second_factor_due"


def requires(permission: str, *, fresh: bool = False) -> Callable[[View], View]:
    """Declare that the caller needs a permission; over which objects it holds is the service's question.

    With `fresh` the caller must also have shown the second factor a short while ago.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            g.principal = recognise()
            if not g.principal.may(permission):
                DENIED.labels(request.url_rule.rule if request.url_rule else "unmatched").inc()
                raise Forbidden
            if fresh:
                require_fresh()
            return view(*args, **kwargs)

        return _declare(cast("View", guarded), policy=permission)

    return decorate


def _declare(view: View, *, policy: str) -> View:
    declared: Any = retrying(view)
    declared.policy = policy
    if policy != PUBLIC:
        # flask-smorest reads what its decorators below left, and documents what it finds.
        docs = dict(getattr(declared, "_apidoc", {}), policy=policy)
        docs["manual_doc"] = {**docs.get("manual_doc", {}), "security": [{"bearer": []}]}
        declared._apidoc = docs
    return cast("View", declared)


def recognise() -> Principal:
    """Who calls: by the header, or by a cookie where a page of ours asks. Raises Unauthenticated."""
    if "Authorization" not in request.headers:
        found = (_recognise(_EXTENSION, token.partition("_")[0], token) for token in cookies.presented())
        principal = next((principal for principal in found if principal is not None), None)
    else:
        scheme, _, rest = request.headers["Authorization"].partition(" ")
        credential = rest.strip()
        is_bearer = scheme.lower() == "bearer"
        by, name = (_EXTENSION, credential.partition("_")[0]) if is_bearer else (_SCHEMES, scheme.lower())
        principal = _recognise(by, name, credential)
    if principal is None:
        raise Unauthenticated
    return principal


def _recognise(by: str, name: str, credential: str) -> Principal | None:
    authenticators: dict[str, Authenticator] = current_app.extensions[by]
    authenticate = authenticators.get(name)
    return authenticate(credential) if authenticate else None


def current_principal() -> Principal:
    """The caller of a route that is not public."""
    principal: Principal = g.principal
    return principal


def require_fresh() -> None:
    """Raise SecondFactorDue unless the caller has shown the second factor a short while ago."""
    if not current_principal().fresh:
        raise SecondFactorDue


def current_actor() -> Actor:
    """The caller as the audit trail names it; addresses are kept of staff and devices only."""
    principal = current_principal()
    ip = None if principal.kind is PrincipalKind.MEMBER else request.remote_addr
    return Actor(kind=principal.kind.value, id=str(principal.id), ip=ip, request_id=g.get("request_id"))
