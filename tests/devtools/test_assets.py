"""What is vendored is what was taken from the packages, and nothing else."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from miniprogram_api.devtools import assets
from miniprogram_api.devtools.assets import PACKAGES, ROOT, Package

pytestmark = pytest.mark.once
FOLDERS = sorted({package.folder for package in PACKAGES})


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_file_has_the_hash_of_its_manifest(folder: str) -> None:
    manifest = json.loads((ROOT / folder / assets.MANIFEST).read_text())
    told = {name: digest for entry in manifest for name, digest in entry["files"].items()}
    lying = {
        str(path.relative_to(ROOT / folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.name != assets.MANIFEST
    }
    assert lying == told, "run `make assets`"


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_manifest_tells_the_pinned_packages_each_with_its_licence(folder: str) -> None:
    manifest = json.loads((ROOT / folder / assets.MANIFEST).read_text())
    pinned = {(p.name, p.version, p.licence, p.integrity) for p in PACKAGES if p.folder == folder}
    assert {(e["package"], e["version"], e["licence"], e["integrity"]) for e in manifest} == pinned
    assert all(any("LICENSE" in name for name in entry["files"]) for entry in manifest)


def test_the_sprite_holds_the_listed_icons() -> None:
    sprite = (ROOT / assets.CONSOLE / assets.SPRITE).read_text()
    assert re.findall(r'<symbol id="([^"]+)"', sprite) == sorted(set(assets.ICONS))


def test_another_archive_than_the_pinned_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    archive = tmp_path / "another.tgz"
    archive.write_bytes(b"something else")
    monkeypatch.setattr(assets, "_fetched", lambda _package, _folder: archive)
    monkeypatch.setattr(
        assets, "PACKAGES", [Package(name="a", version="1", licence="MIT", integrity="sha512-", use="")]
    )
    with pytest.raises(assets.NotThePackage):
        assets.vendor(tmp_path)
