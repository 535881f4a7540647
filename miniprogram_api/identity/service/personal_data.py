"""A member's right to a copy of everything held of them, and to its erasure, across all features at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from miniprogram_api.identity import consent_texts, events, personal_data
from miniprogram_api.identity.models import Consent, Erasure, Member, MemberSession
from miniprogram_api.identity.personal_data import instant
from miniprogram_api.identity.service import members, trail
from miniprogram_api.kernel.audit import SYSTEM, Actor, AuditRow
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.crypto import mask_phone
from miniprogram_api.kernel.db import after_commit
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.idempotency import StoredAnswer
from miniprogram_api.kernel.ids import new_id, short_code

log = structlog.get_logger(__name__)

_OWN = "identity"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One erasure as the ledger keeps it; holds no identifier but our own id."""

    member_id: UUID
    receipt: str
    requested_at: datetime


def export_member(session: Session, member_id: UUID) -> dict[str, Any]:
    """Everything held of a member, by feature, readable to them. Raises NotFound."""
    members.get_profile(session, member_id)
    return {name: holder.export(session, member_id) for name, holder in personal_data.holders().items()}


def erase_member(session: Session, *, member_id: UUID, actor: Actor, now: datetime) -> Erasure:
    """Remove what identifies a member, in every feature, and enter it in the ledger. Raises NotFound.

    The member's row stays, empty, so that what was counted still adds up.
    """
    if members.lock_member(session, member_id) is None:
        raise NotFound
    receipt = f"ER-{beijing_date(now):%Y%m%d}-{short_code()}"
    entry = LedgerEntry(member_id, receipt, now)
    return _erase(session, entry, actor=actor, now=now)


def list_ledger(session: Session) -> list[LedgerEntry]:
    """Every erasure so far, the oldest first."""
    rows = session.scalars(select(Erasure).order_by(Erasure.requested_at, Erasure.id))
    return [LedgerEntry(row.member_id, row.receipt, row.requested_at) for row in rows]


def replay_erasure(session: Session, entry: LedgerEntry, *, now: datetime) -> bool:
    """Erase again whom a restore has brought back; answers whether the member was there to be erased."""
    if members.lock_member(session, entry.member_id) is None:
        return False
    _erase(session, entry, actor=SYSTEM, now=now)
    return True


def merge_ledgers(*ledgers: Iterable[LedgerEntry]) -> list[LedgerEntry]:
    """One entry for each member, of the first ledger that has it."""
    merged: dict[UUID, LedgerEntry] = {}
    for ledger in ledgers:
        for entry in ledger:
            merged.setdefault(entry.member_id, entry)
    return list(merged.values())


def _erase(session: Session, entry: LedgerEntry, *, actor: Actor, now: datetime) -> Erasure:
    holders = personal_data.holders()
    own = holders.pop(_OWN)
    for holder in (*holders.values(), own):
        holder.erase(session, entry.member_id, now)
    erasure = session.scalar(select(Erasure).where(Erasure.member_id == entry.member_id))
    if erasure is None:
        erasure = Erasure(
            id=new_id(), member_id=entry.member_id, receipt=entry.receipt, requested_at=entry.requested_at
        )
        session.add(erasure)
    erasure.completed_at = now
    session.flush()
    event = events.MemberErased(str(entry.member_id), receipt=erasure.receipt)
    trail.leave(session, event, actor=actor, after={"receipt": erasure.receipt})
    # Logs are kept elsewhere, and so tell whom to erase again should the ledger be lost with the database.
    after_commit(session, lambda: log.info("member_erased", member_id=event.member_id, receipt=event.receipt))
    return erasure


@personal_data.contributes(_OWN)
class IdentityOfMember:
    """Identity's own part: who the member is, their sessions and consents."""

    @staticmethod
    def export(session: Session, member_id: UUID) -> dict[str, Any]:
        return {
            "member": _export_profile(session.get_one(Member, member_id)),
            "sessions": _export_sessions(session, member_id),
            "consents": _export_consents(session, member_id),
            "trail": _export_trail(session, member_id),
        }

    @staticmethod
    def erase(session: Session, member_id: UUID, now: datetime) -> None:
        session.execute(delete(MemberSession).where(MemberSession.member_id == member_id))
        session.execute(delete(Consent).where(Consent.member_id == member_id))
        # Answers kept for repeated requests hold what the features answered, names included.
        session.execute(delete(StoredAnswer).where(StoredAnswer.principal == f"member:{member_id}"))
        member = session.get_one(Member, member_id)
        member.openid_index = member.openid_cipher = None
        member.unionid_index = member.unionid_cipher = None
        member.phone_index = member.phone_cipher = member.phone_verified_at = None
        member.nickname = None
        member.erased_at = now
        session.flush()


def _export_profile(member: Member) -> dict[str, Any]:
    # Masked here too: the member knows the number, and a copy that goes astray gives nothing away.
    phone = members.read_phone(member)
    return {
        "id": str(member.id),
        "nickname": member.nickname,
        "phone_masked": None if phone is None else mask_phone(phone),
        "phone_verified_at": instant(member.phone_verified_at),
        "wechat_openid": members.read_openid(member),
        "wechat_unionid": members.read_unionid(member),
        "joined_at": instant(member.created_at),
    }


def _export_trail(session: Session, member_id: UUID) -> list[dict[str, Any]]:
    """What the audit trail keeps of what the member did, and of what was done to the account."""
    own = and_(AuditRow.actor_kind == "member", AuditRow.actor_id == str(member_id))
    about = and_(AuditRow.object_type == "member", AuditRow.object_id == str(member_id))
    columns = AuditRow.at, AuditRow.action, AuditRow.actor_kind, AuditRow.object_type, AuditRow.object_id
    rows = session.execute(select(*columns).where(or_(own, about)).order_by(AuditRow.id))
    return [
        {
            "at": instant(row.at),
            "action": row.action,
            "by": row.actor_kind,
            "object": f"{row.object_type}:{row.object_id}",
        }
        for row in rows
    ]


def _export_sessions(session: Session, member_id: UUID) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(MemberSession)
        .where(MemberSession.member_id == member_id)
        .order_by(MemberSession.created_at, MemberSession.id)
    )
    return [
        {
            "opened_at": instant(row.created_at),
            "expires_at": instant(row.refresh_expires_at),
            "refreshed_at": instant(row.superseded_at),
            "ended_at": instant(row.revoked_at),
        }
        for row in rows
    ]


def _export_consents(session: Session, member_id: UUID) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(Consent).where(Consent.member_id == member_id).order_by(Consent.decided_at, Consent.id)
    )
    return [_export_consent(row) for row in rows]


def _export_consent(row: Consent) -> dict[str, Any]:
    # With the words: who is shown a version and a digest alone cannot tell what they agreed to.
    shown = consent_texts.find_text(row.purpose, row.text_version)
    return {
        "purpose": row.purpose.value,
        "granted": row.granted,
        "text_version": row.text_version,
        "text_sha256": row.text_sha256,
        "text": None if shown is None else f"{shown.title}\n{shown.body}",
        "channel": row.channel,
        "decided_at": instant(row.decided_at),
    }
