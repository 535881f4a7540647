"""Figures of reading: what was read, liked and kept in a period, article by article."""

import io
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response as FlaskResponse
from flask import request
from werkzeug.wrappers import Response

from content.queries.reading_figures import list_reading, total_of
from content.service import ArticleKind
from miniprogram_api.console.access import current_principal, signed_in
from miniprogram_api.console.acting import as_attachment
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms import day_or
from miniprogram_api.console.forms.figures import PeriodForm
from miniprogram_api.console.pages import page
from miniprogram_api.console.words import content as words
from miniprogram_api.kernel import clock, sheets
from miniprogram_api.kernel.db import reading

_LATELY, _LONGEST = 30, 366
_HEADER = ("文章", "栏目", "阅读", "点赞", "收藏")


@dataclass(frozen=True, slots=True)
class _Asked:
    """The period and kind that the address asks for, and what is wrong with them."""

    first: date
    last: date
    kind: ArticleKind | None
    fault: str | None


def _asked() -> _Asked:
    today = clock.today()
    first = day_or(request.args.get("from"), today - timedelta(days=_LATELY - 1))
    last = day_or(request.args.get("to"), today)
    chosen = request.args.get("kind", "")
    kind = ArticleKind(chosen) if chosen in words.KINDS else None
    fault = None
    if last < first:
        fault = "结束日期不能早于起始日期。"
    elif (last - first).days >= _LONGEST:
        fault = f"一次最多看 {_LONGEST} 天，请缩短时间。"
    return _Asked(first, last, kind, fault)


def _lines(asked: _Asked) -> Any:
    with reading() as session:
        return list_reading(session, current_principal(), first=asked.first, last=asked.last, kind=asked.kind)


@console.get("/content/reading")
@signed_in("content.view")
def show_reading() -> Response:
    """What was read in a period."""
    asked, today = _asked(), clock.today()
    form = PeriodForm(formdata=None, data={"first": asked.first, "last": asked.last})
    if asked.fault:
        form.first.errors = [asked.fault]
    lines = None if asked.fault else _lines(asked)
    return page(
        "content/reading.html",
        form=form,
        asked=asked,
        lines=lines,
        total=total_of(lines or ()),
        words=words,
        periods=[
            ("近 7 天", today - timedelta(days=6), today),
            ("近 30 天", today - timedelta(days=_LATELY - 1), today),
            ("今年", date(today.year, 1, 1), today),
        ],
    )


@console.get("/content/reading.csv")
@signed_in("content.view")
def send_reading() -> FlaskResponse:
    """The table as a file."""
    asked = _asked()
    lines = [] if asked.fault else _lines(asked)
    rows: list[tuple[Any, ...]] = [
        (line.title, words.KINDS[line.kind.value], line.reads, line.likes, line.favourites) for line in lines
    ]
    rows.append(("合计", "", *total_of(lines)))
    out = io.BytesIO()
    sheets.write_csv(out, _HEADER, rows)
    name = f"reading-{asked.first:%Y%m%d}-{asked.last:%Y%m%d}.csv"
    return as_attachment(out.getvalue(), name=name, content_type="text/csv; charset=utf-8")
