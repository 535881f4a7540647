"""Scanning by camera: a browser whose camera sees one picture, a ticket's QR code, and nothing else."""

from collections.abc import Generator
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, expect

from miniprogram_api.kernel.db import reading
from miniprogram_api.sites.models import Site
from miniprogram_api.visits import tickets
from miniprogram_api.visits.models import Booking
from tests.browser.gate.conftest import Book
from tests.factories.gate import Gate, code_of
from tests.support.chromium import launched
from tests.support.desk import PHONE, Desk, seated
from tests.support.door import Door

_SIZE = (640, 480)


@pytest.fixture
def booking(book: Book) -> Booking:
    return book(adults=2)


@pytest.fixture
def camera_desk(app: Flask, browser: Browser, booking: Booking, tmp_path: Path) -> Generator[Desk]:
    film = tmp_path / "ticket.y4m"
    film.write_bytes(film_of(code_of(booking), tmp_path))
    with (
        launched(browser.browser_type, f"--use-file-for-fake-video-capture={film}") as with_camera,
        seated(with_camera, app, PHONE) as desk,
    ):
        yield desk


def film_of(code: str, folder: Path) -> bytes:
    """An uncompressed film of one frame that shows the code on grey."""
    picture = folder / "code.png"
    picture.write_bytes(tickets.as_png(code))
    seen = Image.new("L", _SIZE, 180)
    shown = Image.open(picture).convert("L").resize((400, 400))
    seen.paste(shown, ((_SIZE[0] - 400) // 2, (_SIZE[1] - 400) // 2))
    colourless = bytes([128]) * (_SIZE[0] * _SIZE[1] // 2)
    head = f"YUV4MPEG2 W{_SIZE[0]} H{_SIZE[1]} F10:1 Ip A1:1 C420jpeg\n".encode()
    return head + b"FRAME\n" + seen.tobytes() + colourless


def test_a_ticket_before_the_camera_is_read_once_and_confirmed(
    app: Flask, site: Site, camera_desk: Desk, booking: Booking
) -> None:
    camera_desk.carry("gid", Gate(app, site.id, "东门").token)
    door = Door(camera_desk, site.id)
    door.page.get_by_role("button", name="用摄像头扫码").click()
    expect(door.answer).to_contain_text("可以入场", timeout=20_000)
    door.page.get_by_role("button", name="确认入场 2 人").click()
    expect(door.answer).to_contain_text("已入场 2 人")
    with reading() as session:
        assert session.get_one(Booking, booking.id).admitted == 2
    door.page.get_by_role("button", name="关闭摄像头").click()
    expect(door.page.locator("#camera")).to_be_hidden()
