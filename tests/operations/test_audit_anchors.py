"""Anchors and exports of the audit trail: they show what a chain rewritten as a whole does not."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select, update

from config.settings import Settings
from miniprogram_api.kernel import audit
from miniprogram_api.kernel.audit import SYSTEM, AuditHead, AuditRow
from miniprogram_api.kernel.db import atomic
from miniprogram_api.operations.audit_anchors import FILE, anchor_audit
from tests.conftest import Clock

pytestmark = pytest.mark.usefixtures("clock")
HASHED = (
    "sequence", "id", "at", "actor_kind", "actor_id", "organisation_id", "action", "object_type", "object_id",
    "before", "after", "reason", "ip", "request_id",
)  # fmt: skip


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["audit", *arguments])


def note(*reasons: str) -> None:
    with atomic() as session:
        for reason in reasons:
            audit.record(
                session,
                actor=SYSTEM,
                action="test",
                object_type="test",
                object_id="1",
                before={"名": "甲"},
                reason=reason,
            )
    audit.seal_audit()


def rewrite() -> None:
    """Change the first row and seal everything anew, as somebody with the database in their hands can."""
    with atomic() as session:
        session.execute(update(AuditRow).where(AuditRow.sequence == 1).values(reason="nothing to see"))
        session.execute(update(AuditRow).values(sequence=None, hash=None))
        session.execute(update(AuditHead).values(sequence=0, hash=b"\0" * 32))
    audit.seal_audit()


def forget_the_last() -> None:
    with atomic() as session:
        last = session.scalars(select(AuditRow).order_by(AuditRow.sequence.desc()).limit(1)).one()
        session.delete(last)
        session.flush()
        before = session.scalars(select(AuditRow).order_by(AuditRow.sequence.desc()).limit(1)).one()
        session.execute(update(AuditHead).values(sequence=before.sequence, hash=before.hash))


def test_an_anchor_holds_while_the_trail_goes_on(app: Flask, tmp_path: Path) -> None:
    note("one", "two")
    kept = tmp_path / "kept.jsonl"
    kept.write_text(run(app, "anchor").output)
    note("three")
    result = run(app, "verify", "--anchors", str(kept))
    assert result.exit_code == 0, result.output
    assert "1 anchors agree" in result.output


@pytest.mark.parametrize("tamper", [rewrite, forget_the_last])
def test_what_the_chain_alone_cannot_show_an_anchor_does(app: Flask, tmp_path: Path, tamper: Any) -> None:
    note("one", "two")
    kept = tmp_path / "kept.jsonl"
    kept.write_text(run(app, "anchor").output)
    tamper()
    assert run(app, "verify").exit_code == 0, "the tampering is not a good one"
    result = run(app, "verify", "--anchors", str(kept))
    assert result.exit_code == 1
    assert "not the one anchored" in result.output


@pytest.mark.parametrize("line", ["no JSON", "{}", '{"sequence": 1, "hash": "zz", "at": "2026-11-23"}', "3"])
def test_a_file_of_something_else_is_refused(app: Flask, tmp_path: Path, line: str) -> None:
    kept = tmp_path / "kept.jsonl"
    kept.write_text(line)
    result = run(app, "verify", "--anchors", str(kept))
    assert result.exit_code == 2
    assert "line 1" in result.output


def test_there_is_no_anchor_of_nothing(app: Flask) -> None:
    assert run(app, "anchor").exit_code == 1


def test_one_anchor_a_day_is_noted(app: Flask, settings: Settings, clock: Clock) -> None:
    anchor_audit()
    kept = settings.data_dir / FILE
    assert not kept.exists()
    note("one")
    for _ in range(3):
        anchor_audit()
        note("more")
    clock.advance(days=1)
    anchor_audit()
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    assert [(line["sequence"], line["at"][:10]) for line in lines] == [(1, "2026-11-23"), (4, "2026-11-24")]
    assert run(app, "verify", "--anchors", str(kept)).exit_code == 0


@pytest.mark.parametrize("tamper", [rewrite, forget_the_last])
def test_a_chain_that_was_tampered_with_raises_an_alarm_and_no_anchor(
    app: Flask, settings: Settings, clock: Clock, caplog: pytest.LogCaptureFixture, tamper: Any
) -> None:
    note("one", "two")
    anchor_audit()
    clock.advance(days=1)
    tamper()
    anchor_audit()
    assert len((settings.data_dir / FILE).read_text().splitlines()) == 1
    assert "audit.alarm" in caplog.text


def test_an_export_can_be_verified_by_anybody(app: Flask, tmp_path: Path) -> None:
    note("one", "two", "three")
    target = tmp_path / "trail.jsonl"
    result = run(app, "export", str(target))
    assert result.exit_code == 0, result.output
    assert target.stat().st_mode & 0o777 == 0o600
    previous = b"\0" * 32
    for line in target.read_text().splitlines():
        row = json.loads(line)
        text = json.dumps(
            [row[name] for name in HASHED], ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        previous = hashlib.sha256(previous + text.encode()).digest()
        assert previous.hex() == row["hash"]
    assert json.loads(run(app, "anchor").output)["hash"] == previous.hex()


def test_an_export_goes_on_from_a_place(app: Flask, tmp_path: Path) -> None:
    note("one", "two", "three")
    target = tmp_path / "trail.jsonl"
    assert run(app, "export", str(target), "--after", "2").exit_code == 0
    assert [json.loads(line)["reason"] for line in target.read_text().splitlines()] == ["three"]
