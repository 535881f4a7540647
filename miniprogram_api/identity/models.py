"""Tables of people and machines that sign in. Tokens are stored as hashes, personal data encrypted."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class Organisation(Model):
    """A school, a residents' committee, an operator of sites, a bureau."""

    __tablename__ = "identity_organisations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    credit_code: Mapped[str | None] = mapped_column(String(18))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Member(Model):
    """A citizen, known by what WeChat calls them. An erased one keeps the row and loses what is in it."""

    __tablename__ = "identity_members"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    openid_index: Mapped[bytes | None] = mapped_column(
        LargeBinary(32), unique=True, info={"pii": "wechat_id"}
    )
    openid_cipher: Mapped[str | None] = mapped_column(Text, info={"pii": "wechat_id"})
    unionid_index: Mapped[bytes | None] = mapped_column(
        LargeBinary(32), unique=True, info={"pii": "wechat_id"}
    )
    unionid_cipher: Mapped[str | None] = mapped_column(Text, info={"pii": "wechat_id"})
    nickname: Mapped[str | None] = mapped_column(String(40), info={"pii": "name"})
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True, info={"pii": "contact"})
    phone_cipher: Mapped[str | None] = mapped_column(Text, info={"pii": "contact"})
    phone_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MemberSession(Model):
    """One pair of access and refresh token; a refresh makes the next row of the same family."""

    __tablename__ = "identity_member_sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    family_id: Mapped[UUID] = mapped_column(index=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("identity_members.id"), index=True)
    access_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    access_expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    refresh_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    refresh_expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    superseded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ConsentPurpose(StrEnum):
    """What a member may agree to; only `privacy_policy` is needed to use the service."""

    PRIVACY_POLICY = "privacy_policy"
    IDENTITY_DATA = "identity_data"
    LOCATION = "location"
    SERVICE_MESSAGES = "service_messages"
    OBJECTION_IDENTITY = "objection_identity"


class Consent(Model):
    """One decision on one purpose, with the version and digest of the text that was shown. Append-only."""

    __tablename__ = "identity_consents"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("identity_members.id"), index=True)
    purpose: Mapped[ConsentPurpose] = mapped_column(text_enum(ConsentPurpose))
    granted: Mapped[bool]
    text_version: Mapped[str] = mapped_column(String(20))
    text_sha256: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(20))
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Erasure(Model):
    """The ledger of erased members, replayed after a restore; holds no identifier but our own id."""

    __tablename__ = "identity_erasures"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(unique=True)
    receipt: Mapped[str] = mapped_column(String(20), unique=True)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StaffAccount(Model):
    """Somebody who works in the product, with a password and, outside demonstrations, a second factor."""

    __tablename__ = "identity_staff"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(60), unique=True)
    display_name: Mapped[str] = mapped_column(String(60))
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_organisations.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    password_changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    must_change_password: Mapped[bool]
    totp_cipher: Mapped[str | None] = mapped_column(Text)
    totp_confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # until then it proves nothing
    totp_last_step: Mapped[int | None]
    demo: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    grants: Mapped[list["RoleGrant"]] = relationship(back_populates="staff", lazy="raise")


class SignInFailures(Model):
    """Failed sign-ins under one username, whether or not an account has it, or from one network."""

    __tablename__ = "identity_sign_in_failures"

    # An index, because people type secrets there.
    username_index: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    failures: Mapped[int]
    last_failed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PasswordHistory(Model):
    """Former password hashes, so that the last ones are not chosen again."""

    __tablename__ = "identity_password_history"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("identity_staff.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    replaced_at: Mapped[datetime] = mapped_column(UtcDateTime)


class InvitationPurpose(StrEnum):
    """What a link is for."""

    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105  what it is for, not a password


class StaffInvitation(Model):
    """A link by which somebody chooses the password of their account, once; a new one replaces the old."""

    __tablename__ = "identity_staff_invitations"
    __table_args__ = (
        Index(
            "uq_identity_staff_invitations_living",
            "staff_id",
            unique=True,
            sqlite_where=text("used_at IS NULL AND withdrawn_at IS NULL"),
            postgresql_where=text("used_at IS NULL AND withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("identity_staff.id"), index=True)
    purpose: Mapped[InvitationPurpose] = mapped_column(text_enum(InvitationPurpose))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[UUID | None]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecoveryCode(Model):
    """A hashed one-time code for a lost second factor."""

    __tablename__ = "identity_recovery_codes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("identity_staff.id"), index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RoleGrant(Model):
    """A role over one site, over an organisation's sites, or (neither) over the city."""

    __tablename__ = "identity_role_grants"
    __table_args__ = (
        Index(
            "uq_identity_role_grants_live",
            "staff_id",
            "role",
            "scope",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("identity_staff.id"), index=True)
    role: Mapped[str] = mapped_column(String(32))
    # `city`, `organisation:<id>` or `site:<id>`: never null, and so good for the unique index.
    scope: Mapped[str] = mapped_column(String(50))
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_organisations.id"), index=True)
    site_id: Mapped[UUID | None] = mapped_column(ForeignKey("sites_sites.id"), index=True)
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    granted_by: Mapped[UUID | None]
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # until then it counts for nothing
    approved_by: Mapped[UUID | None]  # the second person, where the role takes two
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoke_reason: Mapped[str | None] = mapped_column(String(200))
    frozen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # it counts for nothing until restored

    staff: Mapped[StaffAccount] = relationship(back_populates="grants", lazy="raise")


class StaffSession(Model):
    """A signed-in staff member on one device: 30 minutes idle, 12 hours in all."""

    __tablename__ = "identity_staff_sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("identity_staff.id"), index=True)
    access_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    proven_at: Mapped[datetime] = mapped_column(UtcDateTime)  # when the second factor was last shown
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ip: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(200))
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class GateDevice(Model):
    """A tablet or phone that admits visitors at one site."""

    __tablename__ = "identity_gate_devices"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[UUID | None]
    demo: Mapped[bool]  # refused in production
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    frozen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # refused until restored


class RequestKind(StrEnum):
    """What a person asks about their own data."""

    ACCESS = "access"
    COPY = "copy"
    CORRECTION = "correction"
    ERASURE = "erasure"
    OBJECTION = "objection"
    GUARDIAN = "guardian"  # for a child
    COMPLAINT = "complaint"


class RequestChannel(StrEnum):
    """How it reached us."""

    COUNTER = "counter"
    LETTER = "letter"
    PHONE = "phone"
    EMAIL = "email"
    TRANSFERRED = "transferred"  # from another authority


class RequestState(StrEnum):
    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"


class DataRequest(Model):
    """A request about personal data that came on paper. Who made it is in the paper file, never here."""

    __tablename__ = "identity_data_requests"
    __table_args__ = (Index("ix_identity_data_requests_due", "state", "due_on", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    kind: Mapped[RequestKind] = mapped_column(text_enum(RequestKind))
    channel: Mapped[RequestChannel] = mapped_column(text_enum(RequestChannel))
    received_on: Mapped[date]
    due_on: Mapped[date]
    file_number: Mapped[str | None] = mapped_column(String(60))  # where the paper is
    state: Mapped[RequestState] = mapped_column(text_enum(RequestState))
    outcome: Mapped[str | None] = mapped_column(String(500))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[UUID | None]
