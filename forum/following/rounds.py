"""What is done by the clock until a worker does it: people are told of what happened."""

from __future__ import annotations

import time

from flask import Flask

from forum.core.db import db
from forum.following.models import Notice, fan_out
from forum.following.models.fanning import Came

A_TURN = 1.0  # seconds
A_REST = 0.5  # seconds, at most


def go_round() -> bool:
    """Batch after batch, for a turn; True where more waits. All are told before their mail is written, where there is
    time: so what comes close together goes in one letter, however much there is to do. Where many hear of one act it
    rests after each batch for as long as that took: half of the time the database is for those who read and write."""
    turn = began = time.monotonic()
    while came := tell():
        ended = time.monotonic()
        if ended > turn + A_TURN:
            return True
        if came == Came.HALF_WAY:
            time.sleep(min(ended - began, A_REST))
        began = time.monotonic()
    return False


def tell() -> Came:
    """One batch; where nobody is to be told, old notices go. It commits its own work, so that several may go round at
    once."""
    came = fan_out()
    if came == Came.TO_NOTHING and Notice.forget_old():
        came = Came.HALF_WAY
    db.session.commit()
    return came


def finish() -> int:
    """Go on until nothing waits; returns how many batches that took."""
    batches = 1
    while tell():
        batches += 1
    return batches


def init_app(app: Flask) -> None:
    app.extensions["worker"].also(go_round, "following")
