"""The pinned client library, thinned to the calls we make: no token logic, answers as plain values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from wechatpy import WeChatClient
from wechatpy.client.api import WeChatWxa
from wechatpy.exceptions import WeChatClientException

from config.wechat import WeChatSettings
from miniprogram_api.wechat.transport import TransportFault, open_session

_IMAGE_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_NO_TOKEN: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """A well-formed answer; bodies hold secrets and persons, so they stay out of `repr`."""

    errcode: int
    message: str = field(default="", repr=False)
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    image: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """No usable answer. `sent` is False only when the request certainly never left."""

    kind: str
    sent: bool


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send."""

    name: str
    content: bytes = field(repr=False)
    media_type: str


class MiniProgramApi(WeChatWxa):  # type: ignore[misc]  # the library is untyped
    """Our forms of the calls that the library makes in an older form, with a detour, or not at all."""

    def code_to_session(self, js_code: str) -> Any:
        # Pairs and not a dict: the library fetches a token and appends it to every dict of parameters.
        params = (
            ("appid", self.appid),
            ("secret", self.secret),
            ("js_code", js_code),
            ("grant_type", "authorization_code"),
        )
        return self._get("sns/jscode2session", params=params)

    def stable_token(self) -> Any:
        data = {
            "grant_type": "client_credential",
            "appid": self.appid,
            "secret": self.secret,
            "force_refresh": False,
        }
        return self._post("cgi-bin/stable_token", params=_NO_TOKEN, data=data)

    def post_json(self, path: str, token: str, data: Mapping[str, Any]) -> Any:
        return self._post(path, params={"access_token": token}, data=dict(data))

    def post_file(self, path: str, token: str, file: Upload, query: Mapping[str, str]) -> Any:
        # Bytes and no stream: a stream would be empty the second time.
        media = (file.name, file.content, file.media_type)
        return self._post(path, params={"access_token": token, **query}, files={"media": media})


class MiniProgramClient(WeChatClient):  # type: ignore[misc]  # the library is untyped
    """Never asks for a token by itself: the gateway hands one to each call that needs it."""

    wxa = MiniProgramApi()

    def __init__(self, settings: WeChatSettings) -> None:
        super().__init__(settings.appid, settings.secret, auto_retry=False)
        self._http = open_session(settings)

    def fetch_access_token(self) -> None:
        raise RuntimeError("tokens come from TokenStore")

    def close(self) -> None:
        self._http.close()

    def post(self, url: str, **kwargs: Any) -> Any:
        if "files" not in kwargs:
            # The library sends JSON without naming it.
            kwargs["headers"] = {"Content-Type": "application/json"}
        return super().post(url, **kwargs)


def ask(call: Callable[[], Any], *, image: bool = False) -> Reply | Fault:
    """Make a call and tell its outcome as a value: the library's exceptions hold the secret and the token."""
    try:
        result = call()
    except WeChatClientException as refused:
        return _refusal(refused)
    except TransportFault as fault:
        return Fault(fault.kind, sent=fault.sent)
    except (ValueError, TypeError, OverflowError, RecursionError):
        # An errcode that is no number or an endless one, or JSON nested beyond reason.
        return Fault("bad_reply", sent=True)
    if isinstance(result, dict):
        return Reply(0, body=result)
    if image and isinstance(result, requests.Response) and _is_image(result):
        return Reply(0, image=result.content)
    # HTML, half a JSON text, an empty body, a list: the library hands them on as if they were answers.
    return Fault("bad_reply", sent=True)


def _refusal(refused: WeChatClientException) -> Reply | Fault:
    if refused.errcode is None:
        return Fault(f"http_{refused.response.status_code}", sent=True)
    return Reply(refused.errcode, str(refused.errmsg))


def _is_image(response: requests.Response) -> bool:
    declared = response.headers.get("Content-Type", "image/").lower()
    return (
        declared.startswith("image/")
        and response.status_code == requests.codes.ok
        and (response.content.startswith(_IMAGE_STARTS))
    )
