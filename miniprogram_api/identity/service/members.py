"""Members: found by what WeChat calls them, with what they tell of themselves, encrypted."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from miniprogram_api.identity import events
from miniprogram_api.identity.models import Member
from miniprogram_api.identity.service import trail
from miniprogram_api.kernel import crypto
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import NotFound, Unavailable
from miniprogram_api.kernel.ids import new_id

log = structlog.get_logger(__name__)

# What WeChat calls the things that a member may take back.
_PHONE = 8
_NICKNAME = {6, 19}


class PhoneSource(StrEnum):
    """Where a number comes from: only WeChat's is verified."""

    TYPED = "typed"
    WECHAT = "wechat"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a member is shown of themselves."""

    id: UUID
    nickname: str | None
    phone_masked: str | None
    phone_verified: bool
    joined_at: datetime


def get_profile(session: Session, member_id: UUID) -> Profile:
    """Raises NotFound for an unknown or erased member."""
    return profile_of(_get(session, member_id))


def profile_of(member: Member) -> Profile:
    """What a member is shown of themselves; the phone is masked."""
    phone = read_phone(member)
    return Profile(
        id=member.id,
        nickname=member.nickname,
        phone_masked=None if phone is None else crypto.mask_phone(phone),
        phone_verified=member.phone_verified_at is not None,
        joined_at=member.created_at,
    )


def is_living(session: Session, member_id: UUID) -> bool:
    """Whether there is such a member who has not been erased."""
    living = select(Member.id).where(Member.id == member_id, Member.erased_at.is_(None))
    return session.scalar(living) is not None


def find_by_index(session: Session, openid_index: bytes) -> UUID | None:
    """The member whom WeChat's push speaks of, by the index of the openid; None for a stranger."""
    known = select(Member.id).where(Member.openid_index == openid_index, Member.erased_at.is_(None))
    return session.scalar(known)


def get_openid(session: Session, member_id: UUID) -> str:
    """What WeChat calls the member, for calls to WeChat about them. Raises NotFound."""
    openid = read_openid(_get(session, member_id))
    if openid is None:
        raise NotFound
    return openid


def list_openids(session: Session, member_ids: Collection[UUID]) -> dict[UUID, str]:
    """The openids of those members who have not been erased; one statement."""
    wanted = select(Member).where(Member.id.in_(member_ids), Member.openid_cipher.is_not(None))
    found = {member.id: read_openid(member) for member in session.scalars(wanted)}
    return {member_id: openid for member_id, openid in found.items() if openid is not None}


def read_openid(member: Member) -> str | None:
    """The plain openid, for calls to WeChat alone; None of an erased member."""
    return _decrypt(member.openid_cipher, "openid", member.id)


def read_unionid(member: Member) -> str | None:
    """The plain unionid; None when WeChat gave none, or of an erased member."""
    return _decrypt(member.unionid_cipher, "unionid", member.id)


def read_phone(member: Member) -> str | None:
    """The plain phone, shown to its member in an export and to nobody else; None when there is none."""
    return _decrypt(member.phone_cipher, "phone", member.id)


def phone_index(phone: str) -> bytes:
    """What members are looked up by when only the number is known; takes the eleven digits."""
    return crypto.blind_index(phone, purpose="phone")


def lock_member(session: Session, member_id: UUID) -> Member | None:
    """The member as last committed, kept from changing until the transaction ends; None if unknown or erased.

    Whatever changes a member or their sessions locks first, so that a session opened beside a log-out
    everywhere, or a change beside an erasure, cannot slip through between two snapshots.
    """
    return _lock(session, Member.id == member_id)


def keep_living(session: Session, member_ids: Collection[UUID]) -> set[UUID]:
    """Those of them who are not erased, and will not be until the transaction ends; one statement.

    Several who do this at once do not wait for one another.
    """
    living = select(Member.id).where(Member.id.in_(member_ids), Member.erased_at.is_(None))
    kept = living.order_by(Member.id).with_for_update(read=True)
    return set(session.scalars(kept)) if member_ids else set()


