"""Prepared pages: made once for all, told apart by ETag, compressed, short-lived and bounded."""

import contextvars
import gzip
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.web import prepared
from tests.support.problems import assert_problem
from tests.web.conftest import Probe

LARGE = {"items": [{"名": "长春", "n": number} for number in range(200)]}


def _page(client: FlaskClient, query: str = "", **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(f"/_probe/page{query}", headers=named)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_000.0]
    monkeypatch.setattr("miniprogram_api.web.prepared.time.monotonic", lambda: now[0])
    return now


def test_a_page_is_made_once_while_it_lives(client: FlaskClient, probe: Probe, at: list[float]) -> None:
    first = _page(client)
    at[0] += 1.9
    second = _page(client)
    assert first.data == second.data
    assert first.get_json() == {"items": []}
    assert probe.runs == 1
    at[0] += 0.2
    _page(client)
    assert probe.runs == 2


def test_a_change_shows_when_the_page_is_made_anew(
    client: FlaskClient, probe: Probe, at: list[float]
) -> None:
    before = _page(client)
    probe.content = {"items": [1]}
    at[0] += 2
    after = _page(client)
    assert after.get_json() == {"items": [1]}
    assert before.headers["ETag"] != after.headers["ETag"]


def test_a_page_made_anew_with_the_same_content_keeps_its_tag(client: FlaskClient, at: list[float]) -> None:
    before = _page(client).headers["ETag"]
    at[0] += 3
    assert _page(client).headers["ETag"] == before


def test_each_address_has_its_page(client: FlaskClient, probe: Probe) -> None:
    for query in ("", "?a=1", "?a=2", "?a=1"):
        _page(client, query)
    assert probe.runs == 3


@pytest.mark.parametrize("sent", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
def test_a_client_that_has_the_page_gets_no_body(client: FlaskClient, sent: str) -> None:
    tag = _page(client).headers["ETag"]
    response = _page(client, If_None_Match=sent.format(tag=tag))
    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == tag
    assert response.headers["Cache-Control"] == "public, max-age=2"
    assert response.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("sent", ['"other"', "", "nonsense"])
def test_a_client_that_has_another_page_gets_this_one(client: FlaskClient, sent: str) -> None:
    _page(client)
    assert _page(client, If_None_Match=sent).status_code == 200


def test_the_tag_is_strong(client: FlaskClient) -> None:
    tag = _page(client).headers["ETag"]
    assert tag.startswith('"')
    assert len(tag) == 34


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5", "*"])
def test_a_large_page_is_compressed_for_who_takes_it(
    client: FlaskClient, probe: Probe, accepted: str
) -> None:
    probe.content = LARGE
    plain = _page(client, Accept_Encoding="identity")
    zipped = _page(client, Accept_Encoding=accepted)
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.data) == plain.data
    assert json.loads(plain.data) == LARGE
    assert len(zipped.data) < len(plain.data) / 4
    assert zipped.headers["ETag"] != plain.headers["ETag"], "two encodings are two representations"
    assert probe.runs == 1


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "br"])
def test_a_page_is_not_compressed_for_who_does_not_take_it(
    client: FlaskClient, probe: Probe, accepted: str
) -> None:
    probe.content = LARGE
    response = _page(client, Accept_Encoding=accepted)
    assert "Content-Encoding" not in response.headers
    assert response.get_json() == LARGE


def test_a_small_page_is_not_worth_compressing(client: FlaskClient) -> None:
    assert "Content-Encoding" not in _page(client, Accept_Encoding="gzip").headers


def test_chinese_is_sent_as_it_is_and_without_spaces(client: FlaskClient, probe: Probe) -> None:
    probe.content = {"名": ["长春", 1]}
    assert _page(client).data == '{"名":["长春",1]}'.encode()


def test_a_crowd_has_the_page_made_once(app: Flask, client: FlaskClient, probe: Probe) -> None:
    probe.go_on.clear()
    clients = [app.test_client() for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(contextvars.Context().run, _page, one) for one in clients]
        assert probe.entered.wait(20)
        probe.go_on.set()
        assert {answer.result(30).data for answer in answers} == {b'{"items":[]}'}
    assert probe.runs == 1


def test_a_failure_is_not_kept_and_the_next_caller_tries_again(client: FlaskClient, probe: Probe) -> None:
    def fail() -> None:
        raise NotFound

    probe.fail = fail
    assert_problem(_page(client), 404, "request.not_found")
    probe.fail = lambda: None
    assert _page(client).status_code == 200
    assert prepared._pages._makers == {}


def test_strangers_who_ask_for_what_is_not_there_fill_no_memory(client: FlaskClient, probe: Probe) -> None:
    def fail() -> None:
        raise NotFound

    probe.fail = fail
    for number in range(50):
        _page(client, f"?n={number}")
    assert prepared._pages._makers == {}
    assert len(prepared._pages._kept) == 0


def test_pages_are_bounded_by_their_bytes_and_the_least_used_goes(
    client: FlaskClient, probe: Probe, at: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    probe.content = {"text": "x" * 900}
    monkeypatch.setattr(prepared, "_MOST_BYTES", 3_000)
    for query in ("?a", "?b", "?c", "?a", "?d"):
        _page(client, query)
    assert probe.runs == 4
    _page(client, "?a")
    assert probe.runs == 4, "it was used a moment ago"
    _page(client, "?b")
    assert probe.runs == 5, "it had to go"
    assert prepared._pages._bytes <= 3_000


def test_a_page_too_large_to_keep_is_still_sent(
    client: FlaskClient, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe.content = LARGE
    monkeypatch.setattr(prepared, "_MOST_BYTES", 100)
    assert _page(client).get_json() == LARGE
    assert prepared._pages._bytes == 0


def test_pages_can_be_forgotten(client: FlaskClient, probe: Probe) -> None:
    _page(client)
    prepared.forget()
    _page(client)
    assert probe.runs == 2


def test_a_head_request_has_the_headers_without_the_body(client: FlaskClient) -> None:
    response = client.head("/_probe/page")
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["ETag"] == _page(client).headers["ETag"]


def test_what_pages_share_is_made_once_while_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [100.0]
    monkeypatch.setattr(prepared.time, "monotonic", lambda: moment[0])
    made: list[int] = []

    def ask(key: str = "walk-ins") -> int:
        return prepared.kept(key, lambda: (made.append(1), len(made))[1:])[0]

    assert (ask(), ask(), ask("others")) == (1, 1, 2)
    moment[0] += prepared.LIFE_S
    assert ask() == 3
    prepared.forget()
    assert ask() == 4
