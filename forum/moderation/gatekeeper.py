"""What waits for the team before others see it."""

from __future__ import annotations

from flask import current_app, has_request_context, request
from sqlalchemy import func, select, true

from forum.accounts.models import User
from forum.core.db import db, now
from forum.core.errors import Refused
from forum.discussion.models import Conversation, Post, Prompt, Thread
from forum.discussion.models.words import Moderation, Publication
from forum.moderation.models import Item
from forum.moderation.models.bans import Ban, Banned
from forum.moderation.models.items import Why

HELD = {
    "new": "One of this person’s first posts",
    "person": "What this person writes is held for now",
    "switch": "Everything here is held for now",
    "words": "It has words that the team watches for",
    "private": "It may say who someone is",
    "changed": "Its author has changed it",
}


class Gatekeeper:
    """Stands at discussion/models/gate.py."""

    def why_held(self, by: User, prompt: int, thread: Thread | None, words: str) -> list[str]:
        if by.is_team:
            return []
        ban = Ban.against(by.email, request.remote_addr if has_request_context() else None)
        if ban is not None:
            raise Banned(ban)
        if thread is not None and thread.slow_seconds:
            _keep_slow(by, thread)
        why = []
        if _is_new(by):
            why.append("new")
        if by.held_until is not None and by.held_until > now():
            why.append("person")
        if (thread is not None and thread.holds) or _holds(prompt):
            why.append("switch")
        return why

    def held(self, post: Post, why: list[str]) -> None:
        Item.about_post(post, Why.HELD, why[0])

    def taken_back(self, post: Post) -> None:
        item: Item | None = db.session.scalar(select(Item).where(Item.open_thing == f"post:{post.id}"))
        if item is not None and item.why == Why.HELD:
            item.close()


def _is_new(person: User) -> bool:
    """They have said less in public, and had it left there, than the setting asks; the team can vouch for them, and
    whoever brought people in from elsewhere has."""
    wanted: int = current_app.config["FORUM"].first_posts_held
    if not wanted or person.vouched_at is not None or person.imported_as is not None:
        return False
    shown = Post.publication == Publication.PUBLISHED, Post.moderation == Moderation.CLEAR
    said = select(Post.id).where(Post.author_id == person.id, *shown).limit(wanted).subquery()
    return (db.session.scalar(select(func.count()).select_from(said)) or 0) < wanted


def _holds(prompt: int) -> bool:
    switches = select(Prompt.holds | Conversation.holds).join(Conversation, true()).where(Prompt.id == prompt)
    found: bool = db.session.scalars(switches).one()
    return found


def _keep_slow(by: User, thread: Thread) -> None:
    """In a thread that is slowed down a person waits between posts."""
    mine = select(func.max(Post.published_at)).where(Post.thread_id == thread.id, Post.author_id == by.id)
    last = db.session.scalar(mine)
    wait = thread.slow_seconds - (now() - last).total_seconds() if last else 0
    if wait > 0:
        minutes = int(wait // 60) + 1
        raise Refused(
            f"This thread is slowed down: you can post again in {minutes} minute{'s' if minutes > 1 else ''}."
        )
