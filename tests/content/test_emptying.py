"""What goes for good after its time, what stays, and what of a desk is handed over."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content.jobs import emptying as jobs
from content.models import Article, Asset, Revision, Step, Submission, WordList
from content.queries.submissions import writers_of
from content.service import assets, drafting, emptying, locks, reviewing, words
from content.service.handing_over import UnfinishedArticles
from content.service.managed import latest_revision
from miniprogram_api.kernel import files
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.clock import now as clock_now
from miniprogram_api.kernel.db import atomic, reading
from tests.conftest import Clock
from tests.factories.content import body_of, make_article, make_asset
from tests.factories.staff import make_staff
from tests.support.publishing import (
    approve,
    make_desk,
    publish,
    publish_article,
    rewrite,
    submit,
    write_article,
)


def count(session: Session, model: Any) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_deleted_draft_goes_for_good_after_thirty_days_with_all_of_it(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        by = {"staff_id": desk.writer, "actor": SYSTEM, "now": clock.now}
        words.add_word(session, of=WordList.WRONG, word="碳中合", **by)
        article = write_article(session, desk, body=body_of("碳中合。"))
        words.override_mark(session, article, of=WordList.WRONG, word="碳中合", reason="引文", **by)
        approve(session, desk, article, submit(session, desk, article))
        locks.hold(session, article, staff_id=desk.writer, tab="a", now=clock.now)
        kept = write_article(session, desk)
        drafting.delete_article(session, article, actor=SYSTEM, now=clock.now)
        gone, kept_id = article.id, kept.id
    clock.advance(days=30, seconds=-1)
    jobs.empty_bin()
    with reading() as session:
        assert session.get(Article, gone) is not None
    clock.advance(seconds=1)
    jobs.empty_bin()
    jobs.empty_bin()
    with reading() as session:
        assert session.get(Article, gone) is None
        assert session.get(Article, kept_id) is not None
        assert (count(session, Revision), count(session, Submission)) == (1, 0)


def test_a_removed_picture_goes_for_good_after_thirty_days_with_its_files(app: Flask, clock: Clock) -> None:
    store = files.current()
    drawn = BytesIO()
    Image.new("RGB", (600, 400)).save(drawn, "PNG")
    image = store.save_image(drawn.getvalue())
    sizes = store.save_sizes(image)
    with atomic() as session:
        described = {"title": "", "alt": "", "source": "", "licence": ""}
        place = {"organisation_id": None, "site_id": None, "staff_id": make_staff(session).id}
        trace = {"actor": SYSTEM, "now": clock.now}
        asset = assets.add_asset(session, image, sizes, **described, **place, **trace)
        assets.remove_asset(session, asset, actor=SYSTEM, now=clock.now)
        asset_id = asset.id
    clock.advance(days=30)
    jobs.empty_bin()
    with reading() as session:
        assert session.get(Asset, asset_id) is None
    for name in (image.name, sizes[0].name):
        with pytest.raises(files.FileMissing):
            store.path_of(name)


def test_the_cover_of_an_earlier_text_stays_with_its_article(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        old = make_asset(session)
        article = write_article(session, desk, cover_asset_id=str(old.id))
        rewrite(session, article, by=desk.writer, cover_asset_id=str(desk.cover))
        assets.remove_asset(session, old, actor=SYSTEM, now=clock.now)
        old_id = old.id
    clock.advance(days=31)
    jobs.empty_bin()
    with reading() as session:
        assert session.get(Asset, old_id) is not None


def test_old_autosaves_that_were_replaced_go_and_whatever_is_referred_to_stays(
    app: Flask, clock: Clock
) -> None:
    with atomic() as session:
        desk = make_desk(session)
        helper = make_staff(session).id
        article = write_article(session, desk, title="一")
        for title in ("二", "三"):
            rewrite(session, article, by=desk.writer, title=title, autosaved=True)
        rewrite(session, article, by=helper, title="四", autosaved=True)
        rewrite(session, article, by=desk.writer, title="五", autosaved=True)
        approve(session, desk, article, submit(session, desk, article))
        publish(session, desk, article)
        rewrite(session, article, by=desk.writer, title="六", autosaved=True)
        rewrite(session, article, by=desk.writer, title="七", autosaved=True)
        article_id = article.id
    clock.advance(days=29)
    jobs.empty_bin()
    assert titles(article_id) == ["一", "二", "三", "四", "五", "六", "七"]
    clock.advance(days=1)
    jobs.empty_bin()
    # By hand, somebody else's only one, live, and the latest.
    assert titles(article_id) == ["一", "四", "五", "七"]


def test_who_had_a_part_in_an_earlier_text_is_known_however_much_was_thinned(
    app: Flask, clock: Clock
) -> None:
    with atomic() as session:
        desk = make_desk(session)
        helper, other = desk.reviewers[1:]
        article = write_article(session, desk, title="一")
        rewrite(session, article, by=helper, title="二", autosaved=True)
        rewrite(session, article, by=desk.writer, title="三")
        rewrite(session, article, by=helper, title="四", autosaved=True)
        rewrite(session, article, by=helper, title="五", autosaved=True)
        rewrite(session, article, by=desk.writer, title="六")
        submission = submit(session, desk, article)
        step = {"step": Step.FIRST, "actor": SYSTEM, "now": clock.now}
        hashed = {"content_hash": submission.content_hash}
        reviewing.approve_step(session, article, reviewer_id=other, **hashed, **step)
        publish(session, desk, article)
        article_id = article.id
    clock.advance(days=30)
    jobs.empty_bin()
    assert titles(article_id) == ["一", "二", "三", "五", "六"]
    with atomic() as session:
        article = session.get_one(Article, article_id)
        drafting.restore_revision(session, article, 3, staff_id=desk.writer, actor=SYSTEM, now=clock.now)
        submission = submit(session, desk, article)
        assert helper in writers_of(session, article, submission)
        assert other not in writers_of(session, article, submission)


def titles(article_id: Any) -> list[str]:
    with reading() as session:
        kept = select(Revision.title).where(Revision.article_id == article_id).order_by(Revision.number)
        return list(session.scalars(kept))


def test_a_bin_is_emptied_in_batches(app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    with atomic() as session:
        for _ in range(3):
            article = make_article(session)
            drafting.delete_article(session, article, actor=SYSTEM, now=clock.now)
    clock.advance(days=30)
    with atomic() as session:
        assert emptying.delete_binned_articles(session, now=clock.now, limit=2) == 2
    jobs.empty_bin()
    with reading() as session:
        assert count(session, Article) == 0


# Handing over.


def test_unfinished_articles_are_handed_over_and_their_receiver_does_not_review_them(
    app: Flask, clock: Clock
) -> None:
    with atomic() as session:
        desk = make_desk(session)
        draft = write_article(session, desk, title="草稿篇")
        clock.advance(minutes=1)
        edited = publish_article(session, desk=desk, title="发布篇")
        finished = publish_article(session, desk=desk, title="完成篇")
        clock.advance(minutes=1)
        rewrite(session, edited, by=desk.writer, title="改动篇")
        binned = write_article(session, desk)
        drafting.delete_article(session, binned, actor=SYSTEM, now=clock.now)
        told = UnfinishedArticles.list_open(session, desk.writer)
        assert [(task.id, task.label) for task in told] == [(draft.id, "草稿篇"), (edited.id, "改动篇")]
        receiver = make_staff(session).id
        moved = UnfinishedArticles.hand_over(
            session, staff_id=desk.writer, receiver_id=receiver, now=clock_now()
        )
        assert moved == 2
        session.expire_all()
        assert {draft.owner_id, edited.owner_id} == {receiver}
        assert {finished.owner_id, binned.owner_id} == {desk.writer}
        assert UnfinishedArticles.list_open(session, desk.writer) == []
        assert latest_revision(session, draft).saved_by == desk.writer
        assert timedelta(0) <= clock.now - told[0].since
