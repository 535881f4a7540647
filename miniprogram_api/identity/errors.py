"""What can go wrong around members.

AppError
├── Unauthenticated
│   └── RefreshRejected      the refresh token is unknown, over, or was used before
├── Invalid
│   └── PhoneNotMainland     WeChat gave a number that is not a mainland mobile
└── Conflict
    └── ConsentTextOutdated  the member agreed to a text that is no longer the current one
"""

from miniprogram_api.kernel.errors import Conflict, Invalid, Unauthenticated


class RefreshRejected(Unauthenticated):
    """One answer for every reason, so that nothing is learnt from it."""

    code = "identity.refresh_rejected"


class PhoneNotMainland(Invalid):
    code = "identity.phone_not_mainland"


class ConsentTextOutdated(Conflict):
    code = "identity.consent_text_outdated"

    def __init__(self, *, purpose: str, current_version: str) -> None:
        super().__init__(purpose=purpose, current_version=current_version)
