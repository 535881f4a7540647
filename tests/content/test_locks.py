"""The notice of who has an article open: it names them, and bars nobody."""

from flask import Flask

from content.service import locks
from miniprogram_api.kernel.db import atomic
from tests.conftest import Clock
from tests.factories.content import make_article
from tests.factories.staff import make_staff
from tests.support.publishing import rewrite


def test_the_second_window_hears_who_has_the_first(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        article = make_article(session)
        one, other = make_staff(session).id, make_staff(session).id
        mine = locks.hold(session, article, staff_id=one, tab="a", now=clock.now)
        assert (mine.is_mine, mine.since) == (True, clock.now)
        clock.advance(seconds=30)
        theirs = locks.hold(session, article, staff_id=other, tab="b", now=clock.now)
        assert (theirs.is_mine, theirs.same_person, theirs.holder_id) == (False, False, one)
        assert theirs.holder_name == "李华"
        same = locks.hold(session, article, staff_id=one, tab="c", now=clock.now)
        assert (same.is_mine, same.same_person) == (False, True)


def test_both_may_save(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        article = make_article(session)
        locks.hold(session, article, staff_id=make_staff(session).id, tab="a", now=clock.now)
        assert rewrite(session, article, by=make_staff(session).id, title="另一位写的").changed


def test_a_heartbeat_keeps_it_and_ninety_seconds_of_silence_end_it(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        article = make_article(session)
        one, other = make_staff(session).id, make_staff(session).id
        locks.hold(session, article, staff_id=one, tab="a", now=clock.now)
        for _ in range(5):
            clock.advance(seconds=30)
            locks.hold(session, article, staff_id=one, tab="a", now=clock.now)
        clock.advance(seconds=89)
        assert not locks.hold(session, article, staff_id=other, tab="b", now=clock.now).is_mine
        clock.advance(seconds=1)
        assert locks.find_lock(session, article, staff_id=other, tab="b", now=clock.now) is None
        assert locks.hold(session, article, staff_id=other, tab="b", now=clock.now).is_mine


def test_who_closes_the_window_frees_it_and_nobody_else_does(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        article = make_article(session)
        one, other = make_staff(session).id, make_staff(session).id
        locks.hold(session, article, staff_id=one, tab="a", now=clock.now)
        locks.release(session, article, staff_id=other, tab="a")
        locks.release(session, article, staff_id=one, tab="b")
        seen = locks.find_lock(session, article, staff_id=one, tab="a", now=clock.now)
        assert seen is not None
        assert seen.is_mine
        locks.release(session, article, staff_id=one, tab="a")
        assert locks.hold(session, article, staff_id=other, tab="b", now=clock.now).is_mine
