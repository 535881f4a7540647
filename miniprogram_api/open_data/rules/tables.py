"""CSV that a spreadsheet opens without asking: UTF-8 with its mark, CRLF, and no cell that is a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

from miniprogram_api.kernel.sheets import neutral

Cell = str | int | bool | None

_MARK = "\ufeff"


def csv_document(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The table as bytes; None is an empty cell, text that would be a formula begins with an apostrophe."""
    out = io.StringIO(newline="")
    out.write(_MARK)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue().encode()


def _cell(value: Cell) -> str | int:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return value
    return neutral(value)
