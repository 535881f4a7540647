"""The push of WeChat: the official examples, whose a call is, how old it may be, and that it counts once."""

import json
import time
from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from miniprogram_api.devtools.fake_wechat import (
    DEMO_APPID,
    DEMO_PUSH_AES_KEY,
    DEMO_PUSH_TOKEN,
)
from miniprogram_api.devtools.fake_wechat.pushing import SAFE_JSON, Form
from miniprogram_api.devtools.fake_wechat.sealing import encrypt, sign
from miniprogram_api.wechat.push import PushRefused, PushSecrets, is_from_wechat, key_of, open_push
from miniprogram_api.wechat.routes import MAX_BODY
from tests.support.problems import assert_problem
from tests.support.wechat_pushes import (
    FORMS,
    PLAIN,
    SAFE_XML,
    configure,
    every_form,
    facts,
    in_the_mode_of,
    judged,
    post,
    pushed,
    stamp,
    taken,
)

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
        in_json = json.dumps({"ToUserName": "gh", "Encrypt": SEALED}).encode()
        in_xml = f"<xml><ToUserName>gh</ToUserName><Encrypt><![CDATA[{SEALED}]]></Encrypt></xml>".encode()
        assert open_push(SECRETS, OFFICIAL, in_json)["Event"] == "debug_demo"
        # What is within is of the envelope's format; the example's is JSON.
        with pytest.raises(PushRefused):
            open_push(SECRETS, OFFICIAL, in_xml)
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
            open_push(secrets, OFFICIAL, json.dumps({"Encrypt": SEALED}).encode())

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
    """In safe mode."""
    return configure(app, wechat_push_token=DEMO_PUSH_TOKEN, wechat_push_aes_key=DEMO_PUSH_AES_KEY)


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
        for address in ("/wechat/push", "/wechat/official/push"):
            assert app.test_client().get(address).status_code == 404
            assert app.test_client().post(address, json={}).status_code == 404


class TestEveryModeAndFormat:
    @every_form
    def test_a_push_is_taken_and_answered_success(self, app: Flask, form: Form) -> None:
        answer = post(in_the_mode_of(app, form), *pushed(judged(), form))
        assert (answer.status_code, answer.text, answer.mimetype) == (200, "success", "text/plain")
        assert taken() == ["t-1"]

    @every_form
    def test_a_verdict_reads_alike(self, app: Flask, form: Form) -> None:
        found = {"suggest": "risky", "label": 20002}
        detail = [{"strategy": "content_model", "errcode": 0, **found}]
        message = judged(errcode=0, result=found, detail=detail)
        post(in_the_mode_of(app, form), *pushed(message, form))
        (fact,) = facts("wechat.picture_judged")
        assert (fact["suggest"], fact["labels"]) == ("risky", [20002])

    @every_form
    def test_an_event_nobody_knows_is_taken(self, app: Flask, form: Form) -> None:
        answer = post(in_the_mode_of(app, form), *pushed({"Event": "weapp_audit_success"}, form))
        assert (answer.status_code, answer.text) == (200, "success")

    @every_form
    @pytest.mark.parametrize("entries", [1, 2])
    def test_a_list_of_one_comes_as_its_entry(self, app: Flask, form: Form, entries: int) -> None:
        answers = [
            {"TemplateId": f"t{number}", "SubscribeStatusString": "accept", "PopupScene": "1"}
            for number in range(entries)
        ]
        listed: Any = answers if entries > 1 else answers[0]
        message = {"Event": "subscribe_msg_popup_event", "List": listed}
        post(in_the_mode_of(app, form), *pushed(message, form))
        found = facts("wechat.subscription_answered")
        assert [(fact["template_id"], fact["accepted"]) for fact in found] == [
            (f"t{number}", True) for number in range(entries)
        ]

    @every_form
    def test_numbers_may_come_as_texts(self, app: Flask, form: Form) -> None:
        failed = {"TemplateId": "t", "MsgID": "1900000000000000001", "ErrorCode": "43101"}
        message = {"Event": "subscribe_msg_sent_event", "List": failed, "CreateTime": "1764500000"}
        answer = post(in_the_mode_of(app, form), *pushed(message, form))
        again = post(
            in_the_mode_of(app, form), *pushed(message | {"CreateTime": 1764500000}, form, nonce="m")
        )
        assert (answer.text, again.text) == ("success", "success")
        (fact,) = facts("wechat.subscription_failed")
        assert (fact["msgid"], fact["errcode"]) == ("1900000000000000001", 43101)

    @every_form
    @pytest.mark.parametrize("name", ["appid", "AppID"])
    def test_one_that_names_another_account_within_is_nobodys(
        self, app: Flask, form: Form, name: str
    ) -> None:
        answer = post(in_the_mode_of(app, form), *pushed(judged(**{name: "wx-other"}), form))
        assert (answer.status_code, taken()) == (404, [])

    @every_form
    def test_a_wrong_signature_is_nobodys(self, app: Flask, form: Form) -> None:
        query, body = pushed(judged(), form)
        wrong = "msg_signature=0" if form.safe else "signature=0"
        spoilt = query.replace(wrong[:-1], wrong)
        answer = post(in_the_mode_of(app, form), spoilt, body)
        assert (answer.status_code, taken()) == (404, [])

    @every_form
    @pytest.mark.parametrize("other", FORMS.values(), ids=FORMS)
    def test_the_other_mode_is_refused(self, app: Flask, form: Form, other: Form) -> None:
        """Also a plain body that is signed well, where there is a key to seal it with."""
        answer = post(in_the_mode_of(app, form), *pushed(judged(), other))
        assert answer.status_code == (200 if other.safe == form.safe else 404)

    @pytest.mark.parametrize(("agreed", "status"), [("auto", 200), ("json", 404), ("xml", 200)])
    def test_the_format_may_be_fixed(self, configured: Flask, agreed: str, status: int) -> None:
        app = configure(configured, wechat_push_format=agreed)
        assert post(app, *pushed(judged(), SAFE_XML)).status_code == status
        assert post(app, *pushed(judged(), SAFE_JSON)).status_code == (404 if agreed == "xml" else 200)


