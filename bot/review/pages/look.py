"""The look of every page: one style sheet, one set of templates, and plotly, from the program.

A page that is written to a file holds all of it: the style, the scripts, and plotly compressed
(about 2 MB; the browser unpacks it when the first chart comes into view). Its policy of content
lets it reach no network at all. A page of the dashboard links to the same files instead.
"""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.review.pages.figures import Figures

FILE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
"""What a page that is a file may do: nothing but draw itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """Where a page has its style and scripts from.

    Parameters
    ----------
    linked
        Whether the others are addresses; else they are the text itself, plotly compressed and in
        base 64.
    style, charts, plotly
        Style sheet, the script that draws, and plotly.
    refresh
        Address of the script that loads a page anew when there is news; of linked pages only.
    policy
        Policy of content of a page that is a file.
    """

    linked: bool
    style: str
    charts: str
    plotly: str
    refresh: str = ""
    policy: str = FILE_POLICY


def template_text(name: str) -> str:
    """Return a file of the look as it is."""
    return files("bot.review.pages").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def plotly_script() -> bytes:
    """Return the script that plotly brings along, compressed (gzip)."""
    script = files("plotly").joinpath("package_data", "plotly.min.js").read_bytes()
    return gzip.compress(script, compresslevel=6, mtime=0)


@cache
def embedded() -> Assets:
    """Return what a page holds that is a file of its own."""
    return Assets(
        linked=False,
        style=template_text("style.css"),
        charts=template_text("charts.js"),
        plotly=base64.b64encode(plotly_script()).decode("ascii"),
    )


@cache
def environment() -> Environment:
    """Return the templates; a name that a page forgot is a fault, not an empty space."""
    return Environment(
        loader=PackageLoader("bot.review.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, assets: Assets, **content: Any) -> str:  # noqa: ANN401 - what a page shows
    """Fill a template.

    Parameters
    ----------
    template
        Its name; it extends ``base.html`` and places charts by ``ui.chart``.
    assets
        ``embedded()`` for a file.
    content
        What it shows.
    """
    return environment().get_template(template).render(assets=assets, figures=Figures(), **content)
