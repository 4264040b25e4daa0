"""The thread in which a resource is talked about, and who opens it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from forum.accounts.models import Role, User
from forum.core.db import db, now
from forum.discussion.models import Component, Post, Prompt, Thread
from forum.discussion.models.words import Kind
from forum.resources.models.words import PROMPT, Facts

VOICE = "site:resources"  # what the person is known by who opens these threads


def talk_about(slug: str, facts: Facts) -> Thread:
    """The thread of the resource `slug`: the one that was opened for it once, or else a new one."""
    key = f"{VOICE}/{slug}"
    thread: Thread | None = db.session.scalar(select(Thread).where(Thread.imported_as == key))
    if thread is None:
        prompt = db.session.scalars(select(Prompt).where(Prompt.slug == PROMPT)).one()
        voice, words = _voice(prompt), facts.as_post(slug)
        thread = Thread.start(prompt, voice, facts.name, words, _carried(facts), kind=Kind.RESOURCE)
        thread.imported_as = key
        db.session.flush()
    return thread


def tell(thread: int, slug: str, facts: Facts) -> None:
    """Let the thread say what is known of its resource now. Words that the team has hidden stay as they are."""
    opening = db.session.scalars(
        select(Post)
        .where(Post.thread_id == thread, Post.number == 1)
        .options(joinedload(Post.thread).joinedload(Thread.prompt), joinedload(Post.author))
    ).first()
    if opening is None or not opening.editable_by(opening.author):
        return
    words, components = facts.as_post(slug), _carried(facts)
    opening.thread.carry(components)
    if (opening.source, opening.thread.title) != (words, facts.name):
        opening.edit(opening.author, words, opening.disclosure, opening.version, facts.name, components)


def _carried(facts: Facts) -> list[Component]:
    return list(db.session.scalars(Component.in_order().where(Component.slug.in_(facts.components))))


def _voice(prompt: Prompt) -> User:
    """A member of the team without an address or a password, whom nobody can sign in as. The byline says what it
    speaks for, and that it is the team."""
    found: User | None = db.session.scalar(select(User).where(User.imported_as == VOICE))
    if found is not None:
        return found
    voice = User(name=prompt.title[:120], imported_as=VOICE, role=Role.TEAM, confirmed_at=now())
    try:
        with db.session.begin_nested():
            db.session.add(voice)
    except IntegrityError:  # two at once
        return db.session.scalars(select(User).where(User.imported_as == VOICE)).one()
    return voice
