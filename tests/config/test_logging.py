"""Logs: one JSON line per event whoever sends it, without secrets, tokens, phones and identity numbers."""

import json
import logging
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import structlog

from config.logging import configure_logging, formatter, log_request, redact, scrub
from tests.support.leaks import Watcher, leaks_in

PHONE = "13800138000"
IDENTITY = "11010519491231002X"
TOKEN = "mp_" + "Ab3-_" * 9


class Sink:
    """What one configuration writes."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def text(self) -> str:
        return self._capsys.readouterr().err

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def sink(capsys: pytest.CaptureFixture[str]) -> Generator[Sink]:
    configure_logging(level="INFO", style="json")
    yield Sink(capsys)
    configure_logging(level="INFO", style="json")


@pytest.mark.parametrize(
    "text",
    [
        f"call {PHONE} now",
        f"+86{PHONE}",
        f"86 {PHONE}",
        f"tel:{PHONE}.",
        "138 0013 8000",
        "138-0013-8000",
        "+86-138-0013-8000",
        f"手机{PHONE}号",
        f"id {IDENTITY}",
        f"身份证{IDENTITY.lower()}。",
        f"token {TOKEN}",
        f"st_{'x' * 43}",
        f"gd_{'x' * 43}",
        f"rf_{'x' * 43}",
        "Bearer abc.def-ghi",
        "authorization: bearer 0123456789",
        "https://api/x?appid=wx1&secret=canary-secret&js_code=0",
        "access_token=canary-secret",
        "session_key = 'canary-secret'",
        '{"access_token": "canary-secret"}',
        "{'openid': 'canary-secret'}",
        "password: canary-secret",
        "AppSecret=canary-secret",
    ],
)
def test_what_must_not_be_logged_is_scrubbed_from_any_text(text: str) -> None:
    scrubbed = scrub(text)
    assert "[redacted]" in scrubbed
    assert leaks_in(scrubbed) == []
    for canary in (PHONE, "0013", IDENTITY[:10], "canary", "x" * 43, "abc.def", "0123456789"):
        assert canary not in scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "slot 2026-11-23T10:00 of site 01932a5e-0000-7000-8000-000000000000",
        "1700000000000",
        "12345678901",
        "130.000",
        "wx0000000000demo01",
        "secretary of state",
        "MP_verify",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert scrub(text) == text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("access_token", "abc"),
        ("Authorization", "abc"),
        ("contact_phone", "abc"),
        ("wechat_secret", b"abc"),
        ("session_key", "abc"),
        ("id_number", 5),
        ("totp", "123456"),
        ("Set-Cookie", "abc"),
        ("password_hash", "abc"),
        ("openid", "abc"),
    ],
)
def test_values_under_telling_names_are_never_shown(name: str, value: object) -> None:
    assert redact(None, "info", {"event": "e", name: value}) == {"event": "e", name: "[redacted]"}
    nested = redact(None, "info", {"event": "e", "data": {"deep": [{name: value}]}})
    assert nested["data"] == {"deep": [{name: "[redacted]"}]}


@pytest.mark.parametrize("value", [None, ""])
def test_that_there_was_nothing_may_be_shown(value: object) -> None:
    assert redact(None, "info", {"event": "e", "phone": value})["phone"] == value


class Leaky:
    """An object whose text holds what must not be logged."""

    def __str__(self) -> str:
        return f"<Visitor {PHONE}>"


@pytest.mark.parametrize(
    "value",
    [
        f"to {PHONE}",
        int(PHONE),
        [PHONE],
        (PHONE,),
        {PHONE},
        {"a": {"b": [f"x {IDENTITY}"]}},
        Leaky(),
        [Leaky()],
        ValueError(f"bad phone {PHONE}"),
        f"tel {PHONE}".encode(),
    ],
    ids=lambda value: type(value).__name__ + str(type(value) is list and type(value[0]).__name__),
)
def test_values_of_every_type_are_scrubbed(value: object) -> None:
    shown = json.dumps(redact(None, "info", {"event": "e", "about": value}), ensure_ascii=False)
    assert leaks_in(shown) == []
    assert "[redacted]" in shown


def test_plain_values_keep_their_types(sink: Sink) -> None:
    at, some_id = datetime(2026, 11, 23, tzinfo=UTC), UUID(int=7)
    structlog.get_logger("t").info(
        "e", n=5, part=0.5, yes=True, none=None, at=at, some_id=some_id, items=[1, "x"]
    )
    (line,) = sink.lines()
    assert (line["n"], line["part"], line["yes"], line["none"], line["items"]) == (
        5,
        0.5,
        True,
        None,
        [1, "x"],
    )
    assert (line["at"], line["some_id"]) == (str(at), str(some_id))


def test_a_line_says_when_how_bad_who_and_what(sink: Sink) -> None:
    structlog.get_logger("miniprogram_api.x").warning("slot_full", slot="1", 名="甲")
    (line,) = sink.lines()
    assert {key: line[key] for key in ("event", "level", "logger", "slot", "名")} == {
        "event": "slot_full",
        "level": "warning",
        "logger": "miniprogram_api.x",
        "slot": "1",
        "名": "甲",
    }
    assert datetime.fromisoformat(line["ts"]).tzinfo is not None


def test_lines_of_the_standard_library_go_the_same_way(sink: Sink) -> None:
    logging.getLogger("elsewhere").error("call %s with %s", PHONE, TOKEN)
    (line,) = sink.lines()
    assert line["event"] == "call [redacted] with [redacted]"
    assert (line["level"], line["logger"]) == ("error", "elsewhere")


@pytest.mark.parametrize("library", [False, True])
def test_texts_of_exceptions_are_scrubbed(sink: Sink, library: bool) -> None:
    def fail() -> None:
        raise ValueError(f"phone {PHONE} secret=canary-secret {IDENTITY}") from KeyError(TOKEN)

    try:
        fail()
    except ValueError:
        if library:
            logging.getLogger("elsewhere").exception("failed for %s", PHONE, stack_info=True)
        else:
            structlog.get_logger("t").exception("failed", stack_info=True)
    (line,) = sink.lines()
    assert "ValueError: phone [redacted] secret=[redacted] [redacted]" in line["exception"]
    assert leaks_in(json.dumps(line)) == []


def test_a_line_is_one_line_whatever_a_stranger_sends(sink: Sink) -> None:
    structlog.get_logger("t").info("e", name='x"}\n{"event": "forged"}\r\u2028')
    logging.getLogger("elsewhere").warning("name %s", "x\n{}\n")
    written = sink.text()
    assert written.count("\n") == 2
    assert json.loads(written.partition("\n")[0])["event"] == "e"


def test_what_belongs_to_the_request_is_on_each_of_its_lines(sink: Sink) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger("t").info("ours")
        logging.getLogger("elsewhere").warning("theirs")
    assert [line["request_id"] for line in sink.lines()] == ["r-1", "r-1"]


def test_less_than_the_level_is_not_written(sink: Sink) -> None:
    configure_logging(level="warning", style="json")
    structlog.get_logger("t").info("quiet")
    logging.getLogger("elsewhere").info("quiet")
    structlog.get_logger("t").warning("loud")
    assert [line["event"] for line in sink.lines()] == ["loud"]


def test_libraries_that_repeat_us_or_carry_addresses_are_quiet(sink: Sink) -> None:
    for name in ("werkzeug", "urllib3.connectionpool", "huey.consumer", "alembic.runtime"):
        logging.getLogger(name).info("GET /?access_token=canary-secret")
    assert sink.lines() == []


def test_the_line_of_a_request_is_like_any_other(sink: Sink) -> None:
    log_request(request_id="r-1", route="/x", status=200, phone=PHONE, note=f"call {PHONE}")
    (line,) = sink.lines()
    assert {"event", "level", "logger", "ts", "request_id", "route", "status"} <= set(line)
    assert (line["phone"], line["note"]) == ("[redacted]", "call [redacted]")
    configure_logging(level="WARNING", style="json")
    log_request(request_id="r-2")
    assert sink.text() == ""


def test_what_was_found_clean_is_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    clean: set[str] = set()
    monkeypatch.setattr("config.logging._clean", clean)
    monkeypatch.setattr("config.logging._CLEAN_MOST", 10)
    for number in range(100):
        assert scrub(f"/route/{number}") == f"/route/{number}"
        assert scrub(f"n{number}: {PHONE}") == f"n{number}: [redacted]"
    assert 0 < len(clean) <= 10
    assert not any(PHONE in text for text in clean)


def test_configuring_twice_writes_once(sink: Sink) -> None:
    configure_logging(level="INFO", style="json")
    configure_logging(level="INFO", style="json")
    structlog.get_logger("t").info("once")
    assert len(sink.lines()) == 1


def test_people_may_read_it_without_braces(sink: Sink) -> None:
    configure_logging(level="INFO", style="console")
    structlog.get_logger("t").info("slot_full", phone=PHONE, note=f"call {PHONE}")
    written = sink.text()
    assert "slot_full" in written
    assert leaks_in(written) == []


class TestTheWatcher:
    """The positive control: what every test relies on to find a leak does find one."""

    @pytest.mark.parametrize("text", [PHONE, IDENTITY, TOKEN, "rf_" + "y" * 43, "x demo-wechat-secret y"])
    def test_a_leak_is_found(self, text: str) -> None:
        assert leaks_in(f'{{"event": "x {text}"}}')

    @pytest.mark.parametrize(
        "text", ["01932a5e-1380-7138-8000-13800138000a", "1700000000000000", "[redacted]", "mp_[redacted]"]
    )
    def test_what_is_none_is_not_taken_for_one(self, text: str) -> None:
        assert leaks_in(text) == []

    def test_without_the_scrubbing_the_watcher_sees_what_is_logged(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("config.logging._PATTERNS", ())
        monkeypatch.setattr("config.logging._clean", set())
        watcher = Watcher()
        logger = logging.getLogger("control")
        logger.addHandler(watcher)
        logger.propagate = False
        logger.warning("call %s", PHONE)
        logger.removeHandler(watcher)
        logger.propagate = True
        assert len(watcher.leaks()) == 1

    def test_it_reads_what_the_product_would_write(self) -> None:
        record = logging.LogRecord("x", logging.WARNING, "", 0, "call %s", (PHONE,), None)
        assert json.loads(formatter("json").format(record))["event"] == "call [redacted]"
