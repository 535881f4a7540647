"""Change feeds: places are given after the commit, gapless, in each key's order, and readers miss nothing."""

import random
from collections.abc import Generator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from miniprogram_api.kernel import feeds, tasks
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import ring_after_commit
from miniprogram_api.kernel.feeds import CursorExpired, Feed, FeedHead
from miniprogram_api.kernel.paging import InvalidCursor, encode_cursor
from tests.support.feeds import POSTS, Post, Project, out_of_order, tables_of_tests
from tests.support.races import at_once
from tests.support.statements import statements


@pytest.fixture(autouse=True)
def _tables(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    monkeypatch.setattr(feeds, "_feeds", {POSTS.name: POSTS})
    with tables_of_tests():
        yield


def post(*posts: tuple[int, int]) -> None:
    with atomic() as session:
        session.add_all(Post(project=project, version=version) for project, version in posts)


def read(cursor: str | None = None, limit: int = 100) -> feeds.FeedPage[Any]:
    with reading() as session:
        return feeds.read(session, POSTS, cursor=cursor, limit=limit)


def seen(page: feeds.FeedPage[Any]) -> list[tuple[int, int]]:
    return [(row.project, row.version) for row in page.items]


def test_a_row_is_in_the_feed_once_the_relay_has_passed() -> None:
    post((1, 1))
    assert seen(read()) == []
    feeds.sequence_feeds()
    assert seen(read()) == [(1, 1)]


def test_places_are_gapless_and_rise_over_rounds() -> None:
    post((1, 1), (2, 1))
    feeds.sequence_feeds()
    post((1, 2))
    feeds.sequence_feeds()
    feeds.sequence_feeds()
    assert [row.feed_seq for row in read().items] == [1, 2, 3]


def test_a_rolled_back_row_leaves_no_gap() -> None:
    def fail() -> None:
        with atomic() as session:
            session.add(Post(project=1, version=1))
            session.flush()
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    post((2, 1))
    feeds.sequence_feeds()
    assert [(row.project, row.feed_seq) for row in read().items] == [(2, 1)]


def test_rows_of_one_key_keep_their_order_whatever_their_ids_are() -> None:
    """A host whose clock is ahead takes higher ids first."""
    with atomic() as session:
        session.add(Post(id=900, project=1, version=1))
    with atomic() as session:
        session.add(Post(id=5, project=1, version=2))
    feeds.sequence_feeds()
    assert seen(read()) == [(1, 1), (1, 2)]


def test_a_round_takes_more_than_a_batch_and_the_batches_keep_the_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feeds, "_BATCH", 3)
    post(*((project, version) for version in (3, 2, 1) for project in (1, 2, 3)))
    with atomic() as session:
        assert feeds.sequence(session, POSTS, limit=3) == 3
    feeds.sequence_feeds()
    assert out_of_order(seen(read())) == []
    assert [row.feed_seq for row in read().items] == list(range(1, 10))


def test_a_batch_takes_the_same_statements_whatever_its_size() -> None:
    counts = []
    for size in (2, 200):
        post(*((size, version) for version in range(1, size + 1)))
        with statements() as sent, atomic() as session:
            feeds.sequence(session, POSTS)
        counts.append(len(sent))
    # The first batch of a feed makes its head, too.
    assert counts[1] == 3
    assert counts[0] == counts[1] + 2


def test_a_reader_goes_on_where_it_stopped() -> None:
    post(*((1, version) for version in range(1, 6)))
    feeds.sequence_feeds()
    first = read(limit=2)
    second = read(first.cursor, limit=2)
    third = read(second.cursor, limit=2)
    assert seen(first) + seen(second) + seen(third) == [(1, version) for version in range(1, 6)]
    assert (first.has_more, second.has_more, third.has_more) == (True, True, False)


def test_an_empty_page_keeps_its_cursor_and_finds_what_comes_later() -> None:
    post((1, 1))
    feeds.sequence_feeds()
    cursor = read().cursor
    assert read(cursor).cursor == cursor
    post((1, 2))
    feeds.sequence_feeds()
    assert seen(read(cursor)) == [(1, 2)]


def test_a_cursor_of_a_feed_without_rows_begins_at_its_start() -> None:
    cursor = read().cursor
    post((1, 1))
    feeds.sequence_feeds()
    assert seen(read(cursor)) == [(1, 1)]


@pytest.mark.parametrize(
    "cursor", ["!", encode_cursor([1]), encode_cursor(["a", "b"]), encode_cursor(["", -1]), "e30"]
)
def test_what_was_never_a_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        read(cursor)


def test_cursors_of_an_earlier_epoch_and_of_places_not_reached_are_expired() -> None:
    """After a restore from a backup both are what a reader comes back with."""
    post((1, 1), (1, 2))
    feeds.sequence_feeds()
    cursor = read().cursor
    with atomic() as session:
        session.execute(update(FeedHead).values(last_seq=1))
    assert len(read().items) == 1, "a page ends where the head it was read with does"
    with pytest.raises(CursorExpired):
        read(cursor)
    with atomic() as session:
        session.execute(update(FeedHead).values(last_seq=2))
        feeds.begin_anew(session, POSTS)
    with pytest.raises(CursorExpired):
        read(cursor)
    assert len(read().items) == 2


def test_a_feed_is_declared_once() -> None:
    again = Feed("test.posts", Post, order=(Post.id,))
    with pytest.raises(ValueError, match="already"):
        feeds.declare(again)


def test_the_bell_brings_the_relay_and_one_bad_feed_does_not_stop_the_bell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with atomic() as session:
        session.add(Post(project=1, version=1))
        ring_after_commit(session)
    tasks.answer_bell()
    assert seen(read()) == [(1, 1)]
    monkeypatch.setattr(feeds, "_feeds", {"test.broken": None})
    broken = tasks.Periodic("test.broken", 1, feeds.sequence_feeds, when_rung=True)
    monkeypatch.setattr(tasks, "_sweeps", {"test.broken": broken})
    tasks.answer_bell()


def test_writers_relays_and_a_reader_at_once_lose_nothing(app: Flask) -> None:
    """The small form of the feed test, on both databases; the large one is in tests/system/test_feed.py."""
    writers, rounds, projects = 4, 12, 3
    with atomic() as session:
        session.add_all(Project(id=number, version=0) for number in range(projects))
    done: list[int] = []

    def write() -> list[tuple[int, int]]:
        for _ in range(rounds):
            with atomic() as session:
                chosen = random.randrange(projects)
                wanted = select(Project).where(Project.id == chosen).with_for_update()
                project = session.scalars(wanted).one()
                project.version += 2
                session.add_all(Post(project=chosen, version=project.version - back) for back in (1, 0))
        done.append(1)
        return []

    def relay() -> list[tuple[int, int]]:
        while True:
            over = len(done) == writers
            with atomic() as session:
                count = feeds.sequence(session, POSTS, limit=5)
            if over and count == 0:
                done.append(1)
                return []

    def follow() -> list[tuple[int, int]]:
        cursor, found = None, []
        while True:
            over = len(done) > writers
            page = read(cursor, limit=7)
            cursor = page.cursor
            found += seen(page)
            if over and not page.has_more:
                return found

    *_, found = at_once(app, [*[write] * writers, relay, follow])
    assert len(found) == writers * rounds * 2
    assert out_of_order(found) == []
