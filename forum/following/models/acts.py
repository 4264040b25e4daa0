"""An act as it stands now, with all that is asked of it when people are told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from forum.activity.models import Activity
from forum.case_studies.models import Trial
from forum.core.db import db
from forum.discussion.models import Post, Thread, ThreadComponent
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.words import Kind as ThreadKind
from forum.following.models.follows import Kind
from forum.following.models.hearing import ANSWERED, DECIDED, RELEASED
from forum.following.models.notices import Reason
from forum.resources.models import Resource

MENTIONED = 20  # people, of one post
MENTION = re.compile(r'<a href="/people/([1-9][0-9]{0,9})"[^>]*>@')
QUOTED = re.compile(r"<blockquote>(?:(?!<blockquote>).)*?</blockquote>", re.DOTALL)
Place = tuple[str, str]


def unquoted(html: str) -> str:
    """What its author says: a mention that is only quoted is not made again."""
    while (less := QUOTED.sub("", html)) != html:
        html = less
    return html


@dataclass(frozen=True, slots=True)
class Act:
    """`line` is how the log has it; `post` and `thread` are as they stand now, wherever they have moved."""

    line: Activity
    post: Post | None
    thread: Thread | None

    @classmethod
    def of(cls, id: int) -> Act | None:
        """None where nothing of it is left to tell."""
        line = db.session.get(Activity, id)
        if line is None:
            return None
        post = db.session.get(Post, line.post, populate_existing=True) if line.post else None
        thread_id = post.thread_id if post else line.thread
        thread = db.session.get(Thread, thread_id, populate_existing=True) if thread_id else None
        return cls(line, post, thread)

    @property
    def id(self) -> int:
        return self.line.id

    @property
    def at(self) -> datetime:
        return self.line.at

    @property
    def author(self) -> int | None:
        """Who said it; of a decision, who decided."""
        return self.post.author_id if self.post and not self.is_decision else self.line.actor

    @property
    def is_decision(self) -> bool:
        return self.line.verb in DECIDED

    @property
    def is_answer(self) -> bool:
        return self.line.verb in ANSWERED

    @property
    def opens(self) -> bool:
        return self.post is not None and self.post.number == 1

    @property
    def opens_study(self) -> bool:
        return self.opens and self.thread is not None and self.thread.kind == ThreadKind.CASE_STUDY

    @property
    def is_named(self) -> bool:
        return self.post is not None and self.post.disclosure == "named"

    @property
    def is_shown(self) -> bool:
        thread, post = self.thread, self.post
        return thread is not None and thread.is_listed and (post is None or post.is_shown)

    # Whom it is about

    def direct(self) -> dict[int, Reason]:
        """Those whom it is about, each with the closest reason."""
        found: dict[int, Reason] = {}
        for person, reason in self._direct():
            if person and person != self.author:
                found.setdefault(person, reason)
        return found

    def _direct(self) -> Iterator[tuple[int | None, Reason]]:
        if self.is_decision:
            yield self.line.subject or (self.thread.author_id if self.thread else None), Reason.DECISION
            return
        if self.thread is None or self.post is None:
            return
        if self.line.verb == RELEASED and self.line.actor != self.post.author_id:
            yield self.post.author_id, Reason.DECISION
        if self.is_answer:
            yield self.thread.author_id, Reason.ANSWERED
        if db.session.scalar(select(Trial.id).where(Trial.post_id == self.post.id)):
            yield self.thread.author_id, Reason.TRIED
        mentioned = dict.fromkeys(MENTION.findall(unquoted(str(self.post.html))))
        yield from ((int(id), Reason.MENTION) for id in list(mentioned)[:MENTIONED])
        if self.post.in_reply_to:
            answered = select(Post.author_id).where(
                Post.thread_id == self.post.thread_id, Post.number == self.post.in_reply_to
            )
            quotes = "<blockquote>" in self.post.html
            yield db.session.scalar(answered), Reason.QUOTE if quotes else Reason.REPLY

    # Where it happened

    def places(self) -> list[Place]:
        """What it belongs to, as a follow names it; searches and views of the library are asked one by one. Nobody
        who follows a person hears of what that person said by role only."""
        if self.thread is None:
            return []
        found = [(Kind.THREAD, str(self.thread.id))]
        if self.is_answer:
            found += [(Kind.OUTCOME, str(self.thread.id)), (Kind.ANSWERS, "")]
        if self.thread.kind == ThreadKind.RESOURCE:
            slug = db.session.scalar(select(Resource.slug).where(Resource.thread_id == self.thread.id))
            found += [(Kind.RESOURCE, slug)] if slug else []
        if self.opens:
            found += self._opened(self.thread)
        if self.is_named:
            found.append((Kind.PERSON, str(self.author)))
        return [(str(kind), target) for kind, target in found]

    def _opened(self, thread: Thread) -> list[tuple[Kind, str]]:
        carried = select(ThreadComponent.component_id).where(ThreadComponent.thread_id == thread.id)
        components = set(db.session.scalars(carried))
        return [
            *((Kind.PROMPT, prompt.slug) for prompt in catalogue().prompts if prompt.id == thread.prompt_id),
            *((Kind.COMPONENT, each.slug) for each in catalogue().components if each.id in components),
            *([(Kind.LIBRARY, "")] if self.opens_study else []),
        ]
