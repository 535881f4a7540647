"""`make shots`: a picture of every console page on the demonstration's data, at two widths, to be looked at.

Each account of the demonstration walks from the start page along the links. The first who reaches a page has
it taken; the start page is taken for everybody. MORE adds states that no link leads to. The sheet,
var/shots/index.html, tells what each page offends, and which routes nobody reached. `make shots ONLY="day
gate"` takes only the endpoints that hold one of these names.
"""

import html
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from flask import Flask
from flask_migrate import upgrade
from playwright.sync_api import Browser
from playwright.sync_api import Error as BrowserError
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BuildError

from config.settings import Environment, Settings
from miniprogram_api.app import MIGRATIONS, create_app
from miniprogram_api.devtools.demo_data import STAFF, load_demo
from miniprogram_api.identity import passwords
from miniprogram_api.identity.models import StaffAccount
from miniprogram_api.kernel.db import db, reading
from tests.support.chromium import chromium
from tests.support.desk import OFFICE, PHONE, Desk
from tests.support.served import served
from tests.support.tree import ROOT

FOLDER = ROOT / "var" / "shots"
SIZES = {OFFICE[0]: OFFICE, PHONE[0]: PHONE}
NOBODY = "nobody"
# Who (an account or NOBODY), an endpoint that was reached or takes no parameter, what its address is given.
MORE = (
    ("demo-manager", "prove_again", ""),
    ("demo-manager", "show_day", "?q=没有这个人"),
)
# Files, and addresses that are no page.
_NOT_PAGES = {"send_asset", "refuse_unknown"}
_LINKS = "[...document.querySelectorAll('a[href]')].map(link => link.href)"
_MOST_PER_ENDPOINT = 2


@dataclass(frozen=True)
class Shot:
    """A page as somebody saw it."""

    endpoint: str
    who: str
    path: str
    faults: list[str]

    @property
    def name(self) -> str:
        return f"{self.endpoint}--{self.who}{'--more' if '?' in self.path else ''}"


class Walk:
    """Follows the links of the console and takes what it comes by."""

    def __init__(self, app: Flask, browser: Browser, origin: str, only: list[str]) -> None:
        self._app, self._browser, self._origin, self._only = app, browser, origin, only
        self._addresses = app.url_map.bind("127.0.0.1")
        self.shots: list[Shot] = []
        self.reached: dict[str, str] = {}
        self.failed: list[str] = []

    def as_somebody(self, who: str, staff_id: object = None) -> None:
        """Walk as one account, or as nobody."""
        context = self._browser.new_context(
            locale="zh-CN", timezone_id="Asia/Shanghai", reduced_motion="reduce"
        )
        desk = Desk(context, self._origin)
        if staff_id is not None:
            desk.sign_in_as(staff_id)  # type: ignore[arg-type]
        self._follow(desk, who)
        for whose, endpoint, added in MORE:
            if whose == who and (path := self.reached.get(endpoint) or self._plain_path(endpoint)):
                self.reached.setdefault(endpoint, path)
                self._take(desk, who, endpoint, path + added)
        context.close()

    def _plain_path(self, endpoint: str) -> str | None:
        try:
            return self._addresses.build(f"console.{endpoint}")
        except BuildError:
            return None

    def _follow(self, desk: Desk, who: str) -> None:
        start = "/console/sign-in" if who == NOBODY else "/console/"
        waiting, known, visits = deque([start]), {start}, dict[str, int]()
        while waiting:
            path = waiting.popleft()
            endpoint = self._endpoint_of(path)
            if endpoint is None or visits.get(endpoint, 0) >= _MOST_PER_ENDPOINT:
                continue
            visits[endpoint] = visits.get(endpoint, 0) + 1
            for link in self._look(desk, who, endpoint, path):
                if link not in known:
                    known.add(link)
                    waiting.append(link)

    def _look(self, desk: Desk, who: str, endpoint: str, path: str) -> list[str]:
        try:
            response = desk.page.goto(f"{self._origin}{path}")
        except BrowserError as error:
            if "Download is starting" in str(error):
                self.reached.setdefault(endpoint, path)
            else:
                self.failed.append(f"{who} {path}: {str(error).splitlines()[0]}")
            return []
        if response is None or response.status >= 400:
            self.failed.append(f"{who} {path}: {response.status if response else 'no answer'}")
            return []
        arrived = urlsplit(desk.page.url).path == urlsplit(path).path
        if arrived and (endpoint not in self.reached or endpoint == "start"):
            self.reached.setdefault(endpoint, path)
            self._take(desk, who, endpoint, path)
        links = [urlsplit(link) for link in desk.page.evaluate(_LINKS)]
        return [
            link.path + (f"?{link.query}" if link.query else "")
            for link in links
            if f"{link.scheme}://{link.netloc}" == self._origin and link.path.startswith("/console")
        ]

    def _wanted(self, endpoint: str) -> bool:
        return not self._only or any(name in endpoint for name in self._only)

    def _take(self, desk: Desk, who: str, endpoint: str, path: str) -> None:
        if not self._wanted(endpoint):
            return
        shot = Shot(endpoint, who, path, faults=[])
        for width, size in SIZES.items():
            desk.resize(size)
            desk.page.goto(f"{self._origin}{path}")
            desk.keep_picture(FOLDER / f"{shot.name}--{width}.png")
            shot.faults.extend(desk.watch.told())
        desk.resize(OFFICE)
        self.shots.append(shot)
        print(f"{shot.name}  {path}  {len(shot.faults) or ''}", flush=True)

    def _endpoint_of(self, path: str) -> str | None:
        try:
            endpoint, _ = self._addresses.match(urlsplit(path).path, method="GET")
        except HTTPException:
            self.failed.append(f"no page: {path}")
            return None
        name = endpoint.removeprefix("console.")
        return name if endpoint.startswith("console.") and name not in _NOT_PAGES else None

    def missed(self) -> Iterator[str]:
        """The pages of the console that nobody came by."""
        for rule in self._app.url_map.iter_rules():
            name = rule.endpoint.removeprefix("console.")
            is_page = rule.endpoint.startswith("console.") and "GET" in (rule.methods or ())
            if is_page and name not in self.reached and name not in _NOT_PAGES:
                yield f"{name}  {rule.rule}"


