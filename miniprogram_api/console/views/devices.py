"""Devices at a site's gate: added with a token that is shown once, revoked, and restored after a freeze."""

from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.acting import Act, Handed, act_page, handed_page
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.staff import DeviceForm, PlainForm
from miniprogram_api.console.guides import guide
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.identity import queries_people as people
from miniprogram_api.identity.service import devices
from miniprogram_api.identity.service.devices import GateDevice
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.sites.service import get_managed_site, lock_managed_site
from miniprogram_api.web.schemas import parse_id

_PERMISSION = "gate.devices"


@console.get("/sites/<string:site_id>/devices")
@signed_in("gate.devices")
def list_devices(site_id: str) -> Response:
    """The devices in use at a site's gate."""
    with reading() as session:
        site = get_managed_site(session, current_principal(), _PERMISSION, parse_id(site_id))
        found = devices.list_devices(session, site_id=site.id)
        names = people.names_of_staff(session, [device.created_by for device in found])
    return page("staff/devices.html", site=site, devices=found, names=names)


@console.route("/sites/<string:site_id>/devices/new", methods=["GET", "POST"])
@signed_in("gate.devices")
def add_device(site_id: str) -> Response:
    """Add a device; its token is on this page and nowhere else."""
    with reading() as session:
        site = get_managed_site(session, current_principal(), _PERMISSION, parse_id(site_id))
    form, back = DeviceForm(), url_for("console.list_devices", site_id=site.id)
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                lock_managed_site(session, current_principal(), _PERMISSION, site.id)
                _, token = devices.create_device(
                    session,
                    site_id=site.id,
                    name=form.name.data.strip(),
                    actor=current_actor(),
                    now=clock.now(),
                )
            return _hand_token(site, form.name.data.strip(), token, back)
    about = ("每台闸机或核销平板用自己的令牌，只能核销本示范点的票。丢失时可单独停用。",)
    return act_page(Act("添加闸机设备", about, "生成令牌", back, site=site, topic="devices"), form)


def _hand_token(site: Any, name: str, token: str, back: str) -> Response:
    return handed_page(
        Handed(
            title=f"“{name}”的令牌",
            label="设备令牌",
            value=token,
            about=(
                f"在那台设备的浏览器里打开 {url_for('console.pair_gate', _external=True)}，粘贴令牌。",
                "不方便复制时，用设备的相机扫描二维码，复制扫到的文字。",
            ),
            back=back,
            back_label="已配对，返回设备列表",
            scan=token,
            site=site,
            topic="devices",
        )
    )


def _look(site_id: str, device_id: str) -> tuple[Any, GateDevice]:
    wanted = parse_id(device_id)
    with reading() as session:
        site = get_managed_site(session, current_principal(), _PERMISSION, parse_id(site_id))
        found = [one for one in devices.list_devices(session, site_id=site.id) if one.id == wanted]
    if not found:
        raise NotFound
    return site, found[0]


@console.route("/sites/<string:site_id>/devices/<string:device_id>/revoke", methods=["GET", "POST"])
@signed_in("gate.devices")
def revoke_device(site_id: str, device_id: str) -> Response:
    """Refuse a device from its next request on."""
    site, device = _look(site_id, device_id)
    form, back = PlainForm(), url_for("console.list_devices", site_id=site.id)
    if form.validate_on_submit():
        with atomic() as session:
            lock_managed_site(session, current_principal(), _PERMISSION, site.id)
            devices.revoke_device(
                session, site_id=site.id, device_id=device.id, actor=current_actor(), now=clock.now()
            )
        return done(back, f"“{device.name}”已停用，不能再核销。")
    about = (
        f"停用后“{device.name}”立即不能核销，令牌不能恢复；以后再用要重新添加。",
        "未上传的记录留在那台设备里，重新配对后自动上传。",
    )
    act = Act(f"停用“{device.name}”", about, "停用设备", back, danger=True, site=site, topic="devices")
    return act_page(act, form)


@console.route("/sites/<string:site_id>/devices/<string:device_id>/restore", methods=["GET", "POST"])
@signed_in("gate.devices")
def restore_device(site_id: str, device_id: str) -> Response:
    """Let a frozen device scan again."""
    site, device = _look(site_id, device_id)
    form, back = PlainForm(), url_for("console.list_devices", site_id=site.id)
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                lock_managed_site(session, current_principal(), _PERMISSION, site.id)
                devices.restore_device(session, site_id=site.id, device_id=device.id, actor=current_actor())
            return done(back, f"“{device.name}”已恢复，可以核销。")
    about = ("示范点更换运营机构时，原机构的设备被冻结。确认设备仍在本示范点手中，再恢复。",)
    act = Act(f"恢复“{device.name}”", about, "恢复设备", back, site=site, topic="devices")
    return act_page(act, form)


guide(
    "devices",
    "管理闸机设备",
    "给入口的平板或手机发令牌，丢失时停用。",
    steps=(
        "点“添加设备”，起一个能认出位置的名称，如“东门平板”。",
        "令牌只显示一次：在设备的浏览器打开页面上写的地址，粘贴令牌。",
        "设备丢失或更换时点“停用”，立即不能核销。",
    ),
)
