"""Sends articles to the official account, and asks what became of those that are to be published there."""

from uuid import UUID

import structlog
from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from content import rendering
from content.events import ArticlePublished
from content.models import Asset, OfficialState
from content.queries.pictures import picture_of
from content.rules import official as rules
from content.service import official
from content.service.official import Claimed
from miniprogram_api.kernel import clock, files
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, reading, retrying
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.kernel.files import FileMissing
from miniprogram_api.kernel.tasks import periodic
from miniprogram_api.wechat.client import Upload
from miniprogram_api.wechat.errors import OfficialRefused, OutcomeUnknown, WeChatUnavailable
from miniprogram_api.wechat.events import OfficialPublishingEnded
from miniprogram_api.wechat.official import (
    MOST_INLINE_BYTES,
    NO_MEDIA,
    NO_PERMISSION,
    OfficialArticle,
    OfficialGateway,
)

log = structlog.get_logger(__name__)

COVER, INLINE = "cover", "inline"


class _Unfit(Exception):
    """The article cannot become a draft there as it is; says why in a word."""


@subscribe(ArticlePublished, name="content.request_official_post")
def request_official_post(session: Session, event: ArticlePublished) -> None:
    """Have it sent there, if whoever published wanted that and there is an account."""
    settings = current_app.extensions["settings"]
    if event.official and settings.official is not None:
        official.request_post(
            session,
            article_id=UUID(event.article_id),
            revision_id=UUID(event.revision_id),
            publish=settings.wechat_oa_publish,
            staff_id=UUID(event.decided_by),
            actor=SYSTEM,
            now=clock.now(),
        )


@subscribe(OfficialPublishingEnded, name="content.note_official_result")
def note_official_result(session: Session, event: OfficialPublishingEnded) -> None:
    """The push tells how a publication ended; one that we do not know yet is asked about later."""
    official.note_result(
        session, publish_id=event.publish_id, status=event.status, url=event.url, now=clock.now()
    )


@periodic("content.send_to_official")
def send_to_official() -> None:
    """Send what is due, until nothing is left or WeChat cannot be reached."""
    gateway = _gateway()
    while gateway is not None and (claimed := _claim()) is not None:
        if not _send(gateway, claimed):
            return


@periodic("content.ask_official", every_minutes=2)
def ask_official() -> None:
    """Ask what became of publications; the push may have told it before."""
    gateway = _gateway()
    if gateway is None:
        return
    with atomic() as session:
        queued = official.list_queued(session, now=clock.now())
    for publication in queued:
        try:
            found = gateway.get_publication(publication.publish_id)
        except OfficialRefused as refused:
            log.warning("official_publication_unknown", errcode=refused.errcode)
        except WeChatUnavailable:
            return
        else:
            _note_result(publication.publish_id, found.status, found.url)


def _gateway() -> OfficialGateway | None:
    gateway: OfficialGateway | None = current_app.extensions["wechat_official"]
    return gateway


def _send(gateway: OfficialGateway, claimed: Claimed) -> bool:
    """The next step of one post, once; returns whether WeChat could be reached."""
    try:
        if claimed.media_id is None:
            article = _compose(gateway, claimed)
            _require_shown(claimed)  # the pictures may have taken minutes
            _note_draft(claimed, gateway.add_draft(article))
        else:
            _require_shown(claimed)
            _note_queued(claimed, gateway.submit(claimed.media_id))
    except _Unfit as unfit:
        _settle(claimed, OfficialState.FAILED, str(unfit))
    except OfficialRefused as refused:
        _note_refusal(claimed, refused.errcode)
    except OutcomeUnknown:
        _settle(claimed, OfficialState.UNKNOWN, "no_answer")
    except WeChatUnavailable:
        _postpone(claimed, "unavailable")
        return False
    return True


def _require_shown(claimed: Claimed) -> None:
    """The last look before it goes out. Raises _Unfit."""
    with reading() as session:
        if not official.is_shown(session, claimed.revision.article_id, claimed.revision.id):
            raise _Unfit("not_shown")


def _note_refusal(claimed: Claimed, errcode: int) -> None:
    log.warning("official_refused", errcode=errcode, publishing=claimed.media_id is not None)
    if claimed.media_id is not None and errcode == NO_PERMISSION:
        _note_unpublishable(claimed, "no_permission")
    elif claimed.media_id is None and errcode == NO_MEDIA and claimed.cover is not None:
        # Somebody removed the material there, or it is another account's: it goes up anew.
        _forget_cover(claimed.cover)
        _postpone(claimed, "cover_unknown")
    else:
        _settle(claimed, OfficialState.FAILED, f"errcode_{errcode}")


