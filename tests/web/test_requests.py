"""What a client may send, and how each thing that is wrong with it is named."""

import json
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.web.api import MAX_BODY
from tests.support.problems import assert_problem
from tests.web.conftest import Probe


def _post(client: FlaskClient, body: bytes, content_type: str = "application/json") -> Any:
    return client.post("/_probe/things", data=body, content_type=content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b"{'name': 'a'}",
        b'{"name": NaN}',
        b'{"weight": Infinity}',
        b'{"weight": -Infinity}',
        b'{"weight": 1e999}',
        b'{"name": "\xff"}',
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": "a\x00b"}',
        b'{"name": "a\nb"}',
        b'\xef\xbb\xbf{"name": "a"}',
        b'{"name": "a"} trailing',
        b'{"age": ' + b"9" * 5_000 + b"}",
        b"[" * 100_000,
        b"[" * 33 + b"]" * 33,
        b'{"a":' * 33 + b"1" + b"}" * 33,
        b'{"a":' * 400 + b"1" + b"}" * 400,
    ],
    ids=lambda body: f"{body[:24]!r} of {len(body)}",
)
def test_a_body_that_cannot_be_read_is_malformed(client: FlaskClient, body: bytes) -> None:
    assert_problem(_post(client, body), 400, "request.malformed")


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""]
)
def test_a_body_is_read_whatever_it_calls_itself(client: FlaskClient, content_type: str) -> None:
    response = _post(client, b'{"name": "a"}', content_type)
    assert (response.status_code, response.get_json()) == (201, {"name": "a"})


def _errors(response: Any) -> list[tuple[str, str]]:
    body = assert_problem(response, 422, "request.invalid")
    return [(wrong["field"], wrong["code"]) for wrong in body["errors"]]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, [("name", "field.required")]),
        ({"name": None}, [("name", "field.null")]),
        ({"name": ""}, [("name", "field.length")]),
        ({"name": "   "}, [("name", "field.length")]),
        ({"name": "x" * 21}, [("name", "field.length")]),
        ({"name": 5}, [("name", "field.type")]),
        ({"name": ["a"]}, [("name", "field.type")]),
        ({"name": "a\u0007b"}, [("name", "field.characters")]),
        ({"name": "a", "nonsense": 1}, [("nonsense", "field.unknown")]),
        ({"name": "a", "party": {}}, [("party.adults", "field.required")]),
        ({"name": "a", "party": {"adults": 0}}, [("party.adults", "field.range")]),
        ({"name": "a", "party": {"adults": 10}}, [("party.adults", "field.range")]),
        ({"name": "a", "party": {"adults": 10**400}}, [("party.adults", "field.range")]),
        ({"name": "a", "party": {"adults": 2**63}}, [("party.adults", "field.range")]),
        ({"name": "a", "party": {"adults": "2"}}, [("party.adults", "field.type")]),
        ({"name": "a", "party": {"adults": 1.5}}, [("party.adults", "field.type")]),
        ({"name": "a", "party": {"adults": True}}, [("party.adults", "field.type")]),
        ({"name": "a", "party": {"adults": None}}, [("party.adults", "field.null")]),
        ({"name": "a", "party": {"adults": {}}}, [("party.adults", "field.type")]),
        ({"name": "a", "party": []}, [("party", "field.type")]),
        ({"name": "a", "party": {"adults": 1, "x": 1}}, [("party.x", "field.unknown")]),
        ({"name": "a", "visitors": {}}, [("visitors", "field.type")]),
        ({"name": "a", "visitors": [1]}, [("visitors.0", "field.type")]),
        ({"name": "a", "visitors": [{"name": "b"}, {}]}, [("visitors.1.name", "field.required")]),
        ({"name": "a", "visitors": [{"name": "b"}] * 4}, [("visitors", "field.length")]),
        ({"name": "a", "colour": "green"}, [("colour", "field.choice")]),
        ({"name": "a", "weight": "heavy"}, [("weight", "field.type")]),
        ({"name": "a", "at": "2026-11-23T10:00:00"}, [("at", "field.invalid")]),
        ({"name": "a", "at": "2026-11-23"}, [("at", "field.invalid")]),
        ({"name": "a", "at": "tomorrow"}, [("at", "field.type")]),
        ({"name": "a", "at": 5}, [("at", "field.type")]),
        ({"name": "a", "at": "9999-12-31T23:59:59-14:00"}, [("at", "field.invalid")]),
        ({"name": "a", "at": "0001-01-01T00:00:00+14:00"}, [("at", "field.invalid")]),
        ({"name": "a", "thing_id": 5}, [("thing_id", "field.type")]),
        ({"name": "a", "code": "A1"}, [("code", "field.invalid")]),
        ([], [("", "field.type")]),
        ("text", [("", "field.type")]),
        (5, [("", "field.type")]),
        (None, [("", "field.type")]),
        (
            {"name": 1, "colour": 2, "x": 3},
            [("name", "field.type"), ("colour", "field.type"), ("x", "field.unknown")],
        ),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_a_wrong_field_is_named_by_its_path(
    client: FlaskClient, body: Any, errors: list[tuple[str, str]]
) -> None:
    assert sorted(_errors(_post(client, json.dumps(body).encode()))) == sorted(errors)


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "a\\u0000b"}',
        b'{"name": "\\ud800"}',
        b'{"name": "\\udfffx"}',
        b'{"name": "a", "\\u0000": 1}',
        b'{"name": "a", "visitors": [{"name": "\\uD83Dx"}]}',
    ],
)
def test_text_that_no_database_takes_is_refused(client: FlaskClient, body: bytes) -> None:
    assert _errors(_post(client, body)) == [("", "field.characters")]


