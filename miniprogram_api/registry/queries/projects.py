"""What we hold of projects, as other parts of the exchange ask for it."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.registry.models.projects import HeldProject


def project_of_site(session: Session, site_id: UUID) -> str | None:
    """The registry's id of a site's project; None for a site that the registry did not give us."""
    return session.scalar(select(HeldProject.project_id).where(HeldProject.site_id == site_id))
