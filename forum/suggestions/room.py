"""What stands beside the thread of a suggestion: its outcome, its supporters and its trail."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from flask import Flask
from sqlalchemy import select

from forum.core.db import db
from forum.core.freshness import versions
from forum.discussion.beside import Beside, Room, furnish
from forum.discussion.models import Post, Thread
from forum.discussion.models.words import Kind
from forum.suggestions.models import Step, Suggestion
from forum.suggestions.models.trail import SHORT, trail_of

SUPPORTS = "SELECT 1 FROM supporters WHERE thread_id = {} AND user_id = {}"


def init_app(app: Flask) -> None:
    furnish(app, Kind.SUGGESTION, Room(_beside, _edits))


def _beside(thread: Thread) -> Beside | None:
    suggestion = db.session.scalar(Suggestion.every().where(Suggestion.thread_id == thread.id))
    if suggestion is None:
        return None
    trail = trail_of(suggestion, max(1, suggestion.steps - SHORT + 1))

    def mine(viewer: Any) -> Hashable:
        """Whether it is the viewer's own, or supported by them."""
        if not viewer.is_signed_in:
            return None
        if viewer.id == trail.author_id:
            return "own"
        return "supported" if versions().row(SUPPORTS, (trail.id, viewer.id)) else None

    return Beside("suggestions/beside.html", trail, mine=mine)


def _edits(post: Post) -> str | None:
    """Its opening post has a form of its own; a published step is not edited, and the trail says so."""
    if post.opens:
        return f"/suggestions/{post.thread_id}/edit"
    published = db.session.scalar(select(Step.id).where(Step.post_id == post.id))
    return f"/suggestions/{post.thread_id}/trail" if published else None
