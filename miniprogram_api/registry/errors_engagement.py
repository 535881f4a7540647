"""What can go wrong when engagement figures are asked for."""

from miniprogram_api.kernel.errors import Invalid


class WrongDays(Invalid):
    """The days end before they begin, or are more than are given at once."""

    code = "registry.wrong_days"
