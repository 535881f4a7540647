"""What can go wrong with the clients of partners and their keys."""

from miniprogram_api.kernel.errors import Conflict, Invalid


class PartnerExists(Conflict):
    code = "registry.partner_exists"


class PartnerEnded(Conflict):
    code = "registry.partner_ended"


class PartnerKeysFull(Conflict):
    """Two keys of the kind stand already; one has to be retired first."""

    code = "registry.partner_keys_full"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)


class PartnerKeyUnfit(Invalid):
    """Not a public key that may be used, or one with a private part."""

    code = "registry.partner_key_unfit"
