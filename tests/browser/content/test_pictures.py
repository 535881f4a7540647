"""Pictures of an article: uploaded with words, chosen, described, cut; and the library that keeps them."""

import pytest
from flask import Flask
from playwright.sync_api import FilePayload, Route, expect
from sqlalchemy import func, select

from content.models import Asset
from miniprogram_api.kernel.db import atomic, reading
from tests.browser.content.conftest import Writer, draw_picture, library_picture
from tests.factories import content as make
from tests.support.desk import OFFICE, PHONE, Desk

pytestmark = pytest.mark.once

_DROP_FILE = """async ([name, numbers]) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(numbers)], name, { type: "image/jpeg" }));
    document.getElementById("body-text").dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def test_a_picture_is_uploaded_with_words_for_who_does_not_see_it(
    desk: Desk, writer: Writer, photo: FilePayload
) -> None:
    page = writer.page
    writer.type("")
    page.get_by_role("button", name="图片", exact=True).click()
    page.get_by_role("dialog", name="选择图片").get_by_role("button", name="上传新图片").click()
    window = page.get_by_role("dialog", name="上传图片")
    window.get_by_label("图片文件").set_input_files(photo)
    expect(window.get_by_role("img", name="将要上传的图片")).to_be_visible()
    window.get_by_role("button", name="上传并插入").click()
    expect(window.get_by_role("alert")).to_have_text("请用一句话说明图里有什么。")
    window.get_by_label("替代文字").fill("湖岸的光伏长廊")
    window.get_by_label("图片下方的说明").fill("去年冬天建成")
    window.get_by_role("button", name="上传并插入").click()
    expect(writer.text.get_by_role("img", name="湖岸的光伏长廊")).to_be_visible()
    writer.saved()
    image = next(block for block in writer.blocks if block["type"] == "image")
    assert (image["attrs"]["alt"], image["attrs"]["caption"]) == ("湖岸的光伏长廊", "去年冬天建成")
    with reading() as session:
        asset = session.scalars(select(Asset)).one()
    assert (str(asset.id), asset.alt, asset.title) == (image["attrs"]["assetId"], "湖岸的光伏长廊", "湖岸")


def test_an_upload_shows_how_far_it_is(desk: Desk, writer: Writer) -> None:
    page = writer.page
    held: list[Route] = []
    writer.text.click()
    page.evaluate(_DROP_FILE, ["截图.jpg", list(draw_picture(200, 120))])
    window = page.get_by_role("dialog", name="上传图片")
    window.get_by_label("替代文字").fill("电表读数")
    page.route("**/console/content/assets/new", lambda route: held.append(route))
    window.get_by_role("button", name="上传并插入").click()
    expect(window.get_by_role("progressbar", name="上传进度")).to_be_visible()
    held[0].continue_()
    expect(writer.text.get_by_role("img", name="电表读数")).to_be_visible()
    writer.saved()


def test_a_lost_line_loses_no_upload(desk: Desk, writer: Writer) -> None:
    page = writer.page
    writer.text.click()
    page.evaluate(_DROP_FILE, ["截图.jpg", list(draw_picture(200, 120))])
    window = page.get_by_role("dialog", name="上传图片")
    window.get_by_label("替代文字").fill("电表读数")
    with desk.offline():
        window.get_by_role("button", name="上传并插入").click()
        expect(window.get_by_role("alert")).to_contain_text("没有连上服务器，图片还没有上传")
    window.get_by_role("button", name="重试").click()
    expect(writer.text.get_by_role("img", name="电表读数")).to_be_visible()
    writer.saved()


def test_a_place_without_a_picture_gets_one(desk: Desk, empty: Writer) -> None:
    page = empty.page
    library_picture(title="电车", alt="净月潭的电车")
    empty.paste('<p>乘电车去</p><p><img src="https://elsewhere.example/a.jpg" alt="电车进站"></p>')
    expect(page.locator("#checklist")).to_contain_text("图片")
    empty.text.get_by_role("button", name="上传或选择图片").click()
    window = page.get_by_role("dialog", name="选择图片")
    window.get_by_role("button", name="电车").click()
    expect(empty.text.get_by_text("请上传图片")).to_be_hidden()
    empty.saved()
    assert [block["type"] for block in empty.blocks] == ["paragraph", "image"]
    assert empty.blocks[1]["attrs"]["alt"] == "净月潭的电车"


@pytest.mark.parametrize("size", [OFFICE, PHONE], ids=["office", "phone"])
def test_a_picture_is_described_and_cut(desk: Desk, writer: Writer, size: tuple[int, int]) -> None:
    desk.resize(size)
    page = writer.page
    library_picture(title="长廊", alt="")
    writer.type("")
    page.get_by_role("button", name="图片", exact=True).click()
    page.get_by_role("dialog", name="选择图片").get_by_role("button", name="长廊").click()
    writer.text.get_by_role("button", name="请补写替代文字").click()
    window = page.get_by_role("dialog", name="图片的文字")
    window.get_by_label("替代文字").fill("冬天的长廊")
    window.get_by_role("button", name="完成").click()
    expect(writer.text.get_by_role("img", name="冬天的长廊")).to_be_visible()
    page.get_by_role("button", name="裁剪").click()
    window = page.get_by_role("dialog", name="裁剪图片")
    window.get_by_label("16:9").check()
    expect(window.get_by_role("status")).to_contain_text("裁剪后 1800 × 1012 像素")
    window.get_by_label("宽").fill("800")
    window.get_by_label("左边").fill("100")
    window.get_by_label("左边").press("Tab")
    expect(window.get_by_role("status")).to_contain_text("裁剪后 800 × 450 像素")
    window.get_by_role("button", name="裁剪并使用").click()
    expect(window).to_be_hidden()
    writer.saved()
    with reading() as session:
        cut = session.scalars(select(Asset).where(Asset.width == 800)).one()
    assert writer.blocks[-1]["attrs"]["assetId"] == str(cut.id)
    assert writer.blocks[-1]["attrs"]["alt"] == "冬天的长廊"


def test_a_part_is_drawn_with_the_pointer(desk: Desk, writer: Writer) -> None:
    asset_id = library_picture()
    desk.visit(f"/console/content/assets/{asset_id}/crop")
    page = desk.page
    box = page.locator(".cut-stage").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 3 / 4, box["y"] + box["height"] * 3 / 4, steps=4)
    page.mouse.up()
    width = int(page.get_by_label("宽").input_value())
    assert 890 <= width <= 910
    page.get_by_role("button", name="裁剪并另存").click()
    expect(page.get_by_role("status")).to_contain_text("已裁剪并另存为新图片")


def test_a_cover_is_chosen_and_taken_off(desk: Desk, writer: Writer) -> None:
    page = writer.page
    asset_id = library_picture(title="屋顶", alt="积雪的屋顶")
    page.get_by_role("button", name="选择封面", exact=True).click()
    page.get_by_role("dialog", name="选择封面").get_by_role("button", name="屋顶").click()
    expect(page.get_by_role("img", name="封面：积雪的屋顶")).to_be_visible()
    writer.saved()
    assert writer.latest().cover_asset_id == asset_id
    expect(page.get_by_role("heading", name="可以送审了")).to_be_visible()
    page.get_by_role("button", name="移除", exact=True).click()
    writer.saved()
    assert writer.latest().cover_asset_id is None


def test_the_library_refuses_to_delete_what_is_used(desk: Desk, writer: Writer, photo: FilePayload) -> None:
    page = desk.page
    desk.visit("/console/content/assets")
    page.get_by_role("link", name="上传图片").click()
    page.get_by_label("图片文件").set_input_files(photo)
    page.get_by_label("替代文字").fill("湖岸的光伏长廊")
    page.get_by_role("button", name="上传图片").click()
    expect(page.get_by_role("heading", name="湖岸", exact=True)).to_be_visible()
    with reading() as session:
        asset_id = session.scalars(select(Asset.id)).one()
    with atomic() as session:
        make.make_article(session, make.make_draft(make.picture(asset_id), title="用着它的文章"))
    desk.expects(409)
    page.get_by_role("button", name="删除图片").click()
    expect(page.get_by_role("heading", name="还有 1 处在用")).to_be_visible()
    expect(page.get_by_role("link", name="用着它的文章")).to_be_visible()


def test_what_is_deleted_comes_back_from_the_bin(desk: Desk, writer: Writer, app: Flask) -> None:
    page = desk.page
    library_picture(title="长廊")
    desk.visit("/console/content/assets")
    page.get_by_label("范围").select_option("没有使用的")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="长廊").click()
    page.get_by_role("button", name="删除图片").click()
    expect(page.get_by_role("status").first).to_contain_text("图片“长廊”已删除")
    page.get_by_role("button", name="恢复：长廊").click()
    expect(page.get_by_role("status").first).to_contain_text("图片“长廊”已恢复")
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Asset).where(Asset.retired_at.is_(None))) == 1
