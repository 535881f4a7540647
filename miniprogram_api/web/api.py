"""The APIs and their one error shape: application/problem+json for whatever a client can cause."""

import json
import math
import re
import threading
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Never

import marshmallow as ma
import structlog
from flask import Flask, Request, Response, g, request
from flask_smorest import Api, Blueprint
from flask_smorest.utils import prepare_response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from miniprogram_api.kernel import errors
from miniprogram_api.kernel.database_trouble import Trouble, trouble_of
from miniprogram_api.kernel.db import db
from miniprogram_api.kernel.errors import AppError, FieldError
from miniprogram_api.web import messages, partner_problems
from miniprogram_api.web.refusals import name_refusals

log = structlog.get_logger(__name__)

KIND_STATUS: dict[type[AppError], int] = {
    errors.BadRequest: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.Invalid: 422,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}
_HTTP_CODES = {
    400: "request.malformed",
    404: "request.not_found",
    405: "request.method_not_allowed",
    413: "request.too_large",
    503: "request.unavailable",
}
MAX_BODY = 1_000_000
_SERVER_READS = 65_536  # what gunicorn itself reads of a body nobody read, before it closes the connection
_HEARD_OUT = 16_000_000


class FieldProblem(ma.Schema):
    field = ma.fields.String(metadata={"example": "party.adults"})
    code = ma.fields.String(metadata={"example": "field.range"})
    message = ma.fields.String(metadata={"example": "超出允许范围。"})


class Problem(ma.Schema):
    """RFC 9457 problem details; `code` is stable, `detail` is for people."""

    type = ma.fields.String(metadata={"example": "about:blank"})
    title = ma.fields.String(metadata={"example": "Conflict"})
    status = ma.fields.Integer(metadata={"example": 409})
    code = ma.fields.String(metadata={"example": "visits.slot_full"})
    detail = ma.fields.String(metadata={"example": "这个场次已约满。"})
    params = ma.fields.Dict(keys=ma.fields.String())
    errors = ma.fields.List(ma.fields.Nested(FieldProblem))
    trace_id = ma.fields.String()


def problem(
    status: int, code: str, params: dict[str, Any] | None = None, fields: tuple[FieldError, ...] = ()
) -> Response:
    """A problem response in the language the client prefers."""
    params = params or {}
    english = request.accept_languages.best_match(["zh", "zh-CN", "en"], "zh") == "en"
    detail, request_id, more = messages.text(code, params, english=english), g.get("request_id", ""), {}
    if partner_problems.is_partners(request.path):
        status, code = partner_problems.agreed(status, code)
        more = partner_problems.additions(request.path, request_id)
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "params": params,
        "errors": [
            {"field": f.field, "code": f.code, "message": messages.text(f.code, f.params, english=english)}
            for f in fields
        ],
        "trace_id": request_id,
        **more,
    }
    response = Response(
        json.dumps(body, ensure_ascii=False, default=str),
        status=status,
        content_type="application/problem+json",
    )
    response.headers["Cache-Control"] = "no-store"
    if "retry_after_s" in params:
        response.headers["Retry-After"] = str(params["retry_after_s"])
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def explain(error: Exception) -> tuple[int, str, dict[str, Any]]:
    """Status, code and values of a failure, for whoever shows it; a bug is logged and told as one."""
    match error:
        case AppError():
            status = next(status for kind, status in KIND_STATUS.items() if isinstance(error, kind))
            return status, error.code, error.params
        case HTTPException(code=int(status)):
            other = "request.unsupported" if status < 500 else "server.error"
            return status, _HTTP_CODES.get(status, other), {}
        case DBAPIError():
            return _explain_database_error(error)
        case PoolTimeout():
            return 503, "request.unavailable", {"retry_after_s": 1}
    log.error("unhandled_error", exc_info=error)
    return 500, "server.error", {}


