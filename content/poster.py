"""A poster of an article to be shared as a picture: its cover, its title, and the code that opens it.

Texts need a Chinese font: one that was put under DATA_DIR/fonts, or the system's Noto; without any a poster
is cover and code. What was drawn is kept as a file until the article says something else.
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from uuid import UUID

from PIL import Image, ImageDraw, ImageFont, ImageOps

_WIDTH, _HEIGHT = 750, 1120
_COVER = (_WIDTH, 422)
_CODE = 220
_MARGIN = 48
_INK, _GREY, _GREEN, _PAPER = "#1d2b24", "#5a6b62", "#1f7a4d", "#ffffff"
_TITLE, _SUMMARY, _SMALL = 46, 30, 26
_KINSOKU = "，。！？；：、）》」』”’…—％%"
_INVITES = ("长按识别小程序码", "阅读全文")
_PLATFORM = "长春低碳示范区"

_SYSTEM_FONTS = (
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc"),
)
_SIMPLIFIED = 2  # of the variants in Noto's collection, after the Japanese and the Korean one

Font = ImageFont.FreeTypeFont


@dataclass(frozen=True, slots=True)
class PosterText:
    """What a poster says."""

    kind: str
    title: str
    summary: str


def draw(text: PosterText, *, cover: Path | None, code: bytes | None, font: Path | None) -> bytes:
    """The poster as PNG; what is missing is left out."""
    sheet = Image.new("RGB", (_WIDTH, _HEIGHT), _PAPER)
    pen = ImageDraw.Draw(sheet)
    if cover is None:
        pen.rectangle((0, 0, _COVER[0], _COVER[1]), fill=_GREEN)
    else:
        with Image.open(cover, formats=["JPEG", "PNG"]) as picture:
            sheet.paste(ImageOps.fit(picture.convert("RGB"), _COVER), (0, 0))
    if code is not None:
        with Image.open(BytesIO(code), formats=["JPEG", "PNG"]) as picture:
            square = ImageOps.fit(picture.convert("RGB"), (_CODE, _CODE))
        sheet.paste(square, (_WIDTH - _MARGIN - _CODE, _HEIGHT - _MARGIN - _CODE))
    if font is not None:
        _write(pen, text, font, invited=code is not None)
    out = BytesIO()
    sheet.save(out, "PNG", optimize=True)
    return out.getvalue()


def _write(pen: ImageDraw.ImageDraw, text: PosterText, font: Path, *, invited: bool) -> None:
    variant = _SIMPLIFIED if font.suffix == ".ttc" else 0
    title, summary, small = (
        ImageFont.truetype(str(font), size, index=variant) for size in (_TITLE, _SUMMARY, _SMALL)
    )
    y: float = _COVER[1] + 36
    pen.text((_MARGIN, y), text.kind, font=small, fill=_GREEN)
    y = _paragraph(pen, text.title, title, y + 44, most=3, fill=_INK)
    _paragraph(pen, text.summary, summary, y + 16, most=3, fill=_GREY)
    y = _HEIGHT - _MARGIN - _CODE + 50
    for line in _INVITES if invited else ():
        pen.text((_MARGIN, y), line, font=summary, fill=_INK)
        y += 46
    pen.text((_MARGIN, _HEIGHT - _MARGIN - 40), _PLATFORM, font=small, fill=_GREY)


def _paragraph(pen: ImageDraw.ImageDraw, text: str, font: Font, y: float, *, most: int, fill: str) -> float:
    """Write a text in so many lines at most; where the next one begins."""
    lines = list(_lines(text, font, _WIDTH - 2 * _MARGIN))
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1][:-1]}…"]
    for line in lines:
        pen.text((_MARGIN, y), line, font=font, fill=fill)
        y += font.size * 1.4
    return y


def _lines(text: str, font: Font, width: int) -> Iterator[str]:
    """Broken where it is full; a line begins with no mark that ends something."""
    line = ""
    for char in text:
        if font.getlength(line + char) > width and char not in _KINSOKU:
            yield line
            line = ""
        line += char
    if line:
        yield line


def find_font(data_dir: Path) -> Path | None:
    """The font to write with, if there is one."""
    own = sorted((data_dir / "fonts").glob("*.[ot]t[fc]"))
    return next((font for font in (*own, *_SYSTEM_FONTS) if font.is_file()), None)


class PosterFiles:
    """Posters that were drawn: one file for each article, as it looks now."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, article_id: UUID, look: str) -> bytes | None:
        """The poster of an article that looks so, unless it has not been drawn."""
        with suppress(FileNotFoundError):
            return self._place(article_id, look).read_bytes()
        return None

    def keep(self, article_id: UUID, look: str, content: bytes) -> None:
        """Keep it in place of how the article looked before."""
        self._folder.mkdir(parents=True, exist_ok=True)
        place = self._place(article_id, look)
        with NamedTemporaryFile(dir=self._folder, prefix=".new-", delete=False) as file:
            file.write(content)
        Path(file.name).replace(place)
        for other in self._folder.glob(f"{article_id.hex}-*.png"):
            if other != place:
                other.unlink(missing_ok=True)

    def _place(self, article_id: UUID, look: str) -> Path:
        return self._folder / f"{article_id.hex}-{hashlib.sha256(look.encode()).hexdigest()[:24]}.png"
