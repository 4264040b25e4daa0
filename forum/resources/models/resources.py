"""The resources for progress: what they are, and the thread in which each is talked about."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Date, ForeignKey, Index, Select, String, Text, bindparam, func, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.accounts.models import User, Visitor
from forum.activity.models import record
from forum.core.db import Instant, db, now, see_anew
from forum.core.errors import Conflict, Refused
from forum.discussion.models import Thread, slug_of
from forum.resources.models.talks import talk_about, tell
from forum.resources.models.words import Facts

RESERVED = ("requests",)  # no resource has these for a slug: they are pages
Person = User | Visitor


class Resource(db.Model):  # type: ignore[name-defined,misc]
    """Something the organisation provides to schools; `address` is where it was to be found, as printed, and
    `archived_address` where the team has found a copy. `audience` says who it is for, `components` are slugs.

    What the team has added itself has `added_at`. It is talked about in the thread `thread_id`, which carries its
    version: whatever changes here touches that thread."""

    __tablename__ = "resources"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    order: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    provider: Mapped[str] = mapped_column(String(200))
    group: Mapped[str] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str] = mapped_column(Text)
    edited_at: Mapped[datetime | None] = mapped_column(Instant)
    audience: Mapped[str] = mapped_column(String(300), default="", server_default="")
    components: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    archived_address: Mapped[str] = mapped_column(String(500), default="", server_default="")
    added_at: Mapped[datetime | None] = mapped_column(Instant)
    retired_on: Mapped[date | None] = mapped_column(Date)
    retired_because: Mapped[str] = mapped_column(Text, default="", server_default="")
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("threads.id"))

    thread: Mapped[Thread | None] = relationship(lazy="raise")

    __table_args__ = (Index(None, "thread_id", unique=True),)

    # What the team does

    @classmethod
    def add(cls, by: User, facts: Facts) -> Resource:
        """A new resource at the end of the list, with a thread of its own; the same facts twice are one. Raises
        Conflict where another has the name, Refused where `by` is not of the team."""
        _only_team(by)
        see_anew(by, lock=True)  # one at a time: a double click waits here
        twin: Resource | None = db.session.scalar(
            select(cls).where(func.lower(cls.name) == facts.name.lower())
        )
        if twin is not None and twin.facts == facts:
            return twin
        if twin is not None:
            raise Conflict(f"There is a resource called {twin.name} already.")
        last = db.session.scalar(select(func.max(cls.order))) or 0
        at = now()
        resource = cls(
            slug=_free_slug(facts.name), order=last + 1, added_at=at, edited_at=at, **facts.__dict__
        )
        db.session.add(resource)
        db.session.flush()
        resource.open_talk()
        resource._record("team.resource-added", by)
        return resource

    def edit(self, by: User, facts: Facts, since: datetime | None) -> None:
        """Other facts. `since` is when they had last been edited as `by` began: raises Conflict where they have
        been since then."""
        _only_team(by)
        self.hold()
        if self.edited_at != since:
            raise Conflict("A colleague has changed this resource since you opened this page.")
        before = self.facts.__dict__
        if before == facts.__dict__:
            return
        for name, value in facts.__dict__.items():
            setattr(self, name, value)
        self.edited_at = now()
        self.tell_talk()
        self._touch()
        self._record("team.resource-edited", by, before=before)

    def retire(self, by: User, on: date, because: str) -> None:
        """It is not provided any more. What was said of it stays; it takes no new reviews."""
        _only_team(by)
        self.hold()
        if (self.retired_on, self.retired_because) == (on, because):
            return
        self.retired_on, self.retired_because = on, because
        self._touch()
        self._record("team.resource-retired", by, note=because)

    def bring_back(self, by: User) -> None:
        _only_team(by)
        self.hold()
        if self.retired_on is None:
            return
        self.retired_on, self.retired_because = None, ""
        self._touch()
        self._record("team.resource-returned", by)

    # The thread

    def open_talk(self) -> bool:
        """Open the thread where this resource is talked about. False where there is one already."""
        see_anew(self, lock=True)
        if self.thread_id is not None:
            return False
        self.thread = talk_about(self.slug, self.facts)
        self.thread_id = self.thread.id
        db.session.flush()
        return True

    def tell_talk(self) -> None:
        """Let the thread say what is known of this resource now."""
        if self.thread_id is not None:
            tell(self.thread_id, self.slug, self.facts)

    def talk(self) -> Thread:
        """The thread, which is opened where there is none yet."""
        if self.thread_id is None:
            self.open_talk()
        thread: Thread = db.session.get_one(Thread, self.thread_id)
        return thread

    def hold(self) -> None:
        """Take the row lock of the thread, and see this resource as it is now."""
        self.talk().hold()
        see_anew(self)

    # Questions

    @property
    def is_retired(self) -> bool:
        return self.retired_on is not None

    @property
    def facts(self) -> Facts:
        return Facts(**{name: getattr(self, name) for name in Facts.__dataclass_fields__})

    def reviewable_by(self, user: Person) -> bool:
        return user.may_post and not user.is_team and not self.is_retired

    def why_not_reviewed_by(self, user: Person) -> str:
        if self.is_retired:
            return "This resource is retired: it takes no new reviews."
        if user.is_team:
            return "The team answers for the resources, so it does not review them."
        return "Confirm your email address before you review a resource."

    # Queries

    @classmethod
    def in_order(cls) -> Select[Resource]:
        return select(cls).order_by(cls.order, cls.id)

    @classmethod
    def named(cls, slug: str) -> Select[Resource]:
        return select(cls).where(cls.slug == slug)

    @classmethod
    def of_thread(cls, thread: int) -> Resource | None:
        found: Resource | None = db.session.scalar(OF_THREAD, {"thread": thread})
        return found

    # Helpers

    def _touch(self) -> None:
        self.talk().touched()

    def _record(self, verb: str, by: User, note: str = "", **detail: object) -> None:
        thread = self.talk()
        about = {"resource": self.slug, **detail}
        record(verb, by=by, public=True, prompt=thread.prompt_id, thread=thread.id, note=note, detail=about)


OF_THREAD = select(Resource).where(Resource.thread_id == bindparam("thread"))


def _free_slug(name: str) -> str:
    """A slug from `name` that is neither another resource's nor a page's."""
    wanted = slug = slug_of(name)
    number = 1
    while slug in RESERVED or db.session.scalar(select(Resource.id).where(Resource.slug == slug)) is not None:
        number += 1
        slug = f"{wanted}-{number}"
    return slug


def _only_team(by: User) -> None:
    if not by.is_team:
        raise Refused("Only the team keeps the list of resources.")
