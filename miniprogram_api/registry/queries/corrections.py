"""The corrections of a site, as its staff read them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.paging import Page, page
from miniprogram_api.registry.models.corrections import Correction
from miniprogram_api.sites.service import get_managed_site


def list_corrections(
    session: Session, principal: Principal, site_id: UUID, *, limit: int, cursor: str | None
) -> Page[Correction]:
    """The newest first. Raises SiteMissing outside the caller's scope, InvalidCursor."""
    get_managed_site(session, principal, "corrections.view", site_id)
    own = select(Correction).where(Correction.site_id == site_id)
    columns = [Correction.filed_at, Correction.id]
    return page(session, own, columns, limit=limit, cursor=cursor, descending=True)
