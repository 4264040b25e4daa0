"""People and threads, made by the domain's own verbs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from forum.accounts.models import School, User
from forum.accounts.passwords import hash_password
from forum.core.db import db, now
from forum.discussion.models import Component, Post, Prompt, Thread

PASSWORD = "correct horse battery"
_HASH = hash_password(PASSWORD)
_count = itertools.count(1)
_urns = itertools.count(800001)


def make_person(
    name: str = "Ada Obi",
    email: str | None = None,
    position: str = "teacher",
    phase: str | None = "primary",
    school: str | None = None,
    confirmed: bool = True,
    role: str = "participant",
    password: str = PASSWORD,
) -> User:
    """Someone with an account; the usual password is hashed once for the whole run."""
    email = email or f"person{next(_count)}@example.org"
    user = User(
        name=name,
        email=email,
        email_key=email.casefold(),
        position=position,
        phase=phase,
        school=school,
        role=role,
        password_hash=_HASH if password == PASSWORD else hash_password(password),
        confirmed_at=now() if confirmed else None,
    )
    db.session.add(user)
    db.session.commit()
    return user


def make_school(name: str = "Hillview School", town: str | None = "Anytown", **said: Any) -> School:
    """A school of the register. All of them are invented."""
    columns = ("local_authority", "type", "phase", "postcode", "constituency", "closed_on")
    urn = said.pop("urn", None) or next(_urns)
    School.put([dict.fromkeys(columns) | {"urn": urn, "name": name, "town": town} | said], now())
    db.session.commit()
    return db.session.scalars(select(School).where(School.urn == urn)).one()


def make_thread(
    author: User | None = None,
    prompt: str = "your-practice",
    title: str = "Talking about marking",
    text: str = "What do you do about marking?",
    components: Sequence[str] = ("assessment-for-learning",),
    disclosure: str = "named",
) -> Thread:
    """A thread with its opening post."""
    where = db.session.scalars(select(Prompt).where(Prompt.slug == prompt)).one()
    carried = list(db.session.scalars(select(Component).where(Component.slug.in_(components))))
    thread = Thread.start(where, author or make_person(), title, text, carried, disclosure)
    db.session.commit()
    return thread


def make_reply(
    thread: Thread, author: User | None = None, text: str = "We talk first.", disclosure: str = "named"
) -> Post:
    """The next post of `thread`."""
    post = thread.reply(author or make_person(), text, disclosure)
    db.session.commit()
    return post


def post_of(thread: Thread, number: int = 1) -> Post:
    """A post of `thread` with its thread, prompt and author loaded."""
    return db.session.scalars(
        select(Post)
        .where(Post.thread_id == thread.id, Post.number == number)
        .options(joinedload(Post.thread).joinedload(Thread.prompt), joinedload(Post.author))
        .execution_options(populate_existing=True)
    ).one()
