"""Pulling the registry's records: at the doorbell and every minute, one puller, a page to a transaction."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import after_commit, atomic, reading, retrying
from miniprogram_api.kernel.errors import Unavailable
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.kernel.tasks import periodic, run_soon
from miniprogram_api.registry import sources
from miniprogram_api.registry.events_feed import DictionaryRefreshed, DoorbellRung
from miniprogram_api.registry.models import DeadLetter, DeadLetterState
from miniprogram_api.registry.queries.freshness import read_freshness
from miniprogram_api.registry.rules.pulling import Freshness
from miniprogram_api.registry.rules.records import Reading, read_record
from miniprogram_api.registry.service import codes, dead_letters, doorbells, pulling
from miniprogram_api.registry.service.pulling import LeaseLost, Position
from miniprogram_api.registry.service.taking_over import take_over
from miniprogram_api.registry.sources.port import (
    CursorExpired,
    RegistrySource,
    SourceRefused,
    SourceUnavailable,
)
from miniprogram_api.sites.service import end_designations, index_named

log = structlog.get_logger(__name__)

PAGE = 500
_MOST_SNAPSHOTS = 3  # in one pull: a registry that voids each one is failing
_MOST_ROUNDS = 5
_DICTIONARIES = ("types", "levels", "districts")


@dataclass(slots=True)
class Pulled:
    """What a pull did: pages, and records by what became of them. `error` says why it ended early."""

    pages: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    error: str | None = None
    busy: bool = False
    again: bool = False

    @property
    def records(self) -> int:
        return self.outcomes.total()


@periodic("registry.pull")
def pull_due() -> None:
    """Pull what there is, unless somebody else does or the registry is left alone for a while."""
    source = sources.current()
    try:
        if source is not None:
            pull(source, due_only=True)
    finally:
        alarm_about_age()


def pull(
    source: RegistrySource, *, due_only: bool = False, told: Callable[[Pulled], None] | None = None
) -> Pulled:
    """Read the feed to its end, each page in a transaction of its own; `told` hears of each page."""
    done = _Puller(source, told or (lambda _: None)).run(due_only=due_only)
    for _ in range(_MOST_ROUNDS):
        if not done.again:
            break
        # Somebody rang while the last pages were read: what they rang for may lie behind those.
        before = done.outcomes
        done = _Puller(source, told or (lambda _: None)).run(due_only=True)
        done.outcomes += before
    return done


class _Puller:
    def __init__(self, source: RegistrySource, told: Callable[[Pulled], None]) -> None:
        self._source = source
        self._told = told
        self._lease = str(new_id())
        self._done = Pulled()
        self._snapshots = 0
        self._asked_wait_s: float | None = None

    def run(self, *, due_only: bool) -> Pulled:
        position = self._claim(due_only=due_only)
        if position is None:
            self._done.busy = True
            return self._done
        try:
            if position.dictionaries_wanted:
                self._read_dictionaries()
            while position is not None:
                position = self._step(position)
        except (SourceUnavailable, SourceRefused, CursorExpired) as error:
            self._done.error = str(error) or type(error).__name__
            self._asked_wait_s = error.retry_after_s if isinstance(error, SourceUnavailable) else None
            log.warning("registry_pull_failed", reason=self._done.error)
        except LeaseLost:
            self._done.busy = True
            log.warning("registry_lease_lost")
        except Unavailable as error:
            self._done.error = type(error).__name__
        except BaseException:
            self._finish("unexpected")
            raise
        self._done.again = self._finish(self._done.error)
        return self._done

    def _step(self, position: Position) -> Position | None:
        """Read and take over one page; where to go on, or None at the end."""
        try:
            if position.in_snapshot:
                return self._snapshot_page(position)
            return self._change_page(position)
        except CursorExpired:
            self._snapshots += 1
            if self._snapshots > _MOST_SNAPSHOTS:
                raise
            log.warning("registry_cursor_void")
            return self._void_cursor()

    def _change_page(self, position: Position) -> Position | None:
        page = self._source.list_changes(position.cursor, limit=PAGE)
        if page.feed_epoch != position.feed_epoch:
            # Its records are not lost: the snapshot holds them, and everything of the new epoch.
            raise CursorExpired
        readings = [read_record(raw) for raw in page.items]
        following = self._take(lambda session, now: self._take_changes(session, page, readings, now))
        if not page.has_more or page.next_cursor == position.cursor:
            return None
        return following

    def _snapshot_page(self, position: Position) -> Position | None:
        snapshot_id = None if position.resync_wanted else position.snapshot_id
        page = self._source.read_snapshot(
            snapshot_id=snapshot_id,
            cursor=None if snapshot_id is None else position.snapshot_cursor,
            digests_only=False,
        )
        readings = [read_record(raw) for raw in page.items]
        return self._take(
            lambda session, now: pulling.take_snapshot(
                session, page, readings, asked_from=position, lease=self._lease, now=now
            )
        )

    def _take_changes(self, session: Session, page: Any, readings: Sequence[Reading], now: datetime) -> Any:
        return pulling.take_changes(session, page, readings, lease=self._lease, now=now)

    def _take(self, take: Callable[[Session, datetime], Any]) -> Position:
        outcomes, position = self._in_one(take)
        self._done.pages += 1
        self._done.outcomes.update(outcome.value for outcome in outcomes)
        self._told(self._done)
        return position

    @retrying
    def _in_one(self, take: Callable[[Session, datetime], Any]) -> tuple[Any, Position]:
        with atomic() as session:
            outcomes = take(session, clock.now())
            return outcomes, pulling.position_of(session, lease=self._lease)

    @retrying
    def _claim(self, *, due_only: bool) -> Position | None:
        with atomic() as session:
            return pulling.claim(session, lease=self._lease, now=clock.now(), due_only=due_only)

    @retrying
    def _void_cursor(self) -> Position:
        with atomic() as session:
            pulling.void_cursor(session, lease=self._lease, now=clock.now())
            return pulling.position_of(session, lease=self._lease)

    @retrying
    def _finish(self, error: str | None) -> bool:
        with atomic() as session:
            return pulling.finish(
                session,
                lease=self._lease,
                now=clock.now(),
                jitter=random.random(),  # noqa: S311  jitter, not a secret
                error=error,
                asked_wait_s=self._asked_wait_s,
            )

    def _read_dictionaries(self) -> None:
        """Names of codes are worth no failed pull: what cannot be had now is asked for again."""
        whole = True
        for name in _DICTIONARIES:
            try:
                given = self._source.get_dictionary(name)
            except SourceRefused:
                continue  # it has none: ours are shown
            except SourceUnavailable as error:
                log.warning("registry_dictionary_failed", dictionary=name, reason=error.reason)
                whole = False
                continue
            self._keep_dictionary(name, given.version, list(given.items))
        if whole:
            self._dictionaries_read()
        # The records of this very pull are to be read with these names.
        refresh_names()

    @retrying
    def _keep_dictionary(self, name: str, version: str, items: list[Any]) -> None:
        with atomic() as session:
            codes.keep_dictionary(
                session, name=name, version=version, items=items, actor=SYSTEM, now=clock.now()
            )

    @retrying
    def _dictionaries_read(self) -> None:
        with atomic() as session:
            pulling.dictionaries_read(session, lease=self._lease, now=clock.now())


@subscribe(DoorbellRung, name="registry.answer_doorbell")
def answer_doorbell(session: Session, event: DoorbellRung) -> None:
    """Note what is wanted, and pull as soon as this is committed: nobody calls the registry in here."""
    pulling.want(
        session,
        now=clock.now(),
        resync=event.type == "registry.feed.reset",
        dictionaries=event.type == "registry.dictionary.changed",
    )
    after_commit(session, lambda: run_soon("registry.pull"))


@subscribe(DictionaryRefreshed, name="registry.show_names")
def show_names(session: Session, event: DictionaryRefreshed) -> None:
    """Show the new names from now on, and find sites by them; other processes look every minute."""
    codes.load_names(session)
    codes.settle_named(session)
    index_named(session, event.dictionary, event.codes)


@periodic("registry.load_names")
def refresh_names() -> None:
    """Show the registry's names of codes in this process."""
    with reading() as session:
        codes.load_names(session)