class TestPlainMode:
    def test_a_signature_vouches_for_one_body(self, app: Flask) -> None:
        """It does not cover the body, so whoever saw one push must not send another under it."""
        configured = in_the_mode_of(app, PLAIN)
        query, body = pushed(judged(), PLAIN)
        swapped = body.replace(b"t-1", b"t-2")
        answers = [post(configured, query, sent).status_code for sent in (body, swapped, body)]
        assert (answers, taken()) == ([200, 404, 200], ["t-1"])

    def test_another_signature_is_another_body(self, app: Flask) -> None:
        configured = in_the_mode_of(app, PLAIN)
        for name in ("t-1", "t-2"):
            assert post(configured, *pushed(judged(name), PLAIN, nonce=name)).status_code == 200
        assert taken() == ["t-1", "t-2"]


GARBAGE = [
    b"",
    b"null",
    b"[]",
    b"{",
    b"\xff\xfe",
    b"[" * 5000,
    b'{"Encrypt": 5}',
    b'{"Encrypt": "x"}',
    b"<",
    b"<xml>",
    b"<xml/>",
    b"<xml>text</xml>",
    b"<other><Encrypt>AAAA</Encrypt></other>",
    b"<xml><Encrypt>AAAA</Encrypt><Encrypt>AAAA</Encrypt></xml>",
    b'<?xml version="1.0" encoding="no-such"?><xml><Encrypt>AAAA</Encrypt></xml>',
    b"<xml>" + b"<a>" * 9000,
]
BOMB = (
    b"<!DOCTYPE xml ["
    + b'<!ENTITY a0 "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, (b"&a%d;" % (n - 1)) * 10) for n in range(1, 9))
    + b"]><xml><Event>&a8;</Event><Encrypt>&a8;</Encrypt></xml>"
)
OUTSIDE = b'<!DOCTYPE xml [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><Event>&f;</Event></xml>'


