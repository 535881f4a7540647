"""`make assets`: what browsers load of other people's, copied from pinned packages with version and hash.

No build step: a package is fetched by `npm pack` without running anything of it, its hash compared with the
one below, and the files that are named here are taken out; icons.txt lists the icons. The same lists give the
same bytes.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONSOLE = "miniprogram_api/console/static/vendor"
BROWSER_TESTS = "tests/browser/vendor"
MANIFEST = "vendor.json"
SPRITE = "icons.svg"
ICONS = Path(__file__).with_name("icons.txt").read_text().split()


@dataclass(frozen=True)
class Package:
    """A version of a package, and which of its files are taken under which name."""

    name: str
    version: str
    licence: str
    integrity: str
    use: str
    files: Mapping[str, str] = field(default_factory=dict)
    folder: str = CONSOLE
    icons: bool = False


PACKAGES = (
    Package(
        name="htmx.org",
        version="4.0.1",
        licence="0BSD",
        integrity="sha512-oF7JgXhDW9UXCy/k1ZYFUQgzu/rm19ORWPSPNL91vPluB2PB9+MV55tyQdH/w7o2EAbTYUG5SDW1R60mdkdqGg==",
        use="parts of console pages are exchanged without loading the page",
        files={"dist/htmx.min.js": "htmx.min.js", "LICENSE": "htmx.LICENSE.txt"},
    ),
    Package(
        name="bootstrap",
        version="5.3.9",
        licence="MIT",
        integrity="sha512-20cU0rcfw8WdxtVbmfU+xT2EjvVTw9Ror/h1Qvd7DXCujRg8OO9mdBCsmTHdJFf3BuadmBNJtgIuUXsBqSkk/w==",
        use="the console's styles; none of its scripts",
        files={"dist/css/bootstrap.min.css": "bootstrap.min.css", "LICENSE": "bootstrap.LICENSE.txt"},
    ),
    Package(
        name="bootstrap-icons",
        version="1.13.2",
        licence="MIT",
        integrity="sha512-fAU1Ly3dH7hwRg+CB8EZ0Vl0fF80zgXHeUVJyfUOKzoURr+TbwISbCW5tKUoQLERaWYG2emTCybcPbD96hdD1A==",
        use="the console's icons, as one sprite of those that are used",
        files={"LICENSE": "bootstrap-icons.LICENSE.txt"},
        icons=True,
    ),
    Package(
        name="echarts",
        version="6.1.0",
        licence="Apache-2.0",
        integrity="sha512-q0yaFPggC9FUdsWH4blavRWFmxdrIodbkoKNAjJudAI6CA9gNPxHtV2RcZNEepZVlk4yvBYkOkbk6HIVpIyHZA==",
        use="charts of the figures; the smallest of its builds that has tooltips and legends",
        files={
            "dist/echarts.common.min.js": "echarts.min.js",
            "LICENSE": "echarts.LICENSE.txt",
            "NOTICE": "echarts.NOTICE.txt",
        },
    ),
    Package(
        name="qr",
        version="0.7.0",
        licence="MIT OR Apache-2.0",
        integrity="sha512-/VrrACmOAwZVipuRITwfEwOL5oAMEHH5PTmBWaGtlTom2Thxaa+rhmna4zU9PRN2uLw2wdccbkHOLGZb1Q9SdA==",
        use="the gate reads QR codes by camera where the browser cannot",
        # One module imports the other by this name.
        files={
            "decode.js": "qr/decode.js",
            "index.js": "qr/index.js",
            "LICENSE-MIT": "qr/LICENSE.txt",
        },
    ),
    Package(
        name="axe-core",
        version="4.14.1",
        licence="MPL-2.0",
        integrity="sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
        use="tests only: looks for what keeps people from using a page",
        files={"axe.min.js": "axe.min.js", "LICENSE": "axe.LICENSE.txt"},
        folder=BROWSER_TESTS,
    ),
)


class NotThePackage(Exception):
    """What came under the name and version of a package has another hash."""


def vendor(root: Path = ROOT) -> None:
    """Fetch every package and write its files and the manifests below root; forgotten files go."""
    made: dict[str, dict[str, bytes]] = {}
    for package in PACKAGES:
        made.setdefault(package.folder, {}).update(_taken(package))
    for folder, files in made.items():
        files[MANIFEST] = _manifest(folder, files)
        shutil.rmtree(root / folder, ignore_errors=True)
        (root / folder).mkdir(parents=True)
        for name, content in files.items():
            (root / folder / name).parent.mkdir(exist_ok=True)
            (root / folder / name).write_bytes(content)
            print(f"{folder}/{name}  {len(content)} bytes")


def _taken(package: Package) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        archive = _fetched(package, Path(folder))
        if integrity_of(archive.read_bytes()) != package.integrity:
            raise NotThePackage(f"{package.name}@{package.version}")
        with tarfile.open(archive) as tar:
            taken = {name: _member(tar, path) for path, name in package.files.items()}
            if package.icons:
                drawings = {name: _member(tar, f"icons/{name}.svg").decode() for name in sorted(ICONS)}
                taken[SPRITE] = sprite(drawings, title=f"{package.name} {package.version}, {package.licence}")
    return taken


def _fetched(package: Package, folder: Path) -> Path:
    subprocess.run(
        ["npm", "pack", "--ignore-scripts", "--silent", f"{package.name}@{package.version}"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    (archive,) = folder.glob("*.tgz")
    return archive


def _member(tar: tarfile.TarFile, path: str) -> bytes:
    content = tar.extractfile(f"package/{path}")
    if content is None:
        raise FileNotFoundError(path)
    return content.read()


def integrity_of(archive: bytes) -> str:
    """The hash of an archive in the form in which npm tells it."""
    return f"sha512-{b64encode(hashlib.sha512(archive).digest()).decode()}"


def sprite(drawings: Mapping[str, str], *, title: str) -> bytes:
    """One picture with a symbol for each drawing, to be used by `<use href="…/icons.svg#name">`."""
    symbols = []
    for name, drawing in drawings.items():
        found = re.fullmatch(r'<svg [^>]*viewBox="([\d ]+)"[^>]*>(.*)</svg>\s*', drawing, re.S)
        if found is None:
            raise ValueError(f"{name} is drawn otherwise than expected")
        shapes = re.sub(r"\s*\n\s*", "", found[2])
        symbols.append(f'<symbol id="{name}" viewBox="{found[1]}" fill="currentColor">{shapes}</symbol>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg"><!-- {title} -->'
    return "\n".join([head, *symbols, "</svg>", ""]).encode()


def _manifest(folder: str, files: Mapping[str, bytes]) -> bytes:
    entries = [
        {
            "package": package.name,
            "version": package.version,
            "licence": package.licence,
            "use": package.use,
            "integrity": package.integrity,
            "files": {name: hashlib.sha256(files[name]).hexdigest() for name in _names(package)},
        }
        for package in PACKAGES
        if package.folder == folder
    ]
    return (json.dumps(entries, indent=1) + "\n").encode()


def _names(package: Package) -> list[str]:
    return [*package.files.values(), *([SPRITE] if package.icons else [])]


def licences() -> str:
    """The page that lists what is vendored, from the manifests."""
    rows = [
        f"| {entry['package']} {entry['version']} | {entry['licence']} | {entry['use']} "
        f"| {', '.join(f'`{name}`' for name in entry['files'])} |"
        for folder in (CONSOLE, BROWSER_TESTS)
        for entry in json.loads((ROOT / folder / MANIFEST).read_text())
    ]
    head = [
        "# What browsers load of other people's",
        "",
        f"Copied by `make assets` into `{CONSOLE}` and `{BROWSER_TESTS}`, unchanged but for",
        f"`{SPRITE}`, with each licence beside. Hashes stand in `{MANIFEST}`. Generated by `make docs`.",
        "",
        "| package | licence | use | files |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *rows]) + "\n"


if __name__ == "__main__":
    vendor()
    sys.exit(0)
