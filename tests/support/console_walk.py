"""Walks the console as its people do: from the start page along the links, on the demonstration's data."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter
from werkzeug.test import TestResponse

from miniprogram_api.devtools.demo_data import STAFF
from miniprogram_api.identity.models import StaffAccount
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.web import cookies
from tests.factories.staff import open_session
from tests.support.statements import statements

NOBODY = "nobody"
# Files, and addresses that are no page.
_NO_PAGES = {"send_asset", "refuse_unknown"}
_LINK = re.compile(r'<a\b[^>]*?\bhref="(/console[^"#]*)')
_MOST_PER_ENDPOINT = 3


@dataclass(frozen=True)
class Visit:
    """An answer that somebody came by, and the page whose link led there."""

    who: str
    endpoint: str
    path: str
    before: str
    answer: TestResponse
    statements: int  # sent to the database for it

    @property
    def is_page(self) -> bool:
        """Whether it is a page, not a file to keep or a way on to another."""
        return self.answer.status_code == 200 and self.answer.mimetype == "text/html"

    def __str__(self) -> str:
        return f"{self.who} at {self.path}, from {self.before}: {self.answer.status_code}"


def demo_accounts() -> dict[str, UUID]:
    """The accounts of the demonstration by their names, in its order; one of those that may do the same."""
    with reading() as session:
        ids = {account.username: account.id for account in session.scalars(select(StaffAccount))}
    first = {card.posts: card.username for card in reversed(STAFF)}
    return {card.username: ids[card.username] for card in STAFF if first[card.posts] == card.username}


def walk_everybody(app: Flask) -> Iterator[Visit]:
    """What nobody, and then each account of the demonstration, comes by."""
    yield from walk(app, NOBODY)
    for username, staff_id in demo_accounts().items():
        yield from walk(app, username, staff_id)


def walk(app: Flask, who: str, staff_id: UUID | None = None) -> Iterator[Visit]:
    """Follow every link, to a few addresses of each endpoint: lists lead to many alike."""
    client = app.test_client()
    if staff_id is not None:
        with atomic() as session:
            client.set_cookie(cookies.name_of(cookies.STAFF), open_session(session, staff_id))
    addresses, visited = app.url_map.bind("localhost"), dict[str, int]()
    start = "/console/" if staff_id else "/console/sign-in"
    waiting, known = deque([(start, "nowhere")]), {start}
    while waiting:
        path, before = waiting.popleft()
        endpoint = endpoint_of(addresses, path)
        if endpoint in _NO_PAGES or visited.get(endpoint, 0) >= _MOST_PER_ENDPOINT:
            continue
        visited[endpoint] = visited.get(endpoint, 0) + 1
        with statements() as sent:
            answer = client.get(path)
        visit = Visit(who, endpoint, path, before, answer, len(sent))
        yield visit
        for link in links_of(visit) if visit.is_page else ():
            if link not in known:
                known.add(link)
                waiting.append((link, path))


def links_of(visit: Visit) -> list[str]:
    """Where the links of a page lead to in the console."""
    return [unescape(link) for link in _LINK.findall(visit.answer.text)]


def endpoint_of(addresses: MapAdapter, path: str) -> str:
    """The endpoint of the console that a path leads to."""
    try:
        return str(addresses.match(urlsplit(path).path, method="GET")[0]).removeprefix("console.")
    except HTTPException:
        return "refuse_unknown"


def pages_of(app: Flask) -> dict[str, str]:
    """Every endpoint of the console that answers to GET, with its rule."""
    found = {
        rule.endpoint.removeprefix("console."): rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("console.") and "GET" in (rule.methods or ())
    }
    return {name: rule for name, rule in found.items() if name not in _NO_PAGES}