@pytest.mark.parametrize("name", ["名字", "\U0001f33f", "a\u00a0b", "o'Neill; DROP TABLE", "<b>"])
def test_text_of_people_is_taken_as_it_is(client: FlaskClient, name: str) -> None:
    escaped = json.dumps({"name": name}).encode()
    plain = json.dumps({"name": name}, ensure_ascii=False).encode()
    assert _post(client, escaped).get_json() == _post(client, plain).get_json() == {"name": name}


def test_text_is_trimmed_and_may_be_none_where_none_is_allowed(client: FlaskClient) -> None:
    response = _post(client, b'{"name": "  a b ", "note": null}')
    assert response.get_json() == {"name": "a b", "note": None}


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2026-11-23T10:00:00+08:00", "2026-11-23T10:00:00+08:00"),
        ("2026-11-23T02:00:00Z", "2026-11-23T10:00:00+08:00"),
        ("2026-11-22T16:30:00-09:30", "2026-11-23T10:00:00+08:00"),
        ("2026-11-23T10:00:00.999999+08:00", "2026-11-23T10:00:00+08:00"),
    ],
)
def test_an_instant_comes_in_any_zone_and_leaves_in_beijing_s(
    client: FlaskClient, sent: str, shown: str
) -> None:
    response = _post(client, json.dumps({"name": "a", "at": sent}).encode())
    assert response.get_json()["at"] == shown


def test_what_cannot_be_an_id_of_ours_is_an_id_that_nothing_has(client: FlaskClient) -> None:
    ours = "01932a5e-0000-7000-8000-000000000000"
    for sent, read in [
        (ours, ours),
        ("1", str_zero := "00000000-0000-0000-0000-000000000000"),
        ("é", str_zero),
    ]:
        response = _post(client, json.dumps({"name": "a", "thing_id": sent}).encode())
        assert response.get_json()["thing_id"] == read


def test_a_deep_but_bearable_body_is_read(client: FlaskClient) -> None:
    body = b'{"name": "a", "x": ' + b"[" * 30 + b"]" * 30 + b"}"
    assert _errors(_post(client, body)) == [("x", "field.unknown")]


def test_a_wide_body_is_read(client: FlaskClient) -> None:
    body = b'{"name": "a", "x": [' + b"[]," * 200 + b"[]]}"
    assert _errors(_post(client, body)) == [("x", "field.unknown")]


