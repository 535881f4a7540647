"""What can go wrong with the registry's doorbell.

Unauthenticated
└── SignatureRefused   not signed by the registry, or not now
"""

from miniprogram_api.kernel.errors import Unauthenticated


class SignatureRefused(Unauthenticated):
    """The ring is not signed by a secret of ours, or its moment is not this one; `reason` says which."""

    code = "registry.signature_refused"
