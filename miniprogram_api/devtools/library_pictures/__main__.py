"""Writes the pictures, all of them or those named on the command line."""

import sys
from pathlib import Path

from miniprogram_api.devtools.library_pictures import PICTURES, draw

FOLDER = Path(__file__).resolve().parents[3] / "content" / "library" / "pictures"


def main(names: list[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or PICTURES:
        path = FOLDER / f"{name}.jpg"
        path.write_bytes(draw(name))
        print(f"{path.name} {path.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main(sys.argv[1:])
