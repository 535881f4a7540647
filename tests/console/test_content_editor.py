"""The editor of articles and the library of pictures, as their pages and calls answer."""

import io
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from content.models import Article, Asset, Revision
from content.service.managed import latest_revision
from miniprogram_api.console.views.writing import starting
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import files
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from tests.conftest import Clock
from tests.factories import content as make
from tests.factories.sites import make_organisation, make_site
from tests.factories.staff import make_staff, open_session
from tests.support.pages import PageClient, text_of
from tests.support.publishing import make_desk, publish_article
from tests.support.statements import statements

pytestmark = pytest.mark.usefixtures("clock")
_MOST_STATEMENTS = 12
Seat = Callable[..., PageClient]


@pytest.fixture
def seat(app: Flask) -> Seat:
    """Seats somebody new of a role at the console."""

    def sit(role: Role = Role.EDITOR, **values: Any) -> PageClient:
        with atomic() as session:
            staff = make_staff(session, role=role, **values)
            return PageClient(app, open_session(session, staff.id))

    return sit


@pytest.fixture
def editor(seat: Seat) -> PageClient:
    return seat()


@pytest.fixture
def article_id(app: Flask) -> UUID:
    with atomic() as session:
        return make.make_article(session).id


def call(client: PageClient, path: str, body: Any, **headers: str) -> TestResponse:
    """Ask as the page's script does."""
    token = client.client.get("/console/content/token").get_json()["token"]
    sent = {"X-Console": "1", "X-CSRFToken": token, **headers}
    return client.client.post(path, json=body, headers=sent)


def at(article_id: UUID, path: str) -> str:
    return f"/console/content/articles/{article_id}/{path}"


def draft(**values: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "title": "雪天的屋顶",
        "kind": "knowledge",
        "content_class": "normal",
        "audience": "everyone",
        "body": make.body_of("新写的一段。"),
    }
    return defaults | values


def latest(article_id: UUID) -> Revision:
    with reading() as session:
        article = session.get(Article, article_id)
        assert article is not None
        return latest_revision(session, article)


def photo(width: int = 1200, height: int = 800) -> tuple[io.BytesIO, str]:
    content = io.BytesIO()
    Image.new("RGB", (width, height), "seagreen").save(content, "PNG")
    content.seek(0)
    return content, "湖岸.png"


def test_an_article_is_begun_for_ones_own_desk(seat: Seat) -> None:
    with atomic() as session:
        operator = make_organisation(session)
        own, other = make_site(session, operator_id=operator.id), make_site(session)
    client = seat(site_id=own.id)
    page = client.get("/console/content/articles/new")
    assert f"site:{own.id}" in page.text
    assert str(other.id) not in page.text
    fields = {"title": "雪天怎么省电", "kind": "knowledge", "place": f"site:{own.id}"}
    answer = client.post("/console/content/articles/new", fields)
    assert "雪天怎么省电" in client.follow(answer).text
    with reading() as session:
        article = session.scalars(select(Article)).one()
    assert (article.site_id, article.organisation_id) == (own.id, None)
    for place in (f"site:{other.id}", "city", f"organisation:{operator.id}", "somewhere"):
        refused = client.post("/console/content/articles/new", fields | {"place": place})
        assert refused.status_code == 422, place


def test_a_desk_names_no_sites_and_pictures_of_others(seat: Seat) -> None:
    with atomic() as session:
        own, other = make_site(session), make_site(session)
        article_id = make.make_article(session, site_id=own.id).id
        picture = make.make_asset(session, site_id=other.id).id
    client = seat(site_id=own.id)
    for named, told in (
        ({"site_ids": [str(other.id)]}, "只能关联您负责的示范点。"),
        ({"cover_asset_id": str(picture)}, "封面图片属于其他部门"),
        ({"body": make.body_of("看。", make.picture(picture))}, "正文第 2 段的图片属于其他部门"),
    ):
        answer = call(client, at(article_id, "draft"), {"draft": draft(**named), "base": 1})
        assert (answer.status_code, told in str(answer.get_json()["errors"])) == (422, True)
    assert latest(article_id).number == 1
    allowed = {"draft": draft(site_ids=[str(own.id)]), "base": 1}
    assert call(client, at(article_id, "draft"), allowed).status_code == 200


