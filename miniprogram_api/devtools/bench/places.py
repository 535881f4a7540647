"""Where a half of the bench lives: a folder, a database and a Redis of its own, gone when it is over."""

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import redis
from sqlalchemy import create_engine, make_url, text

from config import Settings
from miniprogram_api.devtools.bench.rows import Mode
from miniprogram_api.devtools.bench.servers import environment

_PROCESSES = {Mode.EMBEDDED: (1, 16), Mode.SERVERS: (2, 4)}
_REDIS_DATABASE = 15
_POOL = 4  # for each of two processes: more connections slow a hot row


@dataclass(frozen=True, slots=True)
class Place:
    """One installation of the product, and what the ceilings beside it are served with."""

    mode: Mode
    folder: Path
    environ: dict[str, str]
    ceilings_environ: dict[str, str]
    floor_url: str  # of the bare transactions
    settings: Settings  # the same installation in this process, to make data and to count

    @property
    def floor_shape(self) -> tuple[int, int]:
        """Processes and threads of the bare transactions: as many as the server has."""
        return _PROCESSES[self.mode]


@contextmanager
def embedded() -> Generator[Place]:
    """The embedded default in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="lowcarbon-bench-") as name:
        folder = Path(name)
        yield _place(Mode.EMBEDDED, folder, floor_url=f"sqlite:///{folder / 'floor.sqlite3'}")


@contextmanager
def servers(postgres_url: str, redis_url: str) -> Generator[Place]:
    """A new database of a PostgreSQL server, and the last database of a Redis server, which is emptied."""
    name = f"lowcarbon_bench_{os.getpid()}"
    url = make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    store = f"{redis_url.rstrip('/')}/{_REDIS_DATABASE}"
    with tempfile.TemporaryDirectory(prefix="lowcarbon-bench-") as folder:
        _administer(postgres_url, f"CREATE DATABASE {name}")
        _empty(store)
        try:
            yield _place(Mode.SERVERS, Path(folder), floor_url=url, database_url=url, redis_url=store)
        finally:
            _administer(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")
            _empty(store)


def _place(mode: Mode, folder: Path, *, floor_url: str, database_url: str = "", redis_url: str = "") -> Place:
    processes, threads = _PROCESSES[mode]
    # One proxy in front, so that clients have addresses and the limits per address are counted.
    settings = Settings(
        data_dir=folder / "data",
        database_url=database_url,
        redis_url=redis_url,
        database_pool=_POOL,
        web_processes=processes,
        web_threads=threads,
        trusted_proxies=1,
    )
    (folder / "data").mkdir()
    return Place(
        mode=mode,
        folder=folder,
        environ=environment(settings),
        ceilings_environ=environment(replace(settings, data_dir=folder / "ceilings", background=False)),
        floor_url=floor_url,
        settings=replace(settings, log_level="ERROR", background=False),
    )


def _administer(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as store:
        store.flushdb()
