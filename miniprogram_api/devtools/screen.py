"""What `make run` shows once the product is up: addresses, accounts, three lines to paste."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

from config import Settings
from miniprogram_api.devtools.demo_data import STAFF, Loaded

_JSON = "-H 'Content-Type: application/json'"


def get_json(port: int, path: str) -> tuple[int, Any]:
    """The status and the body of a page of the product; raises OSError while nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except (http.client.HTTPException, ValueError) as error:
        raise ConnectionError from error
    finally:
        connection.close()


def welcome(settings: Settings, loaded: Loaded | None) -> str:
    """The screen; its curl lines work as they stand."""
    base = f"http://127.0.0.1:{settings.port}"
    return "\n".join(
        [
            "",
            "长春低碳示范区小程序 已启动",
            "",
            *_facts(settings, base, loaded),
            "",
            *_tries(settings, base),
            "",
        ]
    )


def _facts(settings: Settings, base: str, loaded: Loaded | None) -> Iterator[str]:
    yield f"  工作台 console  {base}/console/"
    yield f"  接口 API        {base}/api/v1   {base}/api/staff/v1"
    yield f"  文档 OpenAPI    {base}/openapi/app.json   {base}/openapi/staff.json"
    if fake := _fake_wechat(settings):
        yield f"  假微信 WeChat   {fake}/_fake"
    if registry := _fake_registry(settings):
        yield f"  假登记系统 registry  {registry}/_fake"
    yield f"  数据 data       {settings.data_dir.resolve()}"
    if settings.demo_data:
        names = [card.username for card in STAFF]
        yield f"  员工 staff      {'  '.join(names[:4])}"
        yield f"                  {'  '.join(names[4:])}"
        yield f"  密码 password   {settings.demo_staff_password}"
    if loaded and loaded.gate_token:
        yield f"  闸机 gate       {loaded.gate_token}"
        yield "                  （净月潭的演示闸机，令牌只显示这一次）"


def _tries(settings: Settings, base: str) -> Iterator[str]:
    yield "试一试 try:"
    yield f"  curl '{base}/api/v1/sites?type=park&limit=2'"
    fake = _fake_wechat(settings)
    if fake is None:
        return
    code = f"""$(curl -s -X POST {fake}/_fake/login-codes -d '{{"person":"alice"}}' | {_field("code")})"""
    login = f"""curl -s -X POST {base}/api/v1/sessions {_JSON} -d "{{\\"code\\":\\"{code}\\"}}\""""
    yield f"  TOKEN=$({login} | {_field('access_token')}); echo $TOKEN"
    slot_id = _find_open_slot(settings.port)
    if slot_id is not None:
        yield (
            f'  curl -X POST {base}/api/v1/bookings -H "Authorization: Bearer $TOKEN"'
            f' -H "Idempotency-Key: try-$RANDOM" {_JSON}'
            f""" -d '{{"slot_id":"{slot_id}","party":{{"adults":2,"children":1}},"""
            """"contact":{"name":"王小明","phone":"13800138000"}}'"""
        )


def _field(name: str) -> str:
    """A shell filter that takes one string out of a JSON object."""
    return f"""grep -o '"{name}": *"[^"]*"' | cut -d'"' -f4"""


def _fake_wechat(settings: Settings) -> str | None:
    fake = f"http://127.0.0.1:{settings.fake_wechat_port}"
    return fake if settings.wechat_api_base == fake else None


def _fake_registry(settings: Settings) -> str | None:
    fake = f"http://127.0.0.1:{settings.fake_registry_port}"
    return fake if settings.registry_api_base == f"{fake}/registry/v1" else None


def _find_open_slot(port: int) -> str | None:
    """A slot that can be booked now, at the first site of the list that has one."""
    _, sites = get_json(port, "/api/v1/sites?limit=100")
    for site in sites["items"]:
        if site["next_available_on"] is not None and site["booking_mode"] == "slots":
            on = site["next_available_on"]
            _, slots = get_json(port, f"/api/v1/sites/{site['id']}/slots?from={on}&to={on}")
            found = next((slot["id"] for slot in slots["items"] if slot["state"] == "open"), None)
            if found is not None:
                return str(found)
    return None
