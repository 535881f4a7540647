"""What the gateway's tests share: a remote control of the fake, clocks moved by hand, a leak detector."""

import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from config.wechat import WeChatSettings
from miniprogram_api.devtools.fake_wechat import DEMO_APPID, DEMO_SECRET, FakeWeChat

LOGIN = "/sns/jscode2session"
STABLE_TOKEN = "/cgi-bin/stable_token"
PHONE = "/wxa/business/getuserphonenumber"
PROGRAM_CODE = "/wxa/getwxacodeunlimit"
SEND = "/cgi-bin/message/subscribe/send"
CHECK_TEXT = "/wxa/msg_sec_check"


def settings_for(base_url: str, *, read_timeout_s: float = 5, secret: str = DEMO_SECRET) -> WeChatSettings:
    """The demo account at a server of the tests."""
    return WeChatSettings(
        appid=DEMO_APPID,
        secret=secret,
        api_base=base_url,
        connect_timeout_s=2,
        read_timeout_s=read_timeout_s,
    )


@dataclass
class Clocks:
    """Wall clock and monotonic clock that move together, and only when told."""

    wall: datetime = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
    seconds: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def advance(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.seconds += seconds


class FakeControl:
    """The fake's control interface over HTTP, as any outside test would use it."""

    def __init__(self, base_url: str) -> None:
        self._base = f"{base_url}/_fake"

    def post(self, route: str, /, **body: Any) -> dict[str, Any]:
        """One control call; fails the test when the fake does not understand it."""
        return self._answer(requests.post(f"{self._base}{route}", json=body, timeout=10))

    def get(self, route: str) -> dict[str, Any]:
        return self._answer(requests.get(f"{self._base}{route}", timeout=10))

    def login_code(self, person: str) -> str:
        return str(self.post("/login-codes", person=person)["code"])

    def phone_code(self, person: str) -> str:
        return str(self.post("/phone-codes", person=person)["code"])

    def openid(self, person: str) -> str:
        """The openid of someone who has just used the mini-program."""
        self.post("/visits", person=person)
        persons = self.get("/persons")["persons"]
        return str(next(p for p in persons if p["person"] == person)["memberships"][DEMO_APPID]["openid"])

    def fault(self, path: str, fault: str, times: int = 1, **more: Any) -> None:
        self.post("/faults", path=path, fault=fault, times=times, **more)

    def mend(self) -> None:
        requests.delete(f"{self._base}/faults", timeout=10).raise_for_status()

    def counts(self) -> dict[str, int]:
        """How many requests arrived, by path."""
        return dict(self.get("/counts")["counts"])

    def count(self, path: str) -> int:
        return self.counts().get(path, 0)

    def messages(self, person: str) -> list[dict[str, Any]]:
        return list(self.get(f"/messages?person={person}")["messages"])

    def _answer(self, response: requests.Response) -> dict[str, Any]:
        assert response.status_code < 300, response.text
        return dict(response.json())


def secrets_of(server: FakeWeChat) -> set[str]:
    """Everything the fake has given out that must stay between it and the gateway."""
    with server.state.lock:
        secrets = {DEMO_SECRET, *server.state.codes, *(token.value for token in server.state.tokens.all())}
        for person in server.state.persons.values():
            secrets.add(person.phone)
            for membership in person.memberships.values():
                secrets |= {membership.openid, membership.session_key or DEMO_SECRET}
    return secrets


def chain_of(error: BaseException) -> list[BaseException]:
    """An exception and everything a log or an error reporter would follow from it."""
    chain: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        current = pending.pop()
        if current is not None and current not in chain:
            chain.append(current)
            pending += [current.__cause__, current.__context__]
    return chain


def assert_tells_nothing(error: BaseException, secrets: Iterable[str]) -> None:
    """No exception of the chain shows a secret, an address, or holds on to a request or a response."""
    said = ""
    for link in chain_of(error):
        said += "".join(traceback.format_exception_only(link))
        said += f"{link!s}{link!r}{link.args!r}{vars(link)!r}"
        held = {type(value).__module__.partition(".")[0] for value in vars(link).values()}
        assert not held & {"requests", "urllib3", "wechatpy"}, f"{link!r} holds a library object"
    told = [
        secret for secret in (*secrets, "http://", "https://", "access_token=", "secret=") if secret in said
    ]
    assert told == [], f"{chain_of(error)!r} tells {told}"
