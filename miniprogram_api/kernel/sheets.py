"""Files for a spreadsheet, written row by row: CSV and XLSX in which no cell can be a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import xlsxwriter

Cell = str | int | None
Row = Sequence[Cell]

_MARK = "\ufeff"
# What a spreadsheet takes for the beginning of a formula, in both widths.
_FORMULA = tuple("=+-@＝＋－＠\t\r\n\0|%")
_WIDEST = 40
_AS_TYPED = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def neutral(text: str) -> str:
    """The text as CSV may hold it: what would be a formula begins with an apostrophe."""
    return f"'{text}" if text.lstrip().startswith(_FORMULA) or text.startswith(_FORMULA) else text


def write_csv(out: BinaryIO, header: Sequence[str], rows: Iterable[Row], *, footer: str = "") -> None:
    """Write a table that Excel opens without asking: UTF-8 with its mark, CRLF, a last line of words."""
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    text.write(_MARK)
    writer = csv.writer(text, lineterminator="\r\n")
    for row in _with_footer(header, rows, footer):
        writer.writerow([_plain(cell) for cell in row])
    text.detach()


def _plain(cell: Cell) -> str | int:
    if cell is None:
        return ""
    return neutral(cell) if isinstance(cell, str) else cell


def write_xlsx(
    out: BinaryIO, header: Sequence[str], rows: Iterable[Row], *, title: str, footer: str = ""
) -> None:
    """Write a workbook of one sheet; text stays text, whatever it begins with."""
    book = xlsxwriter.Workbook(out, _AS_TYPED)
    sheet = book.add_worksheet(title)
    bold = book.add_format({"bold": True})
    for column, name in enumerate(header):
        sheet.set_column(column, column, min(max(len(name) * 2, 12), _WIDEST))
    sheet.freeze_panes(1, 0)
    for number, row in enumerate(_with_footer(header, rows, footer)):
        for column, cell in enumerate(row):
            if isinstance(cell, int):
                sheet.write_number(number, column, cell)
            elif cell is not None:
                sheet.write_string(number, column, cell, bold if number == 0 else None)
    book.close()


def _with_footer(header: Sequence[str], rows: Iterable[Row], footer: str) -> Iterator[Row]:
    yield header
    yield from rows
    if footer:
        yield [footer]
