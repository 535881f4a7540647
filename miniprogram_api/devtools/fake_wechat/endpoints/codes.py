"""Unlimited mini-program codes: every parameter rule, and a real small picture as the answer."""

import hashlib
import io
import re
from typing import Any

from PIL import Image

from miniprogram_api.devtools.fake_wechat.checks import account_by_token, is_int, parse_object, require_method
from miniprogram_api.devtools.fake_wechat.records import Account
from miniprogram_api.devtools.fake_wechat.state import State
from miniprogram_api.devtools.fake_wechat.wire import BINARY_TYPES, Call, Reply, WeChatError

SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]+")
SCENE_LENGTH = 32
MIN_WIDTH, DEFAULT_WIDTH, MAX_WIDTH = 280, 430, 1280
ENV_VERSIONS = {"release", "trial", "develop"}
RESERVED = "scancode_time"
MAX_UNCHECKED_CODES = 60_000
CELLS = 16
BRIGHTEST = 255


def getwxacodeunlimit(state: State, call: Call) -> Reply:
    """Raw image bytes on success, JSON on failure, and only the body tells which."""
    require_method(call, "POST")
    with state.lock:
        account = account_by_token(state, call)
        params = parse_object(call, bad_json_errcode=40169)
        _check_scene(params.get("scene"))
        _check_look(params)
        _check_page(state, account, params)
        state.journal.codes.append({**params, "at": state.timestamp(), "appid": account.appid})
    image_format = "PNG" if params.get("is_hyaline") else "JPEG"
    return Reply(body=_draw(params, image_format), content_type=BINARY_TYPES[image_format])


def _check_scene(scene: object) -> None:
    if not isinstance(scene, str) or not scene:
        raise WeChatError(40129)
    if len(scene) > SCENE_LENGTH:
        raise WeChatError(40169)
    if not SCENE.fullmatch(scene):
        raise WeChatError(40129)
    if RESERVED in scene:
        raise WeChatError(85096)


def _check_look(params: dict[str, Any]) -> None:
    width = params.get("width", DEFAULT_WIDTH)
    if not is_int(width) or not MIN_WIDTH <= width <= MAX_WIDTH:
        raise WeChatError(40097, "width")
    env_version = params.get("env_version", "release")
    if not isinstance(env_version, str) or env_version not in ENV_VERSIONS:
        raise WeChatError(40097, "env_version")
    for name in ("check_path", "auto_color", "is_hyaline"):
        if not isinstance(params.get(name, False), bool):
            raise WeChatError(40097, name)
    if "line_color" in params and not _is_colour(params["line_color"]):
        raise WeChatError(40097, "line_color")


def _is_colour(value: object) -> bool:
    if not isinstance(value, dict) or set(value) != {"r", "g", "b"}:
        return False
    return all(re.fullmatch(r"\d{1,3}", str(part)) and int(str(part)) <= BRIGHTEST for part in value.values())


def _check_page(state: State, account: Account, params: dict[str, Any]) -> None:
    page = params.get("page")
    if page is None or page == "":
        return
    if not isinstance(page, str):
        raise WeChatError(40097, "page")
    if RESERVED in page:
        raise WeChatError(85096)
    if page.startswith("/") or "?" in page:
        raise WeChatError(41030)
    if params.get("check_path", True):
        if page not in account.pages.get("release", set()):
            raise WeChatError(41030)
        return
    made = state.unchecked_codes.get(account.appid, 0)
    if made >= MAX_UNCHECKED_CODES:
        raise WeChatError(45009)
    state.unchecked_codes[account.appid] = made + 1


def _draw(params: dict[str, Any], image_format: str) -> bytes:
    """A picture of the asked width whose pattern differs per scene; it cannot be scanned."""
    digest = hashlib.sha256(repr(sorted(params.items())).encode()).digest()
    pixels = bytes(255 if digest[i % 32] >> (i // 32) & 1 else 0 for i in range(CELLS * CELLS))
    width = params.get("width", DEFAULT_WIDTH)
    picture = Image.frombytes("L", (CELLS, CELLS), pixels).resize((width, width), Image.Resampling.NEAREST)
    out = io.BytesIO()
    picture.save(out, image_format)
    return out.getvalue()
