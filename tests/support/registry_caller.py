"""A raw HTTP caller of the fake registry; it knows the contract and nothing of the application."""

from typing import Any

import requests

from miniprogram_api.devtools.fake_registry import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, FakeRegistry


class RegistryCaller:
    """Calls with a token of the demonstration's client."""

    def __init__(self, fake: FakeRegistry) -> None:
        self.fake = fake
        self.http = requests.Session()
        self.http.trust_env = False
        self.token = self.fetch_token().json()["access_token"]

    def fetch_token(self, **changes: str) -> requests.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": DEMO_CLIENT_ID,
            "client_secret": DEMO_CLIENT_SECRET,
        } | changes
        return self.http.post(f"{self.fake.api_base}/oauth/token", data=form, timeout=5)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        return self.http.request(method, f"{self.fake.api_base}{path}", headers=headers, timeout=5, **options)

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.call("GET", path, params=params)

    def changes(self, cursor: str | None = None, **params: Any) -> Any:
        """A page of the feed, which must come."""
        answer = self.get("/projects/changes", cursor=cursor, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def all_changes(self, *, limit: int = 100) -> list[Any]:
        """Every record of the feed, page by page."""
        items: list[Any] = []
        page = self.changes(limit=limit)
        items += page["items"]
        while page["has_more"]:
            page = self.changes(page["next_cursor"], limit=limit)
            items += page["items"]
        return items

    def control(self, method: str, path: str, /, **fields: Any) -> Any:
        """A control call, which must work."""
        answer = self.ask_control(method, path, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ask_control(self, method: str, path: str, /, **fields: Any) -> requests.Response:
        return self.http.request(method, f"{self.fake.base_url}/_fake/{path}", json=fields or None, timeout=5)

    def close(self) -> None:
        self.http.close()
