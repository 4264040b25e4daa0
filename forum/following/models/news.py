"""A person's notices with all that is said of each, as far as they may see it now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select

from forum.accounts.models import User, byline
from forum.activity.models import Activity
from forum.core.db import db
from forum.discussion.models import Post, Thread
from forum.following.models.notices import Notice, Reason, may_see

DECISIONS = {
    "team.post-hidden": "The team has hidden something that you wrote",
    "team.post-removed": "The team has removed something that you wrote",
    "team.post-sent-back": "The team asks you to change something that you wrote",
    "team.post-restored": "The team shows again what you wrote",
    "team.post-published": "The team has published what you wrote",
    "team.thread-hidden": "The team has hidden a thread that you started",
    "team.thread-restored": "The team shows again a thread that you started",
    "team.thread-moved": "The team has moved a thread that you started",
    "team.thread-merged": "The team has merged a thread that you started into another",
    "team.thread-locked": "The team has locked a thread that you started",
    "team.appeal-upheld": "Your appeal has been decided",
    "team.appeal-reversed": "Your appeal has been decided",
}
ABOUT_YOU = "The team has decided something about you"
SAID = {
    Reason.ANSWERED: "There is an answer to",
    Reason.TRIED: "{} tried your case study",
    Reason.MENTION: "{} mentioned you in",
    Reason.QUOTE: "{} quoted you in",
    Reason.REPLY: "{} replied to you in",
}


@dataclass(frozen=True, slots=True)
class News:
    """One notice in words. `lead` comes before the thread's title, which is empty for decisions: what they are about
    may be out of sight. `byline` is how its author is shown now."""

    id: int
    reason: str
    via: str | None
    at: datetime
    seen: bool
    verb: str
    thread_id: int | None
    title: str
    post_id: int | None
    number: int | None
    byline: str
    html: Any

    @classmethod
    def of(cls, row: Any) -> News:
        decision = row.reason == Reason.DECISION
        by = (
            byline(row.name, row.position, row.phase, row.school, row.role, row.disclosure)
            if row.name
            else ""
        )
        return cls(
            row.id,
            row.reason,
            row.via,
            row.at,
            row.seen_at is not None,
            row.verb,
            None if decision else row.thread_id,
            "" if decision else row.title or "",
            None if decision else row.post_id,
            None if decision else row.number,
            "" if decision else by,
            "" if decision else row.html or "",
        )

    @property
    def lead(self) -> str:
        if self.reason == Reason.DECISION:
            return DECISIONS.get(self.verb, ABOUT_YOU)
        if self.reason == Reason.FOLLOWED:
            return f"{self.byline} {'started' if self.number == 1 else 'posted in'}"
        return SAID[Reason(self.reason)].format(self.byline)

    @property
    def sentence(self) -> str:
        return f"{self.lead} {self.title}" if self.title else self.lead

    @property
    def path(self) -> str:
        """Found anew when it is followed: a post may have moved."""
        if self.reason == Reason.DECISION:
            return "/account/decisions"
        return f"/posts/{self.post_id}" if self.post_id else f"/threads/{self.thread_id}"


COLUMNS: Any = (
    Notice.id,
    Notice.reason,
    Notice.via,
    Notice.at,
    Notice.seen_at,
    Notice.post_id,
    Thread.id.label("thread_id"),
    Thread.title,
    Post.number,
    Post.html,
    Post.disclosure,
    Activity.verb,
    User.name,
    User.position,
    User.phase,
    User.school,
    User.role,
)


def newest(person_id: int, limit: int, before: int | None = None) -> list[News]:
    """The newest `limit`, from before the notice of that id."""
    query = news_of(person_id).order_by(Notice.id.desc()).limit(limit)
    return told(query.where(Notice.id < before) if before else query)


def news_of(person_id: int) -> Select[Any]:
    return (
        may_see(*COLUMNS)
        .join(Activity, Activity.id == Notice.activity_id)
        .outerjoin(User, User.id == Post.author_id)
        .where(Notice.person_id == person_id)
    )


def told(query: Select[Any]) -> list[News]:
    return [News.of(row) for row in db.session.execute(query)]


@dataclass(slots=True)
class Bundle:
    """News of one kind in one thread, told as one: "4 replies in …". The newest first."""

    news: list[News]

    @property
    def newest(self) -> News:
        return self.news[0]

    @property
    def first(self) -> News:
        """Where to begin to read."""
        return self.news[-1]

    @property
    def is_new(self) -> bool:
        return not all(each.seen for each in self.news)

    @property
    def lead(self) -> str:
        count = len(self.news)
        if count == 1:
            return self.newest.lead
        word = "replies to you" if self.newest.reason == Reason.REPLY else "posts"
        return f"{count} {word} in"

    @property
    def bylines(self) -> list[str]:
        return list(dict.fromkeys(each.byline for each in self.news))


GATHERED = (Reason.REPLY, Reason.FOLLOWED)


def bundled(news: Iterable[News]) -> list[Bundle]:
    """In the order of the newest of each; what was seen is not put together with what is new."""
    found: dict[Any, Bundle] = {}
    for each in news:
        together = each.reason in GATHERED and each.number != 1
        key = (each.thread_id, each.reason, each.seen) if together else each.id
        found.setdefault(key, Bundle([])).news.append(each)
    return list(found.values())
