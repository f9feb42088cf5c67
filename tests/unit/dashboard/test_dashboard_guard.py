"""The door of the dashboard: who may ask, what may be asked, and what a page may do."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from bot.core.errors import ConfigError
from bot.dashboard.guard import Door, Guard, content_policy
from bot.dashboard.serve import listen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.dashboard.serve import Address

TOKEN = "a-token-of-24-bytes"  # noqa: S105 - of this test
LOCAL = Door(names=frozenset({"127.0.0.1:8001", "localhost:8001"}), token=None)
REMOTE = Door(names=frozenset({"bot.lan:8001"}), token=TOKEN)


@dataclass(slots=True)
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


async def page(_scope: Any, _receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"text/html"), (b"cache-control", b"max-age=9")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"a page"})


def ask(door: Door, target: str = "/", *, method: str = "GET", **headers: str) -> Answer:
    """Ask for a page through the guard, as a server would pass it on."""
    answer = Answer()
    path, _, query = target.partition("?")

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            answer.body += message["body"].decode()

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(Guard(page, door)(scope, None, send))  # type: ignore[arg-type]
    return answer


@pytest.mark.parametrize("host", ["127.0.0.1:8001", "localhost:8001", "LOCALHOST:8001"])
def test_a_name_of_ours_is_let_in(host: str) -> None:
    assert ask(LOCAL, host=host).body == "a page"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8001", "127.0.0.1:80", ""])
def test_another_name_is_refused_though_it_leads_here(host: str) -> None:
    answer = ask(LOCAL, host=host)

    assert answer.status == 421
    assert "a page" not in answer.body


def test_a_request_without_a_name_is_refused() -> None:
    assert ask(LOCAL).status == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT"])
def test_nothing_but_reading_is_served(method: str) -> None:
    answer = ask(LOCAL, method=method, host="localhost:8001")

    assert (answer.status, answer.body) == (405, "the dashboard only shows: GET and HEAD\n")


def test_head_is_reading() -> None:
    assert ask(LOCAL, method="HEAD", host="localhost:8001").status == 200


@pytest.mark.parametrize("path", ["/-/settings", "/-/auth-token", "/-/permissions", "/-/metadata"])
def test_services_of_datasette_are_not_passed_on(path: str) -> None:
    assert ask(LOCAL, path, host="localhost:8001").status == 404


def test_static_files_of_datasette_are() -> None:
    assert ask(LOCAL, "/-/static/app.css", host="localhost:8001").status == 200


def test_from_elsewhere_nothing_is_shown_without_the_token() -> None:
    answer = ask(REMOTE, host="bot.lan:8001")

    assert answer.status == 401
    assert "a page" not in answer.body


@pytest.mark.parametrize(
    "headers",
    [{"authorization": "Bearer wrong"}, {"cookie": "steward_token=wrong"}, {"cookie": "\x00=;;"}],
)
def test_a_wrong_token_opens_nothing(headers: dict[str, str]) -> None:
    assert ask(REMOTE, host="bot.lan:8001", **headers).status == 401


@pytest.mark.parametrize(
    "headers", [{"authorization": f"Bearer {TOKEN}"}, {"cookie": f"a=b; steward_token={TOKEN}"}]
)
def test_the_token_opens(headers: dict[str, str]) -> None:
    assert ask(REMOTE, host="bot.lan:8001", **headers).body == "a page"


def test_a_token_in_the_address_becomes_a_cookie_and_leaves_the_address() -> None:
    answer = ask(REMOTE, f"/execution?state=filled&token={TOKEN}", host="bot.lan:8001")

    assert answer.status == 303
    assert answer.headers["location"] == "/execution?state=filled"
    cookie = f"steward_token={TOKEN}; Path=/; HttpOnly; SameSite=Strict"
    assert answer.headers["set-cookie"] == cookie


def test_a_token_from_elsewhere_does_not_open_another_name() -> None:
    answer = ask(REMOTE, host="evil.example", authorization=f"Bearer {TOKEN}")

    assert answer.status == 421


def test_every_answer_forbids_what_a_page_does_not_need() -> None:
    for answer in (ask(LOCAL, host="localhost:8001"), ask(LOCAL, host="evil.example")):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self' 'sha256-")
        assert "frame-ancestors 'none'" in policy
        assert "http" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


def test_the_page_of_the_evidence_may_run_its_own_scripts_and_reach_nothing() -> None:
    policy = ask(LOCAL, "/evidence/page", host="localhost:8001").headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'unsafe-inline'" in policy
    assert "connect-src" not in policy
    assert "frame-ancestors 'none'" in policy


def test_files_that_do_not_change_may_be_kept() -> None:
    answer = ask(LOCAL, "/assets/plotly.js", host="localhost:8001")

    assert answer.headers["cache-control"] == "private, max-age=3600"


def test_no_script_may_stand_in_a_page_but_those_that_datasette_brings() -> None:
    scripts = re.search(r"script-src ([^;]+);", content_policy())
    evil = base64.b64encode(hashlib.sha256(b"alert(1)").digest()).decode()

    assert scripts is not None
    assert "unsafe-inline" not in scripts.group(1)
    assert "unsafe-eval" not in scripts.group(1)
    assert evil not in scripts.group(1)


@pytest.fixture
def loopback() -> Iterator[Address]:
    address = listen("127.0.0.1", 0)
    yield address
    address.listening.close()


def test_the_loopback_asks_for_no_token(loopback: Address) -> None:
    port = loopback.listening.getsockname()[1]

    assert loopback.door.token is None
    assert loopback.url == f"http://127.0.0.1:{port}/"
    assert loopback.door.names >= {f"127.0.0.1:{port}", f"localhost:{port}"}


def test_a_port_in_use_is_one_line_with_a_remedy(loopback: Address) -> None:
    port = loopback.listening.getsockname()[1]

    with pytest.raises(ConfigError) as fault:
        listen("127.0.0.1", port)

    assert len(fault.value.faults) == 1
    assert f"127.0.0.1:{port}: " in str(fault.value)
    assert "name another with --port" in str(fault.value)


def test_any_other_address_asks_for_a_token_and_knows_only_its_names() -> None:
    address = listen("0.0.0.0", 0, names=["Bot.LAN"])  # noqa: S104 - closed at once
    address.listening.close()
    port = address.listening.getsockname()[1] if address.listening.fileno() >= 0 else None

    assert port is None
    assert address.door.token is not None
    assert len(address.door.token) >= 32
    assert address.url.endswith(f"/?token={address.door.token}")
    assert any(name.startswith("bot.lan:") for name in address.door.names)
    assert not any(name.startswith("localhost") for name in address.door.names)


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("//evil.example/x", "/evil.example/x"),
        ("/condors/\u00e4 b\r\nx: y", None),
        ("/\u20ac", None),
    ],
)
def test_the_token_leads_to_a_page_of_ours_only(path: str, where: str | None) -> None:
    location = ask(REMOTE, f"{path}?token={TOKEN}", host="bot.lan:8001").headers["location"]

    assert re.fullmatch(r"/[A-Za-z0-9._~%-][A-Za-z0-9._~%/-]*", location)
    assert where is None or location == where


def test_an_address_that_is_taken_is_named_once() -> None:
    with listen("127.0.0.1", 0).listening as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError) as caught:
            listen("127.0.0.1", port)

    remedy = "name another with --port or --host"
    assert str(caught.value) == f"127.0.0.1:{port}: address already in use; {remedy}"


def test_a_further_name_asks_for_a_token_on_the_loopback_too() -> None:
    """A proxy on this machine hands on, from the loopback, what others ask under that name."""
    alone, named = listen("127.0.0.1", 0), listen("127.0.0.1", 0, names=["bot.lan"])
    alone.listening.close()
    named.listening.close()

    assert alone.door.token is None
    assert named.door.token is not None
    assert "bot.lan" in named.door.names
    assert "localhost" in named.door.names
