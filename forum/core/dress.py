"""What every template has at hand: who looks, the conversation's name, dates in words, notices."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g, get_flashed_messages
from flask_wtf.csrf import generate_csrf

from forum.core.guards import me

LONDON = ZoneInfo("Europe/London")


def when(at: datetime) -> str:
    """GOV.UK style: "23 November 2026 at 2:05pm", in London."""
    local = at.astimezone(LONDON)
    hour = local.hour % 12 or 12
    return f"{day(at)} at {hour}:{local.minute:02}{'am' if local.hour < 12 else 'pm'}"


def day(at: datetime) -> str:
    local = at.astimezone(LONDON)
    return f"{local.day} {local:%B %Y}"


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(when=when, day=day, iso=iso)
    app.jinja_env.globals.update(
        csrf_token=generate_csrf, flashes=get_flashed_messages, site_url=app.config["FORUM"].site_url
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_the_viewer)


def _the_viewer() -> dict[str, Any]:
    """The person of this request; the page that says that something broke asks the database nothing."""
    return {"me": current_app.login_manager.anonymous_user() if g.get("failed") else me()}  # type: ignore[attr-defined]
