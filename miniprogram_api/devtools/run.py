"""`make run`: the whole product on this machine, what it talks to as fakes, a screen that says how to try."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from enum import StrEnum
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

from environs import EnvError

from config import Settings, UnsafeSettings, load_settings
from config.dotenv import read_dotenv
from miniprogram_api.devtools.demo_data import DEFAULT_PASSWORD
from miniprogram_api.devtools.fake_registry import (
    DEMO_CLIENT_ID,
    DEMO_CLIENT_SECRET,
    DEMO_DOORBELL_SECRET,
    KEPT_IN,
)
from miniprogram_api.devtools.fake_wechat import (
    DEMO_APPID,
    DEMO_ARTICLE_PUBLISHED,
    DEMO_OFFICIAL_APPID,
    DEMO_OFFICIAL_PUSH_AES_KEY,
    DEMO_OFFICIAL_PUSH_TOKEN,
    DEMO_OFFICIAL_SECRET,
    DEMO_PUSH_AES_KEY,
    DEMO_PUSH_TOKEN,
    DEMO_SECRET,
    DEMO_VISIT_CANCELLED,
)
from miniprogram_api.devtools.preparing import read_loaded
from miniprogram_api.devtools.processes import is_orphan_of_make, is_port_free, running, stop_on_signals
from miniprogram_api.devtools.screen import get_json, welcome
from miniprogram_api.devtools.shared_clock import SharedShift

_READY_WITHIN_S = 120
_LOOK_EVERY_S = 0.1
_GRACE_S = "5"
_APPLICATION = "miniprogram_api.devtools.wsgi"
_DEFAULTS = {
    "APP_ENV": "development",
    "DEMO_DATA": "1",
    "DEMO_STAFF_PASSWORD": DEFAULT_PASSWORD,
    "DEV_CLOCK": "1",
    "LOG_LEVEL": "WARNING",
    "FAKE_WECHAT_PORT": "8001",
    "FAKE_REGISTRY_PORT": "8002",
}

Process = subprocess.Popen[bytes]


class _Fake(StrEnum):
    """A server that is played here, by the variable of its port."""

    WECHAT = "FAKE_WECHAT_PORT"
    REGISTRY = "FAKE_REGISTRY_PORT"


class _Over(Exception):
    """Somebody asked the product to stop, or the `make` that started it is gone."""


def main() -> int:
    """Set up, start, tell, and stay until Ctrl-C or SIGTERM; returns the exit status."""
    is_stopped, is_orphan = stop_on_signals(), is_orphan_of_make()
    read_dotenv()
    fakes = _set_defaults()
    try:
        settings = load_settings()
    except (UnsafeSettings, EnvError) as refusal:
        return _refuse(f"设置有误，拒绝启动 (refusing to start): {refusal}", status=2)
    if settings.production:
        return _refuse("make run 只用于开发，请勿在 APP_ENV=production 下运行。", status=2)
    taken = _taken_ports(settings, fakes)
    if taken:
        return _refuse("\n".join(taken), status=1)
    return _run(settings, lambda: is_stopped() or is_orphan(), fakes)


def _set_defaults() -> list[_Fake]:
    """Fill in what is not set, or set to nothing; whom to play, since nobody real is named."""
    fakes, defaults = [], dict(_DEFAULTS)
    if not os.environ.get("WECHAT_MP_APPID"):
        fakes.append(_Fake.WECHAT)
        os.environ["WECHAT_API_BASE"] = _address(_Fake.WECHAT)
        defaults |= {"WECHAT_MP_APPID": DEMO_APPID, "WECHAT_MP_SECRET": DEMO_SECRET}
        defaults |= {"WECHAT_PUSH_TOKEN": DEMO_PUSH_TOKEN, "WECHAT_PUSH_AES_KEY": DEMO_PUSH_AES_KEY}
        defaults |= {"WECHAT_TEMPLATE_VISIT_CANCELLED": DEMO_VISIT_CANCELLED}
        defaults |= {"WECHAT_TEMPLATE_ARTICLE_PUBLISHED": DEMO_ARTICLE_PUBLISHED}
        defaults |= {"WECHAT_OA_APPID": DEMO_OFFICIAL_APPID, "WECHAT_OA_SECRET": DEMO_OFFICIAL_SECRET}
        defaults |= {"WECHAT_OA_PUBLISH": "1"}
        defaults |= {"WECHAT_OA_PUSH_TOKEN": DEMO_OFFICIAL_PUSH_TOKEN}
        defaults |= {"WECHAT_OA_PUSH_AES_KEY": DEMO_OFFICIAL_PUSH_AES_KEY}
        defaults |= {"PUBLIC_BASE_URL": f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"}
    if not (os.environ.get("REGISTRY_API_BASE") or os.environ.get("REGISTRY_TRANSPORT")):
        fakes.append(_Fake.REGISTRY)
        os.environ |= {
            "REGISTRY_TRANSPORT": "api",
            "REGISTRY_API_BASE": f"{_address(_Fake.REGISTRY)}/registry/v1",
            "REGISTRY_CLIENT_ID": DEMO_CLIENT_ID,
            "REGISTRY_CLIENT_SECRET": DEMO_CLIENT_SECRET,
            "REGISTRY_WEBHOOK_SECRETS": DEMO_DOORBELL_SECRET,
        }
    else:
        defaults["DEMO_DATA"] = "0"  # a real registry's projects are the sites
    for name, value in defaults.items():
        if not os.environ.get(name):
            os.environ[name] = value
    return fakes


def _address(fake: _Fake) -> str:
    return f"http://127.0.0.1:{os.environ.get(fake.value) or _DEFAULTS[fake.value]}"


def _taken_ports(settings: Settings, fakes: list[_Fake]) -> list[str]:
    """A sentence for each port that somebody else listens on, naming the variable that changes it."""
    ports = {_Fake.WECHAT: settings.fake_wechat_port, _Fake.REGISTRY: settings.fake_registry_port}
    wanted = [("PORT", settings.host, settings.port)]
    wanted += [(fake.value, "127.0.0.1", ports[fake]) for fake in fakes]
    sentences = [
        f"端口 {port} 已被占用：请停止占用它的程序，或用 {name}=其他端口 make run 换一个端口。"
        for name, host, port in wanted
        if not is_port_free(host, port)
    ]
    return sentences + [
        f"{one} 和 {other} 都是 {port}：请换成两个不同的端口。"
        for (one, _, port), (other, _, same) in combinations(wanted, 2)
        if port == same
    ]


def _run(settings: Settings, is_over: Callable[[], bool], fakes: list[_Fake]) -> int:
    SharedShift(settings.data_dir).forget()
    with ExitStack() as stack, suppress(_Over):
        commands = {_Fake.WECHAT: _fake_wechat(settings), _Fake.REGISTRY: _fake_registry(settings)}
        processes = [stack.enter_context(running(commands[fake], quiet=True)) for fake in fakes]
        folder = stack.enter_context(TemporaryDirectory())
        result = Path(folder, "loaded.json")
        preparing = stack.enter_context(running(_preparing(result), quiet=False))
        _pause_while(lambda: preparing.poll() is None, is_over)
        if preparing.returncode != 0:
            return _refuse("数据没有准备好，原因见上面的日志。", status=1)
        processes += [stack.enter_context(running(command, quiet=False)) for command in _serving(settings)]
        deadline = time.monotonic() + _READY_WITHIN_S
        _pause_while(
            lambda: _all_run(processes) and time.monotonic() < deadline and not _is_ready(settings), is_over
        )
        if not (_all_run(processes) and _is_ready(settings)):
            return _refuse("服务没有启动成功，原因见上面的日志。", status=1)
        print(welcome(settings, read_loaded(result)), "Ctrl-C 停止 (stop)", sep="\n", flush=True)
        _pause_while(lambda: _all_run(processes), is_over)
        return _refuse("有一个进程意外结束，已全部停止。", status=1)
    return 0


def _pause_while(goes_on: Callable[[], bool], is_over: Callable[[], bool]) -> None:
    while goes_on():
        if is_over():
            raise _Over
        time.sleep(_LOOK_EVERY_S)


def _preparing(result: Path) -> list[str]:
    return [sys.executable, "-m", "miniprogram_api.devtools.preparing", str(result)]


def _fake_wechat(settings: Settings) -> list[str]:
    module = "miniprogram_api.devtools.fake_wechat"
    push = f"{settings.public_base_url}/wechat/push"
    official = f"{settings.public_base_url}/wechat/official/push"
    port = str(settings.fake_wechat_port)
    return [sys.executable, "-m", module, "--port", port, "--push", push, "--official-push", official]


def _fake_registry(settings: Settings) -> list[str]:
    module = "miniprogram_api.devtools.fake_registry"
    doorbell = f"http://127.0.0.1:{settings.port}/api/registry/v1/events"
    port, file = str(settings.fake_registry_port), str(settings.data_dir / KEPT_IN)
    return [sys.executable, "-m", module, "--port", port, "--file", file, "--notify", doorbell]


def _serving(settings: Settings) -> list[list[str]]:
    """The server; with Redis also background work, which otherwise runs on threads of the server."""
    options = ["--config", "python:config.gunicorn", "--graceful-timeout", _GRACE_S]
    commands = [[_beside_python("gunicorn"), *options, f"{_APPLICATION}:app"]]
    if settings.redis_url and settings.background:
        commands.append([_beside_python("flask"), "--app", _APPLICATION, "worker"])
    return commands


def _beside_python(program: str) -> str:
    return str(Path(sys.executable).with_name(program))


def _is_ready(settings: Settings) -> bool:
    try:
        status, _ = get_json(settings.port, "/readyz")
    except OSError:
        return False
    return status == 200


def _all_run(processes: Iterable[Process]) -> bool:
    return all(process.poll() is None for process in processes)


def _refuse(sentence: str, *, status: int) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
