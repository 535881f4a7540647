"""What can go wrong with open data.

Invalid
├── WrongBox        a bbox that is no rectangle on the earth
└── WrongRange      days that end before they begin, or too many of them
"""

from miniprogram_api.kernel.errors import Invalid


class WrongBox(Invalid):
    """A bbox is `west,south,east,north` in degrees."""

    code = "open_data.bbox"


class WrongRange(Invalid):
    """The days end before they begin, or are more than are given at once."""

    code = "open_data.range"
