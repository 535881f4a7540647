"""Numbers that change while the product runs: bounds, from when they hold, history, and what a read costs."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from miniprogram_api.console.words.settings import SETTINGS
from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.staff_authentication import authenticate_staff
from miniprogram_api.kernel import runtime_settings
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import Invalid, NotFound
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.runtime_settings import SettingChange, SettingInForce, SettingUnchanged
from tests.conftest import Clock
from tests.factories.staff import signed_in
from tests.support.statements import statements

pytestmark = pytest.mark.usefixtures("app", "clock")
IDLE = "identity.staff_idle_minutes"


def _value(clock: Clock, name: str = IDLE) -> int:
    with reading() as session:
        return runtime_settings.get(name).value(session, clock.now)


def _change(clock: Clock, value: int, *, ahead: timedelta | None = None, name: str = IDLE) -> SettingChange:
    with atomic() as session:
        return runtime_settings.change(
            session,
            name,
            value=value,
            effective_at=None if ahead is None else clock.now + ahead,
            reason="按检查要求",
            actor=SYSTEM,
            now=clock.now,
        )


def test_nobody_has_changed_it_so_the_default_holds(clock: Clock) -> None:
    assert _value(clock) == 30


def test_a_change_holds_at_once(clock: Clock) -> None:
    _change(clock, 10)
    assert _value(clock) == 10


def test_a_change_of_tomorrow_holds_tomorrow(clock: Clock) -> None:
    _change(clock, 10, ahead=timedelta(days=1))
    clock.advance(hours=23, minutes=59)
    assert _value(clock) == 30
    clock.advance(minutes=1)
    assert _value(clock) == 10


def test_the_latest_to_take_effect_wins_whichever_was_said_last(clock: Clock) -> None:
    _change(clock, 20, ahead=timedelta(days=2))
    _change(clock, 10, ahead=timedelta(days=1))
    clock.advance(days=1)
    assert _value(clock) == 10
    clock.advance(days=1)
    assert _value(clock) == 20


def test_a_withdrawn_change_never_holds(clock: Clock) -> None:
    change = _change(clock, 10, ahead=timedelta(days=1))
    with atomic() as session:
        runtime_settings.withdraw(session, change.name, change.id, actor=SYSTEM, now=clock.now)
    clock.advance(days=2)
    assert _value(clock) == 30
    with atomic() as session, pytest.raises(NotFound):
        runtime_settings.withdraw(session, change.name, change.id, actor=SYSTEM, now=clock.now)


def test_what_holds_already_is_not_withdrawn(clock: Clock) -> None:
    change = _change(clock, 10)
    with atomic() as session, pytest.raises(SettingInForce):
        runtime_settings.withdraw(session, change.name, change.id, actor=SYSTEM, now=clock.now)


@pytest.mark.parametrize("value", [4, 121])
def test_out_of_bounds_is_refused(clock: Clock, value: int) -> None:
    with pytest.raises(Invalid) as refused:
        _change(clock, value)
    assert [(fault.field, fault.params) for fault in refused.value.fields] == [
        ("value", {"least": 5, "most": 120})
    ]


def test_the_past_is_refused(clock: Clock) -> None:
    with pytest.raises(Invalid) as refused:
        _change(clock, 10, ahead=timedelta(seconds=-1))
    assert refused.value.fields[0].field == "effective_at"


def test_the_same_again_is_refused(clock: Clock) -> None:
    with pytest.raises(SettingUnchanged):
        _change(clock, 30)


def test_an_unknown_name_is_refused(clock: Clock) -> None:
    with pytest.raises(NotFound):
        _change(clock, 1, name="kernel.none")


def test_a_read_costs_a_statement_every_two_seconds_at_most(clock: Clock) -> None:
    _value(clock)
    with statements(but="") as sent:
        assert [_value(clock) for _ in range(5)] == [30] * 5
    assert sent == []
    clock.advance(seconds=2)
    with statements(but="") as sent:
        assert [_value(clock) for _ in range(5)] == [30] * 5
    assert len(sent) == 1


def test_a_change_that_is_rolled_back_is_not_seen(clock: Clock) -> None:
    def change_and_fail() -> None:
        with atomic() as session:
            runtime_settings.change(
                session, IDLE, value=10, effective_at=None, reason="试", actor=SYSTEM, now=clock.now
            )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_and_fail()
    clock.advance(seconds=2)
    assert _value(clock) == 30


def test_each_change_leaves_its_line_its_event_and_its_history(clock: Clock) -> None:
    _change(clock, 10)
    with reading() as session:
        row = session.scalars(select(AuditRow).where(AuditRow.action == "kernel.setting_changed")).one()
        fact = session.scalars(select(EventRow).where(EventRow.name == "kernel.setting_changed")).one()
        history = runtime_settings.list_changes(session, IDLE)
    assert (row.object_id, row.before, row.reason) == (IDLE, {"value": 30}, "按检查要求")
    assert fact.payload["value"] == 10
    assert [(change.value, change.changed_by) for change in history] == [(10, "system:system")]


def test_a_shorter_idle_time_ends_sessions_that_idle(clock: Clock) -> None:
    token = signed_in(Role.ADMIN)
    clock.advance(minutes=20)
    _change(clock, 10)
    assert authenticate_staff(token) is None


def test_a_longer_idle_time_keeps_them(clock: Clock) -> None:
    token = signed_in(Role.ADMIN)
    _change(clock, 60)
    clock.advance(minutes=59)
    assert authenticate_staff(token) is not None


def test_every_setting_is_explained() -> None:
    assert {setting.name for setting in runtime_settings.declared()} == SETTINGS.keys()
    assert all(said.effect.endswith("。") for said in SETTINGS.values())
