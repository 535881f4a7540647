"""The wire format of staff: signing in, sessions, accounts, roles, organisations, the audit trail."""

from marshmallow import fields, validate

from miniprogram_api.identity.passwords import MAX_LENGTH
from miniprogram_api.identity.permissions import Reach, Role
from miniprogram_api.web.schemas import Id, Instant, Paging, Schema, Text

_GRANT = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3c",
    "role": "site_manager",
    "reach": "site",
    "organisation_id": None,
    "site_id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3d",
    "permissions": ["bookings.manage", "bookings.view", "sites.view"],
    "granted_at": "2026-11-23T10:00:00+08:00",
    "frozen_at": None,
    "awaiting_approval": False,
}
STAFF = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3a",
    "username": "li.hua",
    "display_name": "李华",
    "organisation_id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3b",
    "demo": False,
    "must_change_password": False,
    "totp_enrolled": True,
    "created_at": "2026-11-01T09:00:00+08:00",
    "disabled_at": None,
    "grants": [_GRANT],
}
SIGN_IN = {"username": "li.hua", "password": "a long phrase of One's own 7", "totp": "123456"}
CREDENTIALS = {"username": "li.hua", "password": "a long phrase of One's own 7"}
SIGNED_IN = {
    "access_token": "st_Xq3f…",
    "expires_at": "2026-11-23T22:00:00+08:00",
    "staff": STAFF,
    "recovery_codes_left": 10,
}
ENROLMENT = {"secret": "JBSWY3DPEHPK3PXP…", "otpauth_uri": "otpauth://totp/…?secret=JBSWY3DPEHPK3PXP…"}
ENROLLED = {"signed_in": SIGNED_IN, "recovery_codes": ["7K3M-9Q2X-4V6T"]}
SESSION = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3e",
    "created_at": "2026-11-23T10:00:00+08:00",
    "last_seen_at": "2026-11-23T10:20:00+08:00",
    "expires_at": "2026-11-23T22:00:00+08:00",
    "ip": "203.0.113.7",
    "user_agent": "Mozilla/5.0",
    "current": True,
}
ORGANISATION = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3b",
    "name": "长春市示范小学",
    "credit_code": "122201004127541234",
    "created_at": "2026-11-01T09:00:00+08:00",
}
GRANT = _GRANT
ROLES = {
    "items": [{"role": "auditor", "reaches": ["city"], "permissions": ["audit.view"]}],
    "permissions": {"audit.view": "read the audit trail"},
}
AUDIT_ROW = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3f",
    "at": "2026-11-23T10:00:00+08:00",
    "actor_kind": "staff",
    "actor_id": STAFF["id"],
    "action": "identity.role_granted",
    "object_type": "staff",
    "object_id": STAFF["id"],
    "before": None,
    "after": {"role": "gate", "scope": "site:01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3d"},
    "reason": None,
    "ip": "203.0.113.7",
    "request_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "sequence": 1024,
    "hash": "9f2c0d7e4b1a8c3f6e5d2b7a0c9f8e1d4a3b6c5f7e8d9a0b1c2d3e4f5a6b7c8d",
}

_CODE = {"description": "Six digits of the authenticator, or a recovery code; each is good once."}


def _password() -> fields.String:
    return fields.String(required=True, validate=validate.Length(min=1, max=MAX_LENGTH))


class CredentialsBody(Schema):
    username = fields.String(required=True, validate=validate.Length(min=1, max=200))
    password = _password()


class SignInBody(CredentialsBody):
    totp = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40), metadata=_CODE)


class ConfirmEnrolmentBody(CredentialsBody):
    totp = fields.String(
        required=True,
        validate=validate.Length(min=1, max=40),
        metadata={"description": "Six digits of the authenticator that was given the secret."},
    )


class ShowSecondFactorBody(Schema):
    totp = fields.String(required=True, validate=validate.Length(min=1, max=40), metadata=_CODE)


class FreshView(Schema):
    fresh_until = Instant(metadata={"description": "Until then sensitive acts need no other code."})


class ChangePasswordBody(Schema):
    current_password = _password()
    new_password = _password()


class GrantView(Schema):
    id = fields.String()
    role = fields.String(metadata={"enum": [role.value for role in Role]})
    reach = fields.String(metadata={"enum": [reach.value for reach in Reach]})
    organisation_id = fields.String(allow_none=True)
    site_id = fields.String(allow_none=True)
    permissions = fields.List(fields.String())
    granted_at = Instant()
    frozen_at = Instant(
        allow_none=True,
        metadata={"description": "Since when it counts for nothing: its site has another operator."},
    )
    awaiting_approval = fields.Boolean(
        metadata={"description": "It counts for nothing until a second administrator approves it."}
    )


