"""What every page names: the conversation, its prompts and components. Read once for each version of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g
from sqlalchemy import select

from forum.core.db import db
from forum.core.freshness import Rests, Version, versions
from forum.discussion.models.prompts import Component, Conversation, Prompt

RESTS = Rests("SELECT version, changed_at FROM conversation WHERE id = 1")


def conversation_version(**_: object) -> Rests:
    """Pages that show nothing but the conversation's own texts."""
    return RESTS


@dataclass(frozen=True)
class Catalogue:
    """The texts of one version; `prompts` and `components` are in order, as detached rows."""

    version: Version | None
    title: str
    organisation: str
    summary: str
    source: str
    contact: str
    prompts: tuple[Prompt, ...] = ()
    components: tuple[Component, ...] = ()

    def prompt(self, slug: str) -> Prompt | None:
        return next((prompt for prompt in self.prompts if prompt.slug == slug), None)

    def component(self, slug: str | None) -> Component | None:
        return next((component for component in self.components if component.slug == slug), None)


def catalogue() -> Catalogue:
    """The catalogue as it is now: one raw read, and the rows only where they have changed."""
    known: Catalogue = current_app.extensions["catalogue"]
    if g.get("failed"):
        return known
    version = versions().read(RESTS)
    if version is not None and version != known.version:
        known = current_app.extensions["catalogue"] = _read(version)
    return known


def init_app(app: Flask) -> None:
    config = app.config["FORUM"]
    app.extensions["catalogue"] = Catalogue(None, config.host_name, config.host_name, "", "", config.contact)
    app.context_processor(_in_templates)


def _in_templates() -> dict[str, Any]:
    return {"conversation": catalogue()}


def _read(version: Version) -> Catalogue:
    with db.session.no_autoflush:
        row = db.session.get_one(Conversation, 1, populate_existing=True)
        prompts = tuple(db.session.scalars(select(Prompt).order_by(Prompt.order)))
        components = tuple(db.session.scalars(select(Component).order_by(Component.order)))
    for shown in (*prompts, *components):
        db.session.expunge(shown)
    return Catalogue(
        version,
        row.title,
        row.organisation,
        row.summary,
        row.source,
        current_app.config["FORUM"].contact,
        prompts,
        components,
    )
