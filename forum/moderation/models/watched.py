"""What the team watches for: lists of words, patterns and hosts of links, and what becomes of posts with them."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import ForeignKey, Index, Select, String, Text, false, func, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from forum.accounts.models import User
from forum.activity.models import Activity, record
from forum.core.db import Instant, db, now
from forum.core.errors import Conflict, Refused
from forum.discussion.models import Conversation, Post, Thread
from forum.discussion.models.gate import Act
from forum.moderation.models.watching import Hit, Kind, Terms, Watch

KINDS = {Kind.WORDS: "Words or phrases", Kind.PATTERN: "Patterns", Kind.HOST: "Hosts of links"}
ACTS = {
    Act.NUDGE: "Ask the author to look once more",
    Act.HOLD: "Hold it until the team has looked",
    Act.REFUSE: "Refuse it",
}
MOST_PATTERNS = 500  # in use, in all lists
TRIED = 1_000  # posts
SHOWN = 50
VERBS = ("team.watch-added", "team.watch-changed", "team.watch-used", "team.watch-stopped")

_making = threading.Lock()


class Watched(db.Model):  # type: ignore[name-defined,misc]
    """A list of terms, one on each line. It is tried on what was said before it is used; `note` is what an author is
    told. `version` grows over all lists, so that one number says whether anything has changed."""

    __tablename__ = "watched"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(10))
    act: Mapped[str] = mapped_column(String(10))
    terms: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    in_use: Mapped[bool] = mapped_column(default=False, server_default=false())
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    made_at: Mapped[datetime] = mapped_column(Instant, default=now)
    changed_at: Mapped[datetime] = mapped_column(Instant, default=now)
    version: Mapped[int]

    by: Mapped[User] = relationship(lazy="raise")

    __table_args__ = (Index(None, "version", unique=True),)

    # What the team does with it

    @classmethod
    def add(cls, by: User, name: str, kind: str, act: str, terms: list[str], note: str) -> Watched:
        """Keep a list; it is not used yet."""
        made = cls(by_id=by.id, name=name, kind=kind, act=act, terms="\n".join(terms), note=note)
        made._changed()
        db.session.add(made)
        db.session.flush()
        made._record("team.watch-added", by)
        return made

    def change(self, by: User, name: str, act: str, terms: list[str], note: str, since: int) -> None:
        """Say it anew; one that is used stays so. Raises Conflict where it has changed since version `since`, Refused
        where `by` may not."""
        self._hold(since)
        before = self._facts()
        if self.in_use:
            self._must_be_usable(by)
        self.name, self.act, self.terms, self.note = name, act, "\n".join(terms), note
        if self.in_use:
            self._must_be_usable(by)
        if self._facts() != before:
            self._changed()
            self._record("team.watch-changed", by, before=before)

    def use(self, by: User, since: int) -> None:
        """From now on it is looked for. Raises Conflict where it is not as it was tried, Refused where `by` may not."""
        self._hold(since)
        self._must_be_usable(by)
        self._set(by, True)

    def stop(self, by: User) -> None:
        self._hold(None)
        if not self.stoppable_by(by):
            raise Refused("An administrator has to stop what refuses posts.")
        self._set(by, False)

    # Questions

    @property
    def lines(self) -> list[str]:
        return self.terms.split("\n")

    @property
    def as_terms(self) -> Terms:
        return Terms(self.id or 0, self.kind, tuple(self.lines), Act(self.act))

    def usable_by(self, user: User) -> bool:
        """What refuses posts without a person looking is an administrator's to decide."""
        return user.is_administrator if self.act == Act.REFUSE else user.is_team

    stoppable_by = usable_by

    # Queries

    @classmethod
    def every(cls) -> Select[Watched]:
        return select(cls).order_by(cls.in_use.desc(), cls.name, cls.id).options(joinedload(cls.by))

    @classmethod
    def history(cls, id: int) -> list[tuple[Activity, str]]:
        """What was done with list `id`, newest first, with the names of those who did it."""
        query = (
            select(Activity, User.name).join(User, User.id == Activity.actor).where(Activity.verb.in_(VERBS))
        )
        found = db.session.execute(query.order_by(Activity.id.desc()).limit(1000))
        return [(act, name) for act, name in found if act.detail.get("watched") == id][:SHOWN]

    # Helpers

    def _set(self, by: User, in_use: bool) -> None:
        if self.in_use != in_use:
            self.in_use = in_use
            self._changed()
            self._record("team.watch-used" if in_use else "team.watch-stopped", by)

    def _must_be_usable(self, by: User) -> None:
        if not self.usable_by(by):
            raise Refused("An administrator has to put to use what refuses posts.")
        if self.kind == Kind.PATTERN:
            others = select(Watched.terms).where(
                Watched.kind == Kind.PATTERN, Watched.in_use, Watched.id != self.id
            )
            many = len(self.lines) + sum(terms.count("\n") + 1 for terms in db.session.scalars(others))
            if many > MOST_PATTERNS:
                raise Refused(f"At most {MOST_PATTERNS} patterns can be in use; this would make {many:,}.")

    def _hold(self, since: int | None) -> None:
        """One change at a time over all lists."""
        db.session.execute(select(Conversation.id).with_for_update())
        db.session.refresh(self)
        if since is not None and self.version != since:
            raise Conflict("A colleague has changed this list since you opened the page.")

    def _changed(self) -> None:
        db.session.execute(select(Conversation.id).with_for_update())
        self.version = (db.session.scalar(select(func.max(Watched.version))) or 0) + 1
        self.changed_at = now()

    def _facts(self) -> dict[str, str]:
        return {"name": self.name, "act": self.act, "terms": self.terms, "note": self.note}

    def _record(self, verb: str, by: User, **more: Any) -> None:
        record(verb, by=by, note=self.name, detail={"watched": self.id, **more})


@dataclass(frozen=True, slots=True)
class Rule:
    """What an author and the team are told of a list that is in use."""

    name: str
    note: str


def in_force() -> tuple[Watch, dict[int, Rule]]:
    """All that is in use, made ready: once in each process for each version of the lists."""
    stamp = tuple(db.session.execute(select(func.max(Watched.version), func.max(Watched.changed_at))).one())
    kept = current_app.extensions.get("watch")
    if kept is None or kept[0] != stamp:
        with _making:
            kept = current_app.extensions.get("watch")
            if kept is None or kept[0] != stamp:
                used = list(db.session.scalars(select(Watched).where(Watched.in_use)))
                rules = {each.id: Rule(each.name, each.note) for each in used}
                kept = (stamp, Watch(each.as_terms for each in used), rules)
                current_app.extensions["watch"] = kept
    return kept[1], kept[2]


def tried(terms: Terms, posts: int = TRIED) -> tuple[int, list[tuple[Post, list[Hit]]]]:
    """What `terms` would have found among the last posts: how many were looked at, and those that have them."""
    watch = Watch([terms])
    loaded = (joinedload(Post.thread).joinedload(Thread.prompt), joinedload(Post.author))
    recent = db.session.scalars(select(Post).order_by(Post.id.desc()).limit(posts).options(*loaded)).all()
    found = [(post, watch.find(words_of(post))) for post in recent]
    return len(recent), [(post, hits) for post, hits in found if hits]


def tried_as(kind: str, terms: list[str]) -> str:
    """Tells terms that were tried from others, as a form carries it."""
    return hashlib.sha256("\n".join((kind, *terms)).encode()).hexdigest()


def words_of(post: Post) -> str:
    """All that a post says: the one that opens a thread has its title."""
    return f"{post.thread.title}\n\n{post.source}" if post.opens else post.source