@periodic("registry.retry_records")
def retry_records() -> None:
    """Try again to take over what failed; after enough tries it is left to people."""
    with reading() as session:
        due = [letter.id for letter in dead_letters.list_due(session, now=clock.now(), limit=100)]
    for letter_id in due:
        _retry(letter_id)


@retrying
def _retry(letter_id: Any) -> None:
    with atomic() as session:
        letter = session.get(DeadLetter, letter_id)
        raw = None if letter is None else dead_letters.payload_of(letter)
        if letter is not None and letter.state is DeadLetterState.RETRYING and raw is not None:
            take_over(session, raw, now=clock.now(), feed_epoch=letter.feed_epoch)


@periodic("registry.end_designations", every_minutes=10)
def end_designations_due() -> None:
    """Take back the designations whose last day is over."""
    while _end_some_designations():
        pass


@retrying
def _end_some_designations() -> int:
    with atomic() as session:
        return end_designations(session, actor=SYSTEM, now=clock.now())


@periodic("registry.forget_doorbells", every_minutes=60)
def forget_doorbells() -> None:
    """Forget the rings that can no longer be sent again."""
    with atomic() as session:
        doorbells.forget_old(session, now=clock.now())


def alarm_about_age() -> None:
    """Warn of data that is an hour old, and raise the alarm over what is a day old."""
    with reading() as session:
        state = read_freshness(session, now=clock.now())
    if sources.current() is None or state.freshness is Freshness.FRESH:
        return
    told = log.warning if state.freshness is Freshness.DEGRADED else log.error
    told("registry_stale", hours=round(state.age.total_seconds() / 3600))
