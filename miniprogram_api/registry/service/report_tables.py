"""A report as a workbook. Every cell but a number is written as text, so that none of them is a formula."""

from collections.abc import Iterable
from datetime import datetime
from io import BytesIO
from typing import Any

from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.registry.models.reconciliation import Difference, ReconciliationReport

_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_HEADINGS = (
    "类别",
    "项目编号",
    "本地版本",
    "登记系统版本",
    "本地摘要",
    "登记系统摘要",
    "已修复",
    "处理结果",
    "起始时间",
)
_CLASSES = {
    "match": "一致",
    "behind": "本地落后",
    "ahead": "本地超前",
    "digest_mismatch": "同版本内容不同",
    "missing_here": "本地缺失",
    "unknown_there": "登记系统没有",
    "lifecycle_illegal": "状态与登记不符",
    "bookings_on_closed": "已撤销仍有预约",
}


def as_xlsx(report: ReconciliationReport, differences: Iterable[Difference]) -> bytes:
    """The workbook: a sheet of counts and a sheet of differences, written row by row."""
    from xlsxwriter import Workbook  # a large library for a nightly file

    out = BytesIO()
    with Workbook(out, _OPTIONS) as book:
        _write(book, "汇总", _summary(report))
        _write(book, "差异", _rows(differences))
    return out.getvalue()


def _summary(report: ReconciliationReport) -> Iterable[tuple[Any, ...]]:
    yield "对账开始", _moment(report.started_at)
    yield "对账结束", _moment(report.finished_at)
    yield "登记系统数据时间", _moment(report.as_of)
    yield "失败原因", report.failure or ""
    yield "已修复", report.repaired
    for code, name in _CLASSES.items():
        yield name, report.counts.get(code, 0)


def _rows(differences: Iterable[Difference]) -> Iterable[tuple[Any, ...]]:
    yield _HEADINGS
    for row in differences:
        yield (
            _CLASSES[row.kind.value],
            row.project_id,
            row.held_version,
            row.their_version,
            row.held_digest,
            row.their_digest,
            "是" if row.repaired else "否",
            row.outcome,
            _moment(row.since),
        )


def _write(book: Any, name: str, rows: Iterable[tuple[Any, ...]]) -> None:
    sheet = book.add_worksheet(name)
    sheet.set_column(0, len(_HEADINGS) - 1, 20)
    for place, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, int):
                sheet.write_number(place, column, value)
            elif value is not None:
                sheet.write_string(place, column, str(value))


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(BEIJING).isoformat(timespec="seconds")
