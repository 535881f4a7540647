"""Operators as the registry names them: found again, told apart by their code, and made all at once."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, event, func, insert, select
from sqlalchemy.orm import Session

from miniprogram_api.identity.models import Organisation
from miniprogram_api.identity.service.organisations import ensure_operators
from miniprogram_api.identity.staff_errors import OrganisationExists
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.db import atomic, db, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.kernel.ids import new_id
from tests.support.statements import statements

pytestmark = pytest.mark.usefixtures("app", "clock")


def ensure(session: Session, *operators: tuple[str, str | None]) -> list[str]:
    found = ensure_operators(session, operators, actor=SYSTEM, now=kernel_clock.now())
    return [str(found[operator]) for operator in operators]


def test_as_many_as_there_are_take_the_same_statements_and_each_leaves_its_traces() -> None:
    counts = []
    for many in (1, 60):
        with statements() as sent, atomic() as session:
            ensure(session, *((f"单位 {many}-{number}", None) for number in range(many)))
        counts.append(len(sent))
    assert counts[0] == counts[1]
    with reading() as session:
        made = set(session.scalars(select(Organisation.id)))
        named = select(AuditRow.object_id).where(AuditRow.object_type == "organisation")
        assert {str(found) for found in made} == set(session.scalars(named))
        assert session.scalar(select(func.count()).select_from(EventRow)) == len(made) == 61


def test_an_operator_is_found_again_and_a_namesake_with_another_code_is_another() -> None:
    with atomic() as session:
        first = ensure(session, ("园区公司", "91220101MA00000001"), ("园区公司", "91220101MA00000002"))
    with atomic() as session:
        again = ensure(session, ("园区公司", "91220101MA00000001"), ("园区公司", "91220101MA00000002"))
    assert first == again
    assert len(set(first)) == 2


def test_a_namesake_without_a_code_is_taken_for_the_first_code_only() -> None:
    with atomic() as session:
        known = ensure(session, ("园区公司", None))
    with atomic() as session:
        first = ensure(session, ("园区公司", "91220101MA00000001"))
    with atomic() as session:
        second = ensure(session, ("园区公司", "91220101MA00000002"))
    assert known == first
    assert first != second
    with reading() as session:
        told = session.scalars(select(EventRow.name).where(EventRow.name.contains("organisation_identified")))
        assert len(list(told)) == 1


def _take_the_name(name: str) -> Callable[..., None]:
    """Takes it when the first savepoint begins: between the look and the insert."""
    taken: list[str] = []

    def take(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SAVEPOINT") and not taken:
            taken.append(name)
            row = {"id": new_id(), "name": name, "created_at": kernel_clock.now()}
            connection.execute(insert(Organisation).values(row))

    return take


def test_one_that_somebody_else_makes_meanwhile_is_told() -> None:
    take = _take_the_name("园区公司")
    event.listen(db.engine, "before_cursor_execute", take)
    try:
        with atomic() as session, pytest.raises(OrganisationExists):
            ensure(session, ("园区公司", None))
    finally:
        event.remove(db.engine, "before_cursor_execute", take)
