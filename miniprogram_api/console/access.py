"""Who may see a page, in the words of the console."""

from miniprogram_api.kernel.access import Principal, PrincipalKind
from miniprogram_api.web.auth import current_actor, current_principal, public, require_fresh, requires

# A page declares its policy as a route of the API does: deny by default, objects are the services' question.
signed_in = requires
anyone = public

__all__ = [
    "Principal",
    "PrincipalKind",
    "anyone",
    "current_actor",
    "current_principal",
    "require_fresh",
    "signed_in",
]
