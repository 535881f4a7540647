"""Files for a spreadsheet: no cell is a formula, Chinese stays whole, what cannot be shown breaks nothing."""

import csv
import io

import openpyxl
import pytest

from miniprogram_api.kernel.sheets import Row, neutral, write_csv, write_xlsx

HEADER = ("姓名", "人数")
ROWS: list[Row] = [
    ("=HYPERLINK(1)", 2),
    ("王小明", None),
    ("http://example.com", 0),
    ("007", 1),
    ("a\x01b", 1),
]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\0", " =", "＝", "|", "%"])
def test_what_would_be_a_formula_is_text(begin: str) -> None:
    assert neutral(f"{begin}1") == f"'{begin}1"


@pytest.mark.parametrize("text", ["王小明", "1-2", "a=b", "", "138****8000"])
def test_what_is_no_formula_stays(text: str) -> None:
    assert neutral(text) == text


def test_a_csv_has_its_mark_and_a_last_line() -> None:
    out = io.BytesIO()
    write_csv(out, HEADER, ROWS, footer="共 5 条")
    text = out.getvalue().decode("utf-8")
    assert text.startswith("\ufeff姓名,人数\r\n")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert rows[1:4] == [["'=HYPERLINK(1)", "2"], ["王小明", ""], ["http://example.com", "0"]]
    assert rows[-1] == ["共 5 条"]


def test_a_workbook_keeps_text_as_text_and_numbers_as_numbers() -> None:
    out = io.BytesIO()
    write_xlsx(out, HEADER, ROWS, title="预约", footer="共 5 条")
    sheet = openpyxl.load_workbook(io.BytesIO(out.getvalue())).active
    assert sheet is not None
    assert sheet.title == "预约"
    cells = list(sheet.iter_rows())
    assert [(row[0].data_type, row[0].value) for row in cells[1:5]] == [("s", row[0]) for row in ROWS[:4]]
    assert [row[1].value for row in cells[1:5]] == [2, None, 0, 1]
    assert all(cell.hyperlink is None for row in cells for cell in row)
    assert cells[-1][0].value == "共 5 条"


def test_without_a_footer_the_rows_are_all() -> None:
    out = io.BytesIO()
    write_csv(out, HEADER, [])
    assert out.getvalue().decode("utf-8-sig") == "姓名,人数\r\n"
