"""The HTTP server: one WSGI application on loopback for Contract A and the control calls."""

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from flask import Flask, Response, request

from miniprogram_api.devtools.fake_registry.control import PREFIX, answer_control, plan
from miniprogram_api.devtools.fake_registry.endpoints import BASE, answer
from miniprogram_api.devtools.fake_registry.faults import OF_RECORDS, OF_THE_DOORBELL, FaultKind
from miniprogram_api.devtools.fake_registry.injection import answer_with_fault, project_ids_in, spoil_records
from miniprogram_api.devtools.fake_registry.records import Record
from miniprogram_api.devtools.fake_registry.state import State
from miniprogram_api.devtools.fake_registry.wire import (
    Call,
    Part,
    Problem,
    Reply,
    Reset,
    problem_reply,
)
from miniprogram_api.devtools.loopback import RESET_MARK, LoopbackServer

MAX_BODY = 64 * 1024 * 1024
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_OF_CALLS = frozenset(FaultKind) - OF_RECORDS - (OF_THE_DOORBELL - {FaultKind.CLOCK_SKEW})


def create_fake(state: State) -> Flask:
    """The WSGI application in front of the state, not yet listening anywhere."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY

    def serve(path: str) -> Response:
        full_path = f"/{path}"
        if full_path == PREFIX or full_path.startswith(f"{PREFIX}/"):
            return _response(answer_control(state, request.method, full_path, request.get_data()))
        found = _answer_registry(state, _read_call(full_path))
        if isinstance(found, Reset):
            request.environ[RESET_MARK] = True
            return Response(b"")
        return _response(found)

    for rule in ("/", "/<path:path>"):
        app.add_url_rule(
            rule,
            "serve",
            serve,
            methods=METHODS,
            defaults={"path": ""} if rule == "/" else None,
            merge_slashes=False,
            provide_automatic_options=False,
        )
    return app


class FakeRegistry:
    """The fake as a running server in threads of this process; also a context manager.

    `file` carries its projects, its feed and what it received over a restart; `notify` is the address of the
    consumer's doorbell.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        file: Path | None = None,
        notify: str | None = None,
        time_source: Callable[[], float] = time.time,
    ) -> None:
        self.state = State(file=file, notify=notify, time_source=time_source)
        self._server = LoopbackServer(create_fake(self.state), name="fake registry", host=host, port=port)

    @property
    def base_url(self) -> str:
        """Where to reach it, without a trailing slash; only while it runs."""
        return self._server.base_url

    @property
    def api_base(self) -> str:
        """The base of Contract A, as `REGISTRY_API_BASE` takes it."""
        return f"{self.base_url}{BASE}"

    def put(self, project_id: str, /, **fields: Any) -> int:
        """Merge fields into a project as the control interface does; the version it has now."""
        return int(self.state.put(project_id, fields)["version"])

    def tombstone(self, project_id: str) -> int:
        """Remove a project; the version of its tombstone."""
        return _version(self.state.remove(project_id))

    def recall(self, project_id: str) -> int:
        """Order to stop showing a project; the version of the recall."""
        return _version(self.state.recall(project_id))

    def record(self, project_id: str) -> Record:
        """The last change record of a project. Raises KeyError."""
        with self.state.lock:
            return self.state.feed.latest[project_id]

    def fault(self, path: str, fault: str, *, times: int | None = 1, **options: Any) -> None:
        """Plan a fault as `POST /_fake/faults` does; `times` None means for ever."""
        plan(self.state, {"path": path, "fault": fault, "times": times, **options})

    @property
    def received(self) -> dict[str, list[dict[str, Any]]]:
        """The events, corrections and objections that reached it, the oldest first."""
        with self.state.lock:
            desk = self.state.desk
            return {
                "events": [dict(event) for event in desk.events.values()],
                "corrections": [dict(paper) for paper in desk.corrections.values()],
                "objections": [dict(paper) for paper in desk.objections.values()],
            }

    def start(self) -> Self:
        """Listen and serve; answers itself."""
        self._server.start()
        self.state.stopping.clear()
        self.state.doorbell.start()
        return self

    def stop(self) -> None:
        """Cut waiting replies short and close; harmless when not running."""
        if self._server.is_running:
            self.state.stopping.set()
            self.state.doorbell.stop()
            self._server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _version(record: Record | None) -> int:
    if record is None:
        raise KeyError("no such project")
    return int(record["version"])


def _read_call(path: str) -> Call:
    body = request.get_data(cache=True)
    return Call(
        method=request.method,
        path=path.removeprefix(BASE) if path.startswith(f"{BASE}/") else f"/..{path}",
        url=request.base_url,
        query=dict(request.args.items()),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        form=dict(request.form.items()),
        parts=[
            Part(field, file.filename or "", file.mimetype, file.read())
            for field, file in request.files.items(multi=True)
        ],
        request_id=request.headers.get("X-Request-Id") or secrets.token_hex(8),
    )


def _answer_registry(state: State, call: Call) -> Reply | Reset:
    """Serve a call, with the fault that was planned for it."""
    with state.lock:
        fault = state.faults.take(call.path, _OF_CALLS)
    try:
        if fault is None:
            return _effect(state, call)
        return answer_with_fault(state, fault, call, lambda: _effect(state, call))
    except Problem as problem:
        return problem_reply(problem, call)


def _effect(state: State, call: Call) -> Reply:
    reply = answer(state, call)
    with state.lock:
        fault = state.faults.take_for_records(call.path, project_ids_in(reply))
    return reply if fault is None else spoil_records(fault, reply)


def _response(reply: Reply) -> Response:
    response = Response(reply.body, status=reply.status, headers=dict(reply.headers))
    response.content_type = reply.content_type
    if reply.announced_length is not None:
        response.headers["Content-Length"] = str(reply.announced_length)
    return response
