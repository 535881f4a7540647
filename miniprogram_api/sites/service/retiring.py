"""Taking a part off a site, and putting it back: deleting is undone for thirty days, and final after them."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import files
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import after_commit
from miniprogram_api.sites.errors import PartMissing
from miniprogram_api.sites.models import Indicator, LocalNote, Notice, Photo, Site, Technology
from miniprogram_api.sites.queries.retired import KEPT, R, Retirable
from miniprogram_api.sites.service.local_notes import MOST_NOTES
from miniprogram_api.sites.service.managed import check_room, note_change
from miniprogram_api.sites.service.photos import MOST_PHOTOS
from miniprogram_api.sites.service.search import index_site
from miniprogram_api.sites.service.showcase import MOST_INDICATORS, MOST_NOTICES, MOST_TECHNOLOGIES

BATCH = 200


@dataclass(frozen=True, slots=True)
class _Kind:
    """The list that a part stands in, its room, and how the trail tells of it."""

    part: str
    noun: str
    most: int
    told: tuple[str, ...]
    retiring: str = "remove"


_KINDS: dict[type[Retirable], _Kind] = {
    Photo: _Kind("photos", "photo", MOST_PHOTOS, ("file_name", "alt")),
    Technology: _Kind("technologies", "technology", MOST_TECHNOLOGIES, ("name",)),
    Indicator: _Kind("indicators", "indicator", MOST_INDICATORS, ("kind", "year", "value")),
    Notice: _Kind("notices", "notice", MOST_NOTICES, ("title",), "retire"),
    LocalNote: _Kind("local_notes", "local_note", MOST_NOTES, ("field", "text"), "retire"),
}


def retire(session: Session, *, site: Site, part: Retirable, actor: Actor, now: datetime) -> None:
    """Take a part off the site; it can be put back for a while."""
    kind = _KINDS[type(part)]
    part.retired_at = now
    _follow(session, site, part)
    action, before = f"{kind.retiring}_{kind.noun}", _facts(part)
    note_change(session, site, part=kind.part, action=action, actor=actor, now=now, before=before)


def restore(session: Session, kind: type[R], part_id: UUID, *, site: Site, actor: Actor, now: datetime) -> R:
    """Put back what was taken off; what stands there stays so. Raises PartMissing, ListFull."""
    part = session.get(kind, part_id)
    if part is None or part.site_id != site.id:
        raise PartMissing
    if part.retired_at is None:
        return part
    if part.retired_at <= now - KEPT:
        raise PartMissing
    of = _KINDS[kind]
    check_room(session, kind, site_id=site.id, most=of.most)
    part.retired_at = None
    _follow(session, site, part)
    action, after = f"restore_{of.noun}", _facts(part)
    note_change(session, site, part=of.part, action=action, actor=actor, now=now, after=after)
    return part


def empty_bin(session: Session, *, now: datetime, limit: int = BATCH) -> int:
    """Delete for good what has lain in the bin for its time, and files of pictures; returns how many.

    Notices and remarks stay, unseen: somebody may ask what the public was told.
    """
    return sum(_delete(session, kind, now, limit) for kind in (Photo, Technology, Indicator))


def _delete(session: Session, kind: type[Photo | Technology | Indicator], now: datetime, limit: int) -> int:
    over = select(kind).where(kind.retired_at <= now - KEPT).order_by(kind.id).limit(limit)
    due = session.scalars(over.with_for_update(skip_locked=True)).all()
    store = files.current()
    for part in due:
        session.delete(part)
        if isinstance(part, Photo):
            after_commit(session, partial(store.delete, part.file_name))
    return len(due)


def _facts(part: Retirable) -> dict[str, Any]:
    kind = _KINDS[type(part)]
    return {f"{kind.noun}_id": str(part.id)} | {name: getattr(part, name) for name in kind.told}


def _follow(session: Session, site: Site, part: Retirable) -> None:
    """What hangs on a part: the search finds a site by its technologies, and a cover is a photo it shows."""
    session.flush()
    if isinstance(part, Technology):
        index_site(session, site)
    elif isinstance(part, Photo):
        shown = select(Photo.id).where(Photo.site_id == site.id, Photo.retired_at.is_(None))
        photo_ids = session.scalars(shown.order_by(Photo.position, Photo.id)).all()
        if site.cover_photo_id not in photo_ids:
            site.cover_photo_id = next(iter(photo_ids), None)
