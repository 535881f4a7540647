"""Photos, technologies, indicators and notices, as staff manage them and the public sees them."""

from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from PIL import Image
from PIL.Image import Exif
from sqlalchemy import select

from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.files import FileMissing, FileStore
from miniprogram_api.sites.errors import ListFull
from miniprogram_api.sites.jobs import empty_bin
from miniprogram_api.sites.models import Photo, Site, Technology
from miniprogram_api.sites.service import retiring
from miniprogram_api.web import prepared
from tests.conftest import Clock
from tests.factories.sites import make_photo, make_site, make_technology
from tests.sites.conftest import FakeConsequences
from tests.support.clients import BearerClient


@pytest.fixture
def site(follows: FakeConsequences) -> UUID:
    with atomic() as session:
        return make_site(session, type="scenic_area").id


@pytest.fixture
def desk(site: UUID) -> str:
    return f"/api/staff/v1/sites/{site}"


@pytest.fixture
def public_page(client: FlaskClient, site: UUID) -> Any:
    def look() -> Any:
        prepared.forget()
        return client.get(f"/api/v1/sites/{site}").get_json()

    return look


def a_picture(size: tuple[int, int] = (60, 40)) -> bytes:
    """A JPEG that says where it was taken."""
    exif = Exif()
    exif[0x010E] = "taken at home"
    content = BytesIO()
    Image.new("RGB", size, "green").save(content, "JPEG", exif=exif)
    return content.getvalue()


def actions() -> list[str]:
    with reading() as session:
        return list(session.scalars(select(AuditRow.action).where(AuditRow.object_type == "site")))


class TestPhotos:
    def upload(self, admin: BearerClient, desk: str, content: bytes, alt: str = "正门") -> Any:
        return admin.post(f"{desk}/photos", data={"file": (BytesIO(content), "../a.jpg"), "alt": alt})

    def test_an_upload_is_written_anew_and_becomes_the_cover(
        self, admin: BearerClient, desk: str, uploads: FileStore, client: FlaskClient, public_page: Any
    ) -> None:
        added = self.upload(admin, desk, a_picture())
        assert added.status_code == 201
        photo = added.get_json()
        assert (photo["width"], photo["height"], photo["alt"]) == (60, 40, "正门")
        assert public_page()["cover_url"] == photo["url"]
        served = client.get(photo["url"])
        assert served.status_code == 200
        assert b"taken at home" not in served.data

    @pytest.mark.parametrize("content", [b"", b"<svg/>", b"\xff\xd8\xff broken"])
    def test_what_is_no_picture_is_refused(
        self, admin: BearerClient, desk: str, uploads: FileStore, content: bytes
    ) -> None:
        refused = self.upload(admin, desk, content)
        assert (refused.status_code, refused.get_json()["code"]) == (422, "files.rejected")

    def test_a_file_may_be_larger_than_other_bodies_but_not_without_end(
        self, admin: BearerClient, desk: str, uploads: FileStore
    ) -> None:
        padded = a_picture() + b"\0" * 2_000_000
        assert self.upload(admin, desk, padded).status_code == 201
        assert self.upload(admin, desk, b"\0" * 11_000_000).status_code == 413

    def test_a_photo_needs_a_text_for_those_who_do_not_see_it(
        self, admin: BearerClient, desk: str, uploads: FileStore
    ) -> None:
        assert self.upload(admin, desk, a_picture(), alt="").status_code == 422
        missing = admin.post(f"{desk}/photos", data={"alt": "正门"})
        assert [error["field"] for error in missing.get_json()["errors"]] == ["file"]

    def test_a_site_has_thirty_photos_at_most_and_a_refused_one_leaves_no_file(
        self, admin: BearerClient, desk: str, site: UUID, uploads: FileStore, tmp_path: Any
    ) -> None:
        with atomic() as session:
            for _ in range(30):
                make_photo(session, session.get_one(Site, site))
        refused = self.upload(admin, desk, a_picture())
        assert (refused.status_code, refused.get_json()["code"]) == (409, "sites.list_full")
        assert list(tmp_path.rglob("*.jpg")) == []

    def test_cover_text_and_place_are_changed(
        self, admin: BearerClient, desk: str, uploads: FileStore, public_page: Any
    ) -> None:
        first = self.upload(admin, desk, a_picture()).get_json()
        second = self.upload(admin, desk, a_picture(), alt="侧门").get_json()
        edited = admin.patch(f"{desk}/photos/{second['id']}", json={"cover": True, "alt": "光伏屋面"})
        assert edited.get_json()["alt"] == "光伏屋面"
        assert public_page()["cover_url"] == second["url"]
        assert [photo["id"] for photo in admin.get(f"{desk}/photos").get_json()["items"]] == [
            first["id"],
            second["id"],
        ]

    def test_a_removed_photo_is_gone_from_page_and_disk_and_the_next_is_the_cover(
        self, admin: BearerClient, desk: str, uploads: FileStore, client: FlaskClient, public_page: Any
    ) -> None:
        first = self.upload(admin, desk, a_picture()).get_json()
        second = self.upload(admin, desk, a_picture()).get_json()
        assert admin.delete(f"{desk}/photos/{first['id']}").status_code == 204
        assert client.get(first["url"]).status_code == 404
        assert public_page()["cover_url"] == second["url"]
        admin.delete(f"{desk}/photos/{second['id']}")
        assert public_page()["cover_url"] is None
        assert sorted(actions()) == ["sites.add_photo"] * 2 + ["sites.remove_photo"] * 2

    def test_a_photo_in_the_bin_takes_no_place_and_its_file_goes_after_thirty_days(
        self, admin: BearerClient, desk: str, uploads: FileStore, tmp_path: Any, clock: Clock
    ) -> None:
        photo = self.upload(admin, desk, a_picture()).get_json()
        admin.delete(f"{desk}/photos/{photo['id']}")
        assert admin.get(f"{desk}/photos").get_json()["items"] == []
        assert admin.patch(f"{desk}/photos/{photo['id']}", json={"cover": True}).status_code == 404
        name = photo["url"].removeprefix("/media/")
        clock.advance(days=29, hours=23)
        empty_bin()
        assert uploads.path_of(name).is_file()
        clock.advance(hours=1)
        empty_bin()
        empty_bin()
        with pytest.raises(FileMissing):
            uploads.path_of(name)
        with reading() as session:
            assert session.scalars(select(Photo)).all() == []

    def test_another_sites_photo_is_not_found(self, admin: BearerClient, desk: str) -> None:
        with atomic() as session:
            other = make_photo(session, make_site(session)).id
        assert admin.delete(f"{desk}/photos/{other}").status_code == 404


