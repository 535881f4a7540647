"""The systems that may call as the registry, their keys, and where events are sent."""

from uuid import UUID

from flask import current_app, request, url_for
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, signed_in
from miniprogram_api.console.acting import Act, Handed, act_page, handed_page
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.registry import PartnerForm
from miniprogram_api.console.forms.staff import PlainForm, ReasonForm
from miniprogram_api.console.guides import guide
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.words import registry as words
from miniprogram_api.console.words import say_day
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.registry.queries import partners as queries
from miniprogram_api.registry.queries.partners import ShownKey, ShownPartner
from miniprogram_api.registry.service import partners
from miniprogram_api.registry.service.partners import KeyKind
from miniprogram_api.web.schemas import parse_id

_PAGE = 30


@console.get("/partners")
@signed_in("partners.view")
def list_partners() -> Response:
    """Every client in the order they were added."""
    with reading() as session:
        found = queries.list_partners(session, limit=_PAGE, cursor=request.args.get("cursor"))
    return page("registry/partners.html", partners=found, words=words)


@console.get("/partners/<string:partner_id>")
@signed_in("partners.view")
def show_partner(partner_id: str) -> Response:
    """One client and its keys."""
    return page("registry/partner.html", partner=_look(partner_id), words=words)


def _look(partner_id: str) -> ShownPartner:
    with reading() as session:
        return queries.get_partner(session, parse_id(partner_id))


def _back(partner_id: UUID) -> str:
    return url_for("console.show_partner", partner_id=partner_id)


@console.route("/partners/new", methods=["GET", "POST"])
@signed_in("partners.manage", fresh=True)
def create_partner() -> Response:
    """Add a client with its first key; the secret is on this page and nowhere else."""
    form = PartnerForm()
    if form.validate_on_submit() and form.complete():
        with showing_refusals(form):
            with atomic() as session:
                added = partners.add_client(
                    session,
                    client_id=form.client_id.data,
                    name=form.name.data,
                    scopes=form.scopes.data,
                    kind=KeyKind.SECRET,
                    allowed_networks=form.networks,
                    environment=current_app.extensions["settings"].environment.value,
                    actor=current_actor(),
                    now=clock.now(),
                )
                partner_id = added.client.id
            return _hand_secret(form.name.data, added.secret or "", partner_id)
    return page("registry/new_partner.html", form=form)


def _hand_secret(name: str, secret: str, partner_id: UUID) -> Response:
    return handed_page(
        Handed(
            title=f"{name}的密钥",
            label="密钥",
            value=secret,
            about=("把密钥通过安全渠道交给对接方的技术负责人，不要用邮件或群聊。",),
            back=_back(partner_id),
            back_label="已交付，查看对接方",
            topic="partners",
        )
    )


@console.route("/partners/<string:partner_id>/keys/new", methods=["GET", "POST"])
@signed_in("partners.manage", fresh=True)
def add_partner_key(partner_id: str) -> Response:
    """Add a key beside the one in use, so that a client can change over."""
    partner, form = _look(partner_id), PlainForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                added = partners.add_key(
                    session,
                    partner_id=partner.id,
                    kind=KeyKind.SECRET,
                    actor=current_actor(),
                    now=clock.now(),
                )
            return _hand_secret(partner.name, added.secret or "", partner.id)
    about = ("新旧密钥可以同时使用，方便对接方切换。切换完成后请停用旧密钥。", "同一种密钥最多两个。")
    act = Act(f"给{partner.name}新增密钥", about, "生成密钥", _back(partner.id), topic="partners")
    return act_page(act, form)


def _key(partner: ShownPartner, key_id: str) -> ShownKey:
    wanted = parse_id(key_id)
    for key in partner.keys:
        if key.id == wanted and key.retired_at is None:
            return key
    raise NotFound


@console.route("/partners/<string:partner_id>/keys/<string:key_id>/retire", methods=["GET", "POST"])
@signed_in("partners.manage", fresh=True)
def retire_partner_key(partner_id: str, key_id: str) -> Response:
    """Let a key prove nothing any more."""
    partner, form = _look(partner_id), PlainForm()
    key = _key(partner, key_id)
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                partners.retire_key(
                    session,
                    partner_id=partner.id,
                    key_id=key.id,
                    actor=current_actor(),
                    now=clock.now(),
                )
            return done(_back(partner.id), "密钥已停用，用它取得的访问令牌同时失效。")
    about = (
        f"{say_day(key.created_at)}新增的{words.KEY_KINDS[key.kind]}立即失效，不能恢复。",
        "请先确认对接方已切换到另一个密钥。",
    )
    act = Act("停用密钥", about, "停用密钥", _back(partner.id), danger=True, topic="partners")
    return act_page(act, form)


@console.route("/partners/<string:partner_id>/end", methods=["GET", "POST"])
@signed_in("partners.manage", fresh=True)
def end_partner(partner_id: str) -> Response:
    """Refuse a client for good."""
    partner, form = _look(partner_id), ReasonForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                partners.end_client(
                    session,
                    partner_id=partner.id,
                    reason=form.reason.data,
                    actor=current_actor(),
                    now=clock.now(),
                )
            return done(_back(partner.id), f"{partner.name}已停用，不能再调用接口。")
    about = (f"{partner.name}（{partner.client_id}）从下一次调用起被拒绝，不能恢复；以后再用须重新登记。",)
    act = Act(f"停用{partner.name}", about, "停用对接方", _back(partner.id), danger=True, topic="partners")
    return act_page(act, form)


guide(
    "partners",
    "管理对接方和密钥",
    "登记系统等外部系统用密钥调用本系统的接口。",
    steps=(
        "新增对接方：填写标识、名称、允许的操作和网络地址，密钥只显示一次。",
        "更换密钥：先新增，等对接方切换，再停用旧的。",
        "对接方要求接收事件时，在“事件订阅”核对接收地址后批准。",
    ),
    notes=("密钥泄露时立即停用，并检查审计记录里该对接方的调用。",),
)
