"""The HTTP door as one person sees it."""

import secrets
import time
from typing import Any

import httpx

PREFIX = "/api/v1"
TIMEOUT_SECONDS = 300
HTTP_ERROR = 400
UNDER_WAY = {"queued", "running"}
POLL_SECONDS = 0.1

Json = dict[str, Any]


class DoorRefused(Exception):
    """The service refused a step of the trail; the text is its own words."""

    def __init__(self, step: str, reply: httpx.Response) -> None:
        super().__init__(f"{step}: {reply.status_code} {reply.text[:2000]}")


class Door:
    """One person, logged in; every call is one of the service's own routes."""

    def __init__(self, base_url: str, username: str, password: str) -> None:
        self.username = username
        self.password = password
        self._http = httpx.Client(base_url=base_url + PREFIX, timeout=TIMEOUT_SECONDS)
        self.log_in()

    def log_in(self) -> None:
        """Takes a new token; the old ones end after a quarter of an hour."""
        form = {"grant_type": "password", "username": self.username, "password": self.password}
        reply = self._http.post("/token", data=form)
        if reply.status_code >= HTTP_ERROR:
            raise DoorRefused(f"log in as {self.username}", reply)
        self._http.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"

    def get(self, path: str, **query: Any) -> Json:
        """Reads one answer."""
        return self._done("GET", path, params=query)

    def all(self, path: str, **query: Any) -> list[Json]:
        """Reads every page of a list."""
        items: list[Json] = []
        page = self.get(path, limit=200, **query)
        items += page["items"]
        while page["next"] is not None:
            page = self.get(path, limit=200, cursor=page["next"], **query)
            items += page["items"]
        return items

    def post(self, path: str, body: Json | None = None, **more: Any) -> Json:
        """Does something, once: every call carries a key of its own."""
        headers = {"Idempotency-Key": secrets.token_hex(16), **more.pop("headers", {})}
        return self._done("POST", path, json=body, headers=headers, **more)

    def put(self, path: str, body: Json, *, etag: str | None = None) -> Json:
        """Writes what is to stand there."""
        return self._done("PUT", path, json=body, headers={"If-Match": etag} if etag else {})

    def upload(self, path: str, form: Json, name: str, content: bytes) -> Json:
        """Hands in a file with its form."""
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        return self._done("POST", path, data=form, files={"file": (name, content)}, headers=headers)

    def outcome(self, path: str, job: Json) -> Json:
        """What became of a file handed in, once the worker has dealt with it."""
        while job["state"] in UNDER_WAY:
            time.sleep(POLL_SECONDS)
            job = self.get(f"{path}/{job['id']}")
        return job

    def download(self, path: str) -> bytes:
        """Takes a file as it is."""
        return self._call("GET", path).content

    def close(self) -> None:
        """Hangs up."""
        self._http.close()

    def _done(self, method: str, path: str, **more: Any) -> Json:
        reply = self._call(method, path, **more)
        answer: Json = reply.json() if reply.content else {}
        return answer

    def _call(self, method: str, path: str, **more: Any) -> httpx.Response:
        reply = self._http.request(method, path, **more)
        if reply.status_code == httpx.codes.UNAUTHORIZED:
            self.log_in()
            reply = self._http.request(method, path, **more)
        if reply.status_code >= HTTP_ERROR:
            raise DoorRefused(f"{self.username}: {method} {path}", reply)
        return reply
