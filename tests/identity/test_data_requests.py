"""Requests about personal data that come on paper: deadlines, more time, decisions; receipts; consents."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from miniprogram_api.identity import queries
from miniprogram_api.identity.models import ConsentPurpose, DataRequest
from miniprogram_api.identity.service import consents, data_requests, personal_data
from miniprogram_api.identity.service.consents import Decision
from miniprogram_api.identity.service.data_requests import RequestChannel, RequestKind, RequestState
from miniprogram_api.identity.staff_errors import RequestDecided
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import Invalid, NotFound
from miniprogram_api.kernel.ids import new_id
from tests.conftest import Clock
from tests.factories.members import make_member
from tests.support.statements import statements

pytestmark = pytest.mark.usefixtures("app", "clock")
MONDAY = date(2026, 11, 23)


def _file(clock: Clock, kind: RequestKind = RequestKind.ERASURE, on: date = MONDAY) -> DataRequest:
    with atomic() as session:
        return data_requests.file_request(
            session,
            kind=kind,
            channel=RequestChannel.LETTER,
            received_on=on,
            file_number="2026-014",
            actor=SYSTEM,
            now=clock.now,
        )


@pytest.mark.parametrize("kind", list(RequestKind))
def test_a_copy_is_due_in_thirty_days_all_else_in_fifteen_working_days(
    clock: Clock, kind: RequestKind
) -> None:
    due = _file(clock, kind).due_on
    by_calendar = kind in {RequestKind.ACCESS, RequestKind.COPY}
    assert due == (date(2026, 12, 23) if by_calendar else date(2026, 12, 14))


def test_holidays_do_not_count_as_working_days(clock: Clock) -> None:
    clock.set(datetime(2026, 9, 29, 10, tzinfo=BEIJING))
    due = _file(clock, on=date(2026, 9, 28)).due_on
    assert due > date(2026, 9, 28) + timedelta(days=21)


def test_what_comes_tomorrow_has_not_come(clock: Clock) -> None:
    with pytest.raises(Invalid):
        _file(clock, on=MONDAY + timedelta(days=1))


def test_more_time_is_given_for_a_reason_within_ninety_days(clock: Clock) -> None:
    request = _file(clock)
    for until in (request.due_on, MONDAY + timedelta(days=91)):
        with atomic() as session, pytest.raises(Invalid):
            data_requests.extend_request(session, request.id, until=until, reason="多", actor=SYSTEM)
    with atomic() as session:
        data_requests.extend_request(
            session, request.id, until=MONDAY + timedelta(days=90), reason="材料多", actor=SYSTEM
        )
    with reading() as session:
        assert queries.get_request(session, request.id).due_on == MONDAY + timedelta(days=90)


def test_a_decision_is_made_once(clock: Clock) -> None:
    request = _file(clock)
    with atomic() as session:
        data_requests.decide_request(
            session, request.id, state=RequestState.REFUSED, outcome="依据不足", actor=SYSTEM, now=clock.now
        )
    with atomic() as session, pytest.raises(RequestDecided):
        data_requests.decide_request(
            session, request.id, state=RequestState.DONE, outcome="已删", actor=SYSTEM, now=clock.now
        )
    with atomic() as session, pytest.raises(NotFound):
        data_requests.extend_request(session, new_id(), until=MONDAY, reason="无", actor=SYSTEM)


def test_each_step_leaves_its_line(clock: Clock) -> None:
    request = _file(clock)
    with atomic() as session:
        data_requests.decide_request(
            session, request.id, state=RequestState.DONE, outcome="已删除", actor=SYSTEM, now=clock.now
        )
    with reading() as session:
        lines = session.execute(
            select(AuditRow.action, AuditRow.reason).where(AuditRow.object_id == str(request.id))
        ).all()
    assert [tuple(line) for line in lines] == [
        ("identity.data_request_filed", None),
        ("identity.data_request_decided", "已删除"),
    ]


def test_the_desk_counts_what_waits_and_what_is_late(clock: Clock) -> None:
    _file(clock)
    _file(clock, on=MONDAY - timedelta(days=60))
    with reading() as session, statements() as sent:
        counts = queries.count_desk(session, today=MONDAY)
    assert (counts.open, counts.overdue, counts.erased) == (2, 1, 0)
    assert len(sent) == 1


def test_a_receipt_is_found_however_it_is_typed(clock: Clock) -> None:
    with atomic() as session:
        member = make_member(session)
        receipt = personal_data.erase_member(
            session, member_id=member.id, actor=SYSTEM, now=clock.now
        ).receipt
    number = _file(clock).number
    with reading() as session:
        for typed in (receipt, receipt.lower(), f" {receipt} "):
            found = queries.find_receipt(session, typed)
            assert found is not None
            assert (found.receipt, found.kind, found.state) == (receipt, "self_erasure", "done")
        paper = queries.find_receipt(session, number.lower())
        assert paper is not None
        assert paper.request_id is not None
        assert queries.find_receipt(session, "ER-20260101-NONE") is None
        assert queries.find_receipt(session, "什么") is None


def test_consents_are_counted_by_the_latest_word(clock: Clock) -> None:
    purpose = ConsentPurpose.LOCATION
    version = "2026-11-01"
    for words in ([True], [True, False], [True, False, True]):
        with atomic() as session:
            member = make_member(session)
            for granted in words:
                decision = Decision(purpose, granted, version if granted else None)
                consents.decide(
                    session, member_id=member.id, decisions=[decision], actor=SYSTEM, now=clock.now
                )
    with reading() as session, statements() as sent:
        counts = {count.purpose: count for count in queries.count_consents(session)}
    assert (counts[purpose].granted, counts[purpose].declined) == (2, 1)
    assert counts[purpose].current
    assert counts.keys() == set(ConsentPurpose)
    assert len(sent) == 1
