"""The desk of the other browser tests sees what it promises to see: each fault is shown to it once."""

import pytest
from flask import Flask, Response, request
from playwright.sync_api import Browser, expect

from miniprogram_api.identity.permissions import Role
from tests.support.desk import PHONE, Desk, seated

pytestmark = pytest.mark.once

_POLICY = "default-src 'self'; img-src *; base-uri 'none'; form-action 'self'"
_FINE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>示例</title>
<link rel="icon" href="/_test/script.js"></head><body>
<main><h1>示例</h1><a href="/_test/fine">下一页</a> <button type="button">保存</button>%s</main>
</body></html>"""
_FAULTS = {
    "outside request": '<img alt="" src="http://example.com/picture.png">',
    "content security policy": "<p style='color: red'>红字</p>",
    "axe": '<img src="/_test/script.js?picture">',
    "console": '<script src="/_test/script.js?console.error(1)"></script>',
    "script": '<script src="/_test/script.js?undefined.name"></script>',
    "unexpected answer": '<script src="/_test/none/missing.js"></script>',
    "scrolls sideways": '<svg width="5000" height="1" aria-hidden="true"></svg>',
}


@pytest.fixture
def app(app: Flask) -> Flask:
    """The product with pages of a test's making beside it, under the console's policy."""

    def answer(body: str, mimetype: str = "text/html", status: int = 200) -> Response:
        policy = {"Content-Security-Policy": _POLICY}
        return Response(body, mimetype=mimetype, status=status, headers=policy)

    def page(name: str) -> Response:
        fault = {name.replace(" ", "-"): html for name, html in _FAULTS.items()}.get(name, "")
        return answer(_FINE % fault)

    def refused() -> Response:
        return answer(_FINE % "", status=422)

    def script() -> Response:
        return answer(request.query_string.decode(), "text/javascript")

    def cookie() -> Response:
        return answer(_FINE % ("mp" if "sid" not in request.cookies else request.cookies["sid"][:3]))

    app.add_url_rule("/_test/<name>", view_func=page)
    app.add_url_rule("/_test/refused", view_func=refused)
    app.add_url_rule("/_test/script.js", view_func=script)
    app.add_url_rule("/_test/cookie", view_func=cookie)
    return app


def test_a_page_without_a_fault_passes(desk: Desk) -> None:
    desk.visit("/_test/fine")
    expect(desk.page.get_by_role("heading", name="示例")).to_be_visible()
    assert desk.page.evaluate("[navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone]") == [
        "zh-CN",
        "Asia/Shanghai",
    ]


@pytest.mark.parametrize("fault", _FAULTS)
def test_a_fault_is_seen(browser: Browser, app: Flask, fault: str) -> None:
    with pytest.raises(AssertionError) as raised, seated(browser, app) as desk:
        desk.visit(f"/_test/{fault.replace(' ', '-')}")
    found = {line.partition(": ")[0] for line in str(raised.value).splitlines()}
    # Chromium logs some of the others too.
    assert {fault} <= found <= {fault, "console"}


def test_a_page_that_was_left_was_looked_at_before(browser: Browser, app: Flask) -> None:
    def leave(desk: Desk) -> None:
        desk.visit("/_test/fine")
        desk.page.evaluate("document.querySelector('button').textContent = ''")
        desk.page.get_by_role("link", name="下一页").click()
        expect(desk.page.get_by_role("button", name="保存")).to_be_visible()

    with pytest.raises(AssertionError, match="axe: /_test/fine "), seated(browser, app) as desk:
        leave(desk)


def test_an_error_that_is_expected_may_come_and_must(browser: Browser, app: Flask) -> None:
    with seated(browser, app) as desk:
        desk.visit("/_test/refused", status=422)
    with pytest.raises(AssertionError, match="expected a 404"), seated(browser, app) as desk:
        desk.expects(404)


def test_without_a_network_nothing_loads_and_that_is_no_fault(desk: Desk) -> None:
    desk.visit("/_test/fine")
    with desk.offline():
        assert desk.page.evaluate("fetch('/_test/fine').catch(error => error.name)") == "TypeError"
    assert desk.page.evaluate("fetch('/_test/fine').then(answer => answer.status)") == 200


def test_somebody_is_signed_in_by_a_cookie(desk: Desk) -> None:
    desk.sign_in(Role.AUDITOR)
    desk.visit("/_test/cookie")
    expect(desk.page.get_by_text("st_")).to_be_visible()


def test_the_keyboard_reaches_what_can_be_focused_and_shows_it(desk: Desk) -> None:
    desk.visit("/_test/fine")
    desk.tab_to(desk.page.get_by_role("button", name="保存"))
    with pytest.raises(AssertionError, match="not reached"):
        desk.tab_to(desk.page.get_by_role("heading"), within=5)


def test_the_window_becomes_a_phone(desk: Desk) -> None:
    desk.visit("/_test/fine")
    desk.resize(PHONE)
    assert desk.page.evaluate("innerWidth") == PHONE[0]
