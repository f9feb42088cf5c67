"""Our pages as a plugin of Datasette, which serves the tables."""

from __future__ import annotations

import asyncio
import gzip
import traceback
from typing import TYPE_CHECKING, Any, Final

from datasette import NotFound, Response, hookimpl
from datasette.views.base import DatasetteError

from bot.core.errors import ConfigError, NotInLedgerError, StewardError
from bot.dashboard.site import LINKED, PAGES, Site
from bot.review.pages.look import plotly_script, render, template_text

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT: Final = "text/javascript; charset=utf-8"
ASSETS: Final[dict[str, tuple[str, str]]] = {
    "style.css": ("style.css", "text/css; charset=utf-8"),
    "tables.css": ("tables.css", "text/css; charset=utf-8"),
    "charts.js": ("charts.js", SCRIPT),
    "refresh.js": ("refresh.js", SCRIPT),
}
FAULT: Final = 500
TITLES: Final = {
    400: "Not understood",
    403: "Not given out",
    404: "Not there",
    503: "The ledger cannot be read",
}
OURS: Final = r"/(?!(?:ledger|assets|pulse|favicon\.ico|-)(?:[/.]|$)).*$"
"""Every path but those of Datasette and of files: what is no page is told by us."""


@hookimpl(tryfirst=True)  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    """Put our pages before those of Datasette."""
    return [(OURS, page), (r"/assets/(?P<name>[a-z.]+)$", asset), (r"/pulse$", pulse)]


@hookimpl  # type: ignore[untyped-decorator]
def extra_css_urls() -> list[str]:
    """Give the tables our colours."""
    return ["/assets/tables.css"]


@hookimpl  # type: ignore[untyped-decorator]
def menu_links() -> list[dict[str, str]]:
    """Lead from the tables back to the pages."""
    return [{"href": path, "label": name} for path, name in PAGES]


@hookimpl  # type: ignore[untyped-decorator]
def handle_exception(request: Any, exception: Exception) -> Response:  # noqa: ANN401 - of Datasette, which has no types
    """Say in one line what is wrong; only a fault of the program leaves a trace in the terminal.

    It stands in the place of Datasette's own, which prints a trace with the variables of every
    frame, the request and its cookies among them, for a mistyped query as well.
    """
    status = getattr(exception, "status", None) or FAULT
    if status == FAULT:
        traceback.print_exception(exception)
    text = _words(request.path, exception)
    if request.path.partition("?")[0].endswith(".json"):
        return Response.json({"ok": False, "error": text, "status": status}, status=status)
    return _fault(status, text)


def _words(path: str, exception: Exception) -> str:
    if isinstance(exception, NotFound):
        return f"{path}: is no page of the dashboard"
    if isinstance(exception, DatasetteError):
        if exception.message_is_html:
            return "the query took too long: ask for less at once"
        return str(exception.message)
    return f"{type(exception).__name__}: {exception}"


async def page(datasette: Any, request: Any) -> Response:  # noqa: ANN401 - of Datasette, which has no types
    """Answer with one of our pages, or with what is wrong in one line."""
    site: Site = datasette.steward_site
    query = {name: request.args[name] for name in request.args}
    try:
        made = await asyncio.to_thread(site.page, request.path, query)
    except NotInLedgerError as fault:
        return _fault(404, str(fault))
    except ConfigError as fault:
        return _fault(400, str(fault))
    except StewardError as fault:
        return _fault(503, str(fault))
    return Response.html(made)


def _fault(status: int, text: str) -> Response:
    """Say in one line what is wrong, on a page that leads back."""
    content = {"nav": PAGES, "at": "", "title": TITLES.get(status, "Not shown"), "text": text}
    return Response.html(render("fault.html", LINKED, **content), status=status)


async def pulse(datasette: Any) -> Response:  # noqa: ANN401 - of Datasette, which has no types
    """Answer with a text that changes when there is news."""
    try:
        return Response.text(await asyncio.to_thread(datasette.steward_site.pulse))
    except StewardError as fault:
        return Response.text(f"{fault}\n", status=503)


async def asset(request: Any) -> Response:  # noqa: ANN401 - of Datasette, which has no types
    """Answer with the style, a script, or plotly, compressed where the browser can read that."""
    name = request.url_vars["name"]
    if name == "plotly.js":
        packed = plotly_script()
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers = {"content-encoding": "gzip", "vary": "accept-encoding"}
            return Response(packed, headers=headers, content_type=SCRIPT)
        return Response(gzip.decompress(packed), content_type=SCRIPT)
    if name not in ASSETS:
        return Response.text(f"{name}: is not served\n", status=404)
    template, kind = ASSETS[name]
    return Response(template_text(template), content_type=kind)
