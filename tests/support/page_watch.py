"""What is asserted of every page that a browser test comes by, whatever else the test is about.

No request leaves the served origin, the page's content security policy is never offended, nothing is written
to the console as an error, no script fails, no answer is an error that the test did not expect. And before
every act that may leave a page, axe finds nothing in it that WCAG 2.2 forbids at A and AA, and it does not
scroll sideways. axe runs in a world of its own, where it needs no leave of the page's policy.
"""

import functools
import hashlib
import json
import re
import weakref
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    BrowserContext,
    CDPSession,
    ConsoleMessage,
    Keyboard,
    Locator,
    Page,
    Request,
    Response,
    WebError,
)
from playwright.sync_api import Error as BrowserError

_AXE = (Path(__file__).resolve().parents[1] / "browser" / "vendor" / "axe.min.js").read_text()
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_REPORT = "__reportPolicyViolation"
_LISTEN = f"""document.addEventListener("securitypolicyviolation", event => window.{_REPORT}(
    `${{event.effectiveDirective}} ${{event.blockedURI}} ${{event.sourceFile}}:${{event.lineNumber}}`))"""
_RUN_AXE = f"""(async () => {{
    const found = await axe.run(document, {
    json.dumps(
        {"runOnly": {"type": "tag", "values": _RULES}, "resultTypes": ["violations"], "preload": False}
    )
});
    return found.violations.flatMap(rule => rule.nodes.map(
        node => `${{rule.id}} (${{rule.help}}): ${{node.target.join(" ")}} ${{node.html.slice(0, 160)}}`));
}})()"""
_SIDEWAYS = """(() => {
    const root = document.documentElement, over = root.scrollWidth - root.clientWidth;
    if (over <= 0) return "";
    const widest = [...document.body.querySelectorAll("*")].filter(
        part => part.getBoundingClientRect().right > root.clientWidth + 1).slice(0, 3);
    return `${over}px wider than the window: ${widest.map(part => part.outerHTML.slice(0, 80)).join(" | ")}`;
})()"""
_LOADING_FAILED = re.compile(r"Failed to load resource: (?:the server responded with a status of \d+|net::)")
# A page that is being loaded or changed is waited for, within reason; what differs each time is left out.
_SETTLED = """(async () => {
    const busy = () => document.readyState !== "complete" || document.querySelector(".htmx-request");
    for (let times = 0; busy() && times < 100; times++) await new Promise(done => setTimeout(done, 20));
    return document.documentElement.outerHTML;
})()"""
_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|value=\"[\w.-]{30,}\"|(?:href|value)=\"[^\"]+\"|\d+")
_WORDS = re.compile(r">[^<>]*[^<>\s][^<>]*<")
_LEAVING = {
    Page: ("goto", "reload", "go_back", "go_forward"),
    Locator: ("click", "press", "tap", "check", "uncheck", "select_option"),
    Keyboard: ("press",),
}
_BEFORE_LEAVING: MutableMapping[object, Callable[[], None]] = weakref.WeakKeyDictionary()
_IN_ORDER: set[bytes] = set()


def _look_before(act: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(act)
    def look_and_act(self: Any, *arguments: Any, **options: Any) -> Any:
        if look := _BEFORE_LEAVING.get(self.page if isinstance(self, Locator) else self):
            look()
        return act(self, *arguments, **options)

    return look_and_act


for _kind, _acts in _LEAVING.items():
    for _act in _acts:
        setattr(_kind, _act, _look_before(getattr(_kind, _act)))


class Watch:
    """Collects what pages of one context do that they must not."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self._context, self._origin = context, origin
        self._found: list[str] = []
        self._expected: set[int] = set()
        self._came: set[int] = set()
        self._sessions: dict[Page, CDPSession] = {}
        self.offline = False
        context.expose_binding(_REPORT, lambda _source, text: self._note("content security policy", text))
        context.add_init_script(_LISTEN)
        context.on("request", self._see_request)
        context.on("response", self._see_response)
        context.on("console", self._see_console)
        context.on("weberror", self._see_failure)

    def expect(self, *statuses: int) -> None:
        """Allow answers of these error statuses; each of them must come."""
        self._expected |= set(statuses)

    def follow(self, page: Page) -> None:
        """Look at what this page shows before each act that may leave it."""
        self._sessions[page] = self._context.new_cdp_session(page)
        _BEFORE_LEAVING[page] = _BEFORE_LEAVING[page.keyboard] = lambda: self.look_at(page)

    def look_at(self, page: Page) -> None:
        """Note what axe finds in the page as it is now, and whether it scrolls sideways.

        What axe found in order once, at this size, it does not look at again: pages are much alike, and what
        their words are changes nothing for it.
        """
        if page.is_closed() or not page.url.startswith(self._origin):
            return
        session = self._sessions[page]
        frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "watch"})
        state = _WORDS.sub(">words<", _IDS.sub("", self._evaluate(session, world, _SETTLED)))
        where = f"{page.url.removeprefix(self._origin)} at {page.viewport_size}"
        if wide := self._evaluate(session, world, _SIDEWAYS):
            self._note("scrolls sideways", f"{where}: {wide}")
        if (seen := hashlib.sha256(f"{page.viewport_size} {state}".encode()).digest()) in _IN_ORDER:
            return
        faults = self._evaluate(session, world, f"{_AXE};{_RUN_AXE}")
        for fault in faults:
            self._note("axe", f"{where}: {fault}")
        if not faults:
            _IN_ORDER.add(seen)

    @staticmethod
    def _evaluate(session: CDPSession, world: dict[str, Any], script: str) -> Any:
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
        answer = session.send("Runtime.evaluate", asked | {"contextId": world["executionContextId"]})
        if "exceptionDetails" in answer:
            raise BrowserError(str(answer["exceptionDetails"]))
        return answer["result"]["value"]

    def verdict(self) -> list[str]:
        """Everything that was found, after a last look at the pages that are open."""
        for page in self._sessions:
            self.look_at(page)
        missing = self._expected - self._came
        return [*self._found, *(f"expected a {status}, which never came" for status in missing)]

    def told(self) -> list[str]:
        """What is found in the pages as they are, and was since this was last asked."""
        for page in self._sessions:
            self.look_at(page)
        told, self._found = self._found, []
        return told

    def _note(self, what: str, detail: str) -> None:
        if (line := f"{what}: {detail}") not in self._found:
            self._found.append(line)

    def _see_request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme in {"http", "https", "ws", "wss"} and f"{url.scheme}://{url.netloc}" != self._origin:
            self._note("outside request", request.url)

    def _see_response(self, response: Response) -> None:
        if response.status < 400:
            return
        self._came.add(response.status)
        if response.status not in self._expected:
            self._note("unexpected answer", f"{response.status} {response.request.method} {response.url}")

    def _see_console(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        loading = _LOADING_FAILED.match(message.text)
        # The answers themselves are judged above; without a network, loading fails as it should.
        if loading and ("a status of" in loading[0] or self.offline):
            return
        if self.offline and "Failed to fetch" in message.text:  # as htmx says it
            return
        self._note("console", f"{message.text} ({message.location.get('url')})")

    def _see_failure(self, failure: WebError) -> None:
        self._note("script", str(failure.error))
