"""`make shots`: a picture of every console page on the demonstration's data, at two widths, to be looked at.

Each account of the demonstration walks from the start page along the links. The first who reaches a page has
it taken; the start page is taken for everybody. MORE adds states that no link leads to. The sheet,
var/shots/index.html, tells what each page offends, and which routes nobody reached. `make shots ONLY="day
gate"` takes only the endpoints that hold one of these names.
"""

import html
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from playwright.sync_api import Browser
from playwright.sync_api import Error as BrowserError
from werkzeug.routing import BuildError

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.clock import BEIJING
from tests.support import demonstration
from tests.support.chromium import chromium
from tests.support.console_walk import NOBODY, demo_accounts, pages_of, walk_everybody
from tests.support.desk import IN_CHANGCHUN, OFFICE, PHONE, Desk
from tests.support.served import served
from tests.support.tree import ROOT

FOLDER = ROOT / "var" / "shots"
SATURDAY = datetime(2026, 11, 28, 10, 10, tzinfo=BEIJING)
SIZES = {OFFICE[0]: OFFICE, PHONE[0]: PHONE}
# Who (an account or NOBODY), an endpoint that was reached or takes no parameter, what its address is given.
MORE = (
    ("demo-manager", "prove_again", ""),
    (NOBODY, "pair_gate", ""),
    ("demo-manager", "show_day", "?q=没有这个人"),
)
_EACH = {"start"}
_STYLE = """body { font-family: sans-serif } p { color: #a00 }
img { height: 420px; border: 1px solid; margin: 4px; vertical-align: top }"""


@dataclass
class Shot:
    """A page as somebody sees it."""

    who: str
    endpoint: str
    path: str
    number: int = 0
    faults: list[str] = field(default_factory=list)

    def picture(self, width: int) -> str:
        return f"{self.endpoint}--{self.who}--{self.number}--{width}.png"


def _planned(app: Flask, failed: list[str]) -> Iterator[Shot]:
    reached: dict[str, str] = {}
    for visit in walk_everybody(app):
        if visit.answer.status_code >= 400:
            failed.append(str(visit))
        elif visit.endpoint not in reached or visit.endpoint in _EACH:
            reached.setdefault(visit.endpoint, visit.path)
            if visit.is_page:
                yield Shot(visit.who, visit.endpoint, visit.path)
    addresses = app.url_map.bind("localhost")
    for number, (who, endpoint, added) in enumerate(MORE, start=1):
        try:
            path = reached.get(endpoint) or addresses.build(f"console.{endpoint}")
        except BuildError:
            continue
        reached.setdefault(endpoint, path)
        yield Shot(who, endpoint, path + added, number)
    failed += [f"not reached: {name}  {rule}" for name, rule in pages_of(app).items() if name not in reached]


def _take(browser: Browser, origin: str, shots: Iterable[Shot]) -> None:
    accounts, desks = demo_accounts(), dict[str, Desk]()
    for shot in shots:
        if shot.who not in desks:
            desks[shot.who] = Desk(browser.new_context(**IN_CHANGCHUN), origin)
            if shot.who != NOBODY:
                desks[shot.who].sign_in_as(accounts[shot.who])
        desk = desks[shot.who]
        for width, size in SIZES.items():
            desk.resize(size)
            try:
                desk.page.goto(f"{origin}{shot.path}")
            except BrowserError as error:
                shot.faults.append(str(error).splitlines()[0])
                continue
            desk.keep_picture(FOLDER / shot.picture(width))
            shot.faults += desk.watch.told()
        print(f"{shot.endpoint} ({shot.who})  {shot.path}", *shot.faults, sep="\n    ", flush=True)
    for desk in desks.values():
        desk.context.close()


def _sheet(shots: list[Shot], failed: list[str]) -> str:
    parts = [f"<!doctype html><meta charset='utf-8'><title>Console</title><style>{_STYLE}</style>"]
    parts += [f"<p>{html.escape(line)}</p>" for line in failed]
    for shot in shots:
        parts.append(f"<h2>{shot.endpoint} <small>{shot.who} {html.escape(shot.path)}</small></h2>")
        parts += [f"<p>{html.escape(fault)}</p>" for fault in shot.faults]
        pictures = [shot.picture(width) for width in SIZES]
        parts += [f"<a href='{picture}'><img src='{picture}'></a>" for picture in pictures]
    return "\n".join(parts)


def main(only: list[str]) -> int:
    """Load the demonstration, walk it, write the pictures and the sheet."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        loaded, failed = demonstration.load(Path(folder, "loaded"), SATURDAY), list[str]()
        clock.freeze(SATURDAY)
        with demonstration.copied(loaded, Path(folder, "copy")) as app:
            shots = [
                shot
                for shot in _planned(app, failed)
                if not only or any(name in shot.endpoint for name in only)
            ]
            with chromium() as browser, served(app) as origin:
                _take(browser, origin, shots)
    (FOLDER / "index.html").write_text(_sheet(shots, failed))
    print(*failed, f"{len(shots)} pages in {FOLDER / 'index.html'}", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
