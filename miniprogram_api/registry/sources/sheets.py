"""Workbooks of others, read within bounds: how large one unpacks, how wide it is, what may break in it."""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from miniprogram_api.registry.sources.port import SourceUnavailable

_MOST_PARTS = 1000
_LARGEST_UNPACKED = 512 * 1024 * 1024
# These are held in memory as a whole, where rows are read one by one.
_LARGEST_STRINGS = 64 * 1024 * 1024
_MOST_COLUMNS = 64
# Whatever a file that only looks like a workbook makes its readers raise; a bad part of XML is a SyntaxError.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    SyntaxError,
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
)


def check_workbook(path: Path) -> None:
    """Raises SourceUnavailable for what is no workbook or unpacks to more than we read."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except _BROKEN:
        raise SourceUnavailable(f"{path.name} is no workbook") from None
    strings = sum(part.file_size for part in parts if not part.filename.startswith("xl/worksheets/"))
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > _MOST_PARTS or unpacked > _LARGEST_UNPACKED or strings > _LARGEST_STRINGS:
        raise SourceUnavailable(f"{path.name} unpacks to too much")


def read_rows(path: Path) -> Iterator[tuple[list[str], tuple[Any, ...]]]:
    """The rows of the first sheet that hold anything, each with the names in the first row.

    Raises SourceUnavailable, in the midst of them too.
    """
    # A large library for a format that few installations receive.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    check_workbook(path)
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            first = book.worksheets[0]
            first.reset_dimensions()  # what it says of its own size need not be so
            rows = first.iter_rows(values_only=True, max_col=_MOST_COLUMNS)
            names = [str(cell) if cell is not None else "" for cell in next(rows, ())]
            for row in rows:
                if any(cell is not None for cell in row):
                    yield names, row
        finally:
            book.close()
    except (InvalidFileException, *_BROKEN):
        raise SourceUnavailable(f"{path.name} is no workbook") from None
