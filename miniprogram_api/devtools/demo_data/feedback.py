"""What visitors wrote about demonstration sites: to be judged, to be answered, answered, and not followed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.models import Article, Standing
from miniprogram_api.devtools.demo_data.pictures import Season, draw
from miniprogram_api.devtools.demo_data.sites import DEMO
from miniprogram_api.feedback.models import (
    Feedback,
    FeedbackKind,
    FeedbackPicture,
    FeedbackState,
    Finding,
    HeldBecause,
    PictureState,
    SubjectType,
)
from miniprogram_api.feedback.service import deciding, moving, sending
from miniprogram_api.feedback.service.sending import Written
from miniprogram_api.identity.models import Member
from miniprogram_api.kernel import files
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.files import StoredImage
from miniprogram_api.sites.models import Overlay, Site, SiteType


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackCard:
    """A piece of feedback and what became of it; `site` counts the open sites, `picture` says of its own."""

    site: int
    days_ago: int
    kind: FeedbackKind
    text: str
    held: HeldBecause | None = None
    answer: str | None = None
    closed: str | None = None
    picture: PictureState | None = None


CARDS = (
    FeedbackCard(
        site=0,
        days_ago=6,
        kind=FeedbackKind.PRAISE,
        text="讲解员把光伏发电讲得很明白，孩子回家还在画太阳能板。谢谢！",
        answer="谢谢您的鼓励，已转达讲解员。欢迎再来参观。",
    ),
    FeedbackCard(
        site=1,
        days_ago=4,
        kind=FeedbackKind.SUGGESTION,
        text="建议冬天把室外展区的讲解改到室内，站半个小时太冷了。",
        closed="室外展区冬季讲解已缩短到十分钟，室内没有相应展品，暂时不调整地点",
    ),
    FeedbackCard(
        site=0,
        days_ago=2,
        kind=FeedbackKind.CORRECTION,
        text="入口展板上写的装机容量和小程序里的不一样，请核对。照片是今天拍的。",
        picture=PictureState.SHOWN,
    ),
    FeedbackCard(
        site=2,
        days_ago=2,
        kind=FeedbackKind.QUESTION,
        text="坐轮椅的老人能参观二楼吗？有没有电梯？",
    ),
    FeedbackCard(
        site=1,
        days_ago=1,
        kind=FeedbackKind.SUGGESTION,
        text="停车场的充电桩有两个坏了，扫码没有反应，请尽快修。",
        held=HeldBecause.UNCHECKED,
        picture=PictureState.HELD,
    ),
)
ABOUT_AN_ARTICLE = "文章里说的余热回收，老小区能不能装？希望多写一些这样的内容。"


def load_feedback(now: datetime) -> None:
    """Once; whoever has worked on any of it is left alone."""
    with reading() as session:
        if session.scalars(select(Feedback.id).limit(1)).first() is not None:
            return
        members = session.scalars(select(Member.id).order_by(Member.id).limit(len(CARDS) + 1)).all()
        open_sites = select(Site.id).where(Site.overlay == Overlay.OPEN).order_by(Site.listed_rank)
        sites = session.scalars(open_sites.limit(3)).all()
        live = select(Article.id).where(Article.standing == Standing.LIVE).order_by(Article.id)
        article = session.scalars(live.limit(1)).first()
    if len(members) <= len(CARDS) or len(sites) < 3:
        return
    for card, member_id in zip(CARDS, members, strict=False):
        _load(card, member_id, sites[card.site], now - timedelta(days=card.days_ago))
    if article is not None:
        _load_about(article, members[-1], now - timedelta(hours=3))


def _load(card: FeedbackCard, member_id: UUID, site_id: UUID, at: datetime) -> None:
    drawn = draw(SiteType.BUILDING, Season.WINTER, seed=card.text)
    image = None if card.picture is None else files.private().save_image(drawn)
    written = Written(
        subject_type=SubjectType.SITE, subject_id=site_id, kind=card.kind, text=card.text, picture_ids=()
    )
    try:
        with atomic() as session:
            feedback = _sent(session, written, member_id, at)
            _decide(session, feedback, card, at)
            if image is not None and card.picture is not None:
                _attach(session, feedback, image, card.picture, at)
    except BaseException:
        if image is not None:
            files.private().delete(image.name)
        raise


def _load_about(article_id: UUID, member_id: UUID, at: datetime) -> None:
    written = Written(
        subject_type=SubjectType.ARTICLE,
        subject_id=article_id,
        kind=FeedbackKind.QUESTION,
        text=ABOUT_AN_ARTICLE,
        picture_ids=(),
    )
    with atomic() as session:
        feedback = _sent(session, written, member_id, at)
        moving.move(session, feedback, FeedbackState.OPEN, actor=DEMO, now=at)


def _sent(session: Session, written: Written, member_id: UUID, at: datetime) -> Feedback:
    actor = Actor(kind="member", id=str(member_id))
    return sending.send_feedback(session, member_id=member_id, written=written, actor=actor, now=at)


def _decide(session: Session, feedback: Feedback, card: FeedbackCard, at: datetime) -> None:
    later = at + timedelta(hours=5)
    if card.held is not None:
        feedback.held_because = card.held
        moving.move(session, feedback, FeedbackState.HELD, actor=DEMO, now=at)
        return
    feedback.finding = Finding.CLEAN
    moving.move(session, feedback, FeedbackState.OPEN, actor=DEMO, now=at)
    if card.answer is not None:
        deciding.answer(session, feedback, text=card.answer, actor=DEMO, now=later)
    elif card.closed is not None:
        deciding.close(session, feedback, reason=card.closed, actor=DEMO, now=later)


def _attach(
    session: Session, feedback: Feedback, image: StoredImage, state: PictureState, at: datetime
) -> None:
    actor = Actor(kind="member", id=str(feedback.member_id))
    picture: FeedbackPicture = sending.add_picture(
        session, member_id=feedback.member_id, image=image, actor=actor, now=at
    )
    picture.feedback_id, picture.position = feedback.id, 0
    picture.finding = Finding.CLEAN if state is PictureState.SHOWN else None
    moving.move_picture(session, picture, state, actor=DEMO)
