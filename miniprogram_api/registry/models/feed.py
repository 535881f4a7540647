"""Where we stand in the registry's feed: one row, written in the transaction of the records it speaks of."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime

THE_FEED = 1


class Feed(Model):
    """The one feed. `cursor` holds inside `feed_epoch`; while a snapshot is read, its own cursor does.

    `lease` names who pulls, until `leased_until`; a puller that died is waited for no longer than that.
    """

    __tablename__ = "registry_feed"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    feed_epoch: Mapped[str | None] = mapped_column(String(80))
    cursor: Mapped[str | None] = mapped_column(String(500))
    snapshot_id: Mapped[str | None] = mapped_column(String(200))
    snapshot_epoch: Mapped[str | None] = mapped_column(String(80))
    snapshot_cursor: Mapped[str | None] = mapped_column(String(500))
    resume_cursor: Mapped[str | None] = mapped_column(String(500))
    rung: Mapped[bool]  # asked for since the pull that is running began
    resync_wanted: Mapped[bool]
    dictionaries_wanted: Mapped[bool]
    dictionaries_read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    comparison_wanted: Mapped[bool]  # records may have been passed over, such as those a snapshot lacks
    as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)  # never later than when we heard it
    last_ok_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failures: Mapped[int]  # in a row
    last_error: Mapped[str | None] = mapped_column(String(80))
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease: Mapped[str | None] = mapped_column(String(36))
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
