"""Backups to be trusted: SQLite by its online backup, PostgreSQL by pg_dump, verified before they count.

A copy of a SQLite file in WAL mode passes its integrity check and still misses committed rows.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.orm import Session

from miniprogram_api.operations import invariants

_PAGES_PER_STEP = 500
Progress = Callable[[int, int], None]


class BackupFailed(Exception):
    """The copy is not usable; nothing was kept."""


def back_up(database: str, folder: Path, *, now: datetime, progress: Progress) -> Path:
    """Write a verified backup into a folder and return its path. Raises BackupFailed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    url = make_url(database)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
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


def _back_up_postgres(url: URL, target: Path) -> Path:
    draft = _private(target.with_suffix(".part"))
    # The password goes through the environment: arguments are visible to every user of the host.
    environ = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
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


def is_checkable(made: Path) -> bool:
    """Whether a backup can be read as a database where it lies; a dump has to be restored for that."""
    return made.suffix == ".sqlite3"


def broken_invariants(made: Path) -> list[str]:
    """The codes of the invariants that do not hold in a copy; it is worth keeping all the same."""
    engine = create_engine(f"sqlite:///{made}")
    try:
        with Session(engine) as session:
            return [invariant.code for invariant, broken in invariants.check(session) if broken]
    finally:
        engine.dispose()


def prune(folder: Path, *, keep: int) -> list[Path]:
    """Delete all but the newest backups of a folder; returns what was deleted."""
    backups = sorted([*folder.glob("app-*.sqlite3"), *folder.glob("app-*.dump")], reverse=True)
    for old in backups[keep:]:
        old.unlink()
    return backups[keep:]
