"""The registry's own HTTP API, Contract A: bearer tokens, bounded answers, problems by their codes."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from config.registry import RegistrySettings
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.outbound import Outbound, OutboundFailed, OutboundRefused, Reply
from miniprogram_api.registry.sources import reading
from miniprogram_api.registry.sources.credentials import Credentials
from miniprogram_api.registry.sources.port import (
    ChangePage,
    CursorExpired,
    Dictionary,
    Filed,
    SnapshotPage,
    SourceRefused,
    SourceUnavailable,
    Versioned,
)

PAGE = 500
_TRIES = 3  # of a call that only reads
_MOST_BYTES = 64 * 1024 * 1024
_TOTAL_S = 40
_PASSING = {502, 503, 504}
_VOID_CURSOR = {"cursor_expired", "invalid_cursor"}


class ApiSource:
    """The port over HTTP. Safe to use from several threads."""

    def __init__(self, settings: RegistrySettings, *, now: Callable[[], datetime] = clock.now) -> None:
        self._base = settings.api_base
        self._now = now
        self._outbound = Outbound(
            allow_loopback=settings.allow_loopback,
            total_timeout_s=_TOTAL_S,
            max_bytes=_MOST_BYTES,
            networks=settings.networks,
        )
        self._credentials = Credentials(
            self._outbound,
            token_url=f"{self._base}/oauth/token",
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            private_key_file=settings.private_key_file,
            now=now,
        )

    def list_changes(self, cursor: str | None, *, limit: int) -> ChangePage:
        """See the port."""
        params: dict[str, Any] = {"limit": limit} | ({} if cursor is None else {"cursor": cursor})
        answer = reading.mapping(self._read("/projects/changes", params=params))
        return ChangePage(
            feed_epoch=reading.text(answer.get("feed_epoch"), longest=80),
            items=reading.items(answer.get("items")),
            next_cursor=reading.text(answer.get("next_cursor")),
            has_more=answer.get("has_more") is True,
            as_of=reading.instant(answer.get("as_of")),
        )

    def read_snapshot(
        self, *, snapshot_id: str | None, cursor: str | None, digests_only: bool
    ) -> SnapshotPage:
        """See the port."""
        params: dict[str, Any] = {
            "snapshot": snapshot_id or "new",
            "view": "digest" if digests_only else "full",
            "limit": PAGE,
        }
        if cursor is not None:
            params["cursor"] = cursor
        answer = reading.mapping(self._read("/projects", params=params))
        return SnapshotPage(
            snapshot_id=reading.text(answer.get("snapshot"), longest=200),
            feed_epoch=reading.text(answer.get("feed_epoch"), longest=80),
            resume_cursor=reading.text(answer.get("resume_cursor")),
            items=reading.items(answer.get("items")),
            next_cursor=reading.optional_text(answer.get("next_cursor")),
            as_of=reading.instant(answer.get("as_of")),
        )

    def get_project(self, project_id: str, *, etag: str | None = None) -> Versioned | None:
        """See the port. The tag is made from what the record says: a header may lie."""
        headers = {} if etag is None else {"If-None-Match": etag}
        reply = self._call("GET", f"/projects/{quote(project_id, safe='')}", headers=headers)
        if reply.status == HTTPStatus.NOT_MODIFIED:
            if etag is not None and reply.headers.get("ETag", etag) == etag:
                return Versioned(etag, None)
            return self.get_project(project_id) if etag is not None else None
        if reply.status == HTTPStatus.NOT_FOUND:
            return None
        removed = reply.status == HTTPStatus.GONE
        if not removed:
            self._check(reply)
        record = reading.mapping(reading.parse_json(reply.content))
        if "version" not in record:
            raise SourceUnavailable("malformed")
        return Versioned(f'"v{record.get("version")}-{record.get("digest")}"', record, removed)

    def get_dictionary(self, name: str) -> Dictionary:
        """See the port."""
        return reading.dictionary(name, self._read(f"/dictionaries/{name}"))

    def file_correction(self, correction: Mapping[str, Any], *, key: str) -> Filed:
        """See the port."""
        headers = {"Idempotency-Key": key}
        return self._filed("POST", "/corrections", "correction_id", json=dict(correction), headers=headers)

    def get_correction(self, correction_id: str) -> Filed:
        """See the port."""
        return self._filed("GET", f"/corrections/{quote(correction_id, safe='')}", "correction_id")

    def file_objection(
        self, objection: Mapping[str, Any], *, files: Sequence[tuple[str, str, bytes]], key: str
    ) -> Filed:
        """See the port."""
        told = json.dumps(objection, ensure_ascii=False).encode()
        parts: list[tuple[str, Any]] = [("objection", ("objection.json", told, "application/json"))]
        parts += [("file", (name, content, kind)) for name, kind, content in files]
        headers = {"Idempotency-Key": key}
        return self._filed("POST", "/objections", "objection_id", files=parts, headers=headers)

    def get_objection(self, objection_id: str) -> Filed:
        """See the port."""
        return self._filed("GET", f"/objections/{quote(objection_id, safe='')}", "objection_id")

    def _filed(self, method: str, path: str, id_name: str, **options: Any) -> Filed:
        reply = self._call(method, path, **options)
        self._check(reply)
        return reading.filed(reading.parse_json(reply.content), id_name=id_name)

    def _read(self, path: str, **options: Any) -> Any:
        """What a GET answers; a body that was cut off is asked for again."""
        for left in range(_TRIES - 1, -1, -1):
            reply = self._call("GET", path, **options)
            self._check(reply)
            try:
                return reading.parse_json(reply.content)
            except SourceUnavailable:
                if not left:
                    raise
        raise AssertionError("unreachable")

    def _call(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Reply:
        """One call, with another token if ours is refused; only what reads is sent more than once."""
        tries = _TRIES if method == "GET" else 1
        refused: str | None = None
        while True:
            tries -= 1
            token = self._credentials.token(other_than=refused)
            sent = {**(headers or {}), "Authorization": f"Bearer {token}", "Accept": "application/json"}
            try:
                reply = self._outbound.request(method, self._base + path, headers=sent, **options)
            except OutboundRefused as error:
                raise SourceUnavailable(f"address: {error.reason}") from None
            except OutboundFailed as error:
                if tries > 0:
                    continue
                raise SourceUnavailable(error.reason) from None
            if reply.status == HTTPStatus.UNAUTHORIZED and refused is None:
                # Refused before anything was done: another token, and this time counts for nothing.
                refused, tries = token, max(tries, 1)
                continue
            if reply.status not in _PASSING or tries <= 0 or reading.asked_wait(reply, self._now()):
                return reply

    def _check(self, reply: Reply) -> None:
        """Raises what a problem means."""
        if 200 <= reply.status < 300:
            return
        code = _code_of(reply)
        if code in _VOID_CURSOR:
            raise CursorExpired
        if reply.status in {401, 403, 429} or not 400 <= reply.status < 500:
            raise SourceUnavailable(f"{reply.status} {code}", reading.asked_wait(reply, self._now()))
        raise SourceRefused(reply.status, code)


def _code_of(reply: Reply) -> str:
    try:
        problem = json.loads(reply.content[:65_536])
    except (ValueError, RecursionError):
        return "unknown"
    code = problem.get("code") if isinstance(problem, dict) else None
    return code[:60] if isinstance(code, str) and code.isidentifier() else "unknown"