_STYLE = """body { font-family: sans-serif } p { color: #a00 }
img { height: 420px; border: 1px solid; margin: 4px; vertical-align: top }"""


def _sheet(walk: Walk) -> str:
    parts = [f"<!doctype html><meta charset='utf-8'><title>Console</title><style>{_STYLE}</style>"]
    for title, lines in (("Not reached", list(walk.missed())), ("Failed", walk.failed)):
        parts += [f"<h2>{title}: {len(lines)}</h2>", *(f"<div>{html.escape(line)}</div>" for line in lines)]
    for shot in walk.shots:
        parts.append(f"<h2 id='{shot.name}'>{shot.name} <small>{html.escape(shot.path)}</small></h2>")
        parts += [f"<p>{html.escape(fault)}</p>" for fault in shot.faults]
        pictures = [f"{shot.name}--{width}.png" for width in SIZES]
        parts += [f"<a href='{picture}'><img src='{picture}'></a>" for picture in pictures]
    return "\n".join(parts)


def main(only: list[str]) -> int:
    """Load the demonstration, walk it, write the pictures and the sheet."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        if not only:
            old.unlink()
    passwords.use_cost(time_cost=1, memory_kib=8)
    with TemporaryDirectory() as folder:
        test = {"environment": Environment.TEST, "background": False, "log_level": "ERROR"}
        settings = Settings(data_dir=Path(folder), **test)
        app = create_app(settings)
        with app.app_context():
            upgrade(directory=str(MIGRATIONS))
            load_demo(settings)
            walk = _walk(app, only)
            db.session.remove()
            db.engine.dispose()
    (FOLDER / "index.html").write_text(_sheet(walk))
    print("Failed:", *walk.failed, "Not reached:", *walk.missed(), sep="\n  ")
    print(f"{len(walk.shots)} pages in {FOLDER / 'index.html'}")
    return 0


def _walk(app: Flask, only: list[str]) -> Walk:
    with reading() as session:
        ids = {account.username: account.id for account in session.scalars(select(StaffAccount))}
    with chromium() as browser, served(app) as origin:
        walk = Walk(app, browser, origin, only)
        walk.as_somebody(NOBODY)
        for card in STAFF:
            walk.as_somebody(card.username, ids[card.username])
    return walk


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
