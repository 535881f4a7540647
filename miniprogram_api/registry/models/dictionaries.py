"""The registry's names of its codes, and codes that came without one."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime


class HeldDictionary(Model):
    """The `types`, `levels` or `districts` as the registry gave them last."""

    __tablename__ = "registry_dictionaries"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    version: Mapped[str] = mapped_column(String(80))
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)


class UnknownCode(Model):
    """A code that no dictionary names, alarmed when it was first seen and not again."""

    __tablename__ = "registry_unknown_codes"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
