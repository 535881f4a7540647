"""Tables as a spreadsheet takes them: the mark, the line ends, and no cell that is a formula."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.open_data.rules.tables import csv_document

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "\n+cmd|' /C calc'!A0",
    "＝1+1",
    "\u00a0=1",
    "|x",
    "%0A=1",
    "\0=1",
]


def _read(document: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(document.decode("utf-8-sig"), newline="")))


def test_a_table_begins_with_the_mark_and_ends_its_lines_as_windows_does() -> None:
    document = csv_document(("日期", "人数"), [("2026-11-23", 12)])
    assert document == "\ufeff日期,人数\r\n2026-11-23,12\r\n".encode()


def test_nothing_is_an_empty_cell_and_zero_is_zero() -> None:
    assert _read(csv_document(("a", "b", "c", "d"), [(None, 0, True, False)])) == [
        ["a", "b", "c", "d"],
        ["", "0", "true", "false"],
    ]


@pytest.mark.parametrize("text", FORMULAS, ids=map(repr, FORMULAS))
def test_a_cell_that_would_be_a_formula_is_text(text: str) -> None:
    ((cell,),) = _read(csv_document(("name",), [(text,)]))[1:]
    assert cell == f"'{text}"


@pytest.mark.parametrize("text", ["南湖, 低碳", '他说“好”"', "两\r\n行", "a=b", "示例"])
def test_other_text_comes_back_as_it_was(text: str) -> None:
    assert _read(csv_document(("name",), [(text,)]))[1:] == [[text]]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
def test_no_text_at_all_begins_like_a_formula(text: str) -> None:
    rows = _read(csv_document(("before", "name"), [("x", text)]))
    assert rows[1][0] == "x"
    assert not rows[1][1].lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
