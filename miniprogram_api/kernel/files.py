"""The file store: pictures are decoded and written anew, so that nothing but pixels is ever served.

Names are random and never come from a client; a name that is not of our making opens nothing.
"""

import hashlib
import os
import re
import secrets
import struct
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal, get_args

from PIL import Image, ImageOps

from miniprogram_api.kernel.errors import Invalid, NotFound

Suffix = Literal["jpg", "png", "pdf", "xlsx", "csv", "zip"]

MAX_UPLOAD_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_EDGE = 2560
# Narrower copies for small screens.
WIDTHS = (480, 960, 1600)

_JPEG_QUALITY = 85
# A narrower copy has the name of its picture with the width behind it.
_NAME = re.compile(rf"[0-9a-f]{{32}}(-({'|'.join(map(str, WIDTHS))}))?\.({'|'.join(get_args(Suffix))})")
_MAGIC = (
    (re.compile(rb"\xff\xd8\xff"), "JPEG"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "PNG"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "WEBP"),
)
# A decoded picture takes up to 160 MB: hosts with many threads would run out of memory on a few uploads.
_decoding = threading.BoundedSemaphore(2)
# What Pillow's decoders are known to raise on damaged or hostile bytes.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    MemoryError,
    NotImplementedError,
    struct.error,
    zlib.error,
)


class FileRejected(Invalid):
    """The file cannot be taken; `reason` is too_large, format, too_many_pixels, damaged or outside."""

    code = "files.rejected"


class FileMissing(NotFound):
    """No file has this name."""

    code = "files.not_found"


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A picture in the store."""

    name: str
    media_type: str
    width: int
    height: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class StoredSize:
    """A narrower copy of a picture."""

    name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A part of a picture, in its pixels from the upper left."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Encoded:
    content: bytes
    suffix: Suffix
    media_type: str
    width: int
    height: int


class FileStore:
    """Files in one folder, spread over 256 subfolders by the first two characters of their names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save_image(self, uploaded: bytes) -> StoredImage:
        """Write a picture anew: upright, no metadata, no edge beyond MAX_EDGE. Raises FileRejected."""
        return self._keep(_encode_anew(uploaded))

    def save_sizes(self, image: StoredImage) -> list[StoredSize]:
        """Write narrower copies of a picture of ours, of each width that it exceeds, the widest first."""
        made = []
        for width in sorted(WIDTHS, reverse=True):
            if width < image.width:
                encoded = self._redrawn(image.name, partial(_narrowed, width=width))
                name = width_name(image.name, width)
                self._write(encoded.content, name)
                made.append(StoredSize(name, encoded.width, encoded.height))
        return made

    def crop_image(self, name: str, box: Box) -> StoredImage:
        """Write a part of a picture of ours as a picture. Raises FileRejected when it lies outside."""
        return self._keep(self._redrawn(name, partial(_cut, box=box)))

    def _redrawn(self, name: str, change: Callable[[Image.Image], Image.Image]) -> _Encoded:
        with _decoding, Image.open(self.path_of(name)) as opened:
            return _encode(change(opened.convert("RGBA" if opened.has_transparency_data else "RGB")))

    def _keep(self, encoded: _Encoded) -> StoredImage:
        return StoredImage(
            name=self.save(encoded.content, suffix=encoded.suffix),
            media_type=encoded.media_type,
            width=encoded.width,
            height=encoded.height,
            size_bytes=len(encoded.content),
            sha256=hashlib.sha256(encoded.content).hexdigest(),
        )

    def save(self, content: bytes, *, suffix: Suffix) -> str:
        """Write what we made ourselves and return its name; a crash leaves the file whole or not at all."""
        name = f"{secrets.token_hex(16)}.{suffix}"
        self._write(content, name)
        return name

    def _write(self, content: bytes, name: str) -> None:
        target = self._place(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=target.parent, prefix=".new-", delete=False) as file:
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(target)
            except BaseException:
                Path(file.name).unlink()
                raise
        _sync(target.parent)

    def path_of(self, name: str) -> Path:
        """Where a file lies. Raises FileMissing for a name that is not of our making or no longer there."""
        place = self._place(name)
        if not place.is_file():
            raise FileMissing
        return place

    def delete(self, name: str) -> None:
        """Remove a file, if it is still there. Raises FileMissing for a name that is not of our making."""
        self._place(name).unlink(missing_ok=True)

    def _place(self, name: str) -> Path:
        if _NAME.fullmatch(name) is None:
            raise FileMissing
        return self._folder / name[:2] / name


