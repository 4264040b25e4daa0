"""People and threads, made by the domain's own verbs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from forum.accounts.models import User
from forum.accounts.passwords import hash_password
from forum.core.db import db, now
from forum.discussion.models import Component, Post, Prompt, Thread
from forum.resources.models import Answers, Resource, ResourceRequest, Review
from forum.resources.models.requests import Wish

PASSWORD = "correct horse battery"
_HASH = hash_password(PASSWORD)
_count = itertools.count(1)


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


def make_review(
    by: User | None = None,
    slug: str = "governornet",
    helped: str | None = "somewhat",
    known: str = "used",
    **words: str,
) -> Review:
    """What someone says of a resource; only answers, unless there are words."""
    resource = db.session.scalars(Resource.named(slug)).one()
    answers = Answers(known=known, helped=helped if known == "used" else None, **words)
    review = Review.give(resource, by or make_person(), answers)
    db.session.commit()
    return review


def make_request(
    by: User | None = None, what: str = "An index", for_whom: str = "governors", why: str = "To find things."
) -> ResourceRequest:
    """A resource that someone misses, with its thread."""
    wish = Wish(what=what, for_whom=for_whom, why=why, components=[])
    id = ResourceRequest.make(by or make_person(), wish).thread_id
    db.session.commit()
    request = ResourceRequest.of_thread(id)
    assert request
    return request
