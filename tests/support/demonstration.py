"""An installation with the demonstration's data, loaded once for all processes of a run; tests copy it."""

import fcntl
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade

from config.settings import Environment, Settings
from miniprogram_api.app import MIGRATIONS, create_app
from miniprogram_api.devtools.demo_data import load_demo
from miniprogram_api.identity import passwords
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import db


def load(folder: Path, at: datetime) -> Settings:
    """Settings of a new installation in this folder, whose demonstration was loaded at this instant."""
    settings = Settings(environment=Environment.TEST, data_dir=folder, background=False, log_level="WARNING")
    passwords.use_cost(time_cost=1, memory_kib=8)
    clock.freeze(at)
    app = create_app(settings)
    with app.app_context():
        upgrade(directory=str(MIGRATIONS))
        load_demo(settings)
        _close()
    clock.reset()
    return settings


def load_once(tmp_path_factory: pytest.TempPathFactory, at: datetime) -> Settings:
    """The installation of this run: whichever process comes first loads it. Nothing may change it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, making = shared / "demonstration", shared / "demonstration-in-the-making"
    with (shared / "demonstration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            load(making, at)
            making.rename(folder)
    return Settings(environment=Environment.TEST, data_dir=folder, background=False)


@contextmanager
def copied(settings: Settings, folder: Path) -> Generator[Flask]:
    """The application on a copy of an installation, its context pushed."""
    shutil.copytree(settings.data_dir, folder)
    app = create_app(replace(settings, data_dir=folder))
    with app.app_context():
        yield app
        _close()


def _close() -> None:
    db.session.remove()
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.engine.dispose()
