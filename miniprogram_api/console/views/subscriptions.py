"""Where the registry's events are sent: endpoints that partners ask for and administrators approve."""

from uuid import UUID

from flask import current_app, request, url_for
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, signed_in
from miniprogram_api.console.acting import Act, act_page
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.staff import PlainForm, ReasonForm
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.words import registry as words
from miniprogram_api.identity import queries_people as people
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.queries.partners import get_partner, names_of_partners
from miniprogram_api.registry.queries.subscriptions import (
    EventSubscription,
    get_subscription,
    list_sendings,
)
from miniprogram_api.registry.queries.subscriptions import (
    list_subscriptions as find_subscriptions,
)
from miniprogram_api.registry.service import endpoints, subscriptions
from miniprogram_api.web.schemas import parse_id

_PAGE = 30
_SENDINGS = 20


@console.get("/subscriptions")
@signed_in("registry.view")
def list_subscriptions() -> Response:
    """The subscriptions of all partners, the newest first."""
    with reading() as session:
        found = find_subscriptions(session, limit=_PAGE, cursor=request.args.get("cursor"))
        names = names_of_partners(session, {item.partner_id for item in found.items})
    return page("registry/subscriptions.html", subscriptions=found, names=names, words=words)


@console.get("/subscriptions/<string:subscription_id>")
@signed_in("registry.view")
def show_subscription(subscription_id: str) -> Response:
    """One subscription and what was sent to it."""
    with reading() as session:
        found = get_subscription(session, parse_id(subscription_id))
        partner = get_partner(session, found.partner_id)
        names = people.names_of_staff(session, [found.approved_by])
        sent = list_sendings(
            session,
            partner_id=found.partner_id,
            subscription_id=found.id,
            limit=_SENDINGS,
            cursor=request.args.get("cursor"),
        )
    return page(
        "registry/subscription.html",
        subscription=found,
        partner=partner,
        names=names,
        sendings=sent,
        words=words,
    )


def _look(subscription_id: str) -> EventSubscription:
    with reading() as session:
        return get_subscription(session, parse_id(subscription_id))


def _back(subscription_id: UUID) -> str:
    return url_for("console.show_subscription", subscription_id=subscription_id)


@console.route("/subscriptions/<string:subscription_id>/approve", methods=["GET", "POST"])
@signed_in("registry.manage")
def approve_subscription(subscription_id: str) -> Response:
    """Send events to the endpoint that was asked for, if it agrees in a handshake now."""
    found, form = _look(subscription_id), PlainForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            url = subscriptions.requested_url(found)
            client = endpoints.make_client(current_app.extensions["settings"].registry)
            endpoints.shake_hands(client, url)
            with atomic() as session:
                subscriptions.approve(session, found.id, url=url, actor=current_actor(), now=clock.now())
            return done(_back(found.id), "接收地址已批准，事件从现在起发到那里。")
    about = (
        f"接收地址：{found.requested_url or '—'}",
        "请与对接方备案的地址核对。批准时会当场与它握手确认，握手不成功不会批准。",
    )
    return act_page(Act("批准接收地址", about, "批准", _back(found.id), topic="partners"), form)


@console.route("/subscriptions/<string:subscription_id>/refuse", methods=["GET", "POST"])
@signed_in("registry.manage")
def refuse_subscription(subscription_id: str) -> Response:
    """Refuse the endpoint that was asked for; an approved one goes on."""
    found, form = _look(subscription_id), ReasonForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                subscriptions.refuse(session, found.id, reason=form.reason.data, actor=current_actor())
            return done(_back(found.id), "没有批准新的接收地址，对接方会看到理由。")
    about = (f"申请的接收地址：{found.requested_url or '—'}", "已批准的旧地址继续接收。")
    return act_page(Act("不批准接收地址", about, "不批准", _back(found.id), topic="partners"), form)


@console.route("/subscriptions/<string:subscription_id>/disable", methods=["GET", "POST"])
@signed_in("registry.manage")
def disable_subscription(subscription_id: str) -> Response:
    """Send nothing until an endpoint is asked for and approved again."""
    found, form = _look(subscription_id), ReasonForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                subscriptions.disable(session, found.id, reason=form.reason.data, actor=current_actor())
            return done(_back(found.id), "订阅已停用，不再发送事件。")
    about = ("停用后不再发送，未发出的事件放弃；对接方重新申请并获批准后才恢复。",)
    act = Act("停用事件订阅", about, "停用", _back(found.id), danger=True, topic="partners")
    return act_page(act, form)
