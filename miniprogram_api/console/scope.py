"""The site that a page is about, if it lies within the caller's scope; a guess is not found."""

from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.console.access import current_principal
from miniprogram_api.sites.service import Site, get_managed_site, lock_managed_site
from miniprogram_api.web.schemas import parse_id


def look_at(session: Session, site_id: str, permission: str = "sites.view") -> Site:
    """The site, to read of it. Raises SiteMissing."""
    return get_managed_site(session, current_principal(), permission, parse_id(site_id))


def work_on(session: Session, site_id: str, permission: str = "sites.manage") -> Site:
    """The site, to change it; nobody else changes it meanwhile. Raises SiteMissing."""
    return lock_managed_site(session, current_principal(), permission, parse_id(site_id))


def ids_of(texts: Iterable[str | None]) -> set[UUID]:
    """Those of some texts that are ids."""
    found = set()
    for text in texts:
        with suppress(ValueError):
            found.add(UUID(text or ""))
    return found
