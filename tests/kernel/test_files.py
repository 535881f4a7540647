import hashlib
import struct
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageStat, PngImagePlugin

from miniprogram_api.kernel import files
from miniprogram_api.kernel.files import MAX_EDGE, MAX_UPLOAD_BYTES, FileMissing, FileRejected, FileStore

pytestmark = pytest.mark.once

GPS_TAG = 0x8825
ORIENTATION_TAG = 0x0112
MAKER_TAG = 0x010F
ROTATED_BY_CAMERA = 6


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "uploads")


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    target = BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def photo(width: int = 40, height: int = 20) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    return image


def brightness(image: Image.Image, band: str) -> float:
    return ImageStat.Stat(image.getchannel(band)).mean[0]


def photo_from_a_phone() -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = ROTATED_BY_CAMERA
    exif[MAKER_TAG] = "Nosy Camera"
    exif.get_ifd(GPS_TAG).update({1: "N", 2: (43.0, 53.0, 12.5), 3: "E", 4: (125.0, 19.0, 28.2)})
    return encoded(photo(), "JPEG", exif=exif, comment=b"taken at home")


def png_claiming(width: int, height: int) -> bytes:
    """A tiny file whose header promises a huge picture."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 9))
        + chunk(b"IEND", b"")
    )


def stored(store: FileStore, uploaded: bytes) -> tuple[bytes, Image.Image]:
    content = store.path_of(store.save_image(uploaded).name).read_bytes()
    image = Image.open(BytesIO(content))
    image.load()
    return content, image


def reason_of(store: FileStore, uploaded: bytes) -> str:
    with pytest.raises(FileRejected) as refusal:
        store.save_image(uploaded)
    return str(refusal.value.params["reason"])


class TestPictures:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_a_picture_is_written_anew_as_jpeg(self, store: FileStore, kind: str) -> None:
        saved = store.save_image(encoded(photo(), kind))

        content = store.path_of(saved.name).read_bytes()
        assert (saved.media_type, saved.width, saved.height) == ("image/jpeg", 40, 20)
        assert (saved.size_bytes, saved.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert Image.open(BytesIO(content)).format == "JPEG"

    @pytest.mark.parametrize("kind", ["PNG", "WEBP"])
    def test_transparency_is_kept_as_png(self, store: FileStore, kind: str) -> None:
        _, image = stored(store, encoded(Image.new("RGBA", (9, 9), (1, 2, 3, 4)), kind, lossless=True))

        assert (image.format, image.mode) == ("PNG", "RGBA")
        assert image.getpixel((0, 0)) == (1, 2, 3, 4)

    @pytest.mark.parametrize("mode", ["1", "L", "P", "I;16", "LA"])
    def test_unusual_pixel_formats_are_taken(self, store: FileStore, mode: str) -> None:
        assert store.save_image(encoded(Image.new(mode, (9, 9)), "PNG")).width == 9

    def test_a_printers_jpeg_is_taken(self, store: FileStore) -> None:
        _, image = stored(store, encoded(Image.new("CMYK", (9, 9)), "JPEG"))

        assert image.mode == "RGB"

    def test_a_large_picture_is_scaled_down(self, store: FileStore) -> None:
        saved = store.save_image(encoded(photo(5000, 1000), "JPEG"))

        assert (saved.width, saved.height) == (MAX_EDGE, 512)

    def test_the_camera_orientation_is_applied(self, store: FileStore) -> None:
        _, image = stored(store, photo_from_a_phone())

        assert image.size == (20, 40)
        top, bottom = image.crop((0, 0, 20, 15)), image.crop((0, 25, 20, 40))
        assert brightness(top, "R") > 200 > brightness(top, "B")
        assert brightness(bottom, "B") > 200 > brightness(bottom, "R")


class TestMetadata:
    def test_position_camera_and_comment_are_dropped(self, store: FileStore) -> None:
        uploaded = photo_from_a_phone()
        assert Image.open(BytesIO(uploaded)).getexif().get_ifd(GPS_TAG)

        content, image = stored(store, uploaded)

        assert not image.getexif()
        assert "comment" not in image.info
        assert all(word not in content for word in (b"Exif", b"Nosy", b"home"))

    def test_texts_and_profiles_of_a_png_are_dropped(self, store: FileStore) -> None:
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Author", "Nosy Editor")
        uploaded = encoded(
            Image.new("RGBA", (9, 9)), "PNG", pnginfo=notes, icc_profile=b"profile of a screen"
        )

        content, image = stored(store, uploaded)

        assert (image.format, image.info) == ("PNG", {})
        assert all(word not in content for word in (b"Nosy", b"iCCP", b"tEXt"))


class TestHostileFiles:
    @pytest.mark.parametrize(
        "uploaded",
        [
            b"",
            b"\xff\xd8",
            b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
            b"<?xml version='1.0'?><svg/>",
            b"<html><script>alert(1)</script></html>",
            b"%PDF-1.7\n",
            b"PK\x03\x04",
            b"GIF89a" + b"\0" * 50,
            b"BM" + b"\0" * 50,
            b"II*\0" + b"\0" * 50,
            b"%!PS-Adobe-3.0 EPSF-3.0\n",
            b"RIFF\0\0\0\0WAVE",
            b" " + encoded(photo(), "PNG"),
        ],
    )
    def test_another_format_is_refused(self, store: FileStore, uploaded: bytes) -> None:
        assert reason_of(store, uploaded) == "format"

    @pytest.mark.parametrize(
        "payload", [b"<script>alert(1)</script>", b"PK\x03\x04 a jar", b"<?php system('id');"]
    )
    @pytest.mark.parametrize("kind", ["JPEG", "PNG"])
    def test_what_hides_behind_a_picture_is_gone(self, store: FileStore, kind: str, payload: bytes) -> None:
        content, _ = stored(store, encoded(photo(), kind) + payload)

        assert payload not in content

    def test_what_hides_in_a_comment_is_gone(self, store: FileStore) -> None:
        content, _ = stored(store, encoded(photo(), "JPEG", comment=b"<script>alert(1)</script>"))

        assert b"<script>" not in content

    @pytest.mark.parametrize(
        ("width", "height"),
        [(40_000_001, 1), (8000, 6000), (12_000, 10_000), (65_000, 65_000), (2**31 - 1, 2**31 - 1)],
    )
    def test_a_pixel_flood_is_refused_before_it_is_decoded(
        self, store: FileStore, width: int, height: int
    ) -> None:
        with mock.patch.object(PngImagePlugin.PngImageFile, "load", side_effect=AssertionError("decoded")):
            assert reason_of(store, png_claiming(width, height)) == "too_many_pixels"

    def test_a_file_over_ten_megabytes_is_refused(self, store: FileStore) -> None:
        assert reason_of(store, encoded(photo(), "PNG").ljust(MAX_UPLOAD_BYTES + 1)) == "too_large"
        assert store.save_image(encoded(photo(), "PNG").ljust(MAX_UPLOAD_BYTES)).width == 40

    @pytest.mark.parametrize(
        "uploaded",
        [
            b"\xff\xd8\xff\xe0" + b"\0" * 50,
            b"\x89PNG\r\n\x1a\n",
            b"RIFF\x10\0\0\0WEBPVP8 ",
            png_claiming(10, 10),
            encoded(photo(), "JPEG")[:300],
            encoded(photo(300, 300), "PNG")[:200],
            encoded(photo(), "WEBP")[:60],
        ],
    )
    def test_a_damaged_picture_is_refused(self, store: FileStore, uploaded: bytes) -> None:
        assert reason_of(store, uploaded) == "damaged"

    @pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow warns of metadata that we drop
    @given(
        st.sampled_from(["JPEG", "PNG", "WEBP"]),
        st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=20),
    )
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
    def test_random_damage_is_refused_or_harmless(
        self, store: FileStore, kind: str, damage: list[tuple[int, int]]
    ) -> None:
        content = bytearray(encoded(photo(), kind, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0"))
        for place, value in damage:
            content[place % len(content)] = value

        with suppress(FileRejected):
            assert store.save_image(bytes(content)).size_bytes > 0


class TestNames:
    def test_names_are_random_and_spread_over_folders(self, store: FileStore, tmp_path: Path) -> None:
        names = {store.save(b"same", suffix="csv") for _ in range(20)}

        assert len(names) == 20
        for name in names:
            assert store.path_of(name) == tmp_path / "uploads" / name[:2] / name

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "..",
            "../../etc/passwd",
            "/etc/passwd",
            "0" * 32,
            "0" * 32 + ".exe",
            "0" * 32 + ".jpg\n",
            "0" * 32 + ".jpg/../x",
            "A" * 32 + ".jpg",
            "..%2f" + "0" * 27 + ".jpg",
            "0" * 31 + "\0.jpg",
            "0" * 32 + ".jpg",
        ],
    )
    def test_a_name_we_did_not_give_opens_nothing(self, store: FileStore, name: str) -> None:
        with pytest.raises(FileMissing):
            store.path_of(name)

    def test_a_folder_is_not_a_file(self, store: FileStore, tmp_path: Path) -> None:
        name = "0" * 32 + ".jpg"
        (tmp_path / "uploads" / "00" / name).mkdir(parents=True)

        with pytest.raises(FileMissing):
            store.path_of(name)

    def test_a_deleted_file_is_gone_and_may_be_deleted_again(self, store: FileStore) -> None:
        name = store.save(b"x", suffix="pdf")

        store.delete(name)
        store.delete(name)

        with pytest.raises(FileMissing):
            store.path_of(name)
        with pytest.raises(FileMissing):
            store.delete("../" + name)


class TestWriting:
    def test_a_failed_write_leaves_nothing_behind(self, store: FileStore, tmp_path: Path) -> None:
        with (
            mock.patch("os.fsync", side_effect=OSError("disk full")),
            pytest.raises(OSError, match="disk full"),
        ):
            store.save(b"x", suffix="zip")

        assert [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()] == []

    def test_a_refused_picture_leaves_nothing_behind(self, store: FileStore, tmp_path: Path) -> None:
        assert reason_of(store, b"<svg/>") == "format"

        assert not (tmp_path / "uploads").exists()


class TestConfiguration:
    def test_files_lie_under_the_data_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files._Installed, "store", None)
        files.configure(tmp_path)

        name = files.current().save(b"x", suffix="csv")

        assert (tmp_path / "uploads" / name[:2] / name).read_bytes() == b"x"

    def test_nothing_is_stored_before_it_is_configured(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files._Installed, "store", None)

        with pytest.raises(RuntimeError):
            files.current()
