"""What is done by the clock: people are told of answers, and a suggestion whose day has passed says so."""

from __future__ import annotations

from flask import Flask

from forum.core.db import db
from forum.discussion.models.threads import Moved
from forum.suggestions.models import Suggestion
from forum.suggestions.models.telling import tell_page

TURNS = 100


def go_round() -> bool:
    """One page of people told, and the suggestions whose day has come; True where more waits. Each commits its own
    work, so that several machines may go round at once."""
    more = tell_page()
    db.session.commit()
    due = list(db.session.scalars(Suggestion.turning(TURNS)))
    db.session.commit()
    for id in due:
        _turn(id)
    return more or len(due) == TURNS


def finish() -> int:
    """Go round until nothing waits; returns how often that took."""
    rounds = 1
    while go_round():
        rounds += 1
    return rounds


def _turn(id: int) -> None:
    try:
        found = db.session.scalar(Suggestion.every().where(Suggestion.thread_id == id))
        if found is not None:
            found.turn()
        db.session.commit()
    except Moved:  # merged at this moment: the other one has its clock
        db.session.rollback()


def init_app(app: Flask) -> None:
    app.extensions["worker"].also(go_round, "suggestions")
