"""To stop just that: what one press of "unsubscribe" in a mail changes, with no sign-in. Twice is harmless."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select, update

from forum.accounts.models import User
from forum.activity.models import record
from forum.core.db import db
from forum.discussion.models import Component, Post, Prompt, Thread, ThreadComponent
from forum.following.models.choices import MailChoice, Pace
from forum.following.models.follows import Follow, Kind, Level
from forum.following.models.notices import Notice
from forum.following.models.owned import Follower
from forum.resources.models import Resource


class What(StrEnum):
    """What a link stops: mail about what one notice came by, the digest, or all mail about the conversation."""

    NOTICE = "n"
    DIGEST = "d"
    ALL = "a"


@dataclass(frozen=True)
class Stop:
    """What one link in a mail is for. It does not grow old: a mail may be read years later, when its notice is
    cleared away, or the follow behind it has ended and begun anew. So it carries by which kind of follow the notice
    came ("" by none), and a mark of what that follow was of; links from before that carry None."""

    person: int
    what: What
    notice: int = 0
    via: str | None = None
    mark: str = ""

    @classmethod
    def behind(cls, notice: Notice, target: str | None) -> Stop:
        """To stop what brought this notice: a follow of `target`, where that still stands."""
        mark = marked(target) if notice.via and target is not None else ""
        return cls(notice.person_id, What.NOTICE, notice.id, notice.via or "", mark)

    @property
    def token(self) -> str:
        sealed: str = _sealer().dumps([self.person, self.what, self.notice, self.via, self.mark])
        return sealed

    @classmethod
    def of(cls, token: str) -> Stop | None:
        try:
            person, what, notice, *more = _sealer().loads(token)
            return cls(int(person), What(what), int(notice), *more)
        except (BadSignature, TypeError, ValueError):
            return None

    def for_all(self) -> Stop:
        return Stop(self.person, What.ALL)

    def do(self) -> None:
        choice = db.session.get(MailChoice, self.person)
        if choice is None:
            choice = MailChoice.of(self.person)
            db.session.add(choice)
        if self.what == What.ALL:
            choice.pace = Pace.NEVER
        elif self.what == What.DIGEST:
            choice.digest_stopped = True
        elif self.came_by is None:
            choice.personal_stopped = True
        else:
            follows = self.follows()
            for follow in follows:
                follow.level = Level.SITE
            ended = self._told.follow_id if self._told else None
            _no_more_mail(self.person, [ended, *(follow.id for follow in follows)], self.notice)
        Follower.changed(self.person)
        person = db.session.get(User, self.person)
        record("person.unsubscribed", by=person, subject=self.person, detail={"what": self.what})

    def words(self) -> str:
        """What stops, for "Stop …"."""
        if self.what == What.ALL:
            return "all mail about the conversation"
        if self.what == What.DIGEST:
            return "the digest"
        if self.came_by is None:
            return "mail about replies to you, mentions of you and quotes of you"
        return f"mail about {ABOUT[self.came_by]}"

    @property
    def is_done(self) -> bool:
        choice = MailChoice.of(self.person)
        if choice.pace == Pace.NEVER:
            return True
        if self.what == What.DIGEST:
            return choice.digest_stopped
        if self.what == What.ALL:
            return False
        return choice.personal_stopped if self.came_by is None else not self.follows()

    @property
    def came_by(self) -> Kind | None:
        """The kind of follow that brought what the mail told; None where it concerned the person themselves."""
        via = self._told.via if self.via is None and self._told is not None else self.via
        return Kind(via) if via else None

    def follows(self) -> list[Follow]:
        """The follow that brought it, where it brings mail; where it has ended since, whichever of the same thing has
        begun anew."""
        told = self._told
        theirs = select(Follow).where(Follow.person_id == self.person, Follow.kind == self.came_by)
        brought = db.session.scalar(theirs.where(Follow.id == told.follow_id)) if told else None
        if brought is not None:
            return [brought] if brought.level in BY_MAIL else []
        same = {self.mark} if self.mark else set()
        if told is not None and (
            not same or self.came_by in (Kind.THREAD, Kind.OUTCOME)
        ):  # these may have merged
            same |= {marked(target) for target in _targets(told)}
        found = db.session.scalars(theirs.where(Follow.level.in_(BY_MAIL)))
        return [follow for follow in found if marked(follow.target) in same]

    @property
    def _told(self) -> Notice | None:
        return db.session.get(Notice, self.notice) if self.what == What.NOTICE else None


BY_MAIL = (Level.MAIL, Level.DIGEST)
ABOUT = {
    Kind.PROMPT: "new threads under this prompt",
    Kind.COMPONENT: "this part of personalised learning",
    Kind.THREAD: "this thread",
    Kind.PERSON: "what this person writes",
    Kind.RESOURCE: "this resource",
    Kind.OUTCOME: "what comes of this suggestion",
    Kind.LIBRARY: "the view of the case studies that brought this",
    Kind.SEARCH: "what this search finds",
    Kind.ANSWERS: "answers to suggestions",
}


def marked(target: str) -> str:
    """What tells one target from another; a search would be too long for a link."""
    return hashlib.sha256(target.encode()).hexdigest()[:16]


def _targets(notice: Notice) -> list[str]:
    """What the follow was of, where the notice itself tells: not for searches and views of the library."""
    thread = db.session.get(Thread, notice.thread_id) if notice.thread_id else None
    if notice.via in (None, Kind.LIBRARY, Kind.SEARCH):
        return []
    if notice.via == Kind.ANSWERS or thread is None:
        return [""]
    if notice.via == Kind.PERSON:
        return [str(id) for id in db.session.scalars(select(Post.author_id).where(Post.id == notice.post_id))]
    if notice.via == Kind.PROMPT:
        return list(db.session.scalars(select(Prompt.slug).where(Prompt.id == thread.prompt_id)))
    if notice.via == Kind.COMPONENT:
        carried = select(Component.slug).join(ThreadComponent, ThreadComponent.component_id == Component.id)
        return list(db.session.scalars(carried.where(ThreadComponent.thread_id == thread.id)))
    if notice.via == Kind.RESOURCE:
        return list(db.session.scalars(select(Resource.slug).where(Resource.thread_id == thread.id)))
    return [str(thread.merged_into or thread.id)]


def _no_more_mail(person: int, follows: list[int | None], since: int) -> None:
    """What waits already goes no more, be it in a letter that is on its way."""
    brought = update(Notice).where(
        Notice.person_id == person, Notice.id >= since, Notice.follow_id.in_([id for id in follows if id])
    )
    db.session.execute(
        brought.values(level="site", mail_due_at=None).execution_options(synchronize_session=False)
    )


def _sealer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="unsubscribe")
