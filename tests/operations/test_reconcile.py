"""Counters that drifted are named and set right with a reason, but not where rows take more than there is."""

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select, update

from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.operations.reconcile import day_drifts, repair, slot_drifts
from miniprogram_api.visits.models import DayCap, Slot
from tests.operations.conftest import World, booked_seats


def reconcile(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["reconcile", *arguments])


def lose_a_seat(world: World) -> None:
    """Of a slot and, as its day counts the slot's counters, not of the day."""
    with atomic() as session:
        session.execute(update(Slot).where(Slot.id == world.slot).values(booked=Slot.booked - 1, held=1))


@pytest.mark.usefixtures("world")
def test_no_counter_has_drifted_whatever_has_happened(app: Flask) -> None:
    result = reconcile(app)
    assert (result.exit_code, result.output) == (0, "0 differences, 0 of them repaired.\n")


def test_a_drift_is_named_and_not_touched(app: Flask, world: World) -> None:
    before = booked_seats(world.slot)
    lose_a_seat(world)
    result = reconcile(app)
    assert result.exit_code == 1
    assert f"slot {world.slot}" in result.output
    assert "1 differences, 0 of them repaired." in result.output
    assert booked_seats(world.slot) == before - 1


def test_a_repair_needs_one_run_and_leaves_a_trail(app: Flask, world: World) -> None:
    before = booked_seats(world.slot)
    with atomic() as session:
        session.execute(update(Slot).where(Slot.id == world.slot).values(booked=1))
        session.execute(update(DayCap).where(DayCap.site_id == world.site).values(booked=3))
    result = reconcile(app, "--repair", "进水后恢复")
    assert result.exit_code == 0, result.output
    assert booked_seats(world.slot) == before
    with reading() as session:
        trail = select(AuditRow).where(AuditRow.action == "operations.reconcile")
        rows = {(row.object_type, row.reason) for row in session.scalars(trail)}
    assert rows == {("slot", "进水后恢复"), ("day", "进水后恢复")}
    assert reconcile(app).exit_code == 0


def test_what_is_oversold_is_left_to_people(app: Flask, world: World) -> None:
    with atomic() as session:
        session.execute(update(Slot).where(Slot.id == world.slot).values(booked=0, capacity=1))
    result = reconcile(app, "--repair", "改错了容量")
    assert result.exit_code == 1
    assert "not repaired" in result.output
    assert booked_seats(world.slot) == 0


def test_a_repair_looks_again_under_the_lock(app: Flask, world: World) -> None:
    lose_a_seat(world)
    with reading() as session:
        seen = slot_drifts(session)
    reconcile(app, "--repair", "先来的人")
    with atomic() as session:
        assert [repair(session, drift, reason="后来的人") for drift in seen] == [None]
        assert day_drifts(session) == []