def test_a_picture_of_a_live_article_says_how_it_is_described_otherwise(editor: PageClient) -> None:
    with atomic() as session:
        desk = make_desk(session)
        publish_article(session, desk=desk)
    fields = {"title": "屋顶", "alt": "没有审过的说明", "source": "编辑部", "licence": "自有版权"}
    refused = editor.post(f"/console/content/assets/{desk.cover}", fields)
    assert refused.status_code == 422
    assert "请上传一张新的，并在文章里换上。" in text_of(refused)
    kept = fields | {"alt": "积雪的屋顶上的光伏板"}
    page = editor.follow(editor.post(f"/console/content/assets/{desk.cover}", kept))
    assert "图片的说明已保存" in text_of(page)


def test_where_a_picture_is_used_names_no_articles_of_others(seat: Seat) -> None:
    with atomic() as session:
        own = make_site(session)
        picture = make.make_asset(session, site_id=own.id).id
        named = make.make_draft(title="全市的计划", cover_asset_id=str(picture))
        article = make.make_article(session, named)
    page = seat(site_id=own.id).get(f"/console/content/assets/{picture}")
    assert "其他部门的文章" in text_of(page)
    assert "全市的计划" not in page.text
    assert str(article.id) not in page.text


def test_the_page_takes_a_dozen_statements_at_most(editor: PageClient, article_id: UUID) -> None:
    editor.get(at(article_id, "edit"))
    with statements() as sent:
        answer = editor.get(at(article_id, "edit"))
    assert answer.status_code == 200
    assert len(sent) <= _MOST_STATEMENTS


def test_what_is_sent_is_kept_and_told_with_what_is_still_missing(
    editor: PageClient, article_id: UUID, clock: Clock
) -> None:
    body = {"base": 1, "autosaved": True, "draft": draft(title="", technologies=["光伏"])}
    answer = call(editor, at(article_id, "draft"), body)
    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    assert told["number"] == 2
    assert {"field": "title", "block": None, "text": "请填写标题。"} in told["checklist"]
    kept = latest(article_id)
    assert (kept.technologies, kept.autosaved) == (["光伏"], True)
    # The same once more is no other version, and may be sent on top of whichever.
    again = call(editor, at(article_id, "draft"), body).get_json()
    assert again["number"] == 2


def test_a_text_on_top_of_a_former_one_is_answered_with_the_latter(
    editor: PageClient, seat: Seat, article_id: UUID
) -> None:
    call(editor, at(article_id, "draft"), {"base": 1, "draft": draft(title="先保存的")})
    answer = call(seat(), at(article_id, "draft"), {"base": 1, "draft": draft(title="后保存的")})
    assert answer.status_code == 409
    told = answer.get_json()
    assert told["code"] == "content.version_conflict"
    assert (told["latest"]["number"], told["latest"]["draft"]["title"]) == (2, "先保存的")
    assert latest(article_id).title == "先保存的"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"body": {"type": "doc", "content": [{"type": "iframe"}]}}, "content.document_refused"),
        ({"body": "<p>"}, "content.document_refused"),
        ({"title": 7}, "content.draft_refused"),
        ({"title": "长" * 65}, "content.draft_refused"),
        ({"kind": "poem"}, "content.draft_refused"),
        ({"topic_ids": "all"}, "content.draft_refused"),
        ({"cover_asset_id": "none"}, "content.draft_refused"),
        ({"quiz": [{"id": "q1"}]}, "content.draft_refused"),
        ({"quiz": [7]}, "content.draft_refused"),
    ],
)
def test_what_is_no_draft_is_refused_with_its_place(
    editor: PageClient, article_id: UUID, wrong: dict[str, Any], code: str
) -> None:
    answer = call(editor, at(article_id, "draft"), {"base": 1, "draft": draft(**wrong)})
    assert answer.status_code == 422, answer.text
    assert answer.get_json()["code"] == code
    assert answer.get_json()["errors"][0]["message"]
    assert latest(article_id).number == 1


