"""Reading, measured: ten thousand members read one article at once, and what is published shows elsewhere.

Readers are threads of this process, each read a transaction of its own. On PostgreSQL somebody looks all the
while whether any of them waits for another's row.
"""

import json
import threading
import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from flask import Flask
from sqlalchemy import delete, func, select, text

from content.jobs.reading import add_up_counts
from content.models import Article, ArticleCount, CountChange, Read, Revision, Standing
from content.service import reading as acts
from content.service.showing import show
from miniprogram_api.devtools.bench.articles import article_rows
from miniprogram_api.devtools.bench.counting import counting
from miniprogram_api.devtools.bench.exchange import Passage
from miniprogram_api.devtools.bench.servers import get
from miniprogram_api.devtools.bench.traffic import address
from miniprogram_api.devtools.bench.world import World, insert_rows, make_members
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, db, is_sqlite, reading

_THREADS = 8
_LOOKED_EVERY_S = 0.005
_TRIES = 5
_GIVEN_UP_AFTER_S = 10.0
_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock' AND wait_event IN ('tuple', 'transactionid')"
)


@dataclass(slots=True)
class Delays:
    """How long it took until what was published was seen in another process, each time."""

    seconds: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_at_once(app: Flask, world: World, *, members: int) -> Passage:
    """So many members read the newest article, each once, in threads that start together."""
    article_id = world.articles[0]
    readers = [member_id for member_id, _ in make_members(members)]
    _forget()
    passage = Passage("reads of one article at once", members)
    with _watching_for_waits() as waits, counting() as talk:
        started = time.perf_counter()
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(lambda share: _read(app, article_id, share), _shares(readers)))
        passage.seconds = time.perf_counter() - started
    passage.statements = talk.statements
    if waits:
        passage.problems.append(f"readers waited for one another's rows, seen {len(waits)} times")
    passage.problems += _miscounted(article_id, members)
    _forget()
    return passage


def _shares(readers: Sequence[UUID]) -> list[Sequence[UUID]]:
    return [readers[number::_THREADS] for number in range(_THREADS)]


def _read(app: Flask, article_id: UUID, readers: Sequence[UUID]) -> None:
    with app.app_context():
        for member_id in readers:
            with atomic() as session:
                acts.note_read(session, article_id, member_id=member_id, now=clock.now())
        db.session.remove()


def _miscounted(article_id: UUID, members: int) -> list[str]:
    add_up_counts()
    with reading() as session:
        counted = session.scalar(select(ArticleCount.reads).where(ArticleCount.article_id == article_id))
        rows = session.scalar(select(func.count()).where(Read.article_id == article_id))
    told = (
        [] if (counted, rows) == (members, members) else [f"{members} read, {counted} counted, {rows} rows"]
    )
    db.session.remove()
    return told


def _forget() -> None:
    with atomic() as session:
        for model in (Read, CountChange, ArticleCount):
            session.execute(delete(model))


@contextmanager
def _watching_for_waits() -> Generator[list[int]]:
    """Looks every few milliseconds how many transactions wait for a row; each time that any did is noted."""
    seen: list[int] = []
    with reading() as session:
        sqlite = is_sqlite(session)
    if sqlite:
        yield seen  # its writers come one by one, whatever they write
        return
    over = threading.Event()
    connection = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def look() -> None:
        while not over.wait(_LOOKED_EVERY_S):
            waiting = connection.scalar(_WAITING)
            if waiting:
                seen.append(waiting)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
        connection.close()


def publish_and_wait(world: World, port: int) -> Delays:
    """Publish here, and ask the server until the feed shows it; its page had been handed out just before."""
    found = Delays()
    for number in range(_TRIES):
        article_id, revision_id = _write(world)
        asked = 0
        _first_of_feed(port, number)
        with atomic() as session:
            article, revision = session.get_one(Article, article_id), session.get_one(Revision, revision_id)
            show(session, article, revision, now=clock.now())
        published = time.perf_counter()
        while _first_of_feed(port, _TRIES * asked + number) != str(article_id):
            asked += 1
            time.sleep(0.02)
            if time.perf_counter() - published > _GIVEN_UP_AFTER_S:
                found.problems.append("what was published was not seen")
                return found
        found.seconds.append(time.perf_counter() - published)
    db.session.remove()
    return found


def _write(world: World) -> tuple[UUID, UUID]:
    """An article that nobody has seen."""
    (rows,) = article_rows(1, world.surroundings, now=clock.now())
    (article,), (revision,) = rows.tables[Article], rows.tables[Revision]
    article |= {"standing": Standing.DRAFT, "live_revision_id": None, "published_at": None}
    with atomic() as session:
        for model in (Article, Revision):
            insert_rows(session, model, rows.tables[model])
    return article["id"], revision["id"]


def _first_of_feed(port: int, number: int) -> str | None:
    _, _, body = get(port, "/api/v1/articles", {"X-Forwarded-For": address(number)})
    items = json.loads(body)["items"]
    return str(items[0]["id"]) if items else None
