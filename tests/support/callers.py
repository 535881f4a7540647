"""The routes of the application and the kinds of callers that the authorisation matrix tries on them."""

import re
from dataclasses import dataclass
from uuid import UUID

from flask import Flask

from miniprogram_api.identity import permissions
from miniprogram_api.identity.permissions import ROLES, Reach, Role
from miniprogram_api.registry.rules.partners import PARTNER_SCOPES

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PARAMETER = re.compile(r"<(?:[^:<>]+:)?(\w+)>")


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one rule of the URL map, and the policy its view declares."""

    method: str
    rule: str
    endpoint: str
    policy: str | None

    @property
    def parameters(self) -> list[str]:
        return _PARAMETER.findall(self.rule)

    @property
    def template(self) -> str:
        """The path as OpenAPI writes it."""
        return _PARAMETER.sub(r"{\1}", self.rule)

    @property
    def is_page(self) -> bool:
        """Whether it is of the console, which answers in pages."""
        return self.rule.startswith("/console/")

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


def routes_of(app: Flask) -> list[Route]:
    """Everything the application answers to."""
    return [
        Route(method, rule.rule, rule.endpoint, getattr(app.view_functions[rule.endpoint], "policy", None))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


@dataclass(frozen=True, slots=True)
class Caller:
    """A kind of caller: a member, a gate device, staff with a role and its reach, a partner with a scope."""

    name: str
    kind: str
    may: frozenset[str]
    role: Role | None = None
    reach: Reach | None = None

    @property
    def is_limited(self) -> bool:
        """Whether some sites lie outside what the caller may touch."""
        return self.kind == "device" or self.reach in {Reach.SITE, Reach.ORGANISATION}


_SELF = permissions.STAFF_SELF.permissions
MEMBER = Caller("member", "member", permissions.MEMBER.permissions)
DEVICE = Caller("device", "device", permissions.device_grant(UUID(int=0)).permissions)
NEWCOMER = Caller("staff without a role", "staff", _SELF)
CALLERS = (
    MEMBER,
    DEVICE,
    NEWCOMER,
    *(
        Caller(
            f"{role.value} of {reach.value}", "staff", permissions.may_over(role, reach) | _SELF, role, reach
        )
        for role in Role
        for reach in sorted(ROLES[role].reaches)
    ),
    *(Caller(f"partner with {scope}", "partner", frozenset({scope})) for scope in PARTNER_SCOPES),
)


@dataclass(slots=True)
class Side:
    """A site with its operator: the callers' own, or another one."""

    site_id: UUID
    operator_id: UUID


@dataclass(slots=True)
class Person:
    """Somebody signed in, on one side."""

    caller: Caller
    id: UUID
    token: str
    side: Side
