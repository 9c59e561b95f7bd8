"""Pages for printing: templates that escape everything, under a policy that lets nothing load."""

import base64
from datetime import date
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.core import clock, crypto, settings
from app.core.money import show_yuan

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


_templates.filters["day"] = _day
_templates.filters["yuan"] = show_yuan

# The one style sheet stands in the page, so that a saved page still prints; its digest lets it in.
_STYLE = _templates.get_template("paper.css").render().encode()
_DIGEST = base64.b64encode(crypto.fingerprint(_STYLE)).decode()
_WITHIN = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"
CONTENT_SECURITY_POLICY = f"{_WITHIN}; frame-ancestors 'none'"
"""Nothing is loaded, nothing runs, and nobody puts the page into a frame."""

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Language": "zh-CN, en",
    "Vary": "Accept",
}


def page(template: str, **context: object) -> HTMLResponse:
    """A page of `pages/` with its context, in Chinese with English beneath."""
    text = _templates.get_template(template).render(
        policy=_WITHIN,
        centre=settings.get().centre_name,
        printed_on=clock.office_day(),
        **context,
    )
    return HTMLResponse(text, headers=_HEADERS)
