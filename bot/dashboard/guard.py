"""What stands before every page: who may ask, what may be asked, and what a page may do.

Rules, with the exceptions:

- GET and HEAD only; nothing can be changed, so nothing else has a meaning.
- The name that the browser asked for must be one of ours, with our port. A page of another site
  that has its own name resolve to 127.0.0.1 (DNS rebinding) is refused by that.
- From anywhere but the loopback, or where it has a further name, a token is asked for: as
  ``Authorization: Bearer``, or once in the address as ``?token=``, which becomes a cookie and
  leaves the address.
- Of Datasette's own services only its static files are passed on.
- The page of the evidence is a file with its scripts in it: it may run them, and reach nothing.
- Every other page loads nothing from anywhere else, and runs no script but ours and those that
  Datasette brings. No page is shown in a frame, or kept by caches.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import parse_qsl, quote, urlencode

from bot.review.pages.look import FILE_POLICY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping

    Scope: TypeAlias = MutableMapping[str, Any]
    Message: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Message]]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]
    App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE: Final = "steward_token"
ASSETS: Final = "/assets/"
OWN_SERVICES: Final = "/-/"
STATIC: Final = "/-/static/"
EVIDENCE: Final = "/evidence/page"

_INLINE: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_ALLOW_FACET: Final = "{{ datasette_allow_facet }}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Who is let in.

    Parameters
    ----------
    names
        Values of ``Host`` that are ours, in lower case, with and without the port as the browser
        writes it.
    token
        What has to be shown; ``None`` asks for nothing.
    """

    names: frozenset[str]
    token: str | None


class Guard:
    """The dashboard behind its door."""

    def __init__(self, app: App, door: Door) -> None:
        self._app = app
        self._door = door
        self._headers = tuple(_headers(content_policy()))
        self._of_file = tuple(_headers(f"{FILE_POLICY}; frame-ancestors 'none'"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            refusal = self._refusal(scope)
            if refusal is None:
                await self._app(scope, receive, self._with_headers(scope, send))
            else:
                await _answer(refusal, self._with_headers(scope, send))

    def _refusal(self, scope: Scope) -> Refusal | None:
        """Return why a request is not passed on; ``None`` when it is."""
        if scope["method"] not in {"GET", "HEAD"}:
            return Refusal(status=405, text="the dashboard only shows: GET and HEAD")
        headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
        host = headers.get("host", b"").decode("latin-1").lower()
        if host not in self._door.names:
            return Refusal(status=421, text=f"{host or 'no name'}: is no name of this dashboard")
        path = scope["path"]
        if path.startswith(OWN_SERVICES) and not path.startswith(STATIC):
            return Refusal(status=404, text=f"{path}: is not served")
        return self._token_refusal(scope, headers)

    def _token_refusal(self, scope: Scope, headers: Mapping[str, bytes]) -> Refusal | None:
        token = self._door.token
        if token is None:
            return None
        if _same(_bearer(headers), token) or _same(_cookie(headers), token):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if any(name == "token" and _same(value, token) for name, value in query):
            rest = urlencode([(name, value) for name, value in query if name != "token"])
            cookie = f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict"
            path = quote(f"/{scope['path'].lstrip('/')}")
            where = f"{path}?{rest}" if rest else path
            return Refusal(status=303, text="", more=(("location", where), ("set-cookie", cookie)))
        return Refusal(
            status=401,
            text="the token is missing or wrong: open the address that `steward dashboard` printed",
            more=(("www-authenticate", "Bearer"),),
        )

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        kept = scope["path"].startswith((ASSETS, STATIC))
        caching = "private, max-age=3600" if kept else "no-store"
        demanded = self._of_file if scope["path"] == EVIDENCE else self._headers

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = {name for name, _ in demanded} | {b"cache-control"}
                theirs = [pair for pair in message["headers"] if pair[0].lower() not in ours]
                added = [*demanded, (b"cache-control", caching.encode("ascii"))]
                message = {**message, "headers": [*theirs, *added]}
            await send(message)

        return sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer in place of a page."""

    status: int
    text: str
    more: tuple[tuple[str, str], ...] = ()


async def _answer(refusal: Refusal, send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    headers += [(name.encode("ascii"), value.encode("latin-1")) for name, value in refusal.more]
    body = f"{refusal.text}\n".encode()
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _same(shown: str | None, token: str) -> bool:
    """Compare in a time that does not tell how much of it is right."""
    return shown is not None and hmac.compare_digest(shown.encode(), token.encode())


def _bearer(headers: Mapping[str, bytes]) -> str | None:
    kind, _, shown = headers.get("authorization", b"").decode("latin-1").partition(" ")
    return shown if kind.lower() == "bearer" else None


def _cookie(headers: Mapping[str, bytes]) -> str | None:
    try:
        found = SimpleCookie(headers.get("cookie", b"").decode("latin-1")).get(COOKIE)
    except CookieError:
        return None
    return None if found is None else found.value


def _headers(policy: str) -> Iterator[tuple[bytes, bytes]]:
    for name, value in {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }.items():
        yield name.encode("ascii"), value.encode("ascii")


def content_policy() -> str:
    """Return what a page may do: nothing from elsewhere, and no script that we do not know.

    Datasette has a few scripts in its pages; they are allowed one by one, by their hashes. Styles
    may stand in a page: charts and Datasette set widths and colours so.
    """
    scripts = " ".join(f"'sha256-{digest}'" for digest in _known_scripts())
    return (
        f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def _known_scripts() -> list[str]:
    """Return the hashes of the scripts in the pages of the Datasette that is installed."""
    found: set[str] = set()
    for template in files("datasette").joinpath("templates").iterdir():
        for script in _INLINE.findall(template.read_text(encoding="utf-8")):
            if _ALLOW_FACET in script:
                found |= {script.replace(_ALLOW_FACET, word) for word in ("true", "false")}
            elif "{{" not in script and "{%" not in script:
                found.add(script)
    digests = (hashlib.sha256(script.encode()).digest() for script in found)
    return sorted(base64.b64encode(digest).decode("ascii") for digest in digests)
