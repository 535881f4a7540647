"""Taking something off a site, which lies in the bin for thirty days, and putting it back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.pages import done
from miniprogram_api.console.scope import work_on
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic
from miniprogram_api.sites.queries.retired import list_retired
from miniprogram_api.sites.service import Indicator, LocalNote, Notice, Photo, Site, Technology, retiring
from miniprogram_api.sites.service.managed import get_part
from miniprogram_api.web.schemas import parse_id

_MANAGE, _FILE = "sites.manage", "corrections.file"
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class _List:
    """A list of a site that parts are taken off: its page, what a part is called, who may."""

    kind: Any
    page: str
    noun: str
    name: Callable[[Any], str]
    restore: str
    part_id: str
    taken: str = "删除"
    permission: str = _MANAGE


PHOTOS = _List(Photo, "list_photos", "照片", lambda photo: photo.alt, "restore_photo", "photo_id")
TECHNOLOGIES = _List(
    Technology,
    "list_technologies",
    "技术",
    lambda technology: technology.name,
    "restore_technology",
    "technology_id",
)
INDICATORS = _List(
    Indicator,
    "list_indicators",
    "数值",
    lambda indicator: f"{indicator.year} 年 {indicator.value} {indicator.unit}",
    "restore_indicator",
    "indicator_id",
)
NOTICES = _List(
    Notice, "list_notices", "公告", lambda notice: notice.title, "restore_notice", "notice_id", "撤下"
)
LOCAL_NOTES = _List(
    LocalNote,
    "list_corrections",
    "备注",
    lambda note: note.text,
    "restore_local_note",
    "note_id",
    "撤下",
    _FILE,
)


@dataclass(frozen=True, slots=True)
class Retired:
    """Something in the bin, and where it is put back."""

    id: UUID
    name: str
    retired_at: datetime
    restore: str


@dataclass(frozen=True, slots=True)
class Bin:
    """What was taken off a list lately, for the macro `bin`."""

    noun: str
    taken: str
    parts: list[Retired]


def bin_of(session: Session, of: _List, site: Site) -> Bin:
    """What can be put back on a list of a site; one statement."""

    def restore(part: Any) -> str:
        return url_for(f"console.{of.restore}", site_id=site.id, **{of.part_id: part.id})

    found = list_retired(session, of.kind, site.id, now=clock.now(), limit=_SHOWN)
    parts = [Retired(part.id, of.name(part), part.retired_at, restore(part)) for part in found]
    return Bin(of.noun, of.taken, parts)


def _retire(of: _List, site_id: str, part_id: str) -> Response:
    with atomic() as session:
        site = work_on(session, site_id, of.permission)
        part = get_part(session, of.kind, parse_id(part_id), site_id=site.id)
        retiring.retire(session, site=site, part=part, actor=current_actor(), now=clock.now())
        told = f"{of.noun}“{of.name(part)}”已{of.taken}，小程序里不再显示。30 天内可以在本页恢复。"
    return done(url_for(f"console.{of.page}", site_id=site_id), told)


def _restore(of: _List, site_id: str, part_id: str) -> Response:
    with atomic() as session:
        site = work_on(session, site_id, of.permission)
        part = retiring.restore(
            session, of.kind, parse_id(part_id), site=site, actor=current_actor(), now=clock.now()
        )
        told = f"{of.noun}“{of.name(part)}”已恢复，小程序里马上能看到。"
    return done(url_for(f"console.{of.page}", site_id=site_id), told)


@console.post("/sites/<string:site_id>/photos/<string:photo_id>/remove")
@signed_in(_MANAGE)
def remove_photo(site_id: str, photo_id: str) -> Response:
    """Take a photo off the site."""
    return _retire(PHOTOS, site_id, photo_id)


@console.post("/sites/<string:site_id>/photos/<string:photo_id>/restore")
@signed_in(_MANAGE)
def restore_photo(site_id: str, photo_id: str) -> Response:
    """Put a photo back."""
    return _restore(PHOTOS, site_id, photo_id)


@console.post("/sites/<string:site_id>/technologies/<string:technology_id>/remove")
@signed_in(_MANAGE)
def remove_technology(site_id: str, technology_id: str) -> Response:
    """Take a technology off the site."""
    return _retire(TECHNOLOGIES, site_id, technology_id)


@console.post("/sites/<string:site_id>/technologies/<string:technology_id>/restore")
@signed_in(_MANAGE)
def restore_technology(site_id: str, technology_id: str) -> Response:
    """Put a technology back."""
    return _restore(TECHNOLOGIES, site_id, technology_id)


@console.post("/sites/<string:site_id>/indicators/<string:indicator_id>/remove")
@signed_in(_MANAGE)
def remove_indicator(site_id: str, indicator_id: str) -> Response:
    """Take a value off the site."""
    return _retire(INDICATORS, site_id, indicator_id)


@console.post("/sites/<string:site_id>/indicators/<string:indicator_id>/restore")
@signed_in(_MANAGE)
def restore_indicator(site_id: str, indicator_id: str) -> Response:
    """Put a value back."""
    return _restore(INDICATORS, site_id, indicator_id)


@console.post("/sites/<string:site_id>/notices/<string:notice_id>/retire")
@signed_in(_MANAGE)
def retire_notice(site_id: str, notice_id: str) -> Response:
    """Take a notice off the site."""
    return _retire(NOTICES, site_id, notice_id)


@console.post("/sites/<string:site_id>/notices/<string:notice_id>/restore")
@signed_in(_MANAGE)
def restore_notice(site_id: str, notice_id: str) -> Response:
    """Put a notice back."""
    return _restore(NOTICES, site_id, notice_id)


@console.post("/sites/<string:site_id>/corrections/notes/<string:note_id>/retire")
@signed_in(_FILE)
def retire_local_note(site_id: str, note_id: str) -> Response:
    """Take a remark off the site."""
    return _retire(LOCAL_NOTES, site_id, note_id)


@console.post("/sites/<string:site_id>/corrections/notes/<string:note_id>/restore")
@signed_in(_FILE)
def restore_local_note(site_id: str, note_id: str) -> Response:
    """Put a remark back."""
    return _restore(LOCAL_NOTES, site_id, note_id)
