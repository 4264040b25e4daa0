"""Posts that have wandered off become a thread of their own.

Nothing is copied: the posts keep their ids, their dates and their words, and take the numbers 1, 2, 3 … in the new
thread, in the order in which they were read. Where each one stood, the old thread says that it has moved and leads on;
its numbers are never given again.
One line of the log says which posts went and from which numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from blinker import Signal
from sqlalchemy import func, insert, select, update

from forum.accounts.models import User
from forum.activity.models import record
from forum.core.db import db
from forum.core.errors import Refused
from forum.discussion.models.prompts import Component
from forum.discussion.models.threads import MovedPost, Post, Thread, ThreadComponent, slug_of
from forum.discussion.models.words import Kind

MOST = 500  # posts at once
POSTS: Any = Post.__table__
PLACES: Any = MovedPost.__table__
parting = Signal(
    "`posts` (ids) are about to leave the thread that sends this: whoever keeps a record of one raises Refused"
)
split_off = Signal("posts have come from `source`: sent by the new thread, with the ids of the `posts`")


def split(
    thread: Thread, numbers: Sequence[int], by: User, title: str, components: list[Component], note: str = ""
) -> Thread:
    """Open a new thread under the same prompt with the posts of `thread` that have these numbers, in their order.
    Raises Refused where they cannot go, Moved where a colleague was quicker."""
    thread.hold()
    posts = _chosen(thread, numbers)
    parting.send(thread, posts=[post.id for post in posts])
    first = posts[0]
    new = Thread(
        prompt_id=thread.prompt_id,
        author_id=first.author_id,
        title=title,
        slug=slug_of(title),
        kind=Kind.DISCUSSION,
        created_at=first.published_at,
        last_post_at=max(post.published_at for post in posts),
        posts_count=len(posts),
        author_position=first.author.position,
        author_phase=first.author.phase,
    )
    db.session.add(new)
    db.session.flush()
    new.carry(components)
    was = _move(thread, new, posts)
    _settle(thread)
    new.answered_at = _answered(new)
    split_off.send(new, source=thread, posts=was["posts"])
    thread.touched()
    new.touched()
    record(
        "team.thread-split",
        by=by,
        public=True,
        prompt=thread.prompt_id,
        thread=thread.id,
        note=note,
        detail={"into": new.id, **was},
    )
    return new


def _chosen(thread: Thread, numbers: Sequence[int]) -> list[Post]:
    """The posts as they are now. The opening post stays, and the first that goes must be there to read."""
    if not thread.is_listed:
        raise Refused("Only a thread that is shown can be split.")
    if len(set(numbers)) > MOST:
        raise Refused(f"Choose {MOST} posts or fewer at once.")
    query = select(Post, User).join(User, User.id == Post.author_id)
    query = query.where(Post.thread_id == thread.id, Post.number.in_(set(numbers)), Post.number > 1)
    rows = db.session.execute(query.order_by(Post.position).execution_options(populate_existing=True)).all()
    posts = [post for post, author in rows]
    if not posts or len(posts) < len(set(numbers)):
        raise Refused("Choose posts that are in this thread, and not the one that opens it.")
    if not posts[0].is_shown:
        raise Refused("The first post that you choose opens the new thread, so it must be shown.")
    for post, author in rows:
        post.author = author
    return posts


def _move(thread: Thread, new: Thread, posts: list[Post]) -> dict[str, list[int]]:
    """Returns what was. An answer to a post that goes too still answers it; any other answers the opening post."""
    was = {"posts": [post.id for post in posts], "numbers": [post.number or 0 for post in posts]}
    becomes = {number: place for place, number in enumerate(was["numbers"], 1)}
    rows = [
        {
            "thread_id": new.id,
            "number": becomes[post.number or 0],
            "position": becomes[post.number or 0],
            "in_reply_to": becomes.get(post.in_reply_to or 0),
        }
        for post in posts
    ]
    left = [
        {"thread_id": thread.id, "number": post.number, "position": post.position, "post_id": post.id}
        for post in posts
    ]
    connection = db.session.connection()
    for id, values in zip(was["posts"], rows, strict=True):
        connection.execute(update(POSTS).where(POSTS.c.id == id).values(**values))
    connection.execute(insert(PLACES), left)
    for post in posts:
        db.session.expire(post)
    return was


def _settle(thread: Thread) -> None:
    """What is left says when it was last posted in, and whether the team has answered."""
    there = select(func.max(Post.published_at)).where(Post.thread_id == thread.id, Post.number.is_not(None))
    thread.last_post_at = db.session.scalar(there) or thread.last_post_at
    thread.answered_at = _answered(thread)
    db.session.flush()
    db.session.execute(
        update(ThreadComponent)
        .where(ThreadComponent.thread_id == thread.id)
        .values(last_post_at=thread.last_post_at)
    )


def _answered(thread: Thread) -> datetime | None:
    """When one of the team who did not open the thread first posted in it."""
    query = select(func.min(Post.published_at)).join(User, User.id == Post.author_id)
    query = query.where(
        Post.thread_id == thread.id,
        Post.number > 1,
        User.role != "participant",
        Post.author_id != thread.author_id,
    )
    found: datetime | None = db.session.scalar(query)
    return found
