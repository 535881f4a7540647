"""Word lists: kept by staff in versions; what they mark blocks submission until it is mended or allowed."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from content.errors import NotReady, WordListed, WordMissing, WordNotMarked
from content.models import Word, WordList, WordOverride
from content.queries.word_marks import judged_marks, list_word_versions, list_words, open_marks
from content.service import assets, words
from content.service.drafting import draft_of
from content.service.managed import latest_revision
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.clock import now as clock_now
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.errors import Invalid
from tests.factories.content import body_of, make_asset
from tests.factories.staff import make_staff
from tests.support.publishing import make_desk, rewrite, submit, write_article


def add(session: Session, word: str, *, of: WordList = WordList.WRONG, suggestion: str | None = None) -> Word:
    return words.add_word(
        session,
        of=of,
        word=word,
        suggestion=suggestion,
        staff_id=make_staff(session).id,
        actor=SYSTEM,
        now=clock_now(),
    )


def remove(session: Session, word: Word) -> Word:
    by = make_staff(session).id
    return words.remove_word(session, word.id, staff_id=by, actor=SYSTEM, now=clock_now())


def test_every_change_is_a_version_of_its_list(app: Flask) -> None:
    with atomic() as session:
        first = add(session, "碳中合", suggestion="碳中和")
        add(session, "报销光伏", of=WordList.SENSITIVE)
        add(session, "太阳能版")
        removed = remove(session, first)
        assert (removed.from_version, removed.until_version) == (1, 3)
        assert [word.word for word in list_words(session, WordList.WRONG)] == ["太阳能版"]
        versions = list_word_versions(session, WordList.WRONG)
        assert [(version.number, version.change) for version in versions] == [
            (3, "移除“碳中合”"),
            (2, "加入“太阳能版”"),
            (1, "加入“碳中合”"),
        ]
        assert [version.number for version in list_word_versions(session, WordList.SENSITIVE)] == [1]


def test_a_word_stands_once_and_may_come_back(app: Flask) -> None:
    with atomic() as session:
        word = add(session, " 碳中合 ")
        with pytest.raises(WordListed):
            add(session, "碳中合")
        with pytest.raises(Invalid):
            add(session, "  ")
        add(session, "碳中合", of=WordList.SENSITIVE)
        remove(session, word)
        with pytest.raises(WordMissing):
            remove(session, word)
        assert add(session, "碳中合").from_version == 3


def test_a_mark_blocks_submission_until_it_is_mended(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        add(session, "碳中合", suggestion="碳中和")
        add(session, "最好的", of=WordList.SENSITIVE)
        add(session, "太阳能版")
        body = body_of("太阳能版。", "这是最好的办法。")
        article = write_article(session, desk, title="怎样碳中合", body=body)
        with pytest.raises(NotReady) as missing:
            submit(session, desk, article)
        told = {(fault.field, fault.code, fault.params["word"]) for fault in missing.value.fields}
        assert told == {
            ("title", "content.word_wrong", "碳中合"),
            ("content[0]", "content.word_doubtful", "太阳能版"),
            ("content[1]", "content.word_sensitive", "最好的"),
        }
        rewrite(session, article, by=desk.writer, title="怎样碳中和", body=body_of("这是好办法。"))
        submit(session, desk, article)


def test_a_mark_may_be_allowed_for_a_reason_that_is_kept(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        add(session, "最好的", of=WordList.SENSITIVE)
        article = write_article(session, desk, body=body_of("他说：“最好的时代。”"))

        def allow(reason: str, word: str = "最好的") -> WordOverride:
            return words.override_mark(
                session,
                article,
                of=WordList.SENSITIVE,
                word=word,
                reason=reason,
                staff_id=desk.writer,
                actor=SYSTEM,
                now=clock_now(),
            )

        for reason in ("", "  ", "长" * 201):
            with pytest.raises(Invalid):
                allow(reason)
        with pytest.raises(WordNotMarked):
            allow("书名", "最坏的")
        override = allow("引文，原句如此。")
        assert (override.reason, override.allowed_by) == ("引文，原句如此。", desk.writer)
        with pytest.raises(WordNotMarked):
            allow("再说一次")
        (judged,) = judged_marks(session, article.id, draft_of(latest_revision(session, article)))
        assert judged.allowed is override
        reasons = select(AuditRow.reason).where(AuditRow.action == "content.allow_word")
        assert list(session.scalars(reasons)) == ["引文，原句如此。"]
        submit(session, desk, article)


def test_a_word_that_is_allowed_hides_no_other_however_often_it_is_used(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        add(session, "碳")
        add(session, "禁词", of=WordList.SENSITIVE)
        article = write_article(session, desk, body=body_of("碳，" * 600, "禁词。"))
        by = {"staff_id": desk.writer, "actor": SYSTEM, "now": clock_now()}
        words.override_mark(session, article, of=WordList.WRONG, word="碳", reason="就是碳", **by)
        draft = draft_of(latest_revision(session, article))
        assert [mark.found for mark in open_marks(session, article, draft)] == ["禁词"]
        with pytest.raises(NotReady) as missing:
            submit(session, desk, article)
        assert [fault.code for fault in missing.value.fields] == ["content.word_sensitive"]
        # On the page of who reviews, too.
        assert "禁词" in {judged.mark.found for judged in judged_marks(session, article.id, draft)}


def test_what_is_said_of_the_cover_is_looked_through_too(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        add(session, "独家报销", of=WordList.SENSITIVE)
        add(session, "太阳能版", suggestion="太阳能板")
        cover = make_asset(session, alt="屋顶上的太阳能版", source="独家报销社")
        article = write_article(session, desk, cover_asset_id=str(cover.id))
        with pytest.raises(NotReady) as refused:
            submit(session, desk, article)
        assert [(fault.field, fault.code) for fault in refused.value.fields] == [
            ("cover_asset_id", "content.word_wrong"),
            ("cover_asset_id", "content.word_sensitive"),
        ]
        assets.edit_asset(
            session, cover, changes={"alt": "屋顶上的太阳能板", "source": "编辑部"}, actor=SYSTEM
        )
        submit(session, desk, article)
