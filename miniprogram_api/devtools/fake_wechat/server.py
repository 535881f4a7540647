"""The HTTP server: one WSGI application on loopback for WeChat calls, control calls and TCP resets."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from flask import Flask, Response, request

from miniprogram_api.devtools.fake_wechat.control import PREFIX, answer_control
from miniprogram_api.devtools.fake_wechat.endpoints import ENDPOINTS
from miniprogram_api.devtools.fake_wechat.injection import answer_with_fault
from miniprogram_api.devtools.fake_wechat.journal import Entry
from miniprogram_api.devtools.fake_wechat.state import State
from miniprogram_api.devtools.fake_wechat.wire import Call, Reply, Reset, WeChatError, error_reply
from miniprogram_api.devtools.loopback import RESET_MARK, LoopbackServer

DEFAULT_SEED = 20240601
MAX_BODY = 12 * 1024 * 1024
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def create_fake(
    *, seed: int = DEFAULT_SEED, time_source: Callable[[], float] = time.time
) -> tuple[Flask, State]:
    """The WSGI application and the state behind it, not yet listening anywhere."""
    state = State(seed=seed, time_source=time_source)
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY

    def serve(path: str) -> Response:
        full_path = f"/{path}"
        if full_path == PREFIX or full_path.startswith(f"{PREFIX}/"):
            query = request.query_string.decode("utf-8", "replace")
            return _response(answer_control(state, request.method, full_path, query, request.get_data()))
        answer = _answer_wechat(state, _read_call(state, full_path))
        if isinstance(answer, Reset):
            request.environ[RESET_MARK] = True
            return Response(b"")
        return _response(answer)

    for rule in ("/", "/<path:path>"):
        app.add_url_rule(
            rule,
            "serve",
            serve,
            methods=METHODS,
            defaults={"path": ""} if rule == "/" else None,
            merge_slashes=False,
        )
    return app, state


class FakeWeChat:
    """The fake as a running server in threads of this process; also a context manager."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = DEFAULT_SEED,
        time_source: Callable[[], float] = time.time,
    ) -> None:
        self.app, self.state = create_fake(seed=seed, time_source=time_source)
        self._server = LoopbackServer(self.app, name="fake WeChat", host=host, port=port)

    @property
    def base_url(self) -> str:
        """Where to reach it, without a trailing slash; only while it runs."""
        return self._server.base_url

    def start(self) -> Self:
        """Listen and serve; answers itself."""
        self._server.start()
        self.state.stopping.clear()
        return self

    def stop(self) -> None:
        """Cut waiting replies short and close; harmless when not running."""
        if self._server.is_running:
            self.state.stopping.set()
            self._server.stop()

    def pushed(self) -> list[Entry]:
        """What was pushed, once everything that is under way has been."""
        while self.state.pushing:
            self.state.pushing.pop().join()
        with self.state.lock:
            return list(self.state.journal.pushes)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _read_call(state: State, path: str) -> Call:
    with state.lock:
        rid = state.new_rid()
    return Call(
        method=request.method,
        path=path,
        query=dict(request.args.items()),
        body=request.get_data(),
        headers=dict(request.headers.items()),
        peer=request.remote_addr or "",
        rid=rid,
    )


def _answer_wechat(state: State, call: Call) -> Reply | Reset:
    """Log the call, let a planned fault strike or serve it, and note in the log what came of it."""
    served = call.path in ENDPOINTS
    with state.lock:
        entry = state.journal.arrived(call, state.timestamp(), expected=served)
        fault = state.faults.take(call, state.chance) if served else None
        if fault is not None:
            entry["fault"] = f"{fault.kind.value}:{fault.when.value}"
    if not served:
        entry["verdict"] = "unexpected"
        return Reply(body=b"404 page not found", content_type="text/plain", status=404)
    if fault is None:
        return _effect(state, call, entry)
    entry["verdict"] = "no effect"
    return answer_with_fault(state, fault, call, lambda: _effect(state, call, entry))


def _effect(state: State, call: Call, entry: Entry) -> Reply:
    try:
        reply = ENDPOINTS[call.path](state, call)
    except WeChatError as error:
        reply = error_reply(error.errcode, call.rid, error.detail)
    entry["verdict"] = reply.errcode or "ok"
    return reply


def _response(reply: Reply) -> Response:
    response = Response(reply.body, status=reply.status, content_type=reply.content_type)
    if reply.announced_length is not None:
        response.headers["Content-Length"] = str(reply.announced_length)
    return response
