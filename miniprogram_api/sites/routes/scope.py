"""The site that a staff request is about, if it lies within the caller's scope."""

from sqlalchemy.orm import Session

from miniprogram_api.sites.models import Site
from miniprogram_api.sites.service import get_managed_site, lock_managed_site
from miniprogram_api.web.auth import current_principal
from miniprogram_api.web.schemas import parse_id

VIEW = "sites.view"
MANAGE = "sites.manage"


def look_at(session: Session, site_id: str, permission: str = VIEW) -> Site:
    """The site, to read of it. Raises SiteMissing."""
    return get_managed_site(session, current_principal(), permission, parse_id(site_id))


def work_on(session: Session, site_id: str, permission: str = MANAGE) -> Site:
    """The site, to change it; nobody else changes it meanwhile. Raises SiteMissing."""
    return lock_managed_site(session, current_principal(), permission, parse_id(site_id))