@pytest.mark.parametrize("body", ["[]", "7", '"draft"', "{}", '{"draft": []}'])
def test_a_body_that_is_none_is_refused(editor: PageClient, article_id: UUID, body: str) -> None:
    token = editor.client.get("/console/content/token").get_json()["token"]
    headers = {"X-Console": "1", "X-CSRFToken": token, "Content-Type": "application/json"}
    answer = editor.client.post(at(article_id, "draft"), data=body, headers=headers)
    assert answer.status_code == 422


def test_a_call_with_a_former_token_is_told_to_fetch_another(editor: PageClient, article_id: UUID) -> None:
    answer = call(editor, at(article_id, "draft"), {}, **{"X-CSRFToken": "former"})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "console.page_expired")


def test_a_call_of_nobody_is_answered_as_one(app: Flask, article_id: UUID) -> None:
    client = PageClient(app)
    client.get("/console/sign-in")
    headers = {"X-Console": "1", "X-CSRFToken": client._token()}
    answer = client.client.post(at(article_id, "draft"), json={}, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "auth.unauthenticated")


def test_who_comes_without_a_script_is_led_to_the_editor(editor: PageClient, article_id: UUID) -> None:
    answer = editor.post(at(article_id, "draft"))
    assert answer.headers["Location"].endswith(at(article_id, "edit"))


def test_two_windows_hear_of_each_other(editor: PageClient, seat: Seat, article_id: UUID) -> None:
    other = seat()
    assert call(other, at(article_id, "lock"), {"tab": "a"}).get_json() == {"other": None}
    told = call(editor, at(article_id, "lock"), {"tab": "b"}).get_json()["other"]
    assert (told["name"], told["same_person"]) == ("李华", False)
    second = call(other, at(article_id, "lock"), {"tab": "c"}).get_json()["other"]
    assert second["same_person"] is True
    call(other, at(article_id, "lock/release"), {"tab": "a"})
    assert call(editor, at(article_id, "lock"), {"tab": "b"}).get_json() == {"other": None}


def test_a_preview_is_what_members_get(editor: PageClient, article_id: UUID) -> None:
    body = make.body_of(make.heading("怎么清雪"), "先断电。")
    answer = call(editor, at(article_id, "preview"), {"draft": draft(body=body)})
    assert [block["type"] for block in answer.get_json()["blocks"]] == ["text", "text"]
    assert latest(article_id).number == 1


def test_markdown_takes_the_place_of_the_text_as_another_version(
    editor: PageClient, article_id: UUID
) -> None:
    text = "# 冬季用能\n\n- 看账单\n\n![图](https://example.com/a.png)\n"
    answer = editor.post(at(article_id, "markdown"), {"text": text})
    assert "有 1 处外部图片没有带进来" in text_of(editor.follow(answer))
    kept = latest(article_id)
    assert (kept.number, kept.title) == (2, "长春冬天的光伏能发多少电")
    assert [block["type"] for block in kept.body["content"]] == ["heading", "bulletList", "imagePlaceholder"]
    refused = editor.post(at(article_id, "markdown"), {"text": " "})
    assert refused.status_code == 422


