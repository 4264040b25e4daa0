"""The team's log: what was done, by whom, in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, union_all
from sqlalchemy.orm import aliased

from forum.accounts.models import User
from forum.activity.models import Activity
from forum.core.db import db
from forum.discussion.models import Component, Post, Prompt, Thread
from forum.discussion.models.words import REASONS, Moderation

ACTS = {
    "team.post-hidden": "hid",
    "team.post-restored": "restored",
    "team.post-removed": "removed",
    "team.post-sent-back": "asked for a change to",
    "team.post-published": "published",
    "team.left": "left as it is",
    "team.undone": "took back a decision about",
    "team.passed": "asked a colleague about",
    "team.appeal-upheld": "kept, on appeal, the decision about",
    "team.appeal-reversed": "reversed, on appeal, the decision about",
    "team.thread-hidden": "hid",
    "team.thread-restored": "restored",
    "team.thread-locked": "locked",
    "team.thread-unlocked": "unlocked",
    "team.thread-pinned": "pinned",
    "team.thread-unpinned": "unpinned",
    "team.thread-moved": "moved",
    "team.thread-arranged": "changed the settings of",
    "team.switched": "changed what is held",
    "team.rules-written": "wrote the rules",
    "team.wordings-changed": "changed what people are told",
    "team.records-taken": "took the records of",
    "team.prompt-edited": "edited the words of the prompt",
    "team.component-edited": "edited the words of the component",
    "team.banned": "banned an address, a domain or a network",
    "team.ban-lifted": "lifted a ban",
    "team.noted": "made a note about",
    "team.person-warn": "warned",
    "team.person-limit": "will look first at what is written by",
    "team.person-suspend": "suspended",
    "team.person-swept": "hid all that was written by",
    "team.made": "gave a role to",
    "team.vouched": "vouched for",
    "team.file-shown": "showed a picture or paper of",
    "team.file-refused": "refused a picture or paper of",
    "team.file-hidden": "hid a picture or paper of",
    "team.thread-merged": "merged into another thread",
    "team.thread-split": "split posts off",
    "team.suggestion-taken-up": "took up",
    "team.answer-drafted": "drafted an answer to",
    "team.answer-read": "read the draft of an answer to",
    "team.answer-published": "published an answer to",
    "team.answer-dropped": "dropped the draft of an answer to",
    "team.telling-resumed": "had people told of an answer to",
    "team.study-marked": "gave the team’s marks to",
    "team.request-answered": "answered a request for a resource:",
    "team.resource-added": "added a resource:",
    "team.resource-changed": "said what changed because of people:",
    "team.resource-edited": "edited the facts of a resource:",
    "team.resource-retired": "retired a resource:",
    "team.resource-returned": "brought back a resource:",
    "team.letter-again": "had a letter sent once more",
    "team.watch-added": "made a list of what to watch for",
    "team.watch-changed": "changed a list of what to watch for",
    "team.watch-used": "put to use a list of what to watch for",
    "team.watch-stopped": "stopped using a list of what to watch for",
    "team.search-removed": "removed words from the searches that found nothing",
}
ROLES = {"participant": "participant", "team": "team member", "administrator": "administrator"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the team's log, as a person reads it: `actor` `did` to a post, a thread, a prompt, a
    component or a person. What does not apply is None or empty."""

    id: int
    at: datetime
    actor: str | None
    did: str
    reason: str
    report: int | None
    note: str
    post: int | None
    post_number: int | None
    thread: int | None
    thread_slug: str | None
    thread_title: str | None
    prompt: Prompt | None
    came_from: Prompt | None
    component: Component | None
    person: int | None
    byline: str
    role: str

    @classmethod
    def log(cls, before: int | None = None, limit: int = 50) -> list[Line]:
        """What the team did, newest first, from before the line with that id."""
        return _lines([Activity.verb == verb for verb in ACTS], before, limit)

    @classmethod
    def of_what_is_hidden(cls, before: int | None = None, limit: int = 50) -> list[Line]:
        """The lines by which what is hidden now was hidden, newest first."""
        later = aliased(Activity)
        again = select(later.id).where(later.verb == Activity.verb, later.id > Activity.id)
        post = select(Post.id).where(Post.id == Activity.post, Post.moderation != Moderation.CLEAR)
        thread = select(Thread.id).where(Thread.id == Activity.thread, Thread.moderation != Moderation.CLEAR)
        return _lines(
            [
                and_(
                    Activity.verb == "team.post-hidden",
                    post.exists(),
                    ~again.where(later.post == Activity.post).exists(),
                ),
                and_(
                    Activity.verb == "team.thread-hidden",
                    thread.exists(),
                    ~again.where(later.thread == Activity.thread).exists(),
                ),
            ],
            before,
            limit,
        )


def _lines(kinds: list[ColumnElement[bool]], before: int | None, limit: int) -> list[Line]:
    """The newest lines of these kinds, each kind a range of the index on (verb, id). Three queries, however
    many lines there are."""
    newest = union_all(*(_newest(kind, before, limit) for kind in kinds)).subquery()
    actor, person = aliased(User), aliased(User)
    rows = db.session.execute(
        select(
            Activity, actor.name, Post.number, Post.disclosure, Thread.id, Thread.slug, Thread.title, person
        )
        .outerjoin(actor, actor.id == Activity.actor)
        .outerjoin(Post, Post.id == Activity.post)
        .outerjoin(Thread, Thread.id == func.coalesce(Activity.thread, Post.thread_id))
        .outerjoin(person, person.id == func.coalesce(Activity.subject, Post.author_id))
        .where(Activity.id.in_(select(newest.c.id)))
        .order_by(Activity.id.desc())
        .limit(limit)
    ).all()
    prompts = {prompt.id: prompt for prompt in db.session.scalars(Prompt.in_order())}
    components = {component.slug: component for component in db.session.scalars(Component.in_order())}
    return [_line(row, prompts, components) for row in rows]


def _newest(kind: ColumnElement[bool], before: int | None, limit: int) -> Select[int]:
    query = select(Activity.id).where(kind).order_by(Activity.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Activity.id < before)
    return select(query.subquery().c.id)


def _line(row: Any, prompts: dict[int, Prompt], components: dict[str, Component]) -> Line:
    act, actor, number, disclosure, thread, slug, title, person = row
    return Line(
        id=act.id,
        at=act.at,
        actor=actor,
        did=ACTS[act.verb],
        reason=REASONS.get(act.detail.get("reason"), ""),
        report=act.detail.get("report"),
        note=act.note,
        post=act.post,
        post_number=number,
        thread=thread,
        thread_slug=slug,
        thread_title=title,
        prompt=prompts.get(act.prompt),
        came_from=prompts.get(act.detail.get("from")),
        component=components.get(act.detail.get("component")),
        person=act.subject,
        byline=person.byline(disclosure or "named") if person is not None else "",
        role=ROLES.get(act.detail.get("role"), ""),
    )
