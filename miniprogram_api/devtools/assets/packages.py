"""The packages whose files are taken as they are: which version, which files, under which name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

CONSOLE = "miniprogram_api/console/static/vendor"
BROWSER_TESTS = "tests/browser/vendor"


@dataclass(frozen=True)
class Package:
    """A version of a package, and which of its files are taken under which name."""

    name: str
    version: str
    licence: str
    integrity: str
    use: str = ""
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
