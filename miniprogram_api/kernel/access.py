"""Who is asking and what they may do, as plain values that services can take."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class PrincipalKind(StrEnum):
    MEMBER = "member"
    STAFF = "staff"
    DEVICE = "device"
    PARTNER = "partner"  # another system


@dataclass(frozen=True, slots=True)
class Grant:
    """A role held over a site, over an organisation's sites, or (neither given) over the whole city."""

    role: str
    permissions: frozenset[str]
    organisation_id: UUID | None = None
    site_id: UUID | None = None

    def covers(self, *, site_id: UUID | None, organisation_id: UUID | None) -> bool:
        if self.site_id is not None:
            return self.site_id == site_id
        if self.organisation_id is not None:
            return self.organisation_id == organisation_id
        return True


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated caller. Grants are read for each request, never carried in a token."""

    kind: PrincipalKind
    id: UUID
    session_id: UUID
    grants: tuple[Grant, ...] = ()
    fresh: bool = False  # whether the second factor was shown a short while ago

    def may(self, permission: str) -> bool:
        """Whether any grant gives the permission, wherever it holds."""
        return any(permission in grant.permissions for grant in self.grants)

    def may_at(self, permission: str, *, site_id: UUID | None, organisation_id: UUID | None) -> bool:
        """Whether a grant that covers the site, or else its organisation or the city, gives it."""
        return any(
            permission in grant.permissions and grant.covers(site_id=site_id, organisation_id=organisation_id)
            for grant in self.grants
        )
