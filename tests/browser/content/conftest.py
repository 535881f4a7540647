"""An editor at the desk with an article open."""

import io
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from PIL import Image, ImageDraw
from playwright.sync_api import FilePayload, Page, expect

from content.models import Article, Revision
from content.service.managed import latest_revision
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import files
from miniprogram_api.kernel.db import atomic, reading
from tests.factories import content as make
from tests.support.desk import Desk

_PASTE = """([target, html, text]) => {
    const data = new DataTransfer();
    data.setData("text/html", html);
    data.setData("text/plain", text);
    const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
    document.getElementById(target).dispatchEvent(event);
}"""


def draw_picture(width: int = 640, height: int = 400) -> bytes:
    """A picture with something on it."""
    picture = Image.new("RGB", (width, height), "#9ad0c2")
    ImageDraw.Draw(picture).ellipse((width // 4, height // 4, width // 2, height // 2), fill="#0b5d52")
    target = io.BytesIO()
    picture.save(target, "JPEG")
    return target.getvalue()


class Writer:
    """Somebody before the editor of an article."""

    def __init__(self, desk: Desk, article_id: UUID, page: Page | None = None) -> None:
        self.desk, self.article_id = desk, article_id
        self.page = page or desk.page

    @property
    def address(self) -> str:
        return f"/console/content/articles/{self.article_id}/edit"

    def open(self) -> None:
        """Go to the editor and wait for it."""
        self.page.goto(f"{self.desk.origin}{self.address}")
        self.page.locator("#editor[data-ready]").wait_for()

    @property
    def text(self) -> Any:
        return self.page.get_by_role("textbox", name="正文")

    @property
    def state(self) -> Any:
        return self.page.locator("#save-state")

    def type(self, words: str) -> None:
        """Type at the end of the text."""
        self.text.click()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.type(words)

    def paste(self, html: str, text: str = "") -> None:
        """Paste what another program put into the clipboard."""
        self.text.click()
        self.page.evaluate(_PASTE, ["body-text", html, text])

    def saved(self) -> None:
        """Wait until the server has everything."""
        expect(self.state).to_have_attribute("data-state", "saved")

    def latest(self) -> Revision:
        with reading() as session:
            article = session.get(Article, self.article_id)
            assert article is not None
            return latest_revision(session, article)

    @property
    def blocks(self) -> list[Any]:
        """The blocks of the text that the server has."""
        found: list[Any] = self.latest().body["content"]
        return found


@pytest.fixture
def editor_id(app: Flask, desk: Desk) -> UUID:
    """An editor of the city, sitting at the desk."""
    return desk.sign_in(Role.EDITOR)


@pytest.fixture
def writer(desk: Desk, editor_id: UUID) -> Writer:
    """The editor with an article of their own open."""
    with atomic() as session:
        article = make.make_article(session, writer_id=editor_id)
    writer = Writer(desk, article.id)
    writer.open()
    return writer


@pytest.fixture
def empty(desk: Desk, editor_id: UUID) -> Writer:
    """The editor with an article open that has no text yet."""
    with atomic() as session:
        draft = make.make_draft(title="", summary="", body={"type": "doc", "content": []})
        article = make.make_article(session, draft, writer_id=editor_id)
    writer = Writer(desk, article.id)
    writer.open()
    return writer


@pytest.fixture
def photo() -> FilePayload:
    """A picture file on the editor's machine."""
    return {"name": "湖岸.jpg", "mimeType": "image/jpeg", "buffer": draw_picture()}


def library_picture(**values: Any) -> UUID:
    """A picture of the library with its files."""
    store = files.current()
    image = store.save_image(draw_picture(1800, 1200))
    with atomic() as session:
        asset = make.make_asset(session, image=image, sizes=store.save_sizes(image), **values)
    return asset.id