class TestWhatIsTaken:
    @pytest.mark.parametrize("spoil", ["body", "plain", "appid"])
    def test_what_does_not_verify_is_nobodys(self, configured: Flask, spoil: str) -> None:
        query, body = pushed(judged(), appid="wx-other" if spoil == "appid" else DEMO_APPID)
        if spoil == "body":
            body = body[:-12] + b'AAAAAAA="}'
        elif spoil == "plain":
            body = json.dumps(judged()).encode()
        assert post(configured, query, body).status_code == 404
        assert taken() == []

    @every_form
    def test_garbage_is_nobodys_and_answered_like_all_else(self, app: Flask, form: Form) -> None:
        configured = in_the_mode_of(app, form)
        for body in (*GARBAGE, BOMB, OUTSIDE):
            query, _ = pushed(judged(), form)
            started = time.monotonic()
            assert_problem(post(configured, query, body), 404, "request.not_found")
            assert time.monotonic() - started < 2, body[:80]

    @pytest.mark.parametrize("sealed", ["", "x", "AAAA", "é", "A" * 64])
    def test_ciphertext_that_is_none_is_nobodys(self, configured: Flask, sealed: str) -> None:
        at = stamp()
        query = f"timestamp={at}&nonce=n&msg_signature={sign(DEMO_PUSH_TOKEN, at, 'n', sealed)}"
        for body in (json.dumps({"Encrypt": sealed}), f"<xml><Encrypt>{sealed}</Encrypt></xml>"):
            assert_problem(post(configured, query, body.encode()), 404, "request.not_found")

    @pytest.mark.parametrize("text", [b"<xml><Event>&a8;</Event></xml>", b"[1]", b"nothing"])
    def test_what_is_sealed_well_but_says_nothing_is_nobodys(self, configured: Flask, text: bytes) -> None:
        at = stamp()
        bomb = BOMB if text.startswith(b"<") else text
        sealed = encrypt(DEMO_PUSH_AES_KEY, bomb.decode(), appid=DEMO_APPID)
        query = f"timestamp={at}&nonce=n&msg_signature={sign(DEMO_PUSH_TOKEN, at, 'n', sealed)}"
        body = f"<xml><Encrypt>{sealed}</Encrypt></xml>" if bomb is BOMB else json.dumps({"Encrypt": sealed})
        assert post(configured, query, body.encode()).status_code == 404

    @every_form
    @pytest.mark.parametrize(("ago_s", "status"), [(290, 200), (310, 404), (-290, 200), (-310, 404)])
    def test_one_that_was_kept_to_be_sent_later_is_nobodys(
        self, app: Flask, form: Form, ago_s: float, status: int
    ) -> None:
        answer = post(in_the_mode_of(app, form), *pushed(judged(), form, at=stamp(ago_s=ago_s)))
        assert answer.status_code == status
        assert taken() == (["t-1"] if status == 200 else [])

    def test_its_age_is_of_real_time(self, configured: Flask, clock: Any) -> None:
        clock.advance(days=400)
        assert post(configured, *pushed(judged())).status_code == 200

    @every_form
    def test_a_repetition_is_answered_alike_and_counts_once(self, app: Flask, form: Form) -> None:
        configured = in_the_mode_of(app, form)
        first = [post(configured, *pushed(judged(), form, at=stamp(ago_s=ago))) for ago in (0, 0, 5)]
        other = post(configured, *pushed(judged("t-2"), form, nonce="m"))
        assert [(answer.status_code, answer.text) for answer in [*first, other]] == [(200, "success")] * 4
        assert taken() == ["t-1", "t-2"]

    def test_a_message_is_known_by_its_id(self) -> None:
        assert key_of({"MsgId": 7, "CreateTime": 1}) == key_of({"MsgId": "7", "CreateTime": 2})
        assert key_of({"MsgId": 7}) != key_of({"MsgId": 8})
        assert key_of(judged(CreateTime=1)) != key_of(judged(CreateTime=2))

    def test_two_results_of_one_second_are_two(self) -> None:
        sent = {"Event": "subscribe_msg_sent_event", "FromUserName": "o", "CreateTime": 1}
        assert key_of({**sent, "List": {"MsgID": "1"}}) != key_of({**sent, "List": {"MsgID": "2"}})
        wrapped = {**sent, "SubscribeMsgSentEvent": {"List": {"MsgID": "1"}}}
        assert key_of(wrapped) == key_of({**sent, "List": [{"MsgID": 1}]})

    @pytest.mark.parametrize("said", [True, False])
    def test_a_large_body_is_not_read(self, configured: Flask, said: bool) -> None:
        query, body = pushed(judged())
        raw = body + b" " * 10 + b"x" * MAX_BODY
        client = configured.test_client()
        if said:
            answer = client.post(f"/wechat/push?{query}", data=raw)
        else:
            answer = client.post(
                f"/wechat/push?{query}",
                input_stream=BytesIO(raw),
                environ_overrides={"wsgi.input_terminated": True},
            )
        assert_problem(answer, 413, "request.too_large")
        assert taken() == []