def find_or_join(session: Session, *, openid: str, unionid: str | None, now: datetime) -> tuple[Member, bool]:
    """The member of an openid, locked, and whether they have just joined.

    Of two first logins at once, one inserts and the other finds what it inserted.
    """
    by_openid = Member.openid_index == crypto.blind_index(openid, purpose="openid")
    member = _lock(session, by_openid)
    joined = False
    if member is None:
        member, joined = _join(session, openid=openid, now=now), True
    if member is None:
        member, joined = _lock(session, by_openid), False
    if member is None:
        # Joined and erased by others within this very moment.
        raise Unavailable(retry_after_s=1)
    if unionid is not None:
        _note_unionid(session, member, unionid)
    return member, joined


def change_nickname(session: Session, *, member_id: UUID, nickname: str | None, actor: Actor) -> Profile:
    """Set or clear the nickname. Raises NotFound."""
    member = _get_locked(session, member_id)
    if member.nickname != nickname:
        member.nickname = nickname
        trail.leave(session, events.NicknameChanged(str(member_id)), actor=actor)
    return profile_of(member)


def set_phone(
    session: Session, *, member_id: UUID, phone: str, source: PhoneSource, actor: Actor, now: datetime
) -> Profile:
    """Keep a mainland mobile number, given as eleven digits. Raises NotFound.

    Typing the number that WeChat has vouched for keeps it verified; typing another one does not.
    """
    member = _get_locked(session, member_id)
    index = phone_index(phone)
    same = member.phone_index == index
    if same and (source is PhoneSource.TYPED or member.phone_verified_at is not None):
        return profile_of(member)
    member.phone_index = index
    member.phone_cipher = crypto.encrypt(phone, context=_context("phone", member_id))
    member.phone_verified_at = now if source is PhoneSource.WECHAT else None
    verified = source is PhoneSource.WECHAT
    event = events.PhoneChanged(str(member_id), verified=verified)
    trail.leave(session, event, actor=actor, after={"verified": verified})
    return profile_of(member)


def remove_phone(session: Session, *, member_id: UUID, actor: Actor) -> None:
    """Forget the number. Raises NotFound."""
    member = _get_locked(session, member_id)
    if member.phone_cipher is not None:
        member.phone_index = member.phone_cipher = member.phone_verified_at = None
        trail.leave(session, events.PhoneRemoved(str(member_id)), actor=actor)


def take_back(session: Session, *, member_id: UUID, kinds: Collection[int], actor: Actor) -> None:
    """Forget what a member no longer lets us know, by WeChat's numbers; others name what is never kept here.

    Raises NotFound.
    """
    if _PHONE in kinds:
        remove_phone(session, member_id=member_id, actor=actor)
    if _NICKNAME & set(kinds):
        change_nickname(session, member_id=member_id, nickname=None, actor=actor)


def _join(session: Session, *, openid: str, now: datetime) -> Member | None:
    member_id = new_id()
    member = Member(
        id=member_id,
        openid_index=crypto.blind_index(openid, purpose="openid"),
        openid_cipher=crypto.encrypt(openid, context=_context("openid", member_id)),
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(member)
    except IntegrityError:
        return None
    return member


def _note_unionid(session: Session, member: Member, unionid: str) -> None:
    """Keep the unionid, which may appear long after the member joined."""
    index = crypto.blind_index(unionid, purpose="unionid")
    if member.unionid_index == index:
        return
    cipher = crypto.encrypt(unionid, context=_context("unionid", member.id))
    try:
        with session.begin_nested():
            member.unionid_index, member.unionid_cipher = index, cipher
    except IntegrityError:
        # Another openid of ours has it: after a move to another appid. Two stay two until people decide.
        log.warning("unionid_taken", member_id=str(member.id))


def _get(session: Session, member_id: UUID) -> Member:
    member = session.get(Member, member_id)
    if member is None or member.erased_at is not None:
        raise NotFound
    return member


def _get_locked(session: Session, member_id: UUID) -> Member:
    member = lock_member(session, member_id)
    if member is None:
        raise NotFound
    return member


def _lock(session: Session, which: ColumnElement[bool]) -> Member | None:
    # FOR NO KEY UPDATE: rows that refer to the member, such as bookings, go on being inserted.
    living = select(Member).where(which, Member.erased_at.is_(None)).with_for_update(key_share=True)
    return session.scalars(living.execution_options(populate_existing=True)).one_or_none()


def _context(field: str, member_id: UUID) -> str:
    return f"identity_members.{field}:{member_id}"


def _decrypt(cipher: str | None, field: str, member_id: UUID) -> str | None:
    return None if cipher is None else crypto.decrypt(cipher, context=_context(field, member_id))
