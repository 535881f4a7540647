"""A browser without scripts: it keeps cookies, sends forms with their token, and reads pages."""

import html
import re
from html.parser import HTMLParser
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class PageClient:
    """Somebody at the console. `last` is the page at hand."""

    def __init__(self, app: Flask, token: str = "", *, cookie: str = "sid") -> None:
        self.client: FlaskClient = app.test_client()
        self._csrf = ""
        if token:
            self.client.set_cookie(cookie, token)

    def get(self, path: str, **options: Any) -> TestResponse:
        """Open a page."""
        return self._seen(self.client.get(path, **options))

    def post(self, path: str, fields: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form, with the token that pages put into forms."""
        data = {"csrf_token": self._token()} | (fields or {})
        return self._seen(self.client.post(path, data=data, **options))

    def follow(self, answer: TestResponse) -> TestResponse:
        """Go where an answer sends one."""
        assert answer.status_code == 303, f"{answer.status_code}: {text_of(answer)[:600]}"
        return self.get(answer.headers["Location"])

    def _token(self) -> str:
        if not self._csrf:
            self.get("/console/sign-in")
        return self._csrf

    def _seen(self, answer: TestResponse) -> TestResponse:
        if any(cookie.startswith("console=;") for cookie in answer.headers.getlist("Set-Cookie")):
            self._csrf = ""
        found = _TOKEN.search(answer.text) if answer.mimetype == "text/html" else None
        if found:
            self._csrf = found.group(1)
        return answer


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.words.append(data.strip())


def text_of(answer: TestResponse) -> str:
    """What a page says, without its markup."""
    words = _Words()
    words.feed(answer.text)
    return " ".join(words.words)


def title_of(answer: TestResponse) -> str:
    """What the tab of the browser says."""
    found = re.search(r"<title>(.*?)</title>", answer.text, re.DOTALL)
    assert found, answer.text[:400]
    return found.group(1).strip()


def hidden(answer: TestResponse, name: str) -> str:
    """What a form carries along unseen."""
    found = re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', answer.text)
    assert found, f"no hidden {name}"
    return found.group(1)


def carried(answer: TestResponse, step: str) -> dict[str, str]:
    """What a preview sends again with the button of a step."""
    for form in re.findall(r"<form.*?</form>", answer.text, re.DOTALL):
        fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form))
        if fields.pop("csrf_token", None) and fields.get("step") == step:
            return {name: html.unescape(value) for name, value in fields.items()}
    raise AssertionError(f"no form for the step {step}: {text_of(answer)[:600]}")
