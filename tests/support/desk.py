"""A member of staff at a desk: a browser on the served product, signed in as whom a test needs."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Response

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic
from miniprogram_api.web import cookies
from tests.factories.staff import make_staff, open_session
from tests.support.page_watch import Watch
from tests.support.served import served

IN_CHANGCHUN = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "reduced_motion": "reduce"}
OFFICE, TABLET, PHONE = (1366, 768), (820, 1180), (390, 844)
_PATIENCE_MS = int(os.environ.get("TEST_BROWSER_PATIENCE_MS", "30000"))


class Desk:
    """One window and who sits before it. `page` is Playwright's page; paths are completed by `visit`."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.context, self.origin = context, origin
        self.watch = Watch(context, origin)
        self.page: Page = self.open()

    def open(self) -> Page:
        """Another window of the same person."""
        page = self.context.new_page()
        self.watch.follow(page)
        return page

    def sign_in(self, role: Role | None, **place: Any) -> UUID:
        """Sit down as somebody new who holds a role, at `site`, `organisation` or in the whole city."""
        values = {f"{name}_id": getattr(it, "id", it) for name, it in place.items()}
        with atomic() as session:
            staff_id = make_staff(session, role=role, **values).id
        self.sign_in_as(staff_id)
        return staff_id

    def sign_in_as(self, staff_id: UUID) -> None:
        """Sit down as somebody whose account there is."""
        with atomic() as session:
            token = open_session(session, staff_id)
        self.carry(cookies.name_of(cookies.STAFF), token)

    def carry(self, cookie: str, value: str) -> None:
        """Have the browser send a cookie."""
        self.context.add_cookies(
            [{"name": cookie, "value": value, "url": self.origin, "httpOnly": True, "sameSite": "Strict"}]
        )

    def visit(self, path: str, *, status: int = 200) -> Response:
        """Go to a path, which answers with this status."""
        if status >= 400:
            self.expects(status)
        response = self.page.goto(f"{self.origin}{path}")
        assert response is not None
        assert response.status == status, f"{path} answered {response.status}"
        return response

    @property
    def path(self) -> str:
        """Where the window is, with its query."""
        return self.page.url.removeprefix(self.origin)

    def expects(self, *statuses: int) -> None:
        """Say that answers of these error statuses will come, such as the 422 of a form in error."""
        self.watch.expect(*statuses)

    def resize(self, size: tuple[int, int]) -> None:
        """Make the window OFFICE, TABLET or PHONE."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    @contextmanager
    def offline(self) -> Generator[None]:
        """Pull the network plug for a while."""
        self.watch.offline = True
        self.context.set_offline(True)
        yield
        self.context.set_offline(False)

    def press(self, *keys: str) -> None:
        """Press one key after the other, as `Tab`, `Enter`, `Space`, `Shift+Tab`."""
        for key in keys:
            self.page.keyboard.press(key)

    def tab_to(self, target: Locator, *, within: int = 80) -> None:
        """Reach a control by the Tab key alone; its focus must show."""
        for _ in range(within):
            if target.evaluate("element => element === document.activeElement"):
                assert target.evaluate(_SHOWS_FOCUS), f"{target} has the focus, and nothing shows it"
                return
            self.press("Tab")
        raise AssertionError(f"{target} is not reached by {within} times Tab")

    def keep_picture(self, path: Path) -> None:
        """A picture of the whole page, to be looked at."""
        self.page.screenshot(path=path, full_page=True)


_SHOWS_FOCUS = """element => {
    const style = getComputedStyle(element);
    return element.matches(":focus-visible")
        && ((style.outlineStyle !== "none" && style.outlineWidth !== "0px") || style.boxShadow !== "none");
}"""


@contextmanager
def seated(browser: Browser, app: Flask, size: tuple[int, int] = OFFICE) -> Generator[Desk]:
    """A desk at the served application; at the end everything that was watched must have been in order."""
    with served(app) as origin:
        context = browser.new_context(**IN_CHANGCHUN, viewport={"width": size[0], "height": size[1]})
        try:
            context.set_default_timeout(_PATIENCE_MS)
            desk = Desk(context, origin)
            yield desk
            verdict = desk.watch.verdict()
        finally:
            context.close()
    assert verdict == [], "\n".join(verdict)
