"""CSV that a spreadsheet opens without asking: UTF-8 with its mark, CRLF, and no cell that is a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

Cell = str | int | bool | None

_MARK = "\ufeff"
# What a spreadsheet takes for the beginning of a formula, in both widths.
_FORMULA = tuple("=+-@＝＋－＠\t\r\n\0|%")


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
    return f"'{value}" if value.lstrip().startswith(_FORMULA) or value.startswith(_FORMULA) else value
