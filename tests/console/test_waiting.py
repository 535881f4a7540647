"""The cards of the start page: each says what waits, how many, and leads to where it is worked on."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from miniprogram_api.feedback.models import FeedbackState
from miniprogram_api.identity.models import RequestChannel, RequestKind
from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.service import data_requests
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry.models import (
    DeadLetter,
    DeadLetterClass,
    DeadLetterState,
    Feed,
    ObjectionState,
    WithdrawalCase,
    WithdrawalState,
)
from miniprogram_api.registry.models.announcements import Announcement, EventType, Sending, SendingState
from miniprogram_api.registry.service import pulling, subscriptions
from tests.conftest import Clock
from tests.factories.feedback import make_feedback
from tests.factories.members import make_member
from tests.factories.notices import make_objection
from tests.factories.partners import make_client
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.support.pages import PageClient, text_of

pytestmark = pytest.mark.usefixtures("clock")

_CARD = re.compile(
    r'<a class="card-link( is-urgent)?" href="([^"]+)"><strong>(\d+)</strong><span>([^<]*)</span>'
)


def _cards(app: Flask, role: Role) -> dict[str, tuple[int, str, bool]]:
    answer = PageClient(app, signed_in(role)).get("/console/")
    return {
        text: (int(count), address, bool(urgent))
        for urgent, address, count, text in _CARD.findall(answer.text)
    }


def _letter(session: Session) -> None:
    letter_id, now = new_id(), kernel_clock.now()
    session.add(
        DeadLetter(
            id=letter_id,
            payload_sha256=letter_id.hex * 2,
            payload_bytes=2,
            payload="{}",
            kind=DeadLetterClass.SCHEMA_INVALID,
            detail="data/title: required",
            state=DeadLetterState.OPEN,
            attempts=1,
            first_seen_at=now,
            last_seen_at=now,
        )
    )


def _feed(session: Session, *, old: timedelta, error: str | None = None) -> None:
    now = kernel_clock.now()
    values = {"as_of": now - old, "last_ok_at": now - old, "failures": 3, "last_error": error}
    pulling.ensure_feed(session, now=now)
    session.execute(update(Feed).values(**values))


def _sending(session: Session, *, status: int | None = None, error: str | None = None) -> UUID:
    now = kernel_clock.now()
    subscription, _ = subscriptions.request_subscription(
        session,
        partner_id=make_client(session).client.id,
        url="https://registry.example/inbox",
        types=[EventType.SITE_OPENED.value],
        actor=SYSTEM,
        now=now,
    )
    announced = Announcement(
        id=new_id(), type=EventType.SITE_OPENED, subject="CC-0001", data={}, occurred_at=now
    )
    session.add(announced)
    session.flush()
    session.add(
        Sending(
            id=new_id(),
            announcement_id=announced.id,
            subscription_id=subscription.id,
            state=SendingState.FAILED,
            attempts=10,
            replays=0,
            next_attempt_at=now,
            created_at=now,
            last_status=status,
            last_error=error,
        )
    )
    return subscription.id


def _request(session: Session, received_on: date) -> None:
    data_requests.file_request(
        session,
        kind=RequestKind.ACCESS,
        channel=RequestChannel.LETTER,
        received_on=received_on,
        file_number=None,
        actor=SYSTEM,
        now=kernel_clock.now(),
    )


def _objection(session: Session, state: ObjectionState) -> None:
    make_objection(session, member_id=make_member(session).id, state=state)


def _withdrawal(session: Session, name: str) -> None:
    site, now = make_site(session, name=name), kernel_clock.now()
    session.add(
        WithdrawalCase(
            id=new_id(),
            project_id=site.project_id,
            version=2,
            site_id=site.id,
            state=WithdrawalState.RUNNING,
            effective_at=now,
            reason_code=None,
            doc_no=None,
            slots_closed=0,
            bookings_cancelled=0,
            people_notified=0,
            unreachable=0,
            opened_at=now,
            completed_at=None,
        )
    )


@pytest.mark.parametrize(
    ("role", "make", "text", "address", "urgent"),
    [
        (Role.ADMIN, _letter, "条登记系统的记录未能接收，待处理", "/console/registry/dead-letters", True),
        (
            Role.ADMIN,
            lambda session: _feed(session, old=timedelta(hours=2)),
            "个登记系统告警：数据没有按时更新",
            "/console/registry",
            True,
        ),
        (Role.ADMIN, _sending, "个事件投递失败", "/console/subscriptions", False),
        (
            Role.DPO,
            lambda session: _request(session, date(2026, 9, 1)),
            "件个人信息请求已超期",
            "/console/requests?state=open",
            True,
        ),
        (
            Role.REVIEWER,
            lambda session: _objection(session, ObjectionState.RETURNED),
            "件公示异议登记系统没有接收，待处理",
            "/console/objections?state=returned",
            True,
        ),
        (
            Role.REVIEWER,
            lambda session: _objection(session, ObjectionState.HELD),
            "件公示异议待审核",
            "/console/objections",
            True,
        ),
        (
            Role.REVIEWER,
            lambda session: make_feedback(session, state=FeedbackState.HELD),
            "条市民反馈待审核",
            "/console/feedback?waits=person",
            True,
        ),
        (
            Role.REVIEWER,
            lambda session: make_feedback(session, state=FeedbackState.OPEN),
            "条市民反馈待回复",
            "/console/feedback?waits=answer",
            False,
        ),
    ],
)
def test_what_waits_has_a_card_that_leads_there(
    app: Flask, role: Role, make: Callable[[Session], object], text: str, address: str, urgent: bool
) -> None:
    with atomic() as session:
        _feed(session, old=timedelta(minutes=1))
    assert text not in _cards(app, role)
    with atomic() as session:
        make(session)
    assert _cards(app, role)[text] == (1, address, urgent)
    assert PageClient(app, signed_in(role)).get(address).status_code == 200


def test_withdrawals_are_told_apart_by_their_sites(app: Flask) -> None:
    with atomic() as session:
        for name in ("南湖驿站", "净月书屋"):
            _withdrawal(session, name)
    said = " ".join(_cards(app, Role.ADMIN))
    assert "正在退出 · 南湖驿站" in said
    assert "正在退出 · 净月书屋" in said


# Words of programs on the pages behind the cards.


def test_what_went_wrong_with_the_exchange_is_said_in_words(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        _feed(session, old=timedelta(hours=2), error="503 unavailable")
        _letter(session)
        refused, stopped = _sending(session, status=503), _sending(session, error="subscription_stopped")
    admin = PageClient(app, signed_in(Role.ADMIN))
    assert "对方的系统出了问题 （技术信息： 503 unavailable ）" in text_of(admin.get("/console/registry"))
    page = text_of(admin.get(f"/console/subscriptions/{refused}"))
    assert "对方的系统出了问题 （技术信息： 503 ）" in page
    page = text_of(admin.get(f"/console/subscriptions/{stopped}"))
    assert "订阅已停止，没有再发送 （技术信息： subscription_stopped ）" in page
    listed = admin.get("/console/registry/dead-letters")
    address = re.search(r'href="(/console/registry/dead-letters/[0-9a-f-]{36})"', listed.text)
    assert address
    assert "缺少必填的内容 （技术信息： data/title: required ）" in text_of(admin.get(address.group(1)))


def test_no_page_speaks_of_dead_letters_or_replays(app: Flask) -> None:
    with atomic() as session:
        _letter(session)
    admin = PageClient(app, signed_in(Role.ADMIN))
    listed = admin.get("/console/registry/dead-letters")
    address = re.search(r'href="(/console/registry/dead-letters/[0-9a-f-]{36})"', listed.text)
    assert address
    pages = [listed, *(admin.get(f"{address.group(1)}{end}") for end in ("", "/replay", "/discard"))]
    pages += [admin.get(path) for path in ("/console/", "/console/registry", "/console/help/dead-letters")]
    for page in pages:
        assert page.status_code == 200
        assert "死信" not in page.text
        assert "重放" not in page.text
    assert "重新处理" in pages[1].text
    assert "未能接收的记录" in pages[0].text
