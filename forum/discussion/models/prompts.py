"""What the conversation asks: its prompts, and the components that cut across them."""

from __future__ import annotations

from datetime import datetime

from markupsafe import Markup
from sqlalchemy import Select, String, Text, false, select, update
from sqlalchemy.orm import Mapped, mapped_column

from forum.accounts.models import User
from forum.activity.models import record
from forum.core.db import Instant, db, now
from forum.core.markup import SafeHTML, render


class Conversation(db.Model):  # type: ignore[name-defined,misc]
    """The one row that every page rests on: what is held here, and by whom. Where it, a prompt or a thread `holds`,
    new posts wait for the team."""

    __tablename__ = "conversation"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    organisation: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[str] = mapped_column(Text, default="")
    holds: Mapped[bool] = mapped_column(default=False, server_default=false())
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime] = mapped_column(Instant, default=now)

    @classmethod
    def hold_posts(cls, by: User, everywhere: bool, under: dict[int, bool]) -> None:
        """Whether each new post waits for the team: everywhere, or under a prompt (by its id)."""
        row = db.session.scalars(select(cls).with_for_update()).one()
        prompts = db.session.scalars(select(Prompt).order_by(Prompt.id).with_for_update()).all()
        before = {"everywhere": row.holds, "under": [prompt.slug for prompt in prompts if prompt.holds]}
        row.holds = everywhere
        for prompt in prompts:
            prompt.holds = under.get(prompt.id, prompt.holds)
        after = {"everywhere": everywhere, "under": [prompt.slug for prompt in prompts if prompt.holds]}
        if before != after:
            record("team.switched", by=by, detail={"before": before, "after": after})

    @classmethod
    def touch(cls) -> None:
        """Everything shown may have changed: every page is a new one."""
        db.session.execute(update(cls).values(version=cls.version + 1, changed_at=now()))


class Prompt(db.Model):  # type: ignore[name-defined,misc]
    """One of the questions that the conversation asks."""

    __tablename__ = "prompts"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    order: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    question: Mapped[str] = mapped_column(Text)
    introduction: Mapped[str] = mapped_column(Text, default="")
    introduction_html: Mapped[Markup] = mapped_column(SafeHTML, default=Markup)
    holds: Mapped[bool] = mapped_column(default=False, server_default=false())
    edited_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime] = mapped_column(Instant, default=now)

    def introduce(self, by: User, title: str, question: str, introduction: str) -> None:
        """The team's words above the prompt's threads."""
        before = {"title": self.title, "question": self.question, "introduction": self.introduction}
        self.title, self.question = title, question
        self.introduction, self.introduction_html = introduction, render(introduction)
        self.edited_at = now()
        Conversation.touch()
        record("team.prompt-edited", by=by, prompt=self.id, detail={"before": before})

    @classmethod
    def in_order(cls) -> Select[Prompt]:
        return select(cls).order_by(cls.order)


class Component(db.Model):  # type: ignore[name-defined,misc]
    """One of the five parts of personalised learning; cuts across the prompts."""

    __tablename__ = "components"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    order: Mapped[int]
    name: Mapped[str] = mapped_column(String(120))
    summary: Mapped[str] = mapped_column(Text)
    summary_html: Mapped[Markup] = mapped_column(SafeHTML, default=Markup)
    edited_at: Mapped[datetime | None] = mapped_column(Instant)

    def describe(self, by: User, name: str, summary: str) -> None:
        """The team's words for this component."""
        before = {"name": self.name, "summary": self.summary}
        self.name, self.summary, self.summary_html = name, summary, render(summary)
        self.edited_at = now()
        Conversation.touch()
        record("team.component-edited", by=by, detail={"component": self.slug, "before": before})

    @classmethod
    def in_order(cls) -> Select[Component]:
        return select(cls).order_by(cls.order)
