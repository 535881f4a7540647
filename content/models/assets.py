"""The media library: pictures with what must be known of them, and where they are used."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime


class Asset(Model):
    """A picture of the library, written anew by the file store in several widths.

    `sizes` lists the smaller ones, each `{name, width, height}`, the widest first.
    """

    __tablename__ = "content_assets"
    __table_args__ = (Index("ix_content_assets_newest", "uploaded_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_organisations.id"), index=True)
    site_id: Mapped[UUID | None] = mapped_column(ForeignKey("sites_sites.id"), index=True)
    file_name: Mapped[str] = mapped_column(String(40), unique=True)
    media_type: Mapped[str] = mapped_column(String(20))
    width: Mapped[int]
    height: Mapped[int]
    size_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    sizes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    title: Mapped[str] = mapped_column(String(60))
    alt: Mapped[str] = mapped_column(String(120))
    source: Mapped[str] = mapped_column(String(120))
    licence: Mapped[str] = mapped_column(String(60))
    uploaded_by: Mapped[UUID] = mapped_column(ForeignKey("identity_staff.id"), index=True)
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class AssetUse(Model):
    """That an article shows a picture: in what is live, planned, under review or worked on."""

    __tablename__ = "content_asset_uses"

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("content_assets.id"), primary_key=True)
    article_id: Mapped[UUID] = mapped_column(ForeignKey("content_articles.id"), primary_key=True, index=True)
