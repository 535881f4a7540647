"""The drill: a backup made while members book, restored, and asked whether everything in it adds up."""

import dataclasses
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import create_engine, func, make_url, select, text, update
from sqlalchemy.orm import Session

from config.settings import Settings
from miniprogram_api.app import create_app
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.clock import now as clock_now
from miniprogram_api.kernel.db import atomic, db, reading
from miniprogram_api.operations import backup, invariants
from miniprogram_api.operations.backup import BackupFailed
from miniprogram_api.operations.backup_keeping import Keeping, kept_of
from miniprogram_api.visits.models import Booking, Slot
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.factories.visits import make_slot
from tests.operations.conftest import World
from tests.support.booking import CONTACT, Visitor

WITHIN_S = 30
needs_pg_dump = pytest.mark.skipif(shutil.which("pg_dump") is None, reason="pg_dump is not on this host")


@pytest.fixture
def programs(on_postgres: bool) -> None:
    """What a backup of this run's database takes."""
    if on_postgres and shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not on this host")


@pytest.fixture
def slot(app: Flask, clock: Clock) -> UUID:
    with atomic() as session:
        return make_slot(session, make_site(session).id, capacity=1000).id


class Bookers:
    """Members who book one after another until they are told to stop."""

    def __init__(self, app: Flask, slot: UUID) -> None:
        self._app, self._slot = app, slot
        self._over = threading.Event()
        self._one_more = threading.Condition()
        self.booked = 0

    def run(self) -> None:
        with self._app.app_context():
            while not self._over.is_set():
                Visitor(self._app).booked(self._slot, contact=CONTACT)
                with self._one_more:
                    self.booked += 1
                    self._one_more.notify_all()

    def wait_for_another(self) -> None:
        with self._one_more:
            before = self.booked
            assert self._one_more.wait_for(lambda: self.booked > before, timeout=WITHIN_S)

    @contextmanager
    def at_work(self) -> Generator[None]:
        threads = [threading.Thread(target=self.run) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            self.wait_for_another()
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join(WITHIN_S)


def back_up(settings: Settings, folder: Path, progress: Callable[[int, int], None] | None = None) -> Path:
    return backup.back_up(
        settings.database, folder, now=clock_now(), progress=progress or (lambda _done, _total: None)
    )


@contextmanager
def restored(made: Path, settings: Settings) -> Generator[Settings]:
    """The settings of an installation on the restored copy."""
    folder = made.parent / "restored"
    folder.mkdir()
    shutil.copy(settings.data_dir / "keys.json", folder)
    if made.suffix == ".sqlite3":
        shutil.copy(made, folder / "app.sqlite3")
        yield dataclasses.replace(settings, data_dir=folder)
        return
    url = make_url(settings.database)
    name = f"{url.database}_restored"
    _on_server(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    target = url.set(database=name)
    address = target.set(drivername="postgresql").render_as_string(hide_password=False)
    backup._run("pg_restore", "--no-owner", f"--dbname={address}", str(made), environ={})
    try:
        yield dataclasses.replace(
            settings, data_dir=folder, database_url=target.render_as_string(hide_password=False)
        )
    finally:
        _on_server(url, f"DROP DATABASE {name} WITH (FORCE)")


def _on_server(url: Any, *statements: str) -> None:
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def broken_in(settings: Settings) -> dict[str, list[str]]:
    engine = create_engine(settings.database)
    with Session(engine) as session:
        found = {invariant.code: broken for invariant, broken in invariants.check(session) if broken}
    engine.dispose()
    return found


def count_bookings(database: str) -> int:
    engine = create_engine(database)
    with Session(engine) as session:
        count = session.scalars(select(func.count()).select_from(Booking)).one()
    engine.dispose()
    return count


@pytest.mark.usefixtures("programs")
def test_a_backup_made_while_members_book_adds_up(
    app: Flask, settings: Settings, slot: UUID, tmp_path: Path
) -> None:
    bookers = Bookers(app, slot)
    with bookers.at_work():
        made = back_up(settings, tmp_path / "backups")
        bookers.wait_for_another()
    with restored(made, settings) as copy:
        assert broken_in(copy) == {}
        assert 0 < count_bookings(copy.database) < count_bookings(settings.database)


def test_a_sqlite_backup_is_of_one_moment_however_long_it_takes(
    app: Flask,
    settings: Settings,
    slot: UUID,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    on_postgres: bool,
) -> None:
    if on_postgres:
        pytest.skip("pg_dump reads one snapshot by itself")
    monkeypatch.setattr(backup, "_PAGES_PER_STEP", 20)
    bookers, steps = Bookers(app, slot), []

    def wait_between_steps(done: int, total: int) -> None:
        steps.append(done)
        bookers.wait_for_another()

    with bookers.at_work():
        made = back_up(settings, tmp_path / "backups", wait_between_steps)
    assert steps == sorted(steps), "the copying started again"
    assert len(steps) > 5
    assert backup.broken_invariants(made, settings.database) == []
    assert count_bookings(f"sqlite:///{made}") < count_bookings(settings.database)


@pytest.mark.usefixtures("programs")
def test_a_restored_backup_forgets_whom_the_ledger_names(
    app: Flask, settings: Settings, slot: UUID, tmp_path: Path
) -> None:
    alice, bob = Visitor(app), Visitor(app)
    for member in (alice, bob):
        member.booked(slot, contact=CONTACT)
    made = back_up(settings, tmp_path / "backups")
    assert alice.delete("/api/v1/me").status_code == 202
    ledger = tmp_path / "ledger.jsonl"
    assert run(app, "members", "erasure-ledger", str(ledger)).exit_code == 0
    with restored(made, settings) as copy:
        drilled = create_app(copy)
        with drilled.app_context():
            assert run(drilled, "members", "replay-erasures", "--ledger", str(ledger)).exit_code == 0
            selftest = run(drilled, "selftest")
            assert selftest.exit_code == 0, selftest.output
            with reading() as session:
                mine = select(Booking).where(Booking.member_id.in_([alice.id, bob.id]))
                kept = {row.member_id: row.contact_name_cipher for row in session.scalars(mine)}
            db.engine.dispose()
    assert kept[alice.id] is None
    assert kept[bob.id] is not None


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=arguments)


@pytest.mark.usefixtures("programs")
def test_old_backups_make_room_for_new_ones(app: Flask, clock: Clock, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    kept = []
    for _ in range(4):
        clock.advance(hours=1)
        result = run(app, "backup", "--folder", str(folder), "--keep", "2")
        assert result.exit_code == 0, result.output
        kept = sorted(path.name for path in folder.iterdir())
    assert len(kept) == 2
    assert clock.now.strftime("%Y%m%dT%H%M%SZ") in kept[-1]
    assert (clock.now - timedelta(hours=1)).strftime("%Y%m%dT%H%M%SZ") in kept[0]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert "older ones deleted" in result.output


def test_the_last_backup_cannot_be_pruned(app: Flask, tmp_path: Path) -> None:
    assert run(app, "backup", "--folder", str(tmp_path), "--keep", "0").exit_code == 2


@pytest.mark.usefixtures("programs")
def test_a_backup_of_a_database_that_does_not_add_up_is_kept_and_reported(
    app: Flask, world: World, tmp_path: Path
) -> None:
    with atomic() as session:
        session.execute(update(Slot).where(Slot.id == world.slot).values(booked=Slot.booked - 1))
    result = run(app, "backup", "--folder", str(tmp_path / "backups"))
    assert result.exit_code == 1
    assert "I2" in result.output
    assert len(list((tmp_path / "backups").iterdir())) == 1


def test_a_dump_is_tried_out_and_leaves_no_database_behind(
    app: Flask, settings: Settings, tmp_path: Path, on_postgres: bool
) -> None:
    if not on_postgres:
        pytest.skip("a copy of SQLite is opened where it lies")
    made = back_up(settings, tmp_path / "backups")
    assert backup.broken_invariants(made, settings.database) == []
    with reading() as session:
        left = text("SELECT datname FROM pg_database WHERE datname LIKE '%_check_%'")
        assert session.scalars(left).all() == []


def test_a_dump_that_cannot_be_restored_is_not_kept(
    app: Flask, settings: Settings, tmp_path: Path, on_postgres: bool
) -> None:
    if not on_postgres:
        pytest.skip("a copy of SQLite is opened where it lies")
    made = back_up(settings, tmp_path / "backups")
    made.write_bytes(made.read_bytes()[: made.stat().st_size // 2])
    with pytest.raises(BackupFailed, match="pg_restore failed"):
        backup.broken_invariants(made, settings.database)
    assert not made.exists()


def test_the_last_of_each_day_week_and_month_is_kept() -> None:
    start = datetime(2026, 1, 1, tzinfo=BEIJING)
    made = [start + timedelta(hours=6 * n) for n in range(4 * 400)]
    kept = sorted(kept_of(made, Keeping(newest=3, daily=4, weekly=3, monthly=5)))
    assert [at.strftime("%m-%d %H") for at in kept] == [
        "10-31 18",
        "11-30 18",
        "12-31 18",
        "01-24 18",
        "01-31 18",
        "02-01 18",
        "02-02 18",
        "02-03 18",
        "02-04 06",
        "02-04 12",
        "02-04 18",
    ]


def test_what_was_deleted_before_is_not_missed() -> None:
    """Backups are pruned after each one: what a week or month needs later must not go today."""
    keeping, kept = Keeping(newest=2, daily=3, weekly=2, monthly=2), set[datetime]()
    for hour in range(24 * 70):
        kept = kept_of({*kept, datetime(2026, 1, 1, tzinfo=BEIJING) + timedelta(hours=hour)}, keeping)
    assert [at.strftime("%m-%d %H") for at in sorted(kept)] == [
        "02-28 23",
        "03-08 23",
        "03-09 23",
        "03-10 23",
        "03-11 22",
        "03-11 23",
    ]


def test_a_copy_that_does_not_verify_is_not_kept(tmp_path: Path) -> None:
    source = tmp_path / "app.sqlite3"
    with sqlite3.connect(source) as connection:
        connection.execute("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE children (parent INTEGER REFERENCES parents)")
        connection.execute("INSERT INTO children VALUES (1)")
    connection.close()
    with pytest.raises(BackupFailed, match="reference"):
        backup.back_up(f"sqlite:///{source}", tmp_path / "backups", now=clock_now(), progress=print)
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_host_without_pg_dump_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(BackupFailed, match="pg_dump is not on this host"):
        backup.back_up(
            "postgresql+psycopg://nobody@127.0.0.1/none", tmp_path, now=clock_now(), progress=print
        )
    assert list(tmp_path.iterdir()) == []


@needs_pg_dump
def test_a_server_that_is_away_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="pg_dump failed"):
        backup.back_up(
            "postgresql+psycopg://nobody:secret@127.0.0.1:9/none", tmp_path, now=clock_now(), progress=print
        )
    assert list(tmp_path.iterdir()) == []
