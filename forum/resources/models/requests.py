"""Resources that people miss: what they ask for, who supports it, and what the team answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, Select, String, Text, bindparam, func, literal_column, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from forum.accounts.models import User, Visitor
from forum.activity.models import record
from forum.core.db import Instant, db, now, see_anew
from forum.core.errors import Conflict, Refused
from forum.core.paging import PER_PAGE
from forum.discussion.models import Component, Post, Prompt, Thread, listed
from forum.discussion.models.lists import LAST_PAGE
from forum.discussion.models.splitting import parting
from forum.resources.models.words import ASKED, PROMPT, THERE, request_as_post, step_as_post

SORTS = {"support": "Most support", "newest": "Newest"}
Person = User | Visitor


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What someone misses: `what` is the title of its thread, `why` is Markdown."""

    what: str
    for_whom: str
    why: str
    components: list[Component]


class ResourceRequest(db.Model):  # type: ignore[name-defined,misc]
    """What stands beside the thread of a request: a discussion under the prompt of resources. `supporters` is the
    thread's count again and `state` that of the latest step, so that lists are ranges of an index."""

    __tablename__ = "resource_requests"

    thread_id: Mapped[int] = mapped_column(ForeignKey("threads.id"), primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(12), default=ASKED)
    supporters: Mapped[int] = mapped_column(default=0)
    steps_count: Mapped[int] = mapped_column(default=0)
    for_whom: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)

    thread: Mapped[Thread] = relationship(lazy="raise")

    __table_args__ = (
        Index(None, "supporters", "thread_id"),
        Index(None, "state", "supporters", "thread_id"),
        Index(None, "state", "thread_id"),
    )

    # What people do

    @classmethod
    def make(
        cls, by: User, wish: Wish, disclosure: str = "named", submission: str | None = None
    ) -> ResourceRequest:
        """Ask for a resource, in a thread of its own; the same submission twice returns the first. Raises Refused
        where `by` may not post."""
        prompt = db.session.scalars(select(Prompt).where(Prompt.slug == PROMPT)).one()
        words = request_as_post(wish.for_whom, wish.why)
        thread = Thread.start(prompt, by, wish.what, words, wish.components, disclosure, submission)
        earlier = cls.of_thread(thread.id)
        if earlier is not None:
            return earlier
        request = cls(thread=thread, for_whom=wish.for_whom, why=wish.why)
        db.session.add(request)
        db.session.flush()
        record("request.made", by=by, public=True, prompt=prompt.id, thread=thread.id)
        return request

    def edit(self, by: User, post: Post, wish: Wish, disclosure: str, since: int) -> None:
        """Other words; `post` opens the thread. Raises Conflict where it is not version `since` any more."""
        words = request_as_post(wish.for_whom, wish.why)
        post.edit(by, words, disclosure, since, wish.what, wish.components)
        self.for_whom, self.why = wish.for_whom, wish.why

    def support(self, by: User) -> None:
        """Say that one misses it too; once each. Raises Refused where it is one's own, or not open."""
        self.hold()
        if db.session.get(RequestSupporter, (self.thread_id, by.id)) is not None:
            return
        if not self.supportable_by(by):
            raise Refused(self.why_not_supported_by(by))
        db.session.add(RequestSupporter(thread_id=self.thread_id, user_id=by.id))
        self._supported("request.supported", by, 1)

    def take_back(self, by: User) -> None:
        """Support it no longer."""
        self.hold()
        support = db.session.get(RequestSupporter, (self.thread_id, by.id))
        if support is not None:
            db.session.delete(support)
            self._supported("request.support-taken-back", by, -1)

    # What the team does

    def answer(
        self,
        by: User,
        state: str,
        owner: str,
        due: date | None,
        note: str,
        since: int,
        submission: str | None = None,
    ) -> RequestStep:
        """Say what becomes of it: a step of its trail, whose words are a post in the thread. `since` is how many steps
        there were when `by` began: raises Conflict where a colleague was quicker. The same submission is one step."""
        if not by.is_team:
            raise Refused("Only the team answers requests.")
        self.hold()
        words = step_as_post(state, owner, due, note)
        earlier, _ = Post.submitted(by, submission, words, lambda post: post.thread_id == self.thread_id)
        done = RequestStep.of_post(earlier.id) if earlier is not None else None
        if done is not None:
            return done
        if self.steps_count != since:
            raise Conflict("A colleague has answered since you opened this page.")
        post = self.thread.reply(by, words, submission=submission)
        step = RequestStep(thread_id=self.thread_id, post=post, by=by, state=state, owner=owner, due=due)
        db.session.add(step)
        self.state, self.steps_count = state, self.steps_count + 1
        self.thread.touched()
        record(
            "team.request-answered",
            by=by,
            public=True,
            prompt=self.thread.prompt_id,
            thread=self.thread_id,
            post=post.id,
            detail={"state": state, "owner": owner, "due": due.isoformat() if due else None},
        )
        return step

    def hold(self) -> None:
        """Take the row lock of the thread, and see this request as it is now."""
        self.thread.hold()
        see_anew(self)

    # Questions

    def supportable_by(self, user: Person) -> bool:
        """May `user` begin to? Whoever does may always take it back."""
        mine = user.is_team or self.thread.author_id == user.id
        return self.thread.open_to(user) and not mine and self.state not in THERE

    def why_not_supported_by(self, user: Person) -> str:
        if self.thread.author_id == user.id:
            return "You asked for this: your own support is counted in the asking."
        if user.is_team:
            return "The team answers requests, so it does not support them."
        if self.state in THERE:
            return "This is there by now. If it is not what you miss, say so in the thread."
        return self.thread.why_closed_to(user)

    # Queries

    @classmethod
    def of_thread(cls, thread: int) -> ResourceRequest | None:
        found: ResourceRequest | None = db.session.scalar(OF_THREAD, {"thread": thread})
        return found

    @classmethod
    def visible_to(cls, user: Person) -> Select[ResourceRequest]:
        """The requests that `user` may see, each with its thread and prompt."""
        return (
            select(cls)
            .join(cls.thread)
            .where(Thread.seen_by(user), Thread.prompt_id == _prompt())
            .options(joinedload(cls.thread).joinedload(Thread.prompt))
        )

    # Helpers

    def _supported(self, verb: str, by: User, change: int) -> None:
        self.supporters += change
        self.thread.supporters_count = self.supporters
        self.thread.touched()
        record(verb, by=by, prompt=self.thread.prompt_id, thread=self.thread_id)