def _explain_database_error(error: DBAPIError) -> tuple[int, str, dict[str, Any]]:
    db.session.rollback()
    match trouble_of(error):
        case Trouble.TRANSIENT | Trouble.BUSY:
            log.warning("database_busy", error=type(error).__name__)
            return 503, "request.unavailable", {"retry_after_s": 1}
        case Trouble.FULL:
            log.error("storage_full")
            return 507, "storage.full", {"retry_after_s": 60}
        case Trouble.RIVAL:
            # Features map the constraints they expect; this is the net below them.
            log.error("unmapped_constraint", exc_info=error)
            return 409, "request.conflict", {}
        case Trouble.DATA:
            log.error("unmapped_value", exc_info=error)
            return 422, "request.invalid", {}
    log.error("unhandled_error", exc_info=error)
    return 500, "server.error", {}


def _failure(error: Exception) -> Response:
    fields = error.fields if isinstance(error, errors.Invalid) else ()
    return problem(*explain(error), fields)


def _http_error(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]  # a redirect, not a failure
    response = _failure(error)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


class Parser(FlaskParser):
    """Reads JSON whatever its Content-Type says, refuses unknown fields, names wrong ones by stable codes."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {  # noqa: RUF012  the base class says so
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": ma.RAISE,
        "json": None,
    }

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        raw = read_body(req)
        return read_json(raw) if raw else ma.missing

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        for name, value in req.args.items(multi=True):
            if "\0" in value:
                raise errors.Invalid(fields=[FieldError(name, "field.characters")])
        return MultiDictProxy(req.args, schema)

    def handle_error(self, error: ma.ValidationError, req: Any, schema: Any, **_: Any) -> Never:
        # webargs nests messages under the location, which says nothing to the caller.
        located: dict[str, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]  # marshmallow's own
        fields = [found for tree in located.values() for found in _field_errors(tree)]
        raise errors.Invalid(fields=fields) from None


def _hear_out(response: Response) -> Response:
    """Read on when a long body is refused: who still sends would see the connection end and no answer."""
    size = request.content_length or 0
    if response.status_code >= HTTPStatus.BAD_REQUEST and _SERVER_READS < size <= _HEARD_OUT:
        stream = request.environ["wsgi.input"]
        with suppress(Exception):  # servers have errors of their own for a client that has gone
            while stream.read(_SERVER_READS):
                pass
    return response


def read_body(req: Request, *, most: int = MAX_BODY) -> bytes:
    """The body, empty when it is blank. Raises RequestEntityTooLarge, or BadRequest when it breaks off."""
    req.max_content_length = most
    try:
        raw = req.get_data(cache=True)
    except HTTPException:
        raise
    except Exception as error:  # servers have errors of their own for a client that sends half a body
        raise errors.BadRequest from error
    if len(raw) >= most and req.content_length is None:
        # Of a body of unsaid length the library reads what is allowed, and does not say that more follows.
        raise RequestEntityTooLarge
    return raw.strip()


def read_json(raw: bytes) -> Any:
    """Parse a body strictly: UTF-8, finite numbers, not too deep, no NUL and no lone surrogate in any string.

    Raises BadRequest or Invalid.
    """
    try:
        value = json.loads(raw.decode(), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        raise errors.BadRequest from None
    if _SUSPICIOUS.search(raw) or raw.count(b"[") + raw.count(b"{") > _DEEPEST:
        _inspect(value)
    return value


_SUSPICIOUS = re.compile(rb"\\u0000|\\u[dD][89a-fA-F]")
_ODD = re.compile("[\0\ud800-\udfff]")
_DEEPEST = 32


def _refuse(constant: str) -> Never:
    raise ValueError(constant)


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits)


def _inspect(value: Any) -> None:
    # Not by recursion, whose limit is what a deep body is after.
    todo = [(value, 1)]
    while todo:
        item, depth = todo.pop()
        if isinstance(item, str):
            if _ODD.search(item):
                raise errors.Invalid(fields=[FieldError("", "field.characters")])
        elif isinstance(item, dict | list):
            if depth > _DEEPEST:
                raise errors.BadRequest
            if isinstance(item, dict):
                todo += [(key, depth) for key in item]
            todo += [(inner, depth + 1) for inner in (item.values() if isinstance(item, dict) else item)]


def _field_errors(tree: Any, path: str = "") -> list[FieldError]:
    if isinstance(tree, dict):
        return [
            found
            for key, branch in tree.items()
            for found in _field_errors(branch, path if key == "_schema" else f"{path}.{key}".lstrip("."))
        ]
    texts = tree if isinstance(tree, list) else [tree]
    return [FieldError(path, _field_code(str(text))) for text in texts]


_FIELD_CODES = (
    ("Missing data", "field.required"),
    ("Unknown field", "field.unknown"),
    ("may not be null", "field.null"),
    ("Must be one of", "field.choice"),
    ("greater than", "field.range"),
    ("less than", "field.range"),
    ("Longer than", "field.length"),
    ("Shorter than", "field.length"),
    ("Length must", "field.length"),
    ("Number too large", "field.range"),
    ("Not a valid", "field.type"),
    ("Invalid input type", "field.type"),
)


def _field_code(text: str) -> str:
    """marshmallow says what is wrong in English; a validator of ours gives the code itself."""
    if text in messages.catalogue():
        return text
    return next((code for start, code in _FIELD_CODES if start in text), "field.invalid")


class Routes(Blueprint):
    """A blueprint that parses by our rules."""

    ARGUMENTS_PARSER = Parser()

    def arguments(self, schema: ma.Schema | type[ma.Schema], **options: Any) -> Any:
        """As in flask-smorest, with one schema for all requests: of a class webargs makes one for each."""
        made = schema() if isinstance(schema, type) else schema
        return super().arguments(made, **options)


class ProblemApi(Api):
    """An API whose documented and actual errors are problems.

    Its document is written when it is first asked for: most processes are never asked, and describing a
    hundred operations would be most of the time they take to start.
    """

    ERROR_SCHEMA = Problem

    def __init__(self, app: Flask, *, config_prefix: str, problem_schema: type[Problem] = Problem) -> None:
        self._problem_schema = problem_schema
        self._undescribed: list[Routes] = []
        self._has_responses = False
        self._writing = threading.Lock()
        super().__init__(app, config_prefix=config_prefix)

    def register_blueprint(self, blp: Routes) -> None:
        """Serve a blueprint now, and describe it later."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp)
        self._undescribed.append(blp)

    def document(self) -> dict[str, Any]:
        """The OpenAPI document of every blueprint."""
        with self._writing:
            if not self._has_responses:
                self._describe_responses()
                self._has_responses = True
            while self._undescribed:
                blp = self._undescribed.pop(0)
                blp.register_views_in_doc(self, self._app, self.spec, name=blp.name, parameters=None)
                self.spec.tag({"name": blp.name, "description": blp.description})
            name_refusals(self._app, self.spec.to_dict(), self._refer)
            found: dict[str, Any] = self.spec.to_dict()
            return found

    def _refer(self, status: HTTPStatus) -> dict[str, Any]:
        reference: dict[str, Any] = self.spec.components.get_ref("response", status.name)
        return reference

    def _openapi_json(self) -> Response:
        return Response(json.dumps(self.document(), ensure_ascii=False), content_type="application/json")

    def _register_error_handlers(self) -> None:
        """Handlers are the application's, see `init_errors`."""

    def _register_responses(self) -> None:
        """Left for the document: no process that is never asked for it needs them."""

    def _describe_responses(self) -> None:
        shape = self._problem_schema()
        for name in [*(status.name for status in HTTPStatus), self.DEFAULT_ERROR_RESPONSE_NAME]:
            response: dict[str, Any] = {"description": name.replace("_", " ").capitalize(), "schema": shape}
            prepare_response(response, self.spec, "application/problem+json")
            self.spec.components.response(name, response, lazy=True)


def make_api(app: Flask, *, name: str, title: str, problem_schema: type[Problem] = Problem) -> ProblemApi:
    """An API of the application, its document served at /openapi/<name>.json."""
    prefix = f"{name.upper()}_"
    app.config.update(
        {
            f"{prefix}API_TITLE": title,
            f"{prefix}API_VERSION": "v1",
            f"{prefix}OPENAPI_VERSION": "3.1.0",
            f"{prefix}OPENAPI_URL_PREFIX": "/openapi",
            f"{prefix}OPENAPI_JSON_PATH": f"{name}.json",
        }
    )
    api = ProblemApi(app, config_prefix=prefix, problem_schema=problem_schema)
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    return api


def init_errors(app: Flask) -> None:
    """Map every failure to a problem; nothing of a driver's or a library's text gets out."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.after_request(_hear_out)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _failure)