def test_markdown_is_read_before_the_article_is_locked_and_within_bounds(
    editor: PageClient, article_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    read, begin = starting.rendering.from_markdown, starting.atomic
    monkeypatch.setattr(starting.rendering, "from_markdown", lambda text: order.append("read") or read(text))
    monkeypatch.setattr(starting, "atomic", lambda: order.append("begin") or begin())
    assert editor.post(at(article_id, "markdown"), {"text": "一段话"}).status_code == 303
    assert order == ["read", "begin"]
    long = editor.post(at(article_id, "markdown"), {"text": "a|b\n-|-\n" + "|\n" * 20_000})
    assert long.status_code == 422
    assert "正文超过 3000 行。请分成几篇。" in text_of(long)
    assert "请控制在 60000 个字以内。" in text_of(
        editor.post(at(article_id, "markdown"), {"text": "字" * 60_001})
    )


def test_only_articles_that_are_shown_or_ones_own_are_offered_for_links(seat: Seat, article_id: UUID) -> None:
    with atomic() as session:
        site = make_site(session)
        own = make.make_article(session, make.make_draft(title="我们的屋顶"), site_id=site.id).id
    client = seat(site_id=site.id)
    items = client.get("/console/content/pick/articles").get_json()["items"]
    assert [item["id"] for item in items] == [str(own)]
    assert client.get("/console/content/pick/articles?q=没有").get_json() == {"items": []}
    assert site.name in str(client.get(f"/console/content/pick/sites?q={site.name}").get_json())


@pytest.fixture
def asset_id(editor: PageClient) -> UUID:
    fields = {"file": photo(), "alt": "湖岸的光伏长廊", "place": "city", "licence": "本单位拍摄或绘制"}
    answer = editor.post("/console/content/assets/new", fields)
    assert "图片已加入素材库" in text_of(editor.follow(answer))
    with reading() as session:
        return session.scalars(select(Asset.id)).one()


def test_a_picture_is_kept_in_several_sizes_with_what_must_be_known(
    editor: PageClient, asset_id: UUID
) -> None:
    with reading() as session:
        asset = session.get(Asset, asset_id)
        assert asset is not None
    assert (asset.title, asset.alt, asset.width) == ("湖岸", "湖岸的光伏长廊", 1200)
    assert [size["width"] for size in asset.sizes] == [960, 480]
    for name in (asset.file_name, *(size["name"] for size in asset.sizes)):
        assert editor.get(f"/media/{name}").status_code == 200
    fields = {"title": "长廊", "alt": "冬天的长廊", "source": "张三摄", "licence": "已获作者授权"}
    page = editor.follow(editor.post(f"/console/content/assets/{asset_id}", fields))
    assert "图片的说明已保存" in text_of(page)
    assert "张三摄" in page.text
    facts = editor.get(f"/console/content/assets/{asset_id}/facts").get_json()
    assert (facts["alt"], facts["title"]) == ("冬天的长廊", "长廊")


def test_what_is_no_picture_is_refused_and_leaves_nothing(editor: PageClient) -> None:
    svg = io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "a.svg"
    answer = editor.post("/console/content/assets/new", {"file": svg, "alt": "图", "place": "city"})
    assert answer.status_code == 422
    assert 'id="file-error"' in answer.text
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Asset)) == 0


def test_a_script_uploads_and_hears_what_is_wrong(editor: PageClient) -> None:
    token = editor.client.get("/console/content/token").get_json()["token"]
    headers = {"X-Console": "1", "X-CSRFToken": token}
    path = "/console/content/assets/new"
    refused = editor.client.post(path, data={"file": photo(), "alt": "", "place": "city"}, headers=headers)
    assert refused.status_code == 422
    assert refused.get_json()["detail"] == "没有完成：请用一句话说明图里有什么。"
    made = editor.client.post(path, data={"file": photo(), "alt": "湖岸", "place": "city"}, headers=headers)
    facts = made.get_json()
    assert (facts["width"], facts["alt"]) == (1200, "湖岸")
    assert facts["thumb"] != facts["src"]


