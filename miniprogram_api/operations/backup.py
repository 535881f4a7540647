"""Backups to be trusted: SQLite by its online backup, PostgreSQL by pg_dump, verified before they count.

A copy of a SQLite file in WAL mode passes its integrity check and still misses committed rows.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from miniprogram_api.operations import invariants
from miniprogram_api.operations.backup_keeping import Keeping, kept_of

_PAGES_PER_STEP = 500
_STAMP = "%Y%m%dT%H%M%SZ"
Progress = Callable[[int, int], None]


class BackupFailed(Exception):
    """The copy is not usable; nothing was kept."""


class NotRestored(Exception):
    """The dump was kept, and could not be tried out."""


def back_up(database: str, folder: Path, *, now: datetime, progress: Progress) -> Path:
    """Write a verified backup into a folder and return its path. Raises BackupFailed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    url = make_url(database)
    stamp = now.astimezone(UTC).strftime(_STAMP)
    if url.get_backend_name() == "sqlite":
        return _back_up_sqlite(Path(url.database or ""), folder / f"app-{stamp}.sqlite3", progress)
    return _back_up_postgres(url, folder / f"app-{stamp}.dump")


def _back_up_sqlite(source: Path, target: Path, progress: Progress) -> Path:
    draft = _private(target.with_suffix(".part"))
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(draft)) as copy:
        # Without a snapshot of its own the copying starts again with every commit, and may never end.
        live.isolation_level = None
        live.execute("BEGIN")
        live.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        live.backup(
            copy, pages=_PAGES_PER_STEP, progress=lambda _status, left, total: progress(total - left, total)
        )
        verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
        broken = copy.execute("PRAGMA foreign_key_check").fetchone()
    if verdict != "ok" or broken is not None:
        draft.unlink()
        raise BackupFailed(
            f"the copy does not verify: {verdict if broken is None else 'a reference is broken'}"
        )
    return draft.rename(target)


def _address(url: URL) -> tuple[Mapping[str, str], str]:
    """Environment and address for PostgreSQL's programs: every user of the host sees their arguments."""
    environ = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    return environ, url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _back_up_postgres(url: URL, target: Path) -> Path:
    draft = _private(target.with_suffix(".part"))
    environ, address = _address(url)
    try:
        _run("pg_dump", "--format=custom", f"--file={draft}", f"--dbname={address}", environ=environ)
        _run("pg_restore", "--list", str(draft), environ=environ)
    except BackupFailed:
        draft.unlink(missing_ok=True)
        raise
    return draft.rename(target)


def _run(name: str, *arguments: str, environ: Mapping[str, str]) -> None:
    program = shutil.which(name)
    if program is None:
        raise BackupFailed(f"{name} is not on this host")
    command = [program, *arguments]
    done = subprocess.run(command, env=environ, check=False, capture_output=True)  # noqa: S603  no shell
    if done.returncode != 0:
        raise BackupFailed(f"{name} failed: {done.stderr.decode(errors='replace').strip()[-300:]}")


def _private(path: Path) -> Path:
    """An empty file for its owner's eyes; what is written into it keeps that."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    return path


def broken_invariants(made: Path, database: str) -> list[str]:
    """The codes of the invariants that do not hold in a backup; it is worth keeping all the same.

    A dump is restored for it into a database of its own beside the live one. Raises NotRestored where that is
    not allowed, and BackupFailed, having deleted it, for a dump that cannot be restored.
    """
    if made.suffix == ".sqlite3":
        return _broken_at(f"sqlite:///{made}")
    url = make_url(database)
    with _scratch(url) as scratch:
        environ, address = _address(scratch)
        try:
            _run(
                "pg_restore",
                "--no-owner",
                "--exit-on-error",
                f"--dbname={address}",
                str(made),
                environ=environ,
            )
        except BackupFailed:
            made.unlink()
            raise
        return _broken_at(scratch.render_as_string(hide_password=False))


def _broken_at(database: str) -> list[str]:
    engine = create_engine(database)
    try:
        with Session(engine) as session:
            return [invariant.code for invariant, broken in invariants.check(session) if broken]
    finally:
        engine.dispose()


@contextmanager
def _scratch(url: URL) -> Generator[URL]:
    """An empty database on the same server, dropped in the end."""
    name = f"{url.database}_check_{os.getpid()}"
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    quoted = server.dialect.identifier_preparer.quote(name)
    try:
        with server.connect() as connection:
            try:
                connection.execute(text(f"CREATE DATABASE {quoted}"))
            except ProgrammingError:
                raise NotRestored("this role may not create a database to restore it into") from None
            try:
                yield url.set(database=name)
            finally:
                connection.execute(text(f"DROP DATABASE {quoted} WITH (FORCE)"))
    finally:
        server.dispose()


def prune(folder: Path, keeping: Keeping) -> list[Path]:
    """Delete the backups of a folder that nothing asks to keep; returns what was deleted."""
    found = {path: _made_at(path) for path in [*folder.glob("app-*.sqlite3"), *folder.glob("app-*.dump")]}
    kept = kept_of(found.values(), keeping)
    deleted = sorted(path for path, made_at in found.items() if made_at not in kept)
    for path in deleted:
        path.unlink()
    return deleted


def _made_at(path: Path) -> datetime:
    return datetime.strptime(path.stem.removeprefix("app-"), _STAMP).replace(tzinfo=UTC)
