"""The day desk: today's slots at a glance, finding a booking, the list to print."""

from typing import Any
from uuid import UUID

from flask import request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms import day_or
from miniprogram_api.console.forms.visits import clean
from miniprogram_api.console.guides import guide
from miniprogram_api.console.pages import own_may, page
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import reading
from miniprogram_api.sites.service import get_managed_site
from miniprogram_api.visits.queries import desk, occupancy
from miniprogram_api.visits.queries.desk import DeskFilter
from miniprogram_api.visits.queries.shown import BookingStatus
from miniprogram_api.visits.rules import words
from miniprogram_api.web.schemas import parse_id

guide(
    "day",
    "看当天的预约",
    "一页看清当天每个场次约了多少、到了多少，查到来电或到窗口的游客，打印名单。",
    steps=(
        "上方的数字是全天合计；每个场次一格，横条是已约人数占名额的比例，点一格只看这个场次的预约。",
        "查找：输入预约号、短码、姓名或手机后四位。只记得姓氏也可以，会在当天的预约里找。",
        "点预约号进入这个预约，可以取消、减少人数、查看联系方式。",
        "“打印名单”按场次排列，网络不好时可以在纸上勾选。",
    ),
    notes=(
        "页面每 30 秒自动更新。",
        "在馆人数只有全馆的：离场登记不分场次。场次结束后还没来的人算爽约，和“参观统计”一致。",
        "光标在名单里时，按上下方向键换一个预约，按回车打开。",
        "姓名和电话默认隐去一部分；查看完整内容要写原因，并且会留下记录。",
    ),
)

_SHOWN = 50
_PRINTED = 1000


def wanted_of(values: Any) -> DeskFilter:
    """What a query or a form asks for; what cannot be read is not asked."""
    status = values.get("status", "")
    slot = values.get("slot", "")
    return DeskFilter(
        visit_on=day_or(values.get("date"), clock.today()),
        status=BookingStatus(status) if status in set(BookingStatus) else None,
        slot_id=_id_or_none(slot),
        words=(clean(values.get("q", "")) or "")[:40] or None,
    )


def _id_or_none(text: str) -> UUID | None:
    found = parse_id(text)
    return found if found.int else None


@console.get("/sites/<string:site_id>/day")
@signed_in("bookings.view")
def show_day(site_id: str) -> Response:
    """A day of a site: its slots with their figures, and its bookings."""
    wanted = wanted_of(request.args)
    with reading() as session:
        site = get_managed_site(session, current_principal(), "bookings.view", parse_id(site_id))
        day = _day(session, site.id, wanted)
        found = desk.list_site_bookings(
            session,
            site_id=site.id,
            wanted=wanted,
            today=clock.today(),
            limit=_SHOWN,
            cursor=request.args.get("cursor"),
        )
    return page(
        "visits/day.html",
        site=site,
        day=day,
        found=found,
        wanted=wanted,
        words=words,
        today=clock.today(),
        may_book=own_may("bookings.manage", site=site),
        may_reveal=own_may("personal_data.reveal", site=site),
    )


@console.get("/sites/<string:site_id>/day/print")
@signed_in("bookings.view")
def print_day(site_id: str) -> Response:
    """The day's bookings by slot on paper, with a box to tick for each."""
    wanted = DeskFilter(visit_on=day_or(request.args.get("date"), clock.today()))
    with reading() as session:
        site = get_managed_site(session, current_principal(), "bookings.view", parse_id(site_id))
        day = _day(session, site.id, wanted)
        found = desk.list_site_bookings(
            session, site_id=site.id, wanted=wanted, today=clock.today(), limit=_PRINTED, cursor=None
        )
    coming = [each for each in found.items if each.status is not BookingStatus.CANCELLED]
    return page(
        "visits/print.html",
        site=site,
        day=day,
        coming=coming,
        words=words,
        cut=found.next_cursor,
        most=_PRINTED,
    )


def _day(session: Session, site_id: UUID, wanted: DeskFilter) -> occupancy.Occupancy:
    on = wanted.visit_on or clock.today()
    return occupancy.show_figures(session, site_id, on=on, now=clock.now())
