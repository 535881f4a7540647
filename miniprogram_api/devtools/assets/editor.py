"""The editor of articles as one file: TipTap with all it rests on, bundled from pinned packages.

`editor.json` pins every package that ends up in the bundle, `editor.js` says what is taken of them. The
bundler is pinned too, so that the same lists give the same bytes, on whatever machine.
"""

import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from miniprogram_api.devtools.assets.fetching import member, opened
from miniprogram_api.devtools.assets.packages import Package

BUNDLE, LICENCE = "tiptap.min.js", "tiptap.LICENSE.txt"
USE = "the editor of articles; one bundle of these packages, made by `make assets`"
ENTRY = Path(__file__).with_name("editor.js")
PARTS = tuple(Package(**pin) for pin in json.loads(Path(__file__).with_name("editor.json").read_text()))

# One program for each kind of machine, all of one version: they write the same bytes.
_BUNDLERS = json.loads(Path(__file__).with_name("bundlers.json").read_text())
_OPTIONS = ("--bundle", "--minify", "--format=esm", "--target=es2022", "--legal-comments=none")
_ARCHITECTURES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def bundler() -> Package:
    """The bundler as it is packed for this machine."""
    machine = f"{sys.platform}-{_ARCHITECTURES[platform.machine().lower()]}"
    return Package(name=f"@esbuild/{machine}", licence="MIT", **_BUNDLERS[machine])


def bundled() -> dict[str, bytes]:
    """The bundle and the licences of what is in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        licences = [_unpacked(package, folder / "node_modules" / package.name) for package in PARTS]
        program = folder / "esbuild"
        with opened(bundler()) as tar:
            program.write_bytes(member(tar, "bin/esbuild"))
        program.chmod(0o700)
        (folder / "editor.js").write_bytes(ENTRY.read_bytes())
        made = subprocess.run(
            [program, "editor.js", *_OPTIONS, "--log-level=warning"],
            cwd=folder,
            check=True,
            stdout=subprocess.PIPE,
        )
    return {BUNDLE: made.stdout, LICENCE: "\n\n".join(licences).encode()}


def _unpacked(package: Package, folder: Path) -> str:
    """Lay a package where the bundler looks for it; the text of its licence."""
    with opened(package) as tar:
        folder.parent.mkdir(parents=True, exist_ok=True)
        tar.extractall(folder.parent / ".new", filter="data")
    (folder.parent / ".new" / "package").rename(folder)
    (folder.parent / ".new").rmdir()
    text = next(iter(sorted(folder.glob("LICENSE*")))).read_text().strip()
    return f"{package.name} {package.version}\n\n{text}\n"


def entry_of(digests: dict[str, str]) -> dict[str, object]:
    """What the manifest tells of the bundle."""
    core = next(package for package in PARTS if package.name == "@tiptap/core")
    return {
        "package": "tiptap",
        "version": core.version,
        "licence": " AND ".join(sorted({package.licence for package in PARTS})),
        "use": USE,
        "files": digests,
        "made_of": [
            {
                "package": package.name,
                "version": package.version,
                "licence": package.licence,
                "integrity": package.integrity,
            }
            for package in PARTS
        ],
        "made_by": f"esbuild {bundler().version}",
    }
