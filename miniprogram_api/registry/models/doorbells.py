"""Rings of the registry's doorbell that were let in: each id counts once."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime


class Doorbell(Model):
    """An event that the registry sent us, kept as long as it could be sent again."""

    __tablename__ = "registry_doorbells"

    webhook_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    type: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str | None] = mapped_column(String(40))
    sequence: Mapped[str | None] = mapped_column(String(40))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
