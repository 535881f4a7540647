"""`make run` as a process: it gets ready, serves, keeps its data over a restart and stops without trace."""

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from miniprogram_api.kernel.clock import BEIJING
from tests.support.product import COMMAND, ROOT, STARTS_WITHIN_S, fresh_machine, started

pytestmark = pytest.mark.once


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return fresh_machine(tmp_path)


def _nobody_listens(port: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) != 0


def _group_is_gone(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return True
    return False


def _refusal(environment: dict[str, str]) -> tuple[int, str]:
    ended = subprocess.run(
        COMMAND, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return ended.returncode, ended.stderr


def test_it_serves_what_its_screen_promises_and_goes_on_after_a_restart(environment: dict[str, str]) -> None:
    with started(environment) as first:
        first.wait_until_told()
        sites = first.call("GET", "/api/v1/sites?limit=100")["items"]
        assert len(sites) >= 24
        assert first.call("GET", "/api/v1/me", token=first.log_in("alice"))["id"]
        pasted = [line.strip() for line in first.lines if "curl " in line]
        assert len(pasted) == 3
        if shutil.which("curl") is not None:  # who has it may paste the lines as they stand
            said = _paste(pasted)
            assert said[0].startswith('{"items":[{')
            assert '"ticket"' in said[-1]
        assert first.stop(signal.SIGTERM) == 0
        assert _nobody_listens(environment["PORT"])
        assert _nobody_listens(environment["FAKE_WECHAT_PORT"])
        assert _nobody_listens(environment["FAKE_REGISTRY_PORT"])
        assert _group_is_gone(first.process.pid)
    with started(environment) as second:
        second.wait_until_told()
        assert len(second.call("GET", "/api/v1/sites?limit=100")["items"]) == len(sites)
        upcoming = second.call("GET", "/api/v1/bookings?state=upcoming", token=second.log_in("alice"))
        assert [booking["seats"] for booking in upcoming["items"]] == ([3] if shutil.which("curl") else [])
        next_week = (datetime.now(BEIJING) + timedelta(days=7)).isoformat(timespec="seconds")
        assert second.call("POST", "/_dev/clock", now=next_week) == {"now": next_week}
        assert second.stop(signal.SIGINT) == 0
        assert _group_is_gone(second.process.pid)


def _paste(lines: list[str]) -> list[str]:
    """What a shell prints for the lines, each with a line break of its own behind it."""
    script = "; echo\n".join(lines)
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return ended.stdout.strip().split("\n")


def test_a_stop_in_the_middle_of_preparing_is_clean(environment: dict[str, str]) -> None:
    with started(environment) as product:
        database = Path(environment["DATA_DIR"], "app.sqlite3")
        assert _comes_to_be(database)
        assert product.stop(signal.SIGINT) == 0
        assert _group_is_gone(product.process.pid)
        assert not [line for line in product.lines if "Traceback" in line]


def _comes_to_be(path: Path) -> bool:
    waiting = threading.Event()
    return any(path.exists() or waiting.wait(0.1) for _ in range(STARTS_WITHIN_S * 10))


def test_a_port_in_use_is_named_with_the_variable_that_changes_it(environment: dict[str, str]) -> None:
    names = ("PORT", "FAKE_WECHAT_PORT", "FAKE_REGISTRY_PORT")
    with ExitStack() as stack:
        ports = {name: stack.enter_context(_somebody_listening()) for name in names}
        status, said = _refusal(environment | {name: str(port) for name, port in ports.items()})
    assert status == 1
    sentences = said.splitlines()
    for name, port in ports.items():
        assert any(f"端口 {port} 已被占用" in line and f" {name}=" in line for line in sentences), name


@contextmanager
def _somebody_listening() -> Generator[int]:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        yield int(somebody.getsockname()[1])


@pytest.mark.parametrize("setting", [{"APP_ENV": "production"}, {"PORT": "eight thousand"}])
def test_settings_that_cannot_run_are_refused_in_a_sentence(
    environment: dict[str, str], setting: dict[str, str]
) -> None:
    status, said = _refusal(environment | setting)
    assert status == 2
    assert "Traceback" not in said