def test_a_part_of_a_picture_becomes_another(editor: PageClient, asset_id: UUID) -> None:
    path = f"/console/content/assets/{asset_id}/crop"
    outside = editor.post(path, {"left": 1000, "top": 0, "width": 900, "height": 300})
    assert outside.status_code == 422
    answer = editor.post(path, {"left": 100, "top": 50, "width": 600, "height": 300})
    assert "已裁剪并另存为新图片（600 × 300 像素）" in text_of(editor.follow(answer))
    with reading() as session:
        sizes = session.execute(select(Asset.width, Asset.height).order_by(Asset.id)).all()
    assert [tuple(size) for size in sizes] == [(1200, 800), (600, 300)]


def test_a_picture_that_is_used_is_not_removed(editor: PageClient, asset_id: UUID) -> None:
    with atomic() as session:
        shown = make.make_draft(make.picture(asset_id), title="用着它的文章")
        make.make_article(session, shown)
    answer = editor.post(f"/console/content/assets/{asset_id}/remove")
    assert answer.status_code == 409
    assert "用着它的文章" in answer.text
    assert "用着它的文章" in editor.get(f"/console/content/assets/{asset_id}").text


def test_a_picture_lies_in_the_bin_and_comes_back(
    editor: PageClient, seat: Seat, asset_id: UUID, clock: Clock
) -> None:
    page = editor.follow(editor.post(f"/console/content/assets/{asset_id}/remove"))
    assert "30 天内可以恢复" in text_of(page)
    assert "湖岸" in page.text
    assert editor.get(f"/console/content/assets/{asset_id}").status_code == 404
    assert "湖岸" not in editor.get("/console/content/assets").text
    back = editor.follow(editor.post(f"/console/content/assets/{asset_id}/restore"))
    assert "已恢复" in text_of(back)
    editor.post(f"/console/content/assets/{asset_id}/remove")
    clock.advance(days=31)
    assert seat().post(f"/console/content/assets/{asset_id}/restore").status_code == 404


def test_the_library_is_narrowed_by_word_by_use_and_by_who_added(
    editor: PageClient, seat: Seat, asset_id: UUID
) -> None:
    with atomic() as session:
        used = make.make_asset(session, title="屋顶电站").id
        make.make_article(session, make.make_draft(cover_asset_id=str(used)))

    def titles(client: PageClient, query: str) -> set[str]:
        page = client.get(f"/console/content/assets{query}").text
        return {title for title in ("湖岸", "屋顶电站") if f"<span>{title}</span>" in page}

    assert titles(editor, "") == {"湖岸", "屋顶电站"}
    assert titles(editor, "?q=电站") == {"屋顶电站"}
    assert titles(editor, "?which=unused") == {"湖岸"}
    assert titles(editor, "?which=mine") == {"湖岸"}
    assert titles(seat(), "?which=mine") == set()
    assert titles(editor, "?which=nonsense") == {"湖岸", "屋顶电站"}


def test_who_only_views_may_look_and_not_touch(seat: Seat, asset_id: UUID) -> None:
    reviewer = seat(Role.REVIEWER)
    page = reviewer.get("/console/content/assets")
    assert "湖岸" in page.text
    assert "/console/content/assets/new" not in page.text
    assert reviewer.get(f"/console/content/assets/{asset_id}").status_code == 403


def test_files_of_a_refused_picture_are_gone(editor: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[str] = []
    store = files.current()
    write = store.save_image
    monkeypatch.setattr(store, "save_image", lambda content: kept.append((i := write(content)).name) or i)
    fields = {"file": photo(), "alt": "图", "place": f"site:{new_id()}"}
    assert editor.post("/console/content/assets/new", fields).status_code == 422
    monkeypatch.setattr("content.service.assets._described", _refuse)
    answer = editor.post("/console/content/assets/new", fields | {"file": photo(), "place": "city"})
    assert answer.status_code in {409, 422, 500}
    assert kept
    for name in kept:
        with pytest.raises(files.FileMissing):
            store.path_of(name)


def _refuse(_given: object) -> dict[str, str]:
    raise files.FileRejected(reason="damaged")
