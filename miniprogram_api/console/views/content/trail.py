"""The trail of an article's review: who, when, which text, what note; on a page and as a file."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from content.queries.desk_reviews import TrailRow, list_trail
from content.service import Article
from content.service.managed import get_managed_article
from miniprogram_api.console.access import current_principal, signed_in
from miniprogram_api.console.acting import as_attachment
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.pages import page
from miniprogram_api.console.views.content.deeds import list_deeds
from miniprogram_api.console.views.content.showing import names_of
from miniprogram_api.console.words import content as words
from miniprogram_api.console.words import say_instant
from miniprogram_api.identity.service import staff_profiles
from miniprogram_api.kernel import clock, sheets
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.db import reading
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.web.schemas import parse_id

_HEADER = (
    "时间（北京时间）",
    "谁",
    "做了什么",
    "版本",
    "校验码（SHA-256）",
    "针对",
    "意见或理由",
    "撤回时间",
)
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line in words."""

    at: datetime
    who: str
    what: str
    number: int | None
    content_hash: str
    quote: str | None
    note: str | None
    undone_at: datetime | None


def _read(session: Session, article_id: str) -> tuple[Article, list[_Line]]:
    article = get_managed_article(session, current_principal(), "content.view", parse_id(article_id))
    rows = sorted([*list_trail(session, article.id), *list_deeds(session, article)], key=lambda row: row.at)
    names = names_of(session, *rows)
    return article, [_line(row, names[row.staff_id] or "系统（到点自动）") for row in rows]


def _line(row: TrailRow, who: str) -> _Line:
    step = words.STEPS[row.step.value] if row.step is not None else ""
    what = f"{step}{words.TRAIL_ACTS[row.act]}"
    if row.planned_for is not None:
        what = f"定于 {say_instant(row.planned_for)} 发布"
    return _Line(row.at, who, what, row.number, row.content_hash, row.quote, row.note, row.undone_at)


@console.get("/content/articles/<string:article_id>/trail")
@signed_in("content.view")
def show_trail(article_id: str) -> Response:
    """Everything that review did about an article."""
    with reading() as session:
        article, rows = _read(session, article_id)
    return page("content/trail.html", article=article, rows=rows)


@console.get("/content/articles/<string:article_id>/trail/export.<string:kind>")
@signed_in("content.view")
def export_trail(article_id: str, kind: str) -> Response:
    """The same as a file, hashes in full."""
    with reading() as session:
        article, rows = _read(session, article_id)
        if kind not in _TYPES:
            raise NotFound
        exporter = staff_profiles.get_profile(session, current_principal().id).display_name
    cells = [_cells(row) for row in rows]
    footer = f"《{article.title}》，共 {len(rows)} 条。导出人：{exporter}，{_plain(clock.now())} 导出。"
    out = io.BytesIO()
    if kind == "csv":
        sheets.write_csv(out, _HEADER, cells, footer=footer)
    else:
        sheets.write_xlsx(out, _HEADER, cells, title="审核记录", footer=footer)
    name = f"review-{article.id.hex[:12]}.{kind}"
    return as_attachment(out.getvalue(), name=name, content_type=_TYPES[kind])


def _cells(row: _Line) -> Sequence[str | int | None]:
    return (
        _plain(row.at),
        row.who,
        row.what,
        row.number,
        row.content_hash,
        row.quote or "",
        row.note or "",
        _plain(row.undone_at) if row.undone_at else "",
    )


def _plain(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
