"""Figures of visits: sentences on top, then for each grouping a chart, the same as a table, and as CSV."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from flask import Response as FlaskResponse
from flask import request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms import day_or
from miniprogram_api.console.forms.figures import PeriodForm
from miniprogram_api.console.guides import guide
from miniprogram_api.console.pages import page
from miniprogram_api.kernel import clock, sheets
from miniprogram_api.kernel.db import reading
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.reports import queries, rules
from miniprogram_api.reports.errors import PeriodTooLong
from miniprogram_api.reports.queries import Line, Report, SiteChoice
from miniprogram_api.reports.rules import Period
from miniprogram_api.web import messages
from miniprogram_api.web.schemas import parse_id

guide(
    "figures",
    "看统计",
    "看一段时间里约了多少、来了多少、爽约多少，按示范点、日期、星期、时段和预约方式分别统计。",
    steps=(
        "选择示范点和起止日期，最长 366 天。",
        "先看最上面的几句话，再看图；每张图下面有数字相同的表格。",
        "点“下载 CSV”把表格存成文件，用 Excel 打开。",
    ),
    notes=(
        "约满率＝预约人数÷开放场次的名额。",
        "爽约率＝爽约人数÷应到人数；只算已经结束的预约，不含现场登记，部分到场的只算没来的人。",
        "统计里没有任何个人信息。",
    ),
)

_LATELY = 30


@dataclass(frozen=True, slots=True)
class Table:
    """One grouping of the same visits: its name in addresses, its title, what a line stands for."""

    name: str
    title: str
    of: str
    header: tuple[str, ...] = rules.HEADER

    def lines(self, report: Report) -> Sequence[Line]:
        lines: Sequence[Line] = getattr(report, f"by_{self.name}")
        return lines


TABLES = (
    Table("day", "按日期", "日期"),
    Table("weekday", "按星期", "星期"),
    Table("time", "按时段", "时段"),
    Table("site", "按示范点", "示范点"),
    Table("channel", "按预约方式", "预约方式", rules.HEADER_OF_BOOKINGS),
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the address asks for, and what is wrong with it."""

    site: SiteChoice | None
    period: Period
    fault: str | None


def _asked(choices: Sequence[SiteChoice]) -> _Asked:
    """Read the address. Raises NotFound for a site whose figures the caller may not see."""
    today = clock.today()
    wanted = request.args.get("site", "")
    site = _find(choices, parse_id(wanted)) if wanted else None
    first = day_or(request.args.get("from"), today - timedelta(days=_LATELY - 1))
    last = day_or(request.args.get("to"), today)
    try:
        return _Asked(site, rules.period_of(first, last), None)
    except PeriodTooLong as error:
        told = messages.text(error.code, error.params, english=False)
        return _Asked(site, Period(first, last), told)


def _form(asked: _Asked) -> PeriodForm:
    """The period to be changed, with what is wrong with it."""
    form = PeriodForm(formdata=None, data={"first": asked.period.first, "last": asked.period.last})
    if asked.fault:
        form.first.errors = [asked.fault]
    return form


def _find(choices: Sequence[SiteChoice], site_id: UUID) -> SiteChoice:
    found = next((choice for choice in choices if choice.id == site_id), None)
    if found is None:
        raise NotFound
    return found


@console.get("/figures")
@signed_in("figures.view")
def show_figures() -> Response:
    """The figures of a period, of one site or of all the caller's."""
    with reading() as session:
        choices = queries.list_choices(session, current_principal())
        asked = _asked(choices)
        report = None if asked.fault else _report(session, asked)
    return page(
        "reports/figures.html",
        form=_form(asked),
        choices=choices,
        asked=asked,
        report=report,
        sentences=rules.in_words(asked.period, report.total) if report else (),
        tables=TABLES,
        cells_of=rules.cells_of,
        periods=_periods(clock.today()),
    )


@console.get("/figures/<string:table>.csv")
@signed_in("figures.view")
def send_figures(table: str) -> FlaskResponse:
    """One of the tables as a file."""
    wanted = next((each for each in TABLES if each.name == table), None)
    if wanted is None:
        raise NotFound
    with reading() as session:
        asked = _asked(queries.list_choices(session, current_principal()))
        rules.period_of(asked.period.first, asked.period.last)
        report = _report(session, asked)
    rows = [(line.name, *rules.cells_of(line.figures, wanted.header)) for line in wanted.lines(report)]
    rows.append(("合计", *rules.cells_of(report.total, wanted.header)))
    out = io.BytesIO()
    sheets.write_csv(out, (wanted.of, *wanted.header), rows)
    response = FlaskResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    file = f"figures-{wanted.name}-{asked.period.first:%Y%m%d}-{asked.period.last:%Y%m%d}.csv"
    response.headers["Content-Disposition"] = f"attachment; filename={file}"
    return response


def _report(session: Session, asked: _Asked) -> Report:
    return queries.make_report(
        session,
        current_principal(),
        site_id=asked.site.id if asked.site else None,
        period=asked.period,
        now=clock.now(),
    )


def _periods(today: date) -> list[tuple[str, date, date]]:
    """Periods that people ask for most."""
    last_month = today.replace(day=1) - timedelta(days=1)
    return [
        ("近 7 天", today - timedelta(days=6), today),
        ("近 30 天", today - timedelta(days=_LATELY - 1), today),
        ("本月", today.replace(day=1), today),
        ("上月", last_month.replace(day=1), last_month),
        ("今年", date(today.year, 1, 1), today),
    ]
