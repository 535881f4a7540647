"""What happened to staff accounts, roles, organisations and gate devices, as ids and plain facts."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class StaffEvent(Event):
    """A fact about one staff account."""

    staff_id: str


@dataclass(frozen=True, slots=True)
class StaffSignedIn(StaffEvent):
    name: ClassVar[str] = "identity.staff_signed_in"

    session_id: str


@dataclass(frozen=True, slots=True)
class SecondFactorShown(StaffEvent):
    """Who is signed in showed the second factor again, before a sensitive act."""

    name: ClassVar[str] = "identity.staff_second_factor_shown"

    session_id: str


@dataclass(frozen=True, slots=True)
class StaffLockedOut(StaffEvent):
    """Too many sign-ins failed under the account's username."""

    name: ClassVar[str] = "identity.staff_locked_out"


@dataclass(frozen=True, slots=True)
class StaffSessionsEnded(StaffEvent):
    """Some or all of the account's sessions stopped being valid."""

    name: ClassVar[str] = "identity.staff_sessions_ended"

    ended: int


@dataclass(frozen=True, slots=True)
class StaffCreated(StaffEvent):
    name: ClassVar[str] = "identity.staff_created"


@dataclass(frozen=True, slots=True)
class StaffRenamed(StaffEvent):
    name: ClassVar[str] = "identity.staff_renamed"


@dataclass(frozen=True, slots=True)
class StaffMoved(StaffEvent):
    """The account belongs to another organisation, and lost what it held through the former one."""

    name: ClassVar[str] = "identity.staff_moved"

    organisation_id: str | None


@dataclass(frozen=True, slots=True)
class StaffDisabled(StaffEvent):
    name: ClassVar[str] = "identity.staff_disabled"


@dataclass(frozen=True, slots=True)
class StaffEnabled(StaffEvent):
    name: ClassVar[str] = "identity.staff_enabled"


@dataclass(frozen=True, slots=True)
class PasswordChanged(StaffEvent):
    """Its owner chose another password."""

    name: ClassVar[str] = "identity.staff_password_changed"


@dataclass(frozen=True, slots=True)
class PasswordReset(StaffEvent):
    """Somebody else had a one-time password made for the account."""

    name: ClassVar[str] = "identity.staff_password_reset"


@dataclass(frozen=True, slots=True)
class TotpBegun(StaffEvent):
    name: ClassVar[str] = "identity.staff_totp_begun"


@dataclass(frozen=True, slots=True)
class TotpEnrolled(StaffEvent):
    name: ClassVar[str] = "identity.staff_totp_enrolled"


@dataclass(frozen=True, slots=True)
class TotpReset(StaffEvent):
    """The account's second factor was taken off, to be enrolled anew."""

    name: ClassVar[str] = "identity.staff_totp_reset"


@dataclass(frozen=True, slots=True)
class StaffInvited(StaffEvent):
    """A link was made by which the account's owner chooses a password; `purpose` says why."""

    name: ClassVar[str] = "identity.staff_invited"

    invitation_id: str
    purpose: str


@dataclass(frozen=True, slots=True)
class InvitationUsed(StaffEvent):
    """The account's owner has chosen a password by a link."""

    name: ClassVar[str] = "identity.invitation_used"

    invitation_id: str
    purpose: str


@dataclass(frozen=True, slots=True)
class InvitationWithdrawn(StaffEvent):
    """A link that was not used is good for nothing any more."""

    name: ClassVar[str] = "identity.invitation_withdrawn"

    invitation_id: str


@dataclass(frozen=True, slots=True)
class TasksHandedOver(StaffEvent):
    """The open tasks of an account are another's now."""

    name: ClassVar[str] = "identity.tasks_handed_over"

    receiver_id: str
    tasks: dict[str, int]


@dataclass(frozen=True, slots=True)
class RoleGranted(StaffEvent):
    name: ClassVar[str] = "identity.role_granted"

    grant_id: str
    role: str
    scope: str


@dataclass(frozen=True, slots=True)
class RoleApproved(StaffEvent):
    """A second administrator agreed: the role counts from now on."""

    name: ClassVar[str] = "identity.role_approved"

    grant_id: str
    role: str
    scope: str


@dataclass(frozen=True, slots=True)
class RoleRevoked(StaffEvent):
    name: ClassVar[str] = "identity.role_revoked"

    grant_id: str
    role: str
    scope: str


@dataclass(frozen=True, slots=True)
class RoleFrozen(StaffEvent):
    """A role counts for nothing until it is restored: its site has another operator."""

    name: ClassVar[str] = "identity.role_frozen"

    grant_id: str
    role: str
    scope: str


@dataclass(frozen=True, slots=True)
class RoleRestored(StaffEvent):
    name: ClassVar[str] = "identity.role_restored"

    grant_id: str
    role: str
    scope: str


@dataclass(frozen=True, slots=True)
class OrganisationCreated(Event):
    name: ClassVar[str] = "identity.organisation_created"

    organisation_id: str


@dataclass(frozen=True, slots=True)
class OrganisationIdentified(OrganisationCreated):
    """An organisation that was known by name only has its credit code now."""

    name: ClassVar[str] = "identity.organisation_identified"


@dataclass(frozen=True, slots=True)
class OrganisationRenamed(OrganisationCreated):
    name: ClassVar[str] = "identity.organisation_renamed"


@dataclass(frozen=True, slots=True)
class GateDeviceEvent(Event):
    """A fact about one gate device."""

    device_id: str
    site_id: str


@dataclass(frozen=True, slots=True)
class GateDeviceAdded(GateDeviceEvent):
    name: ClassVar[str] = "identity.gate_device_added"


@dataclass(frozen=True, slots=True)
class GateDeviceRevoked(GateDeviceEvent):
    name: ClassVar[str] = "identity.gate_device_revoked"


@dataclass(frozen=True, slots=True)
class GateDeviceFrozen(GateDeviceEvent):
    """The device is refused until it is restored: its site has another operator."""

    name: ClassVar[str] = "identity.gate_device_frozen"


@dataclass(frozen=True, slots=True)
class GateDeviceRestored(GateDeviceEvent):
    name: ClassVar[str] = "identity.gate_device_restored"


@dataclass(frozen=True, slots=True)
class DataRequestEvent(Event):
    """A fact about one request about personal data; says nothing about whose."""

    request_id: str
    number: str


@dataclass(frozen=True, slots=True)
class DataRequestFiled(DataRequestEvent):
    name: ClassVar[str] = "identity.data_request_filed"


@dataclass(frozen=True, slots=True)
class DataRequestDecided(DataRequestEvent):
    name: ClassVar[str] = "identity.data_request_decided"


@dataclass(frozen=True, slots=True)
class DataRequestExtended(DataRequestEvent):
    name: ClassVar[str] = "identity.data_request_extended"


@dataclass(frozen=True, slots=True)
class AuditExported(Event):
    """Rows of the audit trail were carried away."""

    name: ClassVar[str] = "identity.audit_exported"

    export_id: str
    rows: int
