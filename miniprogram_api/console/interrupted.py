"""What somebody was about to do when the console asked who they are: nothing has to be typed again."""

import json
from dataclasses import dataclass
from typing import Any

from flask import current_app, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from miniprogram_api.web import cookies

_SAFE = {"GET", "HEAD", "OPTIONS"}
_SECRET = {"csrf_token", "ticket", "code", "token", "password", "current_password", "new_password"}
_MOST_CHARS = 200_000


@dataclass(frozen=True, slots=True)
class Act:
    """Where somebody was going, and what they were sending there, if anything."""

    address: str
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def fields_text(self) -> str:
        """The fields as a form carries them along."""
        return json.dumps(self.fields, ensure_ascii=False)

    def go_on(self) -> Response:
        """On to where it was going; what was being sent is shown to be sent."""
        if self.fields:
            return current_app.make_response(render_template("console/account/go_on.html", act=self))
        return redirect(self.address if _can_be_opened(self.address) else url_for("console.start"), 303)


def act_at_hand() -> Act:
    """What the request at hand was about to do. Files and secrets do not go along."""
    # A part of a page is nothing to come back to; of a form what it is about may stand in its address.
    is_part = bool(request.headers.get("HX-Request"))
    address = request.path if is_part else request.full_path.rstrip("?")
    if request.method in _SAFE:
        return Act(address)
    return Act(address, _kept(request.form.items(multi=True)))


def carried_act() -> Act:
    """What a form or an address of ours carries along; the start page where it is none of ours."""
    wanted = request.values.get("next", "")
    is_ours = wanted.startswith(cookies.PAGES) and "\\" not in wanted
    if not is_ours:
        return Act(url_for("console.start"))
    return Act(wanted, _kept(_pairs(request.form.get("fields", ""))))


def _kept(pairs: Any) -> tuple[tuple[str, str], ...]:
    kept = tuple((name, value) for name, value in pairs if name not in _SECRET)
    return kept if sum(len(name) + len(value) for name, value in kept) <= _MOST_CHARS else ()


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        found = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return []
    if not isinstance(found, list):
        return []
    return [(pair[0], pair[1]) for pair in found if _is_pair(pair)]


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)


def _can_be_opened(address: str) -> bool:
    try:
        endpoint, _ = current_app.url_map.bind(request.host).match(address.partition("?")[0], method="GET")
    except HTTPException:
        return False
    return bool(endpoint != "console.refuse_unknown")
