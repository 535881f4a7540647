"""What is vendored is what was taken from the packages, and nothing else."""

import gzip
import hashlib
import json
import re
import shutil
import tarfile
from pathlib import Path

import pytest

from miniprogram_api.devtools import assets
from miniprogram_api.devtools.assets import PACKAGES, ROOT, Package, editor, fetching

pytestmark = pytest.mark.once
FOLDERS = sorted({package.folder for package in PACKAGES})
_HEAVIEST = 150_000


def manifest_of(folder: str) -> list[dict[str, object]]:
    entries: list[dict[str, object]] = json.loads((ROOT / folder / assets.MANIFEST).read_text())
    return entries


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
    copied = [entry for entry in manifest_of(folder) if "made_of" not in entry]
    pinned = {(p.name, p.version, p.licence, p.integrity) for p in PACKAGES if p.folder == folder}
    assert {(e["package"], e["version"], e["licence"], e["integrity"]) for e in copied} == pinned
    assert all(any("LICENSE" in name for name in entry["files"]) for entry in copied)  # type: ignore[attr-defined]


def test_the_bundle_of_the_editor_tells_every_package_in_it_with_its_licence() -> None:
    (entry,) = [entry for entry in manifest_of(assets.CONSOLE) if "made_of" in entry]
    pinned = [(part.name, part.version, part.licence, part.integrity) for part in editor.PARTS]
    told = [(p["package"], p["version"], p["licence"], p["integrity"]) for p in entry["made_of"]]  # type: ignore[attr-defined]
    assert told == pinned
    licences = (ROOT / assets.CONSOLE / editor.LICENCE).read_text()
    listed = (ROOT / "docs/licences.md").read_text()
    for part in editor.PARTS:
        assert f"{part.name} {part.version}" in licences
        assert f"| {part.name} {part.version} |" in listed


def test_the_bundle_of_the_editor_is_not_too_heavy() -> None:
    bundle = (ROOT / assets.CONSOLE / editor.BUNDLE).read_bytes()
    assert len(gzip.compress(bundle)) < _HEAVIEST


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_the_bundle_is_what_the_pinned_bundler_writes_of_the_pinned_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each package is unpacked where the bundler looks for it, and its licence is kept."""
    archives = {}
    for number, part in enumerate([*editor.PARTS, editor.bundler()]):
        archive = tmp_path / f"{number}.tgz"
        with tarfile.open(archive, "w:gz") as tar:
            for name, content in {
                "LICENSE": f"licence of {part.name}",
                "bin/esbuild": '#!/bin/sh\nls node_modules/@tiptap; cat "$1"; echo "$@"',
            }.items():
                file = tmp_path / "member"
                file.write_text(content)
                tar.add(file, f"package/{name}")
        archives[part.name] = archive
    monkeypatch.setattr(fetching, "fetched", lambda package, _folder: archives[package.name])
    monkeypatch.setattr(
        fetching, "integrity_of", lambda content: {a.read_bytes(): pin for a, pin in pins(archives)}[content]
    )
    made = editor.bundled()
    assert b"extension-table" in made[editor.BUNDLE]
    assert editor.ENTRY.read_bytes() in made[editor.BUNDLE]
    assert b"--minify" in made[editor.BUNDLE]
    assert b"licence of prosemirror-model" in made[editor.LICENCE]


def pins(archives: dict[str, Path]) -> list[tuple[Path, str]]:
    return [(archives[part.name], part.integrity) for part in [*editor.PARTS, editor.bundler()]]


def test_the_sprite_holds_the_listed_icons() -> None:
    sprite = (ROOT / assets.CONSOLE / assets.SPRITE).read_text()
    assert re.findall(r'<symbol id="([^"]+)"', sprite) == sorted(set(assets.ICONS))


def test_another_archive_than_the_pinned_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    archive = tmp_path / "another.tgz"
    archive.write_bytes(b"something else")
    monkeypatch.setattr(fetching, "fetched", lambda _package, _folder: archive)
    monkeypatch.setattr(
        assets, "PACKAGES", [Package(name="a", version="1", licence="MIT", integrity="sha512-", use="")]
    )
    with pytest.raises(assets.NotThePackage):
        assets.vendor(tmp_path)
