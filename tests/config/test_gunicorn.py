"""The configuration that gunicorn reads: processes, background work, and metrics of several processes."""

import os
import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from tests.config.test_settings import SOUND_PRODUCTION as PRODUCTION

PATH = Path(__file__).resolve().parents[2] / "config" / "gunicorn.py"
Configure = Callable[..., dict[str, Any]]


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Configure:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR")

    def read(**variables: str) -> dict[str, Any]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(PATH))

    return read


def test_it_listens_on_an_address_of_either_kind(configure: Configure) -> None:
    assert configure(HOST="::1", PORT="8100")["bind"] == "[::1]:8100"
    assert configure(HOST="0.0.0.0")["bind"] == "0.0.0.0:8100"


SEVERAL = {"WEB_PROCESSES": "2", "REDIS_URL": "redis://127.0.0.1:6379"}


def test_the_embedded_default_is_one_process_of_threads(configure: Configure) -> None:
    options = configure()
    assert (options["workers"], options["threads"], options["worker_class"]) == (1, 16, "gthread")
    assert options["bind"] == "127.0.0.1:8000"
    assert options["max_requests"] == 0, "a process alone is not ended for its age"
    assert options["graceful_timeout"] < options["timeout"]
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ


def test_several_processes_keep_their_metrics_in_one_place_emptied_at_the_start(
    configure: Configure, tmp_path: Path
) -> None:
    options = configure(**SEVERAL)
    folder = tmp_path / "metrics"
    assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(folder)
    folder.mkdir()
    (folder / "counter_1.db").write_bytes(b"of the last run")
    options["on_starting"](None)
    assert list(folder.iterdir()) == []
    assert options["max_requests"] > 0


def test_gauges_of_a_process_that_ended_are_forgotten(configure: Configure, tmp_path: Path) -> None:
    options = configure(**SEVERAL)
    options["on_starting"](None)
    gauge = tmp_path / "metrics" / "gauge_liveall_4711.db"
    gauge.touch()
    options["child_exit"](None, SimpleNamespace(pid=4711))
    assert not gauge.exists()


def test_one_process_has_no_metrics_to_share(configure: Configure, tmp_path: Path) -> None:
    options = configure()
    options["on_starting"](None)
    options["child_exit"](None, SimpleNamespace(pid=4711))
    assert not (tmp_path / "metrics").exists()


def _application() -> Flask:
    app = Flask("served")
    app.extensions["health"] = SimpleNamespace(is_ending=None)
    return app


@pytest.mark.parametrize(
    ("variables", "goes_on_s"),
    [({}, 0), ({"STOP_DELAY_S": "3"}, 3), (PRODUCTION, 5), (PRODUCTION | {"STOP_DELAY_S": "0"}, 0)],
)
def test_a_server_asked_to_end_says_so_and_goes_on_for_a_while(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], goes_on_s: float
) -> None:
    options = configure(BACKGROUND="0", **variables)
    worker, steps = SimpleNamespace(wsgi=_application()), []
    options["post_worker_init"](worker)
    health = worker.wsgi.extensions["health"]
    monkeypatch.setattr("time.sleep", lambda s: steps.append((s, health.is_ending())))
    server = SimpleNamespace(handle_term=lambda: steps.append("ended"))
    options["when_ready"](server)
    assert not health.is_ending()
    server.handle_term()
    assert steps == [(goes_on_s, True), "ended"]


def test_less_than_the_product_is_served_too(configure: Configure) -> None:
    configure(BACKGROUND="0")["post_worker_init"](SimpleNamespace(wsgi=lambda _environ, _start: []))


class _Background:
    stopped = False

    def stop(self, *, graceful: bool) -> None:
        self.stopped = graceful


@pytest.mark.parametrize(
    ("variables", "starts"),
    [({}, True), ({"BACKGROUND": "0"}, False), ({"REDIS_URL": "redis://127.0.0.1:6379"}, False)],
)
def test_background_work_runs_beside_the_web_only_on_the_embedded_default(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], starts: bool
) -> None:
    background = _Background()
    monkeypatch.setattr("miniprogram_api.app.start_background", lambda _app: background)
    options = configure(**variables)
    worker = SimpleNamespace(wsgi=_application())
    options["post_worker_init"](worker)
    assert hasattr(worker, "background") is starts
    options["worker_exit"](None, worker)
    assert background.stopped is starts