def _compose(gateway: OfficialGateway, claimed: Claimed) -> OfficialArticle:
    """The article with its pictures, each of which is uploaded once for good. Raises _Unfit."""
    revision, cover = claimed.revision, claimed.cover
    if cover is None:
        raise _Unfit("no_cover")
    assets = _load_assets([UUID(asset_id) for asset_id in rendering.asset_ids(revision.body)])
    pictures = {str(asset.id): picture_of(asset) for asset in assets}
    kept = _list_media([asset.id for asset in assets], INLINE)
    addresses = {picture_of(it).src: kept.get(it.id) or _upload_inline(gateway, it) for it in assets}
    known = {ours: theirs for ours, theirs in addresses.items() if theirs}
    content = rules.content_of(rendering.to_html(revision.body, pictures), known)
    if len(content) > rules.MOST_CONTENT:
        raise _Unfit("too_long")
    return OfficialArticle(
        title=rules.cut(revision.title, rules.MOST_TITLE),
        digest=rules.cut(revision.summary, rules.MOST_DIGEST),
        author=rules.cut(revision.byline, rules.MOST_AUTHOR),
        content=content,
        cover=_list_media([cover.id], COVER).get(cover.id) or _upload_cover(gateway, cover),
    )


def _upload_inline(gateway: OfficialGateway, asset: Asset) -> str | None:
    """The widest copy that the account takes in a text; None where there is none."""
    widest_first = sorted(asset.sizes, key=lambda size: int(size["width"]), reverse=True)
    for name in (asset.file_name, *(str(size["name"]) for size in widest_first)):
        content = _read(name)
        if content is not None and len(content) <= MOST_INLINE_BYTES:
            return _keep(asset, INLINE, gateway.upload_picture(Upload(name, content, asset.media_type)))
    return None


def _upload_cover(gateway: OfficialGateway, asset: Asset) -> str:
    content = _read(asset.file_name)
    if content is None:
        raise _Unfit("no_cover")
    return _keep(asset, COVER, gateway.upload_cover(Upload(asset.file_name, content, asset.media_type)))


def _read(name: str) -> bytes | None:
    try:
        return files.current().path_of(name).read_bytes()
    except FileMissing:
        return None


def _load_assets(asset_ids: list[UUID]) -> list[Asset]:
    with reading() as session:
        return list(session.scalars(select(Asset).where(Asset.id.in_(asset_ids)).order_by(Asset.id)))


def _list_media(asset_ids: list[UUID], use: str) -> dict[UUID, str]:
    with reading() as session:
        return official.list_media(session, asset_ids, use=use)


@retrying
def _keep(asset: Asset, use: str, reference: str) -> str:
    with atomic() as session:
        official.keep_media(session, asset.id, use=use, reference=reference, now=clock.now())
    return reference


@retrying
def _forget_cover(asset: Asset) -> None:
    with atomic() as session:
        official.forget_media(session, asset.id, use=COVER)


@retrying
def _claim() -> Claimed | None:
    with atomic() as session:
        return official.claim(session, now=clock.now())


@retrying
def _note_draft(claimed: Claimed, media_id: str) -> None:
    with atomic() as session:
        official.note_draft(session, claimed, media_id, now=clock.now())


@retrying
def _note_queued(claimed: Claimed, publish_id: str) -> None:
    with atomic() as session:
        official.note_queued(session, claimed, publish_id, now=clock.now())


@retrying
def _note_unpublishable(claimed: Claimed, outcome: str) -> None:
    with atomic() as session:
        official.note_unpublishable(session, claimed, outcome, now=clock.now())


@retrying
def _note_result(publish_id: str, status: int, url: str) -> None:
    with atomic() as session:
        official.note_result(session, publish_id=publish_id, status=status, url=url, now=clock.now())


@retrying
def _settle(claimed: Claimed, state: OfficialState, outcome: str) -> None:
    with atomic() as session:
        official.settle(session, claimed, state, outcome, now=clock.now())


@retrying
def _postpone(claimed: Claimed, outcome: str) -> None:
    with atomic() as session:
        official.postpone(session, claimed, outcome, now=clock.now())
