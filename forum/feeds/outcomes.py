"""The third stream, apart from threads and posts: each step that the team publishes about a suggestion is an entry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import SQLColumnExpression, func, select

from forum.core.db import db
from forum.discussion.models import Post, Prompt, Thread, listed
from forum.discussion.models.lists import POSTS, components_of, post_row
from forum.discussion.models.words import gone_because
from forum.feeds.archives import Stream
from forum.feeds.entries import Category, Deleted, Entry
from forum.feeds.rows import Item, Places, places
from forum.feeds.streams import REMOVED, SHOWN, hidden_threads, merged_threads
from forum.suggestions.models import Step
from forum.suggestions.models.outcomes import STATUSES
from forum.suggestions.models.trail import step_address

OF_A_POST = len(POSTS.selected_columns)
ROWS: Any = (
    POSTS.add_columns(
        Step.id,
        Step.number,
        Step.status,
        Step.published_at,
        Thread.id,
        Thread.title,
        Thread.publication,
        Thread.moderation,
        Thread.gone_at,
        Thread.gone_reason,
        Prompt.slug,
        Prompt.title,
    )
    .join(Step, Step.post_id == Post.id)
    .join(Thread, Thread.id == Step.thread_id)
    .join(Prompt, Prompt.id == Thread.prompt_id)
    .order_by(Step.id.desc())
)


class Answers(Stream):
    """Steps in the order in which they were published. An entry's words are those of its post; a step is never
    changed, so an entry is not either, but it goes with its post or its thread, and comes back with them."""

    @property
    def position(self) -> SQLColumnExpression[Any]:
        return Step.id

    def shown(self) -> Places:
        query = self.ever().join(Post, Post.id == Step.post_id).join(Thread, Thread.id == Step.thread_id)
        return query.where(listed(), *SHOWN)

    def ever(self) -> Places:
        return select(self.position.label("position"), Step.id, Step.published_at).where(*self.where)

    def end(self) -> int:
        return db.session.scalar(select(func.max(self.position)).where(*self.where)) or 0

    def entries(self, ids: Sequence[int]) -> tuple[list[tuple[Item, int]], list[Deleted]]:
        found = db.session.execute(ROWS.where(Step.id.in_(ids))).all()
        components = components_of(list({row[OF_A_POST + 4] for row in found}))
        items, deleted = [], []
        for row in found:
            post, step = post_row(row[:OF_A_POST]), row[OF_A_POST:]
            id, thread, gone_at = step[0], step[4], step[8]
            why = post.gone_because or gone_because(step[6], step[7], step[9])
            if why is None:
                items.append((self._item(post, step, components.get(thread, [])), id))
            else:
                when = (post.gone_at if post.gone_because else gone_at) or post.updated_at
                deleted.append(Deleted(id=self.names.tag("answer", id), when=when, reason=why))
        return items, deleted

    def removed(self, since: datetime) -> list[int]:
        lately = self.ever().join(Post, Post.id == Step.post_id).where(Post.gone_at >= since)
        found = places(lately.order_by(Post.gone_at.desc()).limit(REMOVED))
        if away := [*hidden_threads(since), *merged_threads(since)]:
            theirs = self.ever().where(Step.thread_id.in_(away)).order_by(Step.id.desc())
            found += places(theirs.limit(REMOVED))
        return list(dict.fromkeys(place.id for place in found))[:REMOVED]

    def _item(self, post: Any, step: Any, components: Sequence[Any]) -> Item:
        id, number, status, published_at, thread, title, *_, prompt, prompt_title = step
        names = self.names
        entry = Entry(
            id=names.tag("answer", id),
            title=f"{STATUSES[status]}: {title}",
            url=names.address(step_address(thread, number)),
            published=published_at,
            updated=max(post.updated_at, published_at),
            author=post.byline,
            author_url=names.address(post.author_url) if post.author_url else None,
            html="",
            categories=(
                Category(names.address("/prompts"), prompt, prompt_title),
                *(Category(names.address("/components"), each.slug, each.name) for each in components),
                Category(names.address("/suggestions"), status, STATUSES[status]),
            ),
        )
        return Item(entry, post.version, post.html)


class OutcomeOfOne(Answers):
    """The steps of one suggestion, by their numbers."""

    @property
    def position(self) -> SQLColumnExpression[Any]:
        return Step.number
