"""The conflict desk: parties that two gates let in while they had no network, looked into by a person."""

from collections.abc import Iterator
from datetime import datetime

from flask import Response, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from miniprogram_api.console.access import Principal, current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.gate import CloseForm
from miniprogram_api.console.guides import guide
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.waiting import Waiting, waits
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.sites.service import get_managed_site
from miniprogram_api.visits.queries import conflicts as queries
from miniprogram_api.visits.service import conflicts
from miniprogram_api.web.schemas import parse_id

_PAGE = 20
_STATES = {"open": "待处理", "closed": "已处理", "dissolved": "已自行消除", "all": "全部"}


@console.get("/sites/<string:site_id>/conflicts")
@signed_in("gate.undo")
def list_conflicts(site_id: str) -> Response:
    """A site's conflicts, those that wait first to see."""
    state = request.args.get("state", "open")
    state = state if state in _STATES else "open"
    with reading() as session:
        site = get_managed_site(session, current_principal(), "gate.undo", parse_id(site_id))
        found = queries.list_conflicts(
            session,
            site_id=site.id,
            state=queries.find_state(state),
            limit=_PAGE,
            cursor=request.args.get("cursor"),
        )
    return page("gate/conflicts.html", site=site, page=found, state=state, states=_STATES)


@console.route("/sites/<string:site_id>/conflicts/<string:conflict_id>", methods=["GET", "POST"])
@signed_in("gate.undo")
def close_conflict(site_id: str, conflict_id: str) -> AnyResponse:
    """One conflict with everything that is known, to be closed with a note."""
    with reading() as session:
        site = get_managed_site(session, current_principal(), "gate.undo", parse_id(site_id))
        conflict = _get(session, site_id=str(site.id), conflict_id=conflict_id)
    form = CloseForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                conflicts.close_conflict(
                    session,
                    conflict_id=conflict.id,
                    principal=current_principal(),
                    note=form.note.data.strip(),
                    actor=current_actor(),
                    now=clock.now(),
                )
            told = f"预约 {conflict.booking_number} 的冲突已处理，核对结果已存档。"
            return done(url_for("console.list_conflicts", site_id=site.id), told)
    return page("gate/conflict.html", site=site, conflict=conflict, form=form)


def _get(session: Session, *, site_id: str, conflict_id: str) -> queries.ConflictShown:
    found = conflicts.get_conflict(
        session, parse_id(conflict_id), principal=current_principal(), permission="gate.undo"
    )
    if str(found) != site_id:
        raise NotFound
    return queries.get_conflict(session, parse_id(conflict_id))


@waits("gate.undo")
def count_conflicts(session: Session, principal: Principal, _now: datetime) -> Iterator[Waiting]:
    """Conflicts that nobody has looked into, by site."""
    for site_id, name, count in queries.count_open_by_site(session, principal):
        address = url_for("console.list_conflicts", site_id=site_id)
        yield Waiting(f"核销冲突待核对 · {name}", count, address, urgent=True)


guide(
    "conflicts",
    "核销冲突怎么处理",
    "两个断网的闸口放行了同一张票，或断网期间票被取消：多出来的人在这里核对。",
    steps=(
        "看清哪两个闸口、什么时间、差几个人。最早扫的一次已经记为入场。",
        "联系当时的闸口核对：是同一家人分两门进、误扫，还是票被重复使用。",
        "打开这一条，写明核对结果并保存；人数统计不再改变。",
    ),
    notes=("先扫的一次如果被撤销，后一次会自动记为入场，冲突自行消除。",),
)
