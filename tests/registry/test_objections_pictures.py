"""Pictures of objections: only pixels get in, only their owner and reviewers see them, unused ones go."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from PIL import Image

from config import Settings
from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.files import MAX_UPLOAD_BYTES
from miniprogram_api.registry import jobs_objections as jobs
from miniprogram_api.registry.models import ObjectionFile
from miniprogram_api.registry.service.objections import MOST_UNUSED
from tests.conftest import Clock
from tests.factories.notices import make_notice
from tests.factories.staff import signed_in
from tests.kernel.test_files import photo_from_a_phone, png_claiming
from tests.support.clients import BearerClient
from tests.support.objections import Objector, picture

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"


@pytest.fixture
def alice(app: Flask, clock: Clock, fake_wechat: FakeWeChat) -> Objector:
    return Objector(app, fake_wechat)


@pytest.fixture
def bob(app: Flask, clock: Clock, fake_wechat: FakeWeChat) -> Objector:
    return Objector(app, fake_wechat, "bob")


@pytest.fixture
def notice(app: Flask, clock: Clock) -> str:
    with atomic() as session:
        return make_notice(session).project_id


def stored(settings: Settings) -> list[Path]:
    return [path for path in (settings.data_dir / "uploads").rglob("*") if path.is_file()]


def content_of(file_id: str, alice: Objector) -> bytes:
    return bytes(alice.get(f"/api/v1/objections/files/{file_id}").data)


class TestWhatGetsIn:
    def test_a_picture_is_kept_apart_from_public_ones_and_served_as_a_download(
        self, app: Flask, alice: Objector, settings: Settings
    ) -> None:
        file_id = alice.uploaded()

        answer = alice.get(f"/api/v1/objections/files/{file_id}")

        [path] = stored(settings)
        assert path.is_relative_to(settings.data_dir / "uploads" / "private")
        assert app.test_client().get(f"/media/{path.name}").status_code == 404
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        assert answer.headers["Content-Disposition"] == f"attachment; filename={file_id}.jpg"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, no-store"

    def test_where_and_with_what_it_was_taken_is_gone(self, alice: Objector) -> None:
        content = content_of(alice.uploaded(photo_from_a_phone()), alice)
        assert len(Image.open(BytesIO(content)).getexif()) == 0
        assert b"Nosy" not in content
        assert b"taken at home" not in content

    def test_what_follows_a_picture_is_cut_off(self, alice: Objector) -> None:
        polyglot = picture() + b"<?php system($_GET['c']); ?>" + b"PK\x03\x04" + SVG
        content = content_of(alice.uploaded(polyglot), alice)
        assert b"php" not in content
        assert b"svg" not in content

    @pytest.mark.parametrize(
        ("content", "name", "reason"),
        [
            (SVG, "a.svg", "format"),
            (SVG, "a.jpg", "format"),
            (PDF, "a.pdf", "format"),
            (PDF + picture(), "a.jpg", "format"),
            (b"GIF89a" + picture(), "a.gif", "format"),
            (b"", "a.jpg", "format"),
            (b"\xff\xd8\xff" + b"\0" * 50, "a.jpg", "damaged"),
            (picture()[:200], "a.jpg", "damaged"),
            (png_claiming(30_000, 30_000), "a.png", "too_many_pixels"),
        ],
    )
    def test_anything_else_is_refused_and_leaves_nothing(
        self, alice: Objector, settings: Settings, content: bytes, name: str, reason: str
    ) -> None:
        answer = alice.upload(content, name)
        assert (answer.status_code, answer.get_json()["code"]) == (422, "files.rejected")
        assert answer.get_json()["params"]["reason"] == reason
        assert stored(settings) == []

    def test_a_name_leads_nowhere(self, alice: Objector, settings: Settings) -> None:
        assert alice.upload(name="../../../../app.py\0.jpg").status_code == 201
        [path] = stored(settings)
        assert path.parent.parent == settings.data_dir / "uploads" / "private"

    def test_ten_megabytes_are_read_and_more_are_not(self, alice: Objector, settings: Settings) -> None:
        large = picture() + b"\0" * (MAX_UPLOAD_BYTES - len(picture()))
        assert alice.upload(large).status_code == 201
        assert alice.upload(large + b"\0").get_json()["params"]["reason"] == "too_large"
        assert alice.upload(large + b"\0" * 200_000).status_code == 413
        assert len(stored(settings)) == 1

    def test_no_file_is_named(self, alice: Objector) -> None:
        answer = alice.post("/api/v1/objections/files", data={})
        assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "file")

    def test_only_so_many_may_lie_unused(self, alice: Objector, settings: Settings) -> None:
        for _ in range(MOST_UNUSED):
            alice.uploaded()
        answer = alice.upload()
        assert (answer.status_code, answer.get_json()["code"]) == (429, "registry.uploads_limited")
        assert len(stored(settings)) == MOST_UNUSED


class TestNamingThem:
    def test_an_objection_shows_its_pictures_in_their_order(self, alice: Objector, notice: str) -> None:
        ids = [alice.uploaded() for _ in range(3)][::-1]
        shown = alice.look(alice.objected(notice, file_ids=ids))
        assert [file["id"] for file in shown["files"]] == ids

    def test_somebody_elses_used_unknown_and_doubled_ones_are_refused_by_place(
        self, alice: Objector, bob: Objector, notice: str
    ) -> None:
        own, used, foreign = alice.uploaded(), alice.uploaded(), bob.uploaded()
        alice.objected(notice, file_ids=[used])
        wrong = [foreign, own, used, str(UUID(int=7)), own]

        answer = alice.object_to(notice, file_ids=wrong)

        problem = answer.get_json()
        assert (answer.status_code, problem["code"]) == (422, "registry.objection_files_unknown")
        assert [error["field"] for error in problem["errors"]] == [f"file_ids.{n}" for n in (0, 2, 3, 4)]
        assert alice.object_to(notice, file_ids=[own]).status_code == 201

    def test_a_reviewer_sees_them_and_nobody_else(
        self, app: Flask, alice: Objector, bob: Objector, notice: str
    ) -> None:
        file_id = alice.uploaded()
        filed, other = alice.objected(notice, file_ids=[file_id]), alice.objected(notice)
        reviewer = BearerClient(app, signed_in(Role.REVIEWER))
        staff_path = "/api/staff/v1/objections/{}/files/{}"

        seen = reviewer.get(staff_path.format(filed, file_id))

        assert (seen.status_code, seen.headers["X-Content-Type-Options"]) == (200, "nosniff")
        assert seen.headers["Content-Disposition"].startswith("attachment")
        assert reviewer.get(staff_path.format(other, file_id)).status_code == 404
        assert bob.get(f"/api/v1/objections/files/{file_id}").status_code == 404
        assert app.test_client().get(f"/api/v1/objections/files/{file_id}").status_code == 401


class TestSweeping:
    def test_unused_ones_go_after_a_day_and_used_ones_stay(
        self, alice: Objector, notice: str, settings: Settings, clock: Clock
    ) -> None:
        alice.uploaded()
        used = alice.uploaded()
        alice.objected(notice, file_ids=[used])
        clock.advance(seconds=timedelta(hours=24).total_seconds() - 1)
        jobs.erase_objections()
        assert len(stored(settings)) == 2

        clock.advance(seconds=1)
        jobs.erase_objections()

        with reading() as session:
            assert [str(row.id) for row in session.query(ObjectionFile)] == [used]
        assert len(stored(settings)) == 1
