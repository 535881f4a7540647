"""The push of WeChat: the official examples, whose a call is, how old it may be, and that it counts once."""

import dataclasses
import json
import time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from miniprogram_api.devtools.fake_wechat import DEMO_APPID, DEMO_PUSH_AES_KEY, DEMO_PUSH_TOKEN
from miniprogram_api.devtools.fake_wechat.records import Push
from miniprogram_api.devtools.fake_wechat.sealing import encrypt, seal, sign
from miniprogram_api.kernel.db import reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.wechat.push import PushRefused, PushSecrets, is_from_wechat, key_of, open_push
from miniprogram_api.wechat.routes import MAX_BODY
from tests.support.problems import assert_problem

# The examples of the official documentation.
TOKEN, AES_KEY, APPID, NONCE = "AAAAA", "A" * 43, "wxba5fad812f8e6fb9", "415670741"
SECRETS = PushSecrets(APPID, TOKEN, AES_KEY)
SEALED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQq"
    "cvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuM"
    "cp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3"
    "VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
MSG_SIGNATURE = "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"
SIGNED = [
    ("1714036504", "1514711492", "f464b24fc39322e44b38aa78f5edd27bd1441696"),
    ("1714037059", "486452656", "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
    ("1714112445", NONCE, "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
]
OFFICIAL = {"timestamp": "1714112445", "nonce": NONCE, "msg_signature": MSG_SIGNATURE}


class TestOfficialExamples:
    @pytest.mark.parametrize(("timestamp", "nonce", "signature"), SIGNED)
    def test_a_signature_is_known_and_made(self, timestamp: str, nonce: str, signature: str) -> None:
        query = {"timestamp": timestamp, "nonce": nonce, "signature": signature}
        assert is_from_wechat(SECRETS, query)
        assert not is_from_wechat(SECRETS, query | {"nonce": nonce + "0"})
        assert sign(TOKEN, timestamp, nonce) == signature

    def test_a_push_in_safe_mode_is_opened(self) -> None:
        message = open_push(SECRETS, OFFICIAL, {"Encrypt": SEALED})
        assert message["Event"] == "debug_demo"
        assert sign(TOKEN, "1714112445", NONCE, SEALED) == MSG_SIGNATURE

    @pytest.mark.parametrize(
        "secrets",
        [
            PushSecrets(APPID, "AAAAB", AES_KEY),
            PushSecrets(APPID, TOKEN, "B" + AES_KEY[1:]),
            PushSecrets(APPID + "0", TOKEN, AES_KEY),
        ],
    )
    def test_and_by_nobody_else(self, secrets: PushSecrets) -> None:
        with pytest.raises(PushRefused):
            open_push(secrets, OFFICIAL, {"Encrypt": SEALED})

    def test_a_text_is_sealed_by_the_fake_as_by_wechat(self) -> None:
        sealed = encrypt(AES_KEY, '{"demo_resp":"good luck"}', appid=APPID, random=b"707722b803182950")
        assert sealed == (
            "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
        )
        assert sign(TOKEN, "1713424427", NONCE, sealed) == "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"


@pytest.fixture
def redis_url() -> str:
    """None: nothing here is cached."""
    return ""


@pytest.fixture
def configured(app: Flask) -> Flask:
    app.extensions["settings"] = dataclasses.replace(
        app.extensions["settings"],
        wechat_push_token=DEMO_PUSH_TOKEN,
        wechat_push_aes_key=DEMO_PUSH_AES_KEY,
    )
    return app


def stamp(*, ago_s: float = 0) -> str:
    return str(int(time.time() - ago_s))


def sealed(message: dict[str, Any], *, appid: str = DEMO_APPID, at: str | None = None) -> tuple[str, Any]:
    """The query and the body of a push, signed now unless another time is given."""
    whole = {"FromUserName": "o-a", "ToUserName": "gh", "CreateTime": 1764500000} | message
    push = Push(DEMO_PUSH_TOKEN, DEMO_PUSH_AES_KEY)
    return seal(push, appid=appid, message=whole, timestamp=at or stamp(), nonce="n")


def post(app: Flask, query: str, body: Any) -> TestResponse:
    return app.test_client().post(f"/wechat/push?{query}", data=json.dumps(body))


def judged(trace_id: str = "t-1", **more: Any) -> dict[str, Any]:
    return {"Event": "wxa_media_check", "trace_id": trace_id, "errcode": -1008, **more}


def taken() -> list[str]:
    """The pictures of which a verdict was kept."""
    with reading() as session:
        rows = session.scalars(select(EventRow).where(EventRow.name == "wechat.picture_judged"))
        return sorted(row.payload["check_id"] for row in rows)


class TestTheAddress:
    def test_it_is_proved_by_its_echo(self, configured: Flask) -> None:
        at, client = stamp(), configured.test_client()
        query = f"signature={sign(DEMO_PUSH_TOKEN, at, 'n')}&timestamp={at}&echostr=42"
        right, wrong = (client.get(f"/wechat/push?{query}&nonce={nonce}") for nonce in "nm")
        assert (right.status_code, right.text, right.mimetype) == (200, "42", "text/plain")
        assert wrong.status_code == 404

    @pytest.mark.parametrize(
        "query", ["", "signature=é&timestamp=1&nonce=n", "echostr=%00", "timestamp=²", "timestamp=-1"]
    )
    def test_an_odd_call_is_nobodys(self, configured: Flask, query: str) -> None:
        assert configured.test_client().get(f"/wechat/push?{query}").status_code == 404

    def test_without_secrets_there_is_none(self, app: Flask) -> None:
        assert app.test_client().get("/wechat/push").status_code == 404
        assert app.test_client().post("/wechat/push", json={}).status_code == 404


class TestWhatIsTaken:
    @pytest.mark.parametrize("spoil", ["body", "signature", "plain", "appid", "list"])
    def test_what_does_not_verify_is_nobodys(self, configured: Flask, spoil: str) -> None:
        query, body = sealed(judged(), appid="wx-other" if spoil == "appid" else DEMO_APPID)
        sent: Any = body
        if spoil == "body":
            sent = body | {"Encrypt": body["Encrypt"][:-8] + "AAAAAAA="}
        elif spoil == "signature":
            query = query.replace("msg_signature=", "msg_signature=0")
        elif spoil == "plain":
            sent = judged()
        elif spoil == "list":
            sent = [body]
        assert post(configured, query, sent).status_code == 404
        assert taken() == []

    def test_what_nobody_listens_for_is_taken(self, configured: Flask) -> None:
        answer = post(configured, *sealed({"Event": "subscribe_msg_popup_event"}))
        assert (answer.status_code, answer.text) == (200, "success")

    @pytest.mark.parametrize(("ago_s", "status"), [(290, 200), (310, 404), (-290, 200), (-310, 404)])
    def test_one_that_was_kept_to_be_sent_later_is_nobodys(
        self, configured: Flask, ago_s: float, status: int
    ) -> None:
        answer = post(configured, *sealed(judged(), at=stamp(ago_s=ago_s)))
        assert answer.status_code == status
        assert taken() == (["t-1"] if status == 200 else [])

    def test_its_age_is_of_real_time(self, configured: Flask, clock: Any) -> None:
        clock.advance(days=400)
        assert post(configured, *sealed(judged())).status_code == 200

    def test_a_repetition_is_answered_alike_and_counts_once(self, configured: Flask) -> None:
        first = [post(configured, *sealed(judged(), at=stamp(ago_s=ago))) for ago in (0, 0, 5)]
        other = post(configured, *sealed(judged("t-2")))
        assert [(answer.status_code, answer.text) for answer in [*first, other]] == [(200, "success")] * 4
        assert taken() == ["t-1", "t-2"]

    def test_a_message_is_known_by_its_id(self) -> None:
        assert key_of({"MsgId": 7, "CreateTime": 1}) == key_of({"MsgId": "7", "CreateTime": 2})
        assert key_of({"MsgId": 7}) != key_of({"MsgId": 8})
        assert key_of(judged(CreateTime=1)) != key_of(judged(CreateTime=2))

    @pytest.mark.parametrize("said", [True, False])
    def test_a_large_body_is_not_read(self, configured: Flask, said: bool) -> None:
        query, body = sealed(judged())
        raw = json.dumps(body | {"More": "x" * MAX_BODY}).encode()
        client = configured.test_client()
        if said:
            answer = client.post(f"/wechat/push?{query}", data=raw)
        else:
            from io import BytesIO

            answer = client.post(
                f"/wechat/push?{query}",
                input_stream=BytesIO(raw),
                environ_overrides={"wsgi.input_terminated": True},
            )
        assert_problem(answer, 413, "request.too_large")
        assert taken() == []
