"""What can go wrong around staff.

AppError
├── Unauthenticated
│   ├── BadCredentials           no such user, wrong password, disabled: one answer for all
│   ├── TotpRequired             the password is right, the second factor is missing
│   └── TotpRejected             the second factor is wrong or was used before
├── Forbidden
│   └── TotpEnrolmentRequired    the account has no second factor yet and may do nothing but enrol one
├── TooMany
│   └── LockedOut                too many failures under this username
├── Conflict
│   ├── TotpAlreadyEnrolled
│   ├── TotpEnrolmentNotBegun    a code was confirmed for which no secret was issued
│   ├── UsernameTaken
│   ├── OrganisationExists
│   ├── NamedByRegistry          the registry knows an operator without a credit code by its name only
│   ├── AlreadyGranted           the account holds this role there
│   ├── NotFrozen                a role or device that counts already needs no restoring
│   ├── NotAwaiting              the role waits for nobody's approval
│   ├── SecondPersonNeeded       who gave a role cannot approve it too
│   ├── OwnAccount               nobody changes their own rights
│   ├── AccountDisabled          a disabled account gets no link
│   └── RequestDecided           a request about personal data is decided once
├── Gone
│   └── InvitationOver           the link was used, replaced or has expired
└── Invalid
    ├── PasswordRefused          names what is wrong with the new password
    ├── WrongPassword            the present password, asked again of who is signed in
    ├── WrongCode                the second factor, asked again of who is signed in
    ├── ReceiverNeeded           open tasks need somebody to go on with them
    ├── ReceiverUnfit            who should go on with them cannot
    ├── RoleReach                the role cannot be held over that
    └── NoSuchObject             names the field that points at nothing
"""

from collections.abc import Sequence

from miniprogram_api.kernel.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Gone,
    Invalid,
    TooMany,
    Unauthenticated,
)


class BadCredentials(Unauthenticated):
    code = "auth.bad_credentials"


class TotpRequired(Unauthenticated):
    code = "auth.totp_required"


class TotpRejected(Unauthenticated):
    code = "auth.totp_rejected"


class TotpEnrolmentRequired(Forbidden):
    code = "auth.totp_enrolment_required"


class LockedOut(TooMany):
    code = "auth.locked_out"


class TotpAlreadyEnrolled(Conflict):
    code = "auth.totp_already_enrolled"


class TotpEnrolmentNotBegun(Conflict):
    code = "auth.totp_enrolment_not_begun"


class UsernameTaken(Conflict):
    code = "staff.username_taken"


class OrganisationExists(Conflict):
    code = "staff.organisation_exists"


class NamedByRegistry(Conflict):
    code = "staff.named_by_registry"


class AlreadyGranted(Conflict):
    code = "staff.already_granted"


class NotFrozen(Conflict):
    code = "staff.not_frozen"


class NotAwaiting(Conflict):
    code = "staff.not_awaiting"


class SecondPersonNeeded(Conflict):
    code = "staff.second_person_needed"


class OwnAccount(Conflict):
    code = "staff.own_account"


class AccountDisabled(Conflict):
    code = "staff.account_disabled"


class RequestDecided(Conflict):
    code = "requests.decided"


class InvitationOver(Gone):
    code = "staff.invitation_over"


class ReceiverNeeded(Invalid):
    def __init__(self) -> None:
        super().__init__(fields=[FieldError("receiver", "staff.receiver_needed")])


class ReceiverUnfit(Invalid):
    def __init__(self) -> None:
        super().__init__(fields=[FieldError("receiver", "staff.receiver_unfit")])


class PasswordRefused(Invalid):
    def __init__(self, faults: Sequence[FieldError]) -> None:
        super().__init__(fields=faults)


class WrongPassword(Invalid):
    def __init__(self, *, field: str) -> None:
        super().__init__(fields=[FieldError(field, "staff.password_wrong")])


class WrongCode(Invalid):
    def __init__(self, *, field: str) -> None:
        super().__init__(fields=[FieldError(field, "auth.totp_rejected")])


class RoleReach(Invalid):
    def __init__(self) -> None:
        super().__init__(fields=[FieldError("role", "staff.role_reach")])


class NoSuchObject(Invalid):
    def __init__(self, *, field: str) -> None:
        super().__init__(fields=[FieldError(field, "staff.no_such_object")])
