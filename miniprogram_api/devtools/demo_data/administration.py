"""What waits at the desks of administration: a role to approve, requests, differences, an objection."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.devtools.demo_data.sites import DEMO
from miniprogram_api.devtools.fake_registry import DEMO_PARTNER_ID
from miniprogram_api.identity.models import DataRequest, Member, StaffAccount
from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.service import data_requests, invitations, roles, staff
from miniprogram_api.identity.service.data_requests import RequestChannel, RequestKind, RequestState
from miniprogram_api.identity.service.invitations import InvitationPurpose
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.db import atomic
from miniprogram_api.registry.models import HeldBecause, HeldProject, ObjectionState
from miniprogram_api.registry.models.reconciliation import Kind
from miniprogram_api.registry.rules.reconciliation import Stand
from miniprogram_api.registry.service import objections, partners, reconciling, subscriptions
from miniprogram_api.registry.service.objections import Statement
from miniprogram_api.registry.service.reconciling import Finding, Repaired, Result
from miniprogram_api.registry.service.taking_over import take_over

_NOTICE = "DEMO-GS001"


def load_administration(now: datetime, *, password_hash: str) -> None:
    """Once; whoever has worked on any of it is left alone."""
    with atomic() as session:
        if session.scalars(select(DataRequest.id).limit(1)).first() is not None:
            return
        _load_people(session, password_hash, now)
        _load_requests(session, now)
        _load_exchange(session, now)
        _load_objection(session, now)


def _load_people(session: Session, password_hash: str, now: datetime) -> None:
    """Somebody who has left, somebody who was invited, and a role that another administrator gave."""
    for username, name in (("demo-former", "演示离岗人员"), ("demo-newcomer", "演示新同事")):
        account = staff.create_account(
            session,
            username=username,
            display_name=name,
            organisation_id=None,
            password_hash=password_hash,
            must_change_password=True,
            demo=True,
            actor=DEMO,
            now=now,
        )
        if username == "demo-former":
            staff.disable_account(session, staff_id=account.id, reason="离岗", actor=DEMO, now=now)
        else:
            purpose = InvitationPurpose.INVITATION
            invitations.issue(session, staff_id=account.id, purpose=purpose, actor=DEMO, now=now)
    giver = Actor(kind="staff", id=str(_staff(session, "demo-reviewer")))
    newcomer = _staff(session, "demo-newcomer")
    roles.grant_role(session, staff_id=newcomer, role=Role.ADMIN, actor=giver, now=now)


def _staff(session: Session, username: str) -> UUID:
    return session.scalars(select(StaffAccount.id).where(StaffAccount.username == username)).one()


def _load_requests(session: Session, now: datetime) -> None:
    def file(kind: RequestKind, channel: RequestChannel, *, days_ago: int, file_number: str | None) -> UUID:
        return data_requests.file_request(
            session,
            kind=kind,
            channel=channel,
            received_on=beijing_date(now) - timedelta(days=days_ago),
            file_number=file_number,
            actor=DEMO,
            now=now,
        ).id

    file(RequestKind.COPY, RequestChannel.COUNTER, days_ago=3, file_number="示例-2026-014")
    file(RequestKind.ERASURE, RequestChannel.LETTER, days_ago=40, file_number=None)
    done = file(RequestKind.CORRECTION, RequestChannel.PHONE, days_ago=9, file_number="示例-2026-011")
    data_requests.decide_request(
        session,
        done,
        state=RequestState.DONE,
        outcome="已指导请求人在小程序里自行更正，并电话确认。",
        actor=DEMO,
        now=now,
    )


def _load_exchange(session: Session, now: datetime) -> None:
    """A record that cannot be read, a comparison that left two differences, an endpoint that is asked for."""
    broken = {"project_id": "DEMO-XX001", "version": 3, "op": "upsert", "schema": "project/1", "data": {}}
    take_over(session, broken, now=now, feed_epoch=None)
    report_id = reconciling.begin(session, now=now)
    held = session.scalars(select(HeldProject).order_by(HeldProject.project_id).limit(2)).all()
    if report_id is not None and len(held) > 1:
        vanished, behind = (Stand(project.version, project.digest) for project in held)
        found = [
            (
                Finding(kind=Kind.UNKNOWN_THERE, project_id=held[0].project_id, held=vanished),
                Repaired(False, "not_known_there"),
            ),
            (
                Finding(
                    kind=Kind.BEHIND,
                    project_id=held[1].project_id,
                    held=behind,
                    theirs=Stand(behind.version + 1, "0" * 64),
                ),
                Repaired(False, "unavailable"),
            ),
        ]
        reconciling.write_differences(session, report_id, found, since={}, now=now)
        counts = {Kind.MATCH: 10, Kind.UNKNOWN_THERE: 1, Kind.BEHIND: 1}
        reconciling.finish(session, report_id, Result(counts=counts, as_of=now), now=now)
    subscriptions.request_subscription(
        session,
        partner_id=partners.id_of(session, DEMO_PARTNER_ID),
        url="https://registry.example/events",
        types=["engagement.daily.updated", "engagement.site.closed"],
        actor=DEMO,
        now=now,
    )


def _load_objection(session: Session, now: datetime) -> None:
    """An objection that the content check leaves to a person."""
    member_id = session.scalars(select(Member.id).order_by(Member.id).limit(1)).first()
    notice = session.scalar(select(HeldProject.project_id).where(HeldProject.project_id == _NOTICE))
    if member_id is None or notice is None:
        return
    filed = objections.file_objection(
        session,
        project_id=notice,
        member_id=member_id,
        statement=Statement(
            title="排放数据与实际不符",
            text="公示材料称该园区已停用燃煤锅炉，但本月仍可见其运行，请核实。",
            name="示例提出人",
            phone="13900000000",
            file_ids=(),
            consent_version=None,
        ),
        actor=Actor(kind="member", id=str(member_id)),
        now=now,
    )
    filed.held_because = HeldBecause.REVIEW
    objections.move(session, filed, ObjectionState.HELD, actor=DEMO, now=now)
