"""The media library: what is known of a picture, where it is used, and that what is used stays."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy.orm import Session

from content.errors import AssetInReview, AssetInUse, AssetMissing
from content.models import Article, Asset
from content.queries import assets as queries
from content.service import assets, publishing, reviewing
from miniprogram_api.identity.permissions import Role, staff_grant
from miniprogram_api.kernel import files
from miniprogram_api.kernel.access import Principal, PrincipalKind
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.clock import now as clock_now
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import Invalid
from miniprogram_api.kernel.files import Box, FileRejected
from miniprogram_api.kernel.ids import new_id
from tests.conftest import Clock
from tests.factories.content import body_of, make_asset, make_topic, picture
from tests.factories.sites import make_organisation, make_site
from tests.factories.staff import make_staff
from tests.support.publishing import (
    approve,
    approved_article,
    make_desk,
    publish,
    publish_article,
    rewrite,
    schedule,
    submit,
    write_article,
)


def photo(width: int = 2000, height: int = 1000, mode: str = "RGB") -> bytes:
    target = BytesIO()
    colour = (0, 120, 60, 90) if mode == "RGBA" else (0, 120, 60)
    Image.new(mode, (width, height), colour).save(target, "PNG")
    return target.getvalue()


def editor(**place: Any) -> Principal:
    grant = staff_grant(
        Role.EDITOR, organisation_id=place.get("organisation_id"), site_id=place.get("site_id")
    )
    return Principal(PrincipalKind.STAFF, new_id(), new_id(), (grant,))


def uses(session: Session, asset: Asset) -> list[str]:
    return [use.title for use in queries.list_uses(session, asset.id)]


def upload(session: Session, content: bytes, **values: Any) -> Asset:
    store = files.current()
    image = store.save_image(content)
    described = {"title": "绿", "alt": "一片绿色", "source": "编辑部", "licence": "自有版权"} | values
    return assets.add_asset(
        session,
        image,
        store.save_sizes(image),
        organisation_id=None,
        site_id=None,
        staff_id=make_staff(session).id,
        actor=SYSTEM,
        now=clock_now(),
        **described,
    )


# Files.


def test_a_picture_is_kept_in_the_widths_that_it_exceeds(app: Flask) -> None:
    with atomic() as session:
        wide, narrow = upload(session, photo()), upload(session, photo(900, 600))
        assert [(size["width"], size["height"]) for size in wide.sizes] == [
            (1600, 800),
            (960, 480),
            (480, 240),
        ]
        assert [size["width"] for size in narrow.sizes] == [480]
        for size in wide.sizes:
            with Image.open(files.current().path_of(size["name"])) as opened:
                assert (opened.size, opened.format) == ((size["width"], size["height"]), "JPEG")
                assert not opened.info.keys() & {"exif", "comment", "icc_profile"}


def test_narrower_copies_of_what_is_transparent_are_so_too(app: Flask) -> None:
    with atomic() as session:
        asset = upload(session, photo(mode="RGBA"))
        assert len(asset.sizes) == 3
        for name in (asset.file_name, *(size["name"] for size in asset.sizes)):
            with Image.open(files.current().path_of(name)) as opened:
                assert (opened.format, opened.mode) == ("PNG", "RGBA")


def test_a_part_of_a_picture_is_a_picture_of_its_own(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        asset = upload(session, photo())
        store = files.current()
        image = store.crop_image(asset.file_name, Box(left=100, top=50, width=1000, height=500))
        cut = assets.crop_asset(
            session,
            asset,
            image,
            store.save_sizes(image),
            staff_id=asset.uploaded_by,
            actor=SYSTEM,
            now=clock.now,
        )
        assert (cut.width, cut.height, cut.alt, cut.source) == (1000, 500, asset.alt, asset.source)
        assert cut.file_name != asset.file_name
        assert store.path_of(asset.file_name).is_file()


@pytest.mark.parametrize(
    "box",
    [
        Box(left=-1, top=0, width=10, height=10),
        Box(left=1995, top=0, width=10, height=10),
        Box(left=0, top=995, width=10, height=10),
        Box(left=0, top=0, width=0, height=10),
    ],
)
def test_nothing_is_cut_from_outside_a_picture(app: Flask, box: Box) -> None:
    store = files.current()
    image = store.save_image(photo())
    with pytest.raises(FileRejected):
        store.crop_image(image.name, box)


def test_pictures_of_the_library_are_served_in_all_widths_and_kept_for_long(
    client: FlaskClient, clock: Clock
) -> None:
    with atomic() as session:
        asset = upload(session, photo())
        names = [asset.file_name, *(size["name"] for size in asset.sizes)]
    for name in names:
        answer = client.get(f"/media/{name}")
        assert answer.status_code == 200
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_was_removed_is_not_served(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        asset = upload(session, photo())
        assets.remove_asset(session, asset, actor=SYSTEM, now=clock.now)
        names = [asset.file_name, *(size["name"] for size in asset.sizes)]
    for name in [*names, f"{new_id().hex}-480.jpg"]:
        assert client.get(f"/media/{name}").status_code == 404


def test_other_files_of_the_store_are_not_served(client: FlaskClient) -> None:
    name = files.current().save(b"secret", suffix="pdf")
    assert client.get(f"/media/{name}").status_code == 404
    assert Path(files.current().path_of(name)).is_file()


# What is known.


def test_what_is_known_of_a_picture_is_kept_and_edited(app: Flask) -> None:
    with atomic() as session:
        asset = make_asset(session, alt="", source="新华社", licence="已获授权")
        assets.edit_asset(session, asset, changes={"alt": " 屋顶上的光伏板 "}, actor=SYSTEM)
        assert (asset.alt, asset.source, asset.licence) == ("屋顶上的光伏板", "新华社", "已获授权")


def test_what_readers_are_told_of_a_picture_stays_as_it_was_reviewed(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        cover, inside = (make_asset(session, alt="原来的说明", source="编辑部") for _ in range(2))
        article = write_article(
            session, desk, cover_asset_id=str(cover.id), body=body_of("看。", picture(inside.id))
        )

        def edit(asset: Asset, **changes: str) -> None:
            assets.edit_asset(session, asset, changes=changes, actor=SYSTEM)

        def stays() -> None:
            for asset in (cover, inside):
                for change in ({"alt": "没有审过的说明"}, {"source": "没有审过的来源"}):
                    with pytest.raises(AssetInReview):
                        edit(asset, **change)
                edit(asset, title="另一个标题", alt="原来的说明", source=" 编辑部 ", licence="已获授权")

        edit(cover, alt="写稿时改的说明")
        edit(cover, alt="原来的说明")
        submission = submit(session, desk, article)
        stays()
        approve(session, desk, article, submission)
        stays()
        schedule(session, desk, article, clock.now.replace(year=2027))
        stays()
        publish(session, desk, article)
        rewrite(session, article, by=desk.writer, cover_asset_id=None, body=body_of("不用图。"))
        stays()  # live still has them
        publishing.retract_article(session, article, reason="有误", actor=SYSTEM, now=clock.now)
        edit(cover, alt="撤回以后改的说明")


@pytest.mark.parametrize(("name", "most"), list(assets.LENGTHS.items()))
def test_what_is_too_long_is_refused_by_its_field(app: Flask, name: str, most: int) -> None:
    with atomic() as session:
        with pytest.raises(Invalid) as refused:
            make_asset(session, **{name: "长" * (most + 1)})
        assert [fault.field for fault in refused.value.fields] == [name]


# Use.


def test_a_picture_is_used_where_it_is_worked_on_reviewed_planned_or_shown(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        inside = make_asset(session)
        article = write_article(session, desk, title="甲篇", body=body_of("看图。", picture(inside.id)))
        other = body_of("不用图了。")
        assert uses(session, inside) == ["甲篇"]
        rewrite(session, article, by=desk.writer, body=other)
        assert uses(session, inside) == []

        shown = publish_article(session, desk=desk, title="乙篇", body=body_of("看。", picture(inside.id)))
        rewrite(session, shown, by=desk.writer, body=other)
        assert uses(session, inside) == ["乙篇"]
        approve(session, desk, shown, submit(session, desk, shown))
        publish(session, desk, shown)
        assert uses(session, inside) == []

        plan = approved_article(session, desk, title="丙篇", body=body_of("看。", picture(inside.id)))
        schedule(session, desk, plan, clock.now.replace(year=2027))
        rewrite(session, plan, by=desk.writer, body=other)
        assert uses(session, inside) == ["丙篇"]
        publishing.unschedule_article(session, plan, actor=SYSTEM)
        assert uses(session, inside) == []


def test_taking_a_text_back_ends_its_use_of_pictures(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        inside = make_asset(session)
        article = write_article(session, desk, body=body_of("看。", picture(inside.id)))
        submit(session, desk, article)
        reviewing.withdraw_submission(session, article, actor=SYSTEM, now=clock.now)
        assert uses(session, inside) != []  # still worked on
        rewrite(session, article, by=desk.writer, body=body_of("不用。"))
        assert uses(session, inside) == []


def test_what_is_used_is_not_removed_and_the_articles_are_named(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        cover = session.get_one(Asset, desk.cover)
        article = write_article(session, desk, title="甲篇")
        with pytest.raises(AssetInUse) as used:
            assets.remove_asset(session, cover, actor=SYSTEM, now=clock.now)
        assert used.value.params == {"uses": [{"id": str(article.id), "title": "甲篇"}]}
        free = make_asset(session)
        make_topic(session, "碳普惠", cover_asset_id=free.id)
        with pytest.raises(AssetInUse):
            assets.remove_asset(session, free, actor=SYSTEM, now=clock.now)


def test_what_was_removed_is_put_back_within_thirty_days(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        asset = make_asset(session)
        assets.remove_asset(session, asset, actor=SYSTEM, now=clock.now)
        clock.advance(days=29)
        assets.put_asset_back(session, asset, actor=SYSTEM, now=clock.now)
        assert asset.retired_at is None
        assets.remove_asset(session, asset, actor=SYSTEM, now=clock.now)
        clock.advance(days=30)
        with pytest.raises(AssetMissing):
            assets.put_asset_back(session, asset, actor=SYSTEM, now=clock.now)


# Who sees and changes what.


def test_a_desk_uses_its_own_pictures_and_the_citys_and_changes_its_own(app: Flask) -> None:
    with atomic() as session:
        operator = make_organisation(session)
        site = make_site(session, operator_id=operator.id)
        own, others = make_asset(session, site_id=site.id), make_asset(session, site_id=make_site(session).id)
        body, city = make_asset(session, organisation_id=operator.id), make_asset(session)
        expected = {
            editor(site_id=site.id): ({own, city}, {own}),
            editor(organisation_id=operator.id): ({own, body, city}, {own, body}),
            editor(): ({own, others, body, city}, {own, others, body, city}),
        }
        for principal, (seen, theirs) in expected.items():
            page = queries.list_assets(session, principal, limit=50, cursor=None)
            assert {listed.asset for listed in page.items} == seen
            for asset in (own, others, body, city):
                if asset in theirs:
                    assets.get_managed_asset(session, principal, "content.write", asset.id)
                    continue
                with pytest.raises(AssetMissing):
                    assets.get_managed_asset(session, principal, "content.write", asset.id)


def test_of_articles_of_other_desks_only_their_number_is_told(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        own, other = make_site(session), make_site(session)
        write_article(session, desk, title="我们的", site_id=own.id)
        write_article(session, desk, title="他们的", site_id=other.id)
        cover = session.get_one(Asset, desk.cover)

        def told(principal: Principal | None) -> set[tuple[str, bool]]:
            listed = queries.list_uses(session, cover.id, principal)
            return {(use.title, use.is_others) for use in listed}

        assert told(editor(site_id=own.id)) == {("我们的", False), ("", True)}
        assert told(editor()) == told(None) == {("我们的", False), ("他们的", False)}


def test_the_library_is_looked_through_by_words_by_use_and_page_by_page(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        for number in range(5):
            clock.advance(minutes=1)
            make_asset(session, title=f"热泵{number}")
        write_article(session, desk)
    with reading() as session:
        first = queries.list_assets(session, editor(), q="热泵", limit=3, cursor=None)
        rest = queries.list_assets(session, editor(), q="热泵", limit=3, cursor=first.next_cursor)
        titles = [listed.asset.title for page in (first, rest) for listed in page.items]
        assert titles == [f"热泵{number}" for number in (4, 3, 2, 1, 0)]
        unused = queries.list_assets(session, editor(), unused=True, limit=50, cursor=None)
        assert desk.cover not in {listed.asset.id for listed in unused.items}
        used = queries.get_asset(session, editor(), desk.cover)
        assert [use.title for use in used.uses] == [session.get_one(Article, used.uses[0].id).title]
        assert queries.list_assets(session, editor(), removed=True, limit=5, cursor=None).items == []
        with pytest.raises(AssetMissing):
            queries.get_asset(session, editor(), new_id())
