"""One JSON line per event, scrubbed of secrets, tokens, phones and identity numbers before it is written."""

import functools
import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

_SCRUBBED = "[redacted]"
_HANDLER = "product"
_SMALLEST_PHONE = 13_000_000_000
_SECRET_KEYS = re.compile(
    r"(secret|token|password|authorization|cookie|session_key|openid|phone|id_number|totp|app_keys|index_key)",
    re.I,
)
_PATTERNS = (
    (
        re.compile(
            r"(?i)\b((?:app)?secret|access_token|refresh_token|session_key|js_code|openid|password)\b"
            r"[\"']?\s*[:=]\s*[\"']?[^&\s\"',;)}\]]+"
        ),
        rf"\1={_SCRUBBED}",
    ),
    (re.compile(r"(?i)\bbearer\s+[A-Za-z0-9._~+/=-]+"), f"Bearer {_SCRUBBED}"),
    (re.compile(r"\b(?:mp|st|gd|rf|pt|ps|ph|iv)_[A-Za-z0-9_-]{20,}"), _SCRUBBED),
    # A resident identity number: district, birthday, serial, check digit. May contain a phone.
    (
        re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dXx](?!\d)"),
        _SCRUBBED,
    ),
    # A mobile phone, as one number or in groups, with or without the country's code.
    (re.compile(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"), _SCRUBBED),
)


# Most of what is logged is said again and again: routes, methods, names. What was found clean once is clean.
_clean: set[str] = set()
_CLEAN_CHARS = 64
_CLEAN_MOST = 2_000


def scrub(text: str) -> str:
    """A text without what must never be logged."""
    if text in _clean:
        return text
    scrubbed = text
    for pattern, replacement in _PATTERNS:
        scrubbed = pattern.sub(replacement, scrubbed)
    if scrubbed == text and len(text) <= _CLEAN_CHARS:
        if len(_clean) >= _CLEAN_MOST:
            _clean.clear()
        _clean.add(text)
    return scrubbed


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The processor before the renderer: scrubs every value, and whole values under telling keys."""
    return {key: value if key.startswith("_") else _scrub_item(key, value) for key, value in event.items()}


def _scrub_item(key: str, value: Any) -> Any:
    return _SCRUBBED if _is_secret(key) and value not in (None, "") else _scrub_value(value)


@functools.lru_cache(maxsize=500)
def _is_secret(key: str) -> bool:
    return _SECRET_KEYS.search(key) is not None


def _scrub_value(value: Any) -> Any:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        if abs(value) < _SMALLEST_PHONE:
            return value
        return value if scrub(str(value)) == str(value) else _SCRUBBED
    if isinstance(value, dict):
        return {str(key): _scrub_item(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_scrub_value(item) for item in value]
    # Whatever the renderer would have to turn into text by itself, after the scrubbing.
    return scrub(str(value))


_stamp = structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts")
_SHARED: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    redact,
    _stamp,  # last: it is nobody's data
)


def formatter(style: str) -> logging.Formatter:
    """What makes a line of a record, whether structlog or the standard library sent it."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if style == "console"
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    return _Formatter(renderer)


class RequestRecord(logging.LogRecord):
    """The line of one request: written for each, it would cost more through the pipeline than a page does."""

    def __init__(self, fields: dict[str, Any]) -> None:
        super().__init__("request", logging.INFO, "", 0, "request", None, None)
        self.fields = fields


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Runs the shared processors over what did not come through structlog, and renders."""

    def __init__(self, renderer: Any) -> None:
        super().__init__(foreign_pre_chain=_SHARED, processors=[self.remove_processors_meta, renderer])
        self._renderer = renderer

    def format(self, record: logging.LogRecord) -> str:
        if not isinstance(record, RequestRecord):
            return super().format(record)
        line = redact(
            None, "info", {"event": "request", "level": "info", "logger": "request", **record.fields}
        )
        text: str = self._renderer(None, "info", _stamp(None, "info", line))
        return text


_requests = logging.getLogger("request")


def log_request(**fields: Any) -> None:
    """Write the line of one request."""
    if _requests.isEnabledFor(logging.INFO):
        _requests.handle(RequestRecord(fields))


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at the moment of writing; servers and tests exchange it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # the base class keeps the one of its making
        return sys.stderr


def configure_logging(*, level: str, style: str) -> None:
    """Send structlog's and the standard library's loggers through the same processors to standard error."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _StandardError()
    handler.set_name(_HANDLER)
    handler.setFormatter(formatter(style))
    root = logging.getLogger()
    root.handlers[:] = [other for other in root.handlers if other.get_name() != _HANDLER] + [handler]
    root.setLevel(level.upper())
    # Their own lines repeat ours, or carry whole URLs.
    for noisy in ("werkzeug", "urllib3", "huey", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
