"""Background work of feedback: check words and pictures, hear verdicts, and forget on time.

Each sweep claims what is due in one transaction, calls outside of any, and settles in another; a worker that
dies in between leaves a claim that runs out.
"""

from collections.abc import Callable

import structlog
from flask import current_app
from sqlalchemy.orm import Session

from miniprogram_api.feedback.events import FeedbackSent
from miniprogram_api.feedback.models import Finding
from miniprogram_api.feedback.rules import PICTURES
from miniprogram_api.feedback.service import checks, erasure, picture_checks
from miniprogram_api.feedback.service.checks import Turn
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import after_commit, atomic, reading, retrying
from miniprogram_api.kernel.errors import Unavailable
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.kernel.tasks import periodic, run_soon
from miniprogram_api.web.picture_links import path_for_check
from miniprogram_api.wechat.errors import TextUnchecked, WeChatUnavailable
from miniprogram_api.wechat.events import PictureJudged
from miniprogram_api.wechat.gateway import Gateway
from miniprogram_api.wechat.moderation import TextScene

log = structlog.get_logger(__name__)

_AT_ONCE = 50
_CHECK = "feedback.check"


@periodic(_CHECK)
def check_feedback() -> None:
    """Have the words and the pictures of new feedback checked."""
    _take_turns(_claim_words, _check_words)
    _take_turns(_claim_pictures, _check_picture)


@periodic("feedback.erase", every_minutes=60)
def erase_feedback() -> None:
    """Forget unused pictures after a day, and the words two years after the end."""
    while _sweep_pictures() == erasure.BATCH:
        pass
    while _erase_batch() == erasure.BATCH:
        pass


@subscribe(FeedbackSent, name="feedback.check_sent")
def check_sent(session: Session, _: FeedbackSent) -> None:
    """Have it checked now, not in a minute: WeChat judges only who was there a short while ago."""
    after_commit(session, lambda: run_soon(_CHECK))


@subscribe(PictureJudged, name="feedback.note_verdict")
def note_verdict(session: Session, event: PictureJudged) -> None:
    """Keep a picture's verdict; one that comes before its id was noted is delivered again later."""
    now, finding = clock.now(), Finding(event.suggest)
    if not picture_checks.note_verdict(
        session, event.check_id, finding, was_fetched=event.was_fetched, now=now
    ):
        raise Unavailable
    # A picture that WeChat could not fetch is submitted again.
    after_commit(session, lambda: None if event.was_fetched else run_soon(_CHECK))


@retrying
def _sweep_pictures() -> int:
    with atomic() as session:
        return erasure.sweep_pictures(session, now=clock.now())


@retrying
def _erase_batch() -> int:
    with atomic() as session:
        return erasure.erase_due(session, now=clock.now())


@retrying
def _claim_words() -> list[Turn]:
    with atomic() as session:
        return checks.claim(session, now=clock.now(), limit=_AT_ONCE)


@retrying
def _claim_pictures() -> list[Turn]:
    with atomic() as session:
        return picture_checks.claim(session, now=clock.now(), limit=_AT_ONCE)


def _take_turns(claim: Callable[[], list[Turn]], take: Callable[[Turn], None]) -> None:
    while turns := claim():
        for turn in turns:
            try:
                take(turn)
            except Exception:  # one must not hold up the others; its lease brings it back
                log.exception("feedback_turn_failed", id=str(turn.id))
        if len(turns) < _AT_ONCE:
            return


def _check_words(turn: Turn) -> None:
    with reading() as session:
        words = checks.read_words(session, turn)
    if words is None:
        return
    gateway: Gateway = current_app.extensions["wechat"]
    try:
        verdict = gateway.check_text(words.openid, TextScene.COMMENT, words.text)
    except TextUnchecked:
        with atomic() as session:
            checks.settle_unchecked(session, turn, now=clock.now())
    except WeChatUnavailable as error:
        with atomic() as session:
            checks.settle_down(session, turn, error=error.code, now=clock.now())
    else:
        with atomic() as session:
            checks.settle(session, turn, Finding(verdict.suggest.value), now=clock.now())


def _check_picture(turn: Turn) -> None:
    """Submit a picture; one that was submitted and not judged within its time is left to a person."""
    with reading() as session:
        submission = picture_checks.read_submission(session, turn)
    if submission is None:
        return
    settings = current_app.extensions["settings"]
    # Without an address WeChat can fetch from, or a push to hear from it, nothing would ever come of it.
    is_heard = settings.public_base_url and settings.wechat_push_token
    if submission.is_overdue or not is_heard:
        with atomic() as session:
            picture_checks.settle_unchecked(session, turn)
        return
    gateway: Gateway = current_app.extensions["wechat"]
    url = settings.public_base_url.rstrip("/") + path_for_check(PICTURES, turn.id, clock.now())
    try:
        check_id = gateway.check_image(submission.openid, TextScene.COMMENT, url)
    except TextUnchecked:
        with atomic() as session:
            picture_checks.settle_unchecked(session, turn)
    except WeChatUnavailable as error:
        with atomic() as session:
            picture_checks.settle_down(session, turn, error=error.code, now=clock.now())
    else:
        with atomic() as session:
            picture_checks.settle_submitted(session, turn, check_id, now=clock.now())