class StaffView(Schema):
    id = fields.String()
    username = fields.String()
    display_name = fields.String()
    organisation_id = fields.String(allow_none=True)
    demo = fields.Boolean()
    must_change_password = fields.Boolean(
        metadata={"description": "Until it is changed, the roles below do not count."}
    )
    totp_enrolled = fields.Boolean()
    created_at = Instant()
    disabled_at = Instant(allow_none=True)
    grants = fields.List(fields.Nested(GrantView))


class StaffSignedInView(Schema):
    access_token = fields.String(metadata={"description": "Bearer token: 30 minutes idle, 12 hours in all."})
    expires_at = Instant()
    staff = fields.Nested(StaffView)
    recovery_codes_left = fields.Integer()


class EnrolmentView(Schema):
    secret = fields.String(metadata={"description": "Base32, for typing."})
    otpauth_uri = fields.String(metadata={"description": "For a QR code."})


class EnrolledView(Schema):
    signed_in = fields.Nested(StaffSignedInView)
    recovery_codes = fields.List(fields.String(), metadata={"description": "Shown this once."})


class StaffSessionView(Schema):
    id = fields.String()
    created_at = Instant()
    last_seen_at = Instant()
    expires_at = Instant()
    ip = fields.String(allow_none=True)
    user_agent = fields.String(allow_none=True)
    current = fields.Boolean()


class StaffSessionsView(Schema):
    items = fields.List(fields.Nested(StaffSessionView))
    next_cursor = fields.String(allow_none=True)


class StaffFilter(Paging):
    organisation_id = Id(load_default=None)


class StaffListView(Schema):
    items = fields.List(fields.Nested(StaffView))
    next_cursor = fields.String(allow_none=True)


class CreateStaffBody(Schema):
    username = Text(required=True, max_length=60, min_length=3)
    display_name = Text(required=True, max_length=60)
    organisation_id = Id(load_default=None, allow_none=True)


class ChangeStaffBody(Schema):
    display_name = Text(max_length=60)
    organisation_id = Id(allow_none=True)


class ReasonBody(Schema):
    reason = Text(required=True, max_length=200)


class ReasonQuery(Schema):
    reason = Text(load_default=None, max_length=200)


class HandedOverView(Schema):
    staff = fields.Nested(StaffView)
    one_time_password = fields.String(
        metadata={"description": "To hand over; shown this once, and to be changed at the first sign-in."}
    )


class GrantRoleBody(Schema):
    """Over a site, over an organisation's sites, or (neither given) over the city."""

    role = fields.Enum(Role, by_value=True, required=True)
    organisation_id = Id(load_default=None, allow_none=True)
    site_id = Id(load_default=None, allow_none=True)


class RoleView(Schema):
    role = fields.String()
    reaches = fields.List(fields.String())
    permissions = fields.List(fields.String())


class RolesView(Schema):
    items = fields.List(fields.Nested(RoleView))
    permissions = fields.Dict(keys=fields.String(), values=fields.String())


class CreateOrganisationBody(Schema):
    name = Text(required=True, max_length=120)
    credit_code = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"[0-9A-HJ-NPQRTUWXY]{18}\Z", error="field.invalid"),
        metadata={"description": "统一社会信用代码"},
    )


class OrganisationView(Schema):
    id = fields.String()
    name = fields.String()
    credit_code = fields.String(allow_none=True)
    created_at = Instant()


class OrganisationsView(Schema):
    items = fields.List(fields.Nested(OrganisationView))
    next_cursor = fields.String(allow_none=True)


class AuditFilter(Paging):
    actor_id = Text(load_default=None, max_length=64)
    action = Text(load_default=None, max_length=80)
    object_type = Text(load_default=None, max_length=40)
    object_id = Text(load_default=None, max_length=64)
    since = Instant(load_default=None, metadata={"type": "string", "format": "date-time"})
    until = Instant(
        load_default=None, metadata={"type": "string", "format": "date-time", "description": "Exclusive."}
    )


class AuditRowView(Schema):
    id = fields.String()
    at = Instant()
    actor_kind = fields.String()
    actor_id = fields.String()
    action = fields.String()
    object_type = fields.String()
    object_id = fields.String()
    before = fields.Dict(allow_none=True)
    after = fields.Dict(allow_none=True)
    reason = fields.String(allow_none=True)
    ip = fields.String(allow_none=True)
    request_id = fields.String(allow_none=True)
    sequence = fields.Integer(
        allow_none=True, metadata={"description": "Place in the hash chain; null until sealed."}
    )
    hash = fields.Function(
        lambda row: row.hash.hex() if row.hash else None,
        metadata={"type": ["string", "null"], "description": "SHA-256 over the row and the hash before it."},
    )


class AuditTrailView(Schema):
    items = fields.List(fields.Nested(AuditRowView))
    next_cursor = fields.String(allow_none=True)
