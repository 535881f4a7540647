"""The media library: pictures that the file store has written, with what must be known of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.errors import AssetInReview, AssetInUse, AssetMissing
from content.events import AssetChanged
from content.models import Asset
from content.queries.assets import list_uses
from content.queries.scope import holds_at
from content.service.asset_uses import is_reviewed_or_shown
from miniprogram_api.kernel import audit, events, files
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import after_commit
from miniprogram_api.kernel.errors import FieldError, Invalid
from miniprogram_api.kernel.files import StoredImage, StoredSize
from miniprogram_api.kernel.ids import new_id

KEPT_REMOVED = timedelta(days=30)
# What readers are told of a picture: reviewers have read it with the article.
READ_WITH_ARTICLES = ("alt", "source")
LENGTHS = {"title": 60, "alt": 120, "source": 120, "licence": 60}


def get_managed_asset(
    session: Session, principal: Principal, permission: str, asset_id: UUID, *, removed: bool = False
) -> Asset:
    """A picture of a desk that the caller works at, held until the transaction ends. Raises AssetMissing.

    Nobody begins to use it meanwhile: the lock is the one that rows referring to the picture wait for. A
    removed one is found with `removed`, and only then.
    """
    wanted = select(Asset).where(Asset.id == asset_id).with_for_update()
    asset = session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()
    if asset is None or (asset.retired_at is not None) != removed:
        raise AssetMissing
    place = {"organisation_id": asset.organisation_id, "site_id": asset.site_id}
    if not holds_at(session, principal, permission, **place):
        raise AssetMissing
    return asset


def add_asset(
    session: Session,
    image: StoredImage,
    sizes: Sequence[StoredSize],
    *,
    title: str,
    alt: str,
    source: str,
    licence: str,
    organisation_id: UUID | None,
    site_id: UUID | None,
    staff_id: UUID,
    actor: Actor,
    now: datetime,
) -> Asset:
    """Take up a picture for a site's desk, an organisation's, or (neither) the city's, whose are everybody's.

    A description may follow later: it is asked for when an article with the picture is submitted. Raises
    Invalid.
    """
    described = _described({"title": title, "alt": alt, "source": source, "licence": licence})
    asset = Asset(
        id=new_id(),
        organisation_id=None if site_id is not None else organisation_id,
        site_id=site_id,
        file_name=image.name,
        media_type=image.media_type,
        width=image.width,
        height=image.height,
        size_bytes=image.size_bytes,
        sha256=image.sha256,
        sizes=[asdict(size) for size in sizes],
        uploaded_by=staff_id,
        uploaded_at=now,
        retired_at=None,
        **described,
    )
    session.add(asset)
    after = described | {"file_name": asset.file_name, "sha256": asset.sha256}
    _note_asset(session, asset, action="add_asset", actor=actor, after=after)
    return asset


def crop_asset(
    session: Session,
    asset: Asset,
    image: StoredImage,
    sizes: Sequence[StoredSize],
    *,
    staff_id: UUID,
    actor: Actor,
    now: datetime,
) -> Asset:
    """Take up a part of a picture, which the file store has written, as a picture of its own."""
    return add_asset(
        session,
        image,
        sizes,
        title=asset.title,
        alt=asset.alt,
        source=asset.source,
        licence=asset.licence,
        organisation_id=asset.organisation_id,
        site_id=asset.site_id,
        staff_id=staff_id,
        actor=actor,
        now=now,
    )


def edit_asset(session: Session, asset: Asset, *, changes: Mapping[str, str], actor: Actor) -> None:
    """Set what is known of a picture: `title`, `alt`, `source`, `licence`.

    What readers are told of it stays as it was reviewed, as long as an article with it is under review,
    approved, planned or live. Raises Invalid, AssetInReview.
    """
    described = _described(changes)
    before = {name: getattr(asset, name) for name in described}
    is_other = any(described.get(name, before.get(name)) != before.get(name) for name in READ_WITH_ARTICLES)
    if is_other and is_reviewed_or_shown(session, asset.id):
        raise AssetInReview
    for name, value in described.items():
        setattr(asset, name, value)
    _note_asset(session, asset, action="edit_asset", actor=actor, before=before, after=described)


def remove_asset(session: Session, asset: Asset, *, actor: Actor, now: datetime) -> None:
    """Take a picture that no article uses out of the library; for thirty days it can be put back.

    Raises AssetInUse naming the articles.
    """
    uses = list_uses(session, asset.id)
    if uses:
        raise AssetInUse(uses=[{"id": str(use.id), "title": use.title} for use in uses])
    asset.retired_at = now
    _note_asset(session, asset, action="remove_asset", actor=actor, before={"file_name": asset.file_name})


def put_asset_back(session: Session, asset: Asset, *, actor: Actor, now: datetime) -> None:
    """Take a removed picture into the library again. Raises AssetMissing once its thirty days are over."""
    if asset.retired_at is None:
        return
    if asset.retired_at <= now - KEPT_REMOVED:
        raise AssetMissing
    asset.retired_at = None
    _note_asset(session, asset, action="put_asset_back", actor=actor, after={"file_name": asset.file_name})


def delete_files(session: Session, asset: Asset) -> None:
    """Let the files of a picture go with the transaction that deletes it."""
    store = files.current()
    for name in (asset.file_name, *(size["name"] for size in asset.sizes)):
        after_commit(session, partial(store.delete, name))


def _described(given: Mapping[str, str]) -> dict[str, str]:
    told = {name: given[name].strip() for name in LENGTHS if name in given}
    wrong = [
        FieldError(name, "content.too_long", {"most": LENGTHS[name]})
        for name, value in told.items()
        if len(value) > LENGTHS[name]
    ]
    if wrong:
        raise Invalid(fields=wrong)
    return told


def _note_asset(
    session: Session,
    asset: Asset,
    *,
    action: str,
    actor: Actor,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    session.flush()
    audit.record(
        session,
        actor=actor,
        action=f"content.{action}",
        object_type="asset",
        object_id=str(asset.id),
        before=before,
        after=after,
    )
    events.publish(session, AssetChanged(str(asset.id)))
