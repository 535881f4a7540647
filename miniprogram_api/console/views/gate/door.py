"""The page at the door: made once by the server, then a program that goes on without it for the day."""

import json

from flask import Response, url_for

from miniprogram_api.console.access import PrincipalKind, anyone, current_principal, signed_in
from miniprogram_api.console.assets import STATIC, address_of, send_asset
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.guides import find_guide, guide
from miniprogram_api.console.pages import page
from miniprogram_api.identity.service import devices
from miniprogram_api.kernel.db import reading
from miniprogram_api.sites.service import get_managed_site
from miniprogram_api.visits.service.bundles import verify_keys
from miniprogram_api.web.schemas import parse_id

_STYLES = ("vendor/bootstrap.min.css", "tokens.css", "console.css", "gate/gate.css")
_LOOKS = (*_STYLES, "vendor/icons.svg", "mark.svg", "console.js", "vendor/htmx.min.js", "gate/main.js")
_WORKER = "gate/worker.js"


@console.get("/sites/<string:site_id>/gate")
@signed_in("gate.scan")
def open_gate(site_id: str) -> Response:
    """The page with which one person at a door lets visitors in."""
    principal = current_principal()
    with reading() as session:
        site = get_managed_site(session, principal, "gate.scan", parse_id(site_id))
        scanner = devices.name_of(session, principal.kind.value, principal.id)
    address = url_for("console.open_gate", site_id=site.id)
    return page(
        "gate/gate.html",
        site=site,
        scanner=scanner,
        is_device=principal.kind is PrincipalKind.DEVICE,
        address=address,
        guide=find_guide("gate"),
        keys=json.dumps(verify_keys()),
        keep=json.dumps([address, *_kept()]),
    )


def _kept() -> list[str]:
    """What the page loads, by the addresses at which it does: modules import each other by plain names."""
    modules = [*sorted((STATIC / "gate").glob("*.js")), *sorted((STATIC / "vendor/qr").glob("*.js"))]
    names = [str(path.relative_to(STATIC)) for path in modules]
    plain = [url_for("console.send_asset", name=name) for name in names if name != _WORKER]
    return [*(address_of(name) for name in _LOOKS), *plain]


@console.get("/sites/<string:site_id>/gate/worker.js")
@anyone
def send_gate_worker(site_id: str) -> Response:
    """The script that keeps the page of one site's gate, and of nothing else."""
    response: Response = send_asset(_WORKER)
    response.headers["Service-Worker-Allowed"] = url_for("console.open_gate", site_id=site_id)
    response.headers["Cache-Control"] = "no-cache"
    return response


guide(
    "gate",
    "怎样核销入场券",
    "在门口用平板或手机扫入场券，先看清是谁、几个人，再确认入场。",
    steps=(
        "上班先打开一次“核销”页面，看到“断网可用”再开始；之后断网也能继续。",
        "扫游客的二维码，或输入票码后按回车；扫码枪可以直接用。",
        "看大字：绿色可以入场，黄色要核对，红色不能入场。人没到齐，把人数改成现在到的人数。",
        "点“确认入场”。放错了，15 分钟内点“撤销”并写明原因。",
        "断网时照常扫码，页面会显示待上传的条数；联网后自动上传，逐条显示确认或冲突。",
    ),
    notes=(
        "没有预约的游客用“现场登记”；游客离开时登记离场，馆内人数才准确。",
        "冲突是两个断网的闸口放行了同一张票，最早的一次有效，其余的由值班人员在“核销冲突”里核对。",
        "断网名单是加密的，只有出示的入场券才能打开其中一条，平板丢失也看不到名单。",
    ),
)