class TestTechnologies:
    def test_a_technology_is_added_edited_and_removed(
        self, admin: BearerClient, desk: str, client: FlaskClient, public_page: Any
    ) -> None:
        body = {"name": "空气源热泵", "description": "供暖季替代燃煤。"}
        added = admin.post(f"{desk}/technologies", json=body)
        assert added.status_code == 201
        path = f"{desk}/technologies/{added.get_json()['id']}"
        assert public_page()["technologies"] == [body]
        assert admin.patch(path, json={"name": "地源热泵"}).get_json()["name"] == "地源热泵"
        assert len(client.get("/api/v1/sites?q=地源").get_json()["items"]) == 1
        assert admin.delete(path).status_code == 204
        assert admin.get(f"{desk}/technologies").get_json() == {"items": [], "next_cursor": None}
        prepared.forget()
        assert client.get("/api/v1/sites?q=地源").get_json()["items"] == []

    def test_a_list_that_is_full_says_so(self, admin: BearerClient, desk: str, site: UUID) -> None:
        with atomic() as session:
            for _ in range(50):
                make_technology(session, session.get_one(Site, site))
        refused = admin.post(f"{desk}/technologies", json={"name": "x", "description": "y"})
        assert refused.get_json()["code"] == "sites.list_full"
        assert refused.get_json()["params"] == {"most": 50}

    def test_what_was_deleted_leaves_room_and_comes_back_only_into_room(
        self, admin: BearerClient, desk: str, site: UUID, clock: Clock
    ) -> None:
        with atomic() as session:
            first, *_ = [make_technology(session, session.get_one(Site, site)) for _ in range(50)]
        admin.delete(f"{desk}/technologies/{first.id}")
        assert admin.post(f"{desk}/technologies", json={"name": "x", "description": "y"}).status_code == 201
        with atomic() as session:
            place = session.get_one(Site, site)
            with pytest.raises(ListFull):
                retiring.restore(session, Technology, first.id, site=place, actor=SYSTEM, now=clock.now)


INDICATOR: dict[str, Any] = {
    "kind": "emissions_per_visitor",
    "year": 2025,
    "value": "1.8200",
    "source": "2025 年度核算报告",
}


class TestIndicators:
    def test_a_value_is_stated_replaced_and_taken_back(
        self, admin: BearerClient, desk: str, public_page: Any
    ) -> None:
        stated = admin.post(f"{desk}/indicators", json=INDICATOR)
        assert stated.status_code == 201
        assert (stated.get_json()["value"], stated.get_json()["unit"]) == ("1.82", "kgCO2e/人次")
        again = admin.post(f"{desk}/indicators", json={**INDICATOR, "value": 0}).get_json()
        assert (again["id"], again["value"]) == (stated.get_json()["id"], "0")
        assert public_page()["indicators"][0]["values"][0]["value"] == "0"
        assert admin.delete(f"{desk}/indicators/{again['id']}").status_code == 204
        assert admin.get(f"{desk}/indicators").get_json()["items"] == []

    @pytest.mark.parametrize(
        ("changes", "field", "code"),
        [
            ({"kind": "emissions_per_floor_area"}, "kind", "sites.indicator_kind"),
            ({"value": "-1"}, "value", "field.range"),
            ({"value": "NaN"}, "value", "field.invalid"),
            ({"value": "1e20"}, "value", "field.range"),
            ({"year": 1999}, "year", "field.range"),
            ({"source": ""}, "source", "field.length"),
        ],
    )
    def test_a_wrong_field_is_named(
        self, admin: BearerClient, desk: str, changes: dict[str, Any], field: str, code: str
    ) -> None:
        refused = admin.post(f"{desk}/indicators", json={**INDICATOR, **changes})
        assert refused.status_code == 422
        assert [(e["field"], e["code"]) for e in refused.get_json()["errors"]] == [(field, code)]


class TestNotices:
    def test_a_notice_is_shown_until_it_is_retired(
        self, admin: BearerClient, desk: str, public_page: Any
    ) -> None:
        added = admin.post(f"{desk}/notices", json={"title": "入口调整", "body": "请从东门入园。"})
        assert added.status_code == 201
        assert [notice["title"] for notice in public_page()["notices"]] == ["入口调整"]
        path = f"{desk}/notices/{added.get_json()['id']}"
        assert admin.delete(path).status_code == 204
        assert public_page()["notices"] == []
        assert admin.get(f"{desk}/notices").get_json()["items"] == []
        assert admin.delete(path).status_code == 404
