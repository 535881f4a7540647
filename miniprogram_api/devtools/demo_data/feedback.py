"""What visitors wrote about demonstration sites and articles, and what became of each."""

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
    """A piece of feedback and what became of it.

    It is about the article of a title, or the so-manieth open site; `picture` is what became of its picture.
    """

    days_ago: float
    kind: FeedbackKind
    text: str
    site: int = 0
    article: str | None = None
    held: HeldBecause | None = None
    answer: str | None = None
    corrected: str | None = None
    is_reopened: bool = False
    closed: str | None = None
    refused: str | None = None
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
    FeedbackCard(
        site=2,
        days_ago=9,
        kind=FeedbackKind.QUESTION,
        text="周末上午还有讲解吗？打电话没人接。",
        answer="周末上午十点有一场讲解，请在小程序里预约。",
        corrected="周末上午九点半有一场讲解（不是十点），请在小程序里预约。",
    ),
    FeedbackCard(
        site=0,
        days_ago=8,
        kind=FeedbackKind.SUGGESTION,
        text="卫生间没有母婴台，带小宝宝不方便。",
        answer="已经报修，本周内装好。",
        is_reopened=True,
    ),
    FeedbackCard(
        site=2,
        days_ago=7,
        kind=FeedbackKind.SUGGESTION,
        text="加微信领光伏补贴，名额有限，先到先得。",
        refused="内容是广告",
    ),
    FeedbackCard(
        article="零下二十度，热泵从哪里取热",
        days_ago=0.2,
        kind=FeedbackKind.QUESTION,
        text="老小区的暖气管道能接热泵吗？希望多写一些这样的内容。",
    ),
    FeedbackCard(
        article="冬天的垃圾分类：从一棵大白菜说起",
        days_ago=3,
        kind=FeedbackKind.PRAISE,
        text="大白菜的外帮原来算厨余垃圾，全家都学会了。",
        answer="谢谢！下一篇写冬储土豆和萝卜，敬请关注。",
    ),
)


def load_feedback(now: datetime) -> None:
    """Once; whoever has worked on any of it is left alone."""
    with reading() as session:
        if session.scalars(select(Feedback.id).limit(1)).first() is not None:
            return
        members = session.scalars(select(Member.id).order_by(Member.id).limit(len(CARDS))).all()
        subjects = [_subject_of(session, card) for card in CARDS]
    for card, member_id, subject in zip(CARDS, members, subjects, strict=False):
        if subject is not None:
            _load(card, member_id, subject, now - timedelta(days=card.days_ago))


def _subject_of(session: Session, card: FeedbackCard) -> tuple[SubjectType, UUID] | None:
    """What a card is about, if it is there and shown."""
    if card.article is not None:
        titled = select(Article.id).where(Article.standing == Standing.LIVE, Article.title == card.article)
        article_id = session.scalars(titled.limit(1)).first()
        return None if article_id is None else (SubjectType.ARTICLE, article_id)
    open_sites = select(Site.id).where(Site.overlay == Overlay.OPEN).order_by(Site.listed_rank, Site.id)
    site_id = session.scalars(open_sites.offset(card.site).limit(1)).first()
    return None if site_id is None else (SubjectType.SITE, site_id)


def _load(card: FeedbackCard, member_id: UUID, subject: tuple[SubjectType, UUID], at: datetime) -> None:
    drawn = draw(SiteType.BUILDING, Season.WINTER, seed=card.text) if card.picture else None
    image = None if drawn is None else files.private().save_image(drawn)
    about, subject_id = subject
    written = Written(
        subject_type=about, subject_id=subject_id, kind=card.kind, text=card.text, picture_ids=()
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


def _sent(session: Session, written: Written, member_id: UUID, at: datetime) -> Feedback:
    actor = Actor(kind="member", id=str(member_id))
    return sending.send_feedback(session, member_id=member_id, written=written, actor=actor, now=at)


def _decide(session: Session, feedback: Feedback, card: FeedbackCard, at: datetime) -> None:
    later, still_later = at + timedelta(hours=5), at + timedelta(hours=7)
    if card.held is not None:
        feedback.held_because = card.held
        moving.move(session, feedback, FeedbackState.HELD, actor=DEMO, now=at)
        return
    feedback.finding = Finding.CLEAN
    moving.move(session, feedback, FeedbackState.OPEN, actor=DEMO, now=at)
    if card.answer is not None:
        deciding.answer(session, feedback, text=card.answer, actor=DEMO, now=later)
    if card.corrected is not None:
        deciding.correct_answer(session, feedback, text=card.corrected, actor=DEMO, now=still_later)
    if card.is_reopened:
        deciding.reopen(session, feedback, actor=DEMO, now=still_later)
    if card.closed is not None:
        deciding.close(session, feedback, reason=card.closed, actor=DEMO, now=later)
    if card.refused is not None:
        deciding.refuse(session, feedback, reason=card.refused, actor=DEMO, now=later)


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
