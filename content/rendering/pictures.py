"""A picture of the library as a text shows it."""

import re
from dataclasses import dataclass
from typing import Final

OURS: Final = re.compile(r"/media/(?:[a-z]+/)?[0-9a-f]{32}(?:-[0-9]+)?\.(?:jpg|png)")


@dataclass(frozen=True, slots=True)
class Picture:
    """Where a picture is, in its sizes: `(address, width)`; width and height are those of the widest."""

    asset_id: str
    src: str
    srcset: tuple[tuple[str, int], ...]
    width: int
    height: int

    def __post_init__(self) -> None:
        """Only pictures of our own file store are shown."""
        for address in (self.src, *(address for address, _ in self.srcset)):
            if not OURS.fullmatch(address):
                raise ValueError(f"not a picture of ours: {address!r}")
