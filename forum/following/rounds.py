"""What is done by the clock until a worker does it: people are told of what happened."""

from __future__ import annotations

from flask import Flask

from forum.core.db import db
from forum.following.models import Notice, fan_out


def go_round() -> bool:
    """One batch; True where more waits. It commits its own work, so that several may go round at once."""
    more = fan_out() or Notice.forget_old()
    db.session.commit()
    return more


def finish() -> int:
    """Go round until nothing waits; returns how often that took."""
    rounds = 1
    while go_round():
        rounds += 1
    return rounds


def init_app(app: Flask) -> None:
    app.extensions["worker"].also(go_round, "following")
