"""The HTTP session of every call: one host, forced time-outs, bounded bodies, faults without an address."""

import io
import logging
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from config.wechat import OFFICIAL_API_BASE, WeChatSettings
from miniprogram_api.kernel.outbound import pool_of, with_timed_head

_BODY_LIMIT = 2 * 1024 * 1024
_BLOCK = 64 * 1024
_CONNECTIONS = 32
_SECRET_QUERY = re.compile(r"(secret|access_token|js_code)=[^&\s\"')]*")


class TransportFault(requests.RequestException):
    """No whole answer arrived. `sent` is False only when the request certainly never left."""

    def __init__(self, kind: str, *, sent: bool) -> None:
        super().__init__(kind)
        self.kind = kind
        self.sent = sent


class _QueryRedaction(logging.Filter):
    """urllib3 logs whole addresses, and WeChat puts the secret and the token into them."""

    def filter(self, record: logging.LogRecord) -> bool:
        redacted = _SECRET_QUERY.sub(r"\1=***", record.getMessage())
        record.msg, record.args = redacted, None
        return True


_redaction = _QueryRedaction()


class WeChatAdapter(HTTPAdapter):
    """Sends what is meant for the official host to the configured one, and reads answers in bounded time."""

    def __init__(self, settings: WeChatSettings, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._base = urlsplit(settings.api_base)
        self._timeout = (settings.connect_timeout_s, settings.read_timeout_s)
        self._monotonic = monotonic
        super().__init__(pool_maxsize=_CONNECTIONS, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        _, head_within_s = self._timeout
        self.poolmanager.pool_classes_by_scheme = {
            "http": pool_of(HTTPConnectionPool, with_timed_head(HTTPConnection, head_within_s)),
            "https": pool_of(HTTPSConnectionPool, with_timed_head(HTTPSConnection, head_within_s)),
        }

    def send(  # noqa: PLR0917  (the signature of requests)
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Answer with the body already in memory; raise TransportFault for anything short of that."""
        deadline = self._monotonic() + sum(self._timeout)
        try:
            readdressed = self._readdressed(request)
            response = super().send(readdressed, stream=True, timeout=self._timeout, verify=verify)
            return self._in_memory(response, deadline)
        except TransportFault as own:
            fault = own
        except requests.ConnectTimeout:
            fault = TransportFault("connect_timeout", sent=False)
        except (requests.ReadTimeout, urllib3.exceptions.TimeoutError):
            fault = TransportFault("read_timeout", sent=True)
        except requests.ConnectionError as lost:
            never = _never_connected(lost)
            fault = TransportFault("connect_failed" if never else "connection_lost", sent=not never)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
            fault = TransportFault("connection_lost", sent=True)
        # Raised outside the handlers: a chained cause would carry the address, and with it the secret.
        raise fault

    def _readdressed(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        copy = request.copy()
        parts = urlsplit(copy.url or "")
        copy.url = urlunsplit(parts._replace(scheme=self._base.scheme, netloc=self._base.netloc))
        return copy

    def _in_memory(self, response: requests.Response, deadline: float) -> requests.Response:
        body = bytearray()
        with response:
            # read1 returns what is there, so a server that drips cannot outlast the deadline.
            while block := response.raw.read1(_BLOCK, decode_content=True):
                body += block
                if len(body) > _BODY_LIMIT:
                    raise TransportFault("too_large", sent=True)
                if self._monotonic() > deadline:
                    raise TransportFault("read_timeout", sent=True)
        whole = requests.Response()
        whole.status_code = response.status_code
        whole.headers = response.headers
        whole.url = OFFICIAL_API_BASE
        whole.raw = io.BytesIO(bytes(body))
        return whole


def _never_connected(error: requests.ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", cause), urllib3.exceptions.NewConnectionError)


class _OneHostSession(requests.Session):
    """Follows no redirect: none is expected, and one would carry the token to another host."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


def open_session(settings: WeChatSettings) -> requests.Session:
    """A session that can reach WeChat's host and no other, whatever the environment says of proxies."""
    # Idempotent: the same filter object is added once.
    logging.getLogger("urllib3.connectionpool").addFilter(_redaction)
    session = _OneHostSession()
    session.trust_env = False
    session.adapters.clear()
    session.mount(f"{OFFICIAL_API_BASE}/", WeChatAdapter(settings))
    return session
