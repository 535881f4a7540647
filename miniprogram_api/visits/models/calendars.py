"""Secret addresses of calendar feeds."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime


class CalendarFeed(Model):
    """The secret address of a calendar: of a member's visits, or of a site's slots for its staff."""

    __tablename__ = "visits_calendar_feeds"
    __table_args__ = (
        CheckConstraint("(member_id IS NULL) <> (site_id IS NULL)", name="owner"),
        Index(
            "uq_visits_calendar_feeds_member",
            "member_id",
            unique=True,
            sqlite_where=text("revoked_at IS NULL AND member_id IS NOT NULL"),
            postgresql_where=text("revoked_at IS NULL AND member_id IS NOT NULL"),
        ),
        Index(
            "uq_visits_calendar_feeds_site",
            "site_id",
            unique=True,
            sqlite_where=text("revoked_at IS NULL AND site_id IS NOT NULL"),
            postgresql_where=text("revoked_at IS NULL AND site_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_members.id"))
    site_id: Mapped[UUID | None] = mapped_column(ForeignKey("sites_sites.id"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
