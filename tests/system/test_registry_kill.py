"""A process that pulls is killed at every step of a page: the next one ends where no kill would have led."""

import signal
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from config.settings import Settings
from miniprogram_api.devtools.fake_registry import FakeRegistry
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.registry import sources
from miniprogram_api.registry.jobs_pulling import pull
from miniprogram_api.registry.models import DeadLetter, HeldProject
from miniprogram_api.registry.queries.replica import differences
from miniprogram_api.registry.service import pulling
from miniprogram_api.sites.rules import dictionary
from tests.support.forked import run_forked
from tests.support.killed_pull import pull_and_die

PROJECTS = 620  # two pages of the snapshot
KILLS = [
    ("claim", 1),
    ("dictionary", 2),
    ("read", 300),
    ("read", 560),
    ("lock", 1),
    ("sites", 1),
    ("held", 1),
    ("snapshot", 1),
    ("snapshot", 2),
    ("position", 1),
    ("position", 2),
    ("changes", 1),
    ("finish", 1),
]


def pull_after_the_lease() -> None:
    kernel_clock.freeze(datetime.now(UTC) + pulling.LEASE + timedelta(minutes=1))
    source = sources.current()
    assert source is not None
    done = pull(source)
    assert (done.error, done.busy) == (None, False)


def check_replica(fake: FakeRegistry) -> None:
    with reading() as session:
        held = {row.project_id: (row.version, row.digest) for row in session.scalars(select(HeldProject))}
        latest = fake.state.feed.latest
        assert held == {name: (record["version"], record["digest"]) for name, record in latest.items()}
        assert differences(session) == []
        assert session.scalars(select(DeadLetter)).all() == []
        # Once for each version, whatever was begun and lost.
        rows = session.scalars(select(EventRow).where(EventRow.name == "sites.project_applied"))
        told = Counter((row.payload["site_id"], row.payload["version"]) for row in rows)
        audited = session.scalars(select(AuditRow.object_id).where(AuditRow.action == "sites.apply_project"))
        assert set(told.values()) == {1}
        assert len(list(audited)) == len(told)


@pytest.mark.parametrize(("step", "count"), KILLS)
def test_no_kill_in_a_page_loses_or_doubles_anything(
    app: Flask, settings: Settings, fake_registry: FakeRegistry, step: str, count: int
) -> None:
    kernel_clock.freeze(datetime.now(UTC))
    for number in range(PROJECTS):
        fake_registry.put(f"P-{number:04}", lifecycle="titled")
    if step == "changes":
        pull_after_the_lease()
        for number in range(20):
            fake_registry.put(f"P-{number:04}", name=f"新名 {number}（示例）")
        kernel_clock.freeze(datetime.now(UTC))
    ended = run_forked(pull_and_die, settings, step, count, folder=settings.data_dir)
    assert ended.status == -signal.SIGKILL, ended.printed
    pull_after_the_lease()
    check_replica(fake_registry)
    dictionary.forget()
