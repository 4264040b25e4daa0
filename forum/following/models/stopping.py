"""To stop just that: what one press of "unsubscribe" in a mail changes, with no sign-in. Twice is harmless."""

from __future__ import annotations

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
    """What one link in a mail is for. It does not grow old: a mail may be read years later."""

    person: int
    what: What
    notice: int = 0

    @property
    def token(self) -> str:
        sealed: str = _sealer().dumps([self.person, self.what, self.notice])
        return sealed

    @classmethod
    def of(cls, token: str) -> Stop | None:
        try:
            person, what, notice = _sealer().loads(token)
            return cls(int(person), What(what), int(notice))
        except (BadSignature, TypeError, ValueError):
            return None

    def for_all(self) -> Stop:
        return Stop(self.person, What.ALL)

    def do(self) -> None:
        choice = db.session.get(MailChoice, self.person)
        if choice is None:
            choice = MailChoice.of(self.person)
            db.session.add(choice)
        notice = db.session.get(Notice, self.notice) if self.what == What.NOTICE else None
        if self.what == What.ALL:
            choice.pace = Pace.NEVER
        elif self.what == What.DIGEST:
            choice.digest_stopped = True
        elif notice is None or notice.via is None:
            choice.personal_stopped = True
        else:
            for follow in follows_behind(notice):
                follow.level = Level.SITE
            _no_more_mail(notice)
        Follower.changed(self.person)
        person = db.session.get(User, self.person)
        record("person.unsubscribed", by=person, subject=self.person, detail={"what": self.what})

    def words(self) -> str:
        """What stops, for "Stop …"."""
        notice = db.session.get(Notice, self.notice) if self.what == What.NOTICE else None
        if self.what == What.ALL:
            return "all mail about the conversation"
        if self.what == What.DIGEST:
            return "the digest"
        if notice is None or notice.via is None:
            return "mail about replies to you, mentions of you and quotes of you"
        return f"mail about {ABOUT[Kind(notice.via)]}"

    @property
    def is_done(self) -> bool:
        choice = MailChoice.of(self.person)
        if choice.pace == Pace.NEVER:
            return True
        if self.what == What.DIGEST:
            return choice.digest_stopped
        notice = db.session.get(Notice, self.notice) if self.what == What.NOTICE else None
        if self.what == What.ALL:
            return False
        return choice.personal_stopped if notice is None or notice.via is None else not follows_behind(notice)


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


def follows_behind(notice: Notice) -> list[Follow]:
    """The follow that brought the notice, where it brings mail. Where it has ended since, those of the same thing, that
    may have begun anew; a search or a view of the library is known by its own follow alone."""
    theirs = select(Follow).where(Follow.person_id == notice.person_id, Follow.kind == notice.via)
    brought: Follow | None = db.session.scalar(theirs.where(Follow.id == notice.follow_id))
    if brought is not None:
        return [brought] if brought.level in BY_MAIL else []
    if notice.via in (Kind.LIBRARY, Kind.SEARCH):
        return []
    return list(
        db.session.scalars(theirs.where(Follow.level.in_(BY_MAIL), Follow.target.in_(_targets(notice))))
    )


def _targets(notice: Notice) -> list[str]:
    thread = db.session.get(Thread, notice.thread_id) if notice.thread_id else None
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
    return [str(thread.id)]


def _no_more_mail(notice: Notice) -> None:
    """What waits already goes no more, be it in a letter that is on its way."""
    like_it = update(Notice).where(
        Notice.person_id == notice.person_id,
        Notice.via == notice.via,
        Notice.id >= notice.id,
    )
    if notice.follow_id is not None:
        like_it = like_it.where(Notice.follow_id == notice.follow_id)
    elif notice.via == Kind.THREAD:
        like_it = like_it.where(Notice.thread_id == notice.thread_id)
    db.session.execute(
        like_it.values(level="site", mail_due_at=None).execution_options(synchronize_session=False)
    )


def _sealer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="unsubscribe")
