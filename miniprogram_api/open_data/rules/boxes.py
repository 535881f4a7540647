"""The rectangle that a map asks for."""

import re

from miniprogram_api.kernel.geo import Box
from miniprogram_api.open_data.errors import WrongBox

_NUMBER = r"[+-]?\d{1,3}(?:\.\d{1,15})?"
_FOUR = re.compile(rf"({_NUMBER}),({_NUMBER}),({_NUMBER}),({_NUMBER})", re.ASCII)


def parse_bbox(text: str | None) -> tuple[Box, ...]:
    """The boxes of `west,south,east,north`: none without a text, two where it crosses the date line.

    Raises WrongBox.
    """
    if text is None:
        return ()
    found = _FOUR.fullmatch(text)
    if found is None:
        raise WrongBox
    west, south, east, north = (float(number) for number in found.groups())
    if not (abs(west) <= 180 and abs(east) <= 180 and -90 <= south <= north <= 90):
        raise WrongBox
    if west <= east:
        return (Box(west, south, east, north),)
    return Box(west, south, 180.0, north), Box(-180.0, south, east, north)