def test_an_empty_body_misses_what_is_required(client: FlaskClient) -> None:
    assert _errors(_post(client, b"  ")) == [("name", "field.required")]


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("limit=0", [("limit", "field.range")]),
        ("limit=101", [("limit", "field.range")]),
        ("limit=many", [("limit", "field.type")]),
        ("limit=" + "9" * 30, [("limit", "field.range")]),
        ("limit=", [("limit", "field.type")]),
        ("colour=green", [("colour", "field.choice")]),
        ("nonsense=1", [("nonsense", "field.unknown")]),
        ("cursor=" + "x" * 501, [("cursor", "field.length")]),
        ("name=a%00b", [("name", "field.characters")]),
        ("%00=1", [("\0", "field.unknown")]),
        ("limit=0&colour=x", [("limit", "field.range"), ("colour", "field.choice")]),
    ],
)
def test_a_wrong_query_is_named_by_its_parameter(
    client: FlaskClient, query: str, errors: list[tuple[str, str]]
) -> None:
    assert sorted(_errors(client.get(f"/_probe/things?{query}"))) == sorted(errors)


@pytest.mark.parametrize("query", ["name=%ff", "name=%ed%a0%80", "name=" + "%F0%9F%8C%BF"])
def test_bytes_that_are_no_text_in_a_query_break_nothing(client: FlaskClient, query: str) -> None:
    assert client.get(f"/_probe/things?{query}").status_code == 200


def test_a_list_has_twenty_rows_unless_asked_otherwise(client: FlaskClient) -> None:
    assert client.get("/_probe/things").get_json() == {"limit": 20, "cursor": None}
    assert client.get("/_probe/things?limit=100").get_json()["limit"] == 100


def test_a_body_over_a_megabyte_is_too_large(client: FlaskClient, probe: Probe) -> None:
    body = b'{"name": "' + b"x" * MAX_BODY + b'"}'
    assert_problem(_post(client, body), 413, "request.too_large")
    assert probe.runs == 0


def test_a_body_of_unsaid_length_is_read_no_further_than_a_megabyte(
    client: FlaskClient, probe: Probe
) -> None:
    class Endless:
        taken = 0

        def read(self, size: int = -1) -> bytes:
            assert 0 < size <= 2 * MAX_BODY, "asked for everything"
            self.taken += size
            return b" " * size

    stream = Endless()
    response = client.post(
        "/_probe/things",
        environ_overrides={
            "wsgi.input": stream,
            "wsgi.input_terminated": True,
            "HTTP_TRANSFER_ENCODING": "chunked",
            "CONTENT_LENGTH": "",
        },
    )
    assert_problem(response, 413, "request.too_large")
    assert stream.taken <= 2 * MAX_BODY


@pytest.mark.parametrize(("size", "heard_out"), [(MAX_BODY + 1, True), (16_000_001, False)])
def test_a_refused_client_is_heard_out_within_reason(client: FlaskClient, size: int, heard_out: bool) -> None:
    sent = BytesIO(b"x" * size)
    response = client.post(
        "/_probe/things", environ_overrides={"wsgi.input": sent, "CONTENT_LENGTH": str(size)}
    )
    assert_problem(response, 413, "request.too_large")
    assert (sent.tell() == size) is heard_out


def test_a_body_that_breaks_off_is_malformed(client: FlaskClient, probe: Probe) -> None:
    class BrokenChunk(Exception):
        """What a server raises in the middle of a body."""

    class Broken:
        def read(self, size: int = -1) -> bytes:
            raise BrokenChunk

    response = client.post(
        "/_probe/things",
        environ_overrides={"wsgi.input": Broken(), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )
    assert_problem(response, 400, "request.malformed")


def test_a_body_just_below_a_megabyte_is_read(client: FlaskClient) -> None:
    padding = b" " * (MAX_BODY - 20)
    assert _post(client, b'{"name": "a"}' + padding).status_code == 201


def test_options_names_the_methods_to_anybody(client: FlaskClient, app: Flask) -> None:
    response = client.options("/_probe/private")
    assert response.status_code == 200
    assert "GET" in response.headers["Allow"]
