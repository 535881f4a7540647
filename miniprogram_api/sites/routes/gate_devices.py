"""The devices at a site's gate, added and revoked by its staff."""

from http import HTTPStatus
from typing import Any

from miniprogram_api.identity.service import devices
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.routes.scope import look_at, work_on
from miniprogram_api.sites.schemas import showcase as wire
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, requires
from miniprogram_api.web.schemas import parse_id

blp = Routes("staff-gate-devices", __name__, url_prefix="/api/staff/v1", description="Devices at the gate")

_PERMISSION = "gate.devices"
_DEVICES = "/sites/<string:site_id>/gate-devices"


@blp.get(_DEVICES)
@requires(_PERMISSION)
@blp.response(HTTPStatus.OK, wire.DeviceListView, example={"items": [wire.DEVICE], "next_cursor": None})
def list_gate_devices(site_id: str) -> dict[str, Any]:
    """The devices in use."""
    with reading() as session:
        site = look_at(session, site_id, _PERMISSION)
        return {"items": devices.list_devices(session, site_id=site.id), "next_cursor": None}


@blp.post(_DEVICES)
@requires(_PERMISSION)
@blp.arguments(wire.AddDeviceBody, example={"name": "东门平板"})
@blp.response(HTTPStatus.CREATED, wire.AddedDeviceView, example=wire.ADDED_DEVICE)
def add_gate_device(body: dict[str, Any], site_id: str) -> dict[str, Any]:
    """Add a device; its token is in this answer and nowhere else."""
    with atomic() as session:
        site = work_on(session, site_id, _PERMISSION)
        device, token = devices.create_device(
            session, site_id=site.id, name=body["name"], actor=current_actor(), now=clock.now()
        )
        return {
            "id": device.id,
            "name": device.name,
            "created_at": device.created_at,
            "frozen_at": None,
            "token": token,
        }


@blp.post(f"{_DEVICES}/<string:device_id>/restore")
@requires(_PERMISSION)
@blp.response(HTTPStatus.OK, wire.DeviceView, example=wire.DEVICE)
def restore_gate_device(site_id: str, device_id: str) -> dict[str, Any]:
    """Let a device scan again that was frozen when the site got another operator."""
    with atomic() as session:
        site = work_on(session, site_id, _PERMISSION)
        device = devices.restore_device(
            session, site_id=site.id, device_id=parse_id(device_id), actor=current_actor()
        )
        return {
            "id": device.id,
            "name": device.name,
            "created_at": device.created_at,
            "frozen_at": device.frozen_at,
        }


@blp.delete(f"{_DEVICES}/<string:device_id>")
@requires(_PERMISSION)
@blp.response(HTTPStatus.NO_CONTENT)
def revoke_gate_device(site_id: str, device_id: str) -> None:
    """Refuse a device from its next request on."""
    with atomic() as session:
        site = work_on(session, site_id, _PERMISSION)
        devices.revoke_device(
            session,
            site_id=site.id,
            device_id=parse_id(device_id),
            actor=current_actor(),
            now=clock.now(),
        )
