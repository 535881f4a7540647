"""What is shown stays while it is edited, and the preview is what readers get."""

from uuid import UUID

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import expect

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic
from tests.browser.content.conftest import Writer, library_picture
from tests.factories import content as make
from tests.support.desk import Desk
from tests.support.publishing import publish_article

pytestmark = pytest.mark.once

_RENDERED = """async blocks => {
    const { renderBlocks } = await import("/console/static/blocks.js");
    const box = document.createElement("div");
    box.append(renderBlocks(blocks));
    return box.innerHTML;
}"""


def published(picture: UUID) -> UUID:
    """An article with everything that a text can have, which readers see."""
    cell = {"attrs": {"colspan": 1, "rowspan": 1}, "content": [make.paragraph("2.8")]}
    body = make.body_of(
        make.heading("怎么测的"),
        "去年冬天的读数。",
        {"type": "bulletList", "content": [{"type": "listItem", "content": [make.paragraph("电表")]}]},
        make.picture(picture, caption="机房"),
        make.linked("省厅的通知", "https://sthjt.jl.gov.cn/notice"),
        {
            "type": "table",
            "content": [
                {"type": "tableRow", "content": [{"type": kind, **cell}]}
                for kind in ("tableHeader", "tableCell")
            ],
        },
        {"type": "callout", "attrs": {"tone": "tip"}, "content": [make.paragraph("先断电。")]},
    )
    with atomic() as session:
        return publish_article(session, body=body, title="热泵在长春好用吗", cover_asset_id=str(picture)).id


@pytest.fixture
def live(desk: Desk) -> Writer:
    article_id = published(library_picture())
    desk.sign_in(Role.EDITOR)
    writer = Writer(desk, article_id)
    writer.open()
    return writer


def test_readers_see_the_published_text_while_it_is_edited(live: Writer, client: FlaskClient) -> None:
    path = f"/api/v1/articles/{live.article_id}"
    before = client.get(path).get_json()
    expect(live.page.get_by_text("市民看到的内容不变")).to_be_visible()
    live.page.get_by_role("textbox", name="标题").fill("还没审过的标题")
    live.type("还没审过的话。")
    live.saved()
    assert live.latest().title == "还没审过的标题"
    assert client.get(path).get_json() == before
    assert "还没审过" not in client.get("/api/v1/articles").text


def test_opening_a_published_text_changes_nothing(live: Writer) -> None:
    live.page.wait_for_timeout(500)
    live.page.get_by_role("button", name="保存", exact=True).click()
    live.saved()
    assert live.latest().number == 1


def test_the_preview_is_what_readers_get(live: Writer, client: FlaskClient) -> None:
    page = live.page
    page.get_by_role("button", name="手机预览").click()
    window = page.get_by_role("dialog", name="手机预览")
    body = window.locator(".phone-body")
    expect(body).to_contain_text("先断电。")
    blocks = client.get(f"/api/v1/articles/{live.article_id}").get_json()["blocks"]
    assert body.inner_html() == page.evaluate(_RENDERED, blocks)
    window.get_by_label("长辈版大字").check()
    assert body.evaluate("element => parseFloat(getComputedStyle(element).fontSize)") >= 20
    page.keyboard.press("Escape")
    expect(window).to_be_hidden()
    expect(page.get_by_role("button", name="手机预览")).to_be_focused()


def test_what_is_put_together_here_is_shown_in_the_preview(live: Writer) -> None:
    live.type("")
    live.page.keyboard.press("Enter")
    live.page.keyboard.type("预览里的新话。")
    live.page.get_by_role("button", name="手机预览").click()
    expect(live.page.locator(".phone-body")).to_contain_text("预览里的新话。")