class RequestSupporter(db.Model):  # type: ignore[name-defined,misc]
    """Someone misses what a request asks for."""

    __tablename__ = "request_supporters"

    thread_id: Mapped[int] = mapped_column(ForeignKey("resource_requests.thread_id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, default=now)

    __table_args__ = (Index(None, "user_id"),)


class RequestStep(db.Model):  # type: ignore[name-defined,misc]
    """What the team has said will become of a request: the trail. `owner` is who sees to it, `due` by when."""

    __tablename__ = "request_steps"

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("resource_requests.thread_id"))
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    state: Mapped[str] = mapped_column(String(12))
    owner: Mapped[str] = mapped_column(String(120))
    due: Mapped[date | None] = mapped_column(Date)
    at: Mapped[datetime] = mapped_column(Instant, default=now)

    post: Mapped[Post] = relationship(lazy="raise")
    by: Mapped[User] = relationship(lazy="raise")

    __table_args__ = (Index(None, "thread_id", "id"), Index(None, "post_id", unique=True))

    @classmethod
    def trail(cls, thread: int) -> Select[RequestStep]:
        """The steps, the latest first, each with its post and who took it."""
        return (
            select(cls)
            .where(cls.thread_id == thread)
            .order_by(cls.id.desc())
            .options(joinedload(cls.post), joinedload(cls.by))
        )

    @classmethod
    def of_post(cls, post: int) -> RequestStep | None:
        found: RequestStep | None = db.session.scalar(select(cls).where(cls.post_id == post))
        return found


@dataclass(frozen=True)
class Requests:
    """A list of requests: in which state (None is any), and in what order."""

    state: str | None = None
    sort: str = "support"

    def ids(self) -> Select[int]:
        """The ids of the threads, in order, along an index of the requests: whether a thread is shown is looked up
        for each, in a scalar query that no planner turns round."""
        shown = (
            select(literal_column("1"))
            .select_from(Thread)
            .where(Thread.id == ResourceRequest.thread_id, listed(), Thread.prompt_id == _prompt())
            .correlate(ResourceRequest)
            .scalar_subquery()
        )
        query = select(ResourceRequest.thread_id).where(shown == literal_column("1"))
        if self.state is not None:
            query = query.where(ResourceRequest.state == self.state)
        latest = ResourceRequest.thread_id.desc()
        if self.sort == "newest":
            return query.order_by(latest)
        return query.order_by(ResourceRequest.supporters.desc(), latest)

    def page(self, number: int, size: int = PER_PAGE) -> list[int]:
        return list(db.session.scalars(self.ids().limit(size).offset((number - 1) * size)))

    def count(self) -> int:
        """How many there are, counted no further than the last page that is offered and one more."""
        bounded = self.ids().order_by(None).limit(LAST_PAGE * PER_PAGE + 1).subquery()
        return db.session.scalar(select(func.count()).select_from(bounded)) or 0


def _prompt() -> Any:
    """The prompt that requests are under: one that the team has moved elsewhere is none any more."""
    return select(Prompt.id).where(Prompt.slug == PROMPT).scalar_subquery()


OF_THREAD: Any = (
    select(ResourceRequest)
    .where(ResourceRequest.thread_id == bindparam("thread"))
    .options(joinedload(ResourceRequest.thread).joinedload(Thread.prompt))
)


@parting.connect
def _answers_stay(thread: Thread, posts: list[int]) -> None:
    if db.session.scalar(select(RequestStep.id).where(RequestStep.post_id.in_(posts)).limit(1)) is not None:
        raise Refused("An answer stays with the request for a resource.")
