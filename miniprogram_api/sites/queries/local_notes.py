"""The remarks a site makes on data that the registry owns."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.sites.models import LocalNote


def list_local_notes(session: Session, site_id: UUID) -> list[LocalNote]:
    """Those that are shown, the newest first."""
    shown = select(LocalNote).where(LocalNote.site_id == site_id, LocalNote.retired_at.is_(None))
    return list(session.scalars(shown.order_by(LocalNote.created_at.desc(), LocalNote.id)))
