"""Draws the pictures of the starting library: flat scenes in one palette, the same on every machine.

`python -m miniprogram_api.devtools.library_pictures` writes them into content/library/pictures.
"""

from miniprogram_api.devtools.library_pictures.pictures import PICTURES, draw

__all__ = ["PICTURES", "draw"]