def _sync(folder: Path) -> None:
    """Make a new name in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class _Installed:
    store: FileStore | None = None
    private: FileStore | None = None


def configure(data_dir: Path) -> None:
    """Keep files under the data folder."""
    _Installed.store = FileStore(data_dir / "uploads")
    # A folder of its own: a name of one store opens nothing in the other.
    _Installed.private = FileStore(data_dir / "uploads" / "private")


def current() -> FileStore:
    """The store of this process."""
    if _Installed.store is None:
        raise RuntimeError("files.configure() has not been called")
    return _Installed.store


def private() -> FileStore:
    """The store of what only its owner and those who work on it may see."""
    if _Installed.private is None:
        raise RuntimeError("files.configure() has not been called")
    return _Installed.private


def _encode_anew(uploaded: bytes) -> _Encoded:
    if len(uploaded) > MAX_UPLOAD_BYTES:
        raise FileRejected(reason="too_large")
    kind = next((kind for magic, kind in _MAGIC if magic.match(uploaded)), None)
    if kind is None:
        raise FileRejected(reason="format")
    with _decoding:
        try:
            return _redraw(uploaded, kind)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise FileRejected(reason="too_many_pixels") from error
        except _DECODER_ERRORS as error:
            raise FileRejected(reason="damaged") from error


def _redraw(uploaded: bytes, kind: str) -> _Encoded:
    # Only the decoder that the first bytes promise is tried: a file has one meaning or none.
    with Image.open(BytesIO(uploaded), formats=[kind]) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise FileRejected(reason="too_many_pixels")
        upright = ImageOps.exif_transpose(opened)
        pixels = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    pixels.thumbnail((MAX_EDGE, MAX_EDGE))
    return _encode(pixels)


def _narrowed(pixels: Image.Image, width: int) -> Image.Image:
    return pixels.resize((width, max(1, round(pixels.height * width / pixels.width))))


def _cut(pixels: Image.Image, box: Box) -> Image.Image:
    right, lower = box.left + box.width, box.top + box.height
    inside = 0 <= box.left < right <= pixels.width and 0 <= box.top < lower <= pixels.height
    if not inside:
        raise FileRejected(reason="outside")
    return pixels.crop((box.left, box.top, right, lower))


def width_name(name: str, width: int) -> str:
    """What the copy of a picture in a width is called."""
    stem, _, suffix = name.partition(".")
    return f"{stem}-{width}.{suffix}"


def picture_name(name: str) -> str:
    """What the picture is called of which this is a narrower copy; of any other file, its name."""
    stem, _, suffix = name.partition(".")
    return f"{stem.partition('-')[0]}.{suffix}"


def _encode(pixels: Image.Image) -> _Encoded:
    # Comments, profiles and positions travel in `info`; some encoders write them without being asked.
    pixels.info = {}
    target = BytesIO()
    if pixels.mode == "RGBA":
        pixels.save(target, "PNG", optimize=True)
        return _Encoded(target.getvalue(), "png", "image/png", *pixels.size)
    pixels.save(target, "JPEG", quality=_JPEG_QUALITY, optimize=True, progressive=True)
    return _Encoded(target.getvalue(), "jpg", "image/jpeg", *pixels.size)
