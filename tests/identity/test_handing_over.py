"""Disabling an account whose owner leaves: what is open on its desk goes to a chosen person, in one step."""

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from miniprogram_api.identity import handover
from miniprogram_api.identity.models import RoleGrant, StaffAccount
from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.service import leaving, roles
from miniprogram_api.identity.staff_errors import OwnAccount, ReceiverNeeded, ReceiverUnfit
from miniprogram_api.kernel import audit
from miniprogram_api.kernel.audit import SYSTEM, Actor, AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.registry.errors_dead_letters import SecondPersonNeeded
from miniprogram_api.registry.models.dead_letters import DeadLetter
from miniprogram_api.registry.service import dead_letter_desk
from tests.conftest import Clock
from tests.factories.registry import change, taken
from tests.factories.staff import make_staff

pytestmark = pytest.mark.usefixtures("app", "clock")


def _person(*held: Role) -> UUID:
    with atomic() as session:
        account = make_staff(session)
        for role in held:
            roles.grant_role(session, staff_id=account.id, role=role, actor=SYSTEM, now=account.created_at)
        return account.id


def _as(staff_id: UUID) -> Actor:
    return Actor(kind="staff", id=str(staff_id))


@pytest.fixture
def leaver(app: Flask, clock: Clock) -> UUID:
    return _person(Role.ADMIN)


@pytest.fixture
def colleague(app: Flask, clock: Clock) -> UUID:
    return _person(Role.ADMIN)


@pytest.fixture
def letter(leaver: UUID) -> UUID:
    """A dead letter that the leaver asked to discard."""
    with atomic() as session:
        taken(session, change() | {"schema": "project/9"})
        letter_id = session.scalars(select(DeadLetter.id)).one()
        dead_letter_desk.ask_discard(session, letter_id, reason="记录有误", actor=_as(leaver))
        return letter_id


@pytest.fixture
def given(leaver: UUID, clock: Clock) -> UUID:
    """A role that the leaver gave and that waits for a second person."""
    newcomer = _person()
    with atomic() as session:
        grant = roles.grant_role(session, staff_id=newcomer, role=Role.DPO, actor=_as(leaver), now=clock.now)
        return grant.id


def _disable(leaver: UUID, receiver: UUID | None, clock: Clock, actor: Actor = SYSTEM) -> dict[str, int]:
    with atomic() as session:
        return leaving.disable_and_hand_over(
            session, staff_id=leaver, receiver_id=receiver, reason="调离", actor=actor, now=clock.now
        )


def _is_disabled(staff_id: UUID) -> bool:
    with reading() as session:
        return session.get_one(StaffAccount, staff_id).disabled_at is not None


def test_what_is_left_is_shown_before_it_moves(leaver: UUID, letter: UUID, given: UUID) -> None:
    with reading() as session:
        left = {each.kind: [task.id for task in each.tasks] for each in leaving.list_left(session, leaver)}
    assert left == {"registry.discards": [letter], "identity.given_roles": [given]}


def test_open_tasks_move_to_the_receiver(
    leaver: UUID, colleague: UUID, letter: UUID, given: UUID, clock: Clock
) -> None:
    assert _disable(leaver, colleague, clock) == {"registry.discards": 1, "identity.given_roles": 1}
    with reading() as session:
        assert session.get_one(DeadLetter, letter).discard_asked_by == str(colleague)
        assert session.get_one(RoleGrant, given).granted_by == colleague
        assert leaving.list_left(session, leaver) == []
    assert _is_disabled(leaver)


def test_the_receiver_is_still_no_second_person(
    leaver: UUID, colleague: UUID, letter: UUID, clock: Clock
) -> None:
    _disable(leaver, colleague, clock)
    with atomic() as session, pytest.raises(SecondPersonNeeded):
        dead_letter_desk.confirm_discard(session, letter, actor=_as(colleague), now=clock.now)


def test_a_role_for_the_receiver_is_taken_back(leaver: UUID, colleague: UUID, clock: Clock) -> None:
    """Nobody stands for a role of their own."""
    with atomic() as session:
        grant = roles.grant_role(
            session, staff_id=colleague, role=Role.DPO, actor=_as(leaver), now=clock.now
        ).id
    _disable(leaver, colleague, clock)
    with reading() as session:
        assert session.get_one(RoleGrant, grant).revoked_at is not None


def test_without_a_receiver_nothing_happens(leaver: UUID, letter: UUID, clock: Clock) -> None:
    with pytest.raises(ReceiverNeeded):
        _disable(leaver, None, clock)
    assert not _is_disabled(leaver)


def test_who_has_nothing_open_needs_no_receiver(leaver: UUID, clock: Clock) -> None:
    assert _disable(leaver, None, clock) == {}
    assert _is_disabled(leaver)


@pytest.mark.usefixtures("letter")
def test_the_receiver_must_be_able_to_go_on(leaver: UUID, colleague: UUID, clock: Clock) -> None:
    with atomic() as session:
        session.execute(
            update(StaffAccount).where(StaffAccount.id == colleague).values(disabled_at=clock.now)
        )
    for receiver in (_person(Role.AUDITOR), colleague, leaver):
        with pytest.raises(ReceiverUnfit):
            _disable(leaver, receiver, clock)
    assert not _is_disabled(leaver)


def test_nobody_disables_themselves(leaver: UUID, colleague: UUID, clock: Clock) -> None:
    with pytest.raises(OwnAccount):
        _disable(leaver, colleague, clock, actor=_as(leaver))


@pytest.mark.usefixtures("letter")
def test_the_move_stands_in_the_trail_and_in_the_outbox(leaver: UUID, colleague: UUID, clock: Clock) -> None:
    _disable(leaver, colleague, clock)
    with reading() as session:
        moved = select(AuditRow).where(AuditRow.action == "identity.tasks_handed_over")
        row = session.scalars(moved).one()
        facts = session.scalars(
            select(EventRow.payload).where(EventRow.name == "identity.tasks_handed_over")
        ).all()
    assert row.after == {"receiver": str(colleague), "registry.discards": 1}
    assert row.reason == "调离"
    assert [fact["tasks"] for fact in facts] == [{"registry.discards": 1}]
    with atomic() as session:
        audit.seal(session)


def test_each_kind_of_task_has_one_desk() -> None:
    names = [desk.name for desk in handover.desks()]
    assert names == sorted(set(names))
    assert {"identity.given_roles", "registry.discards", "registry.corrections"} <= set(names)
    with pytest.raises(ValueError, match="already"):
        handover.hands_over("registry.discards", permission="registry.manage")(handover.desks()[0].desk)
