"""Load the conversation's own data. Safe to run again: what the team has edited stays as it is."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import select

from forum.core.db import db
from forum.core.markup import render
from forum.discussion.models import Component, Conversation, Prompt
from forum.resources.models import Resource

HERE = Path(__file__).parent


def load_conversation(folder: Path = HERE) -> Iterator[str]:
    """Bring the tables in line with the files in `folder`; yields a line on each thing added or changed.
    The caller commits."""
    about = _read(folder / "conversation.toml")
    changed = list(_conversation(about))
    for order, fields in enumerate(about["prompts"], 1):
        shown = {**fields, "order": order, "introduction_html": render(fields["introduction"])}
        changed += _row(Prompt, shown)
    for order, fields in enumerate(_read(folder / "components.toml")["components"], 1):
        changed += _row(Component, {**fields, "order": order, "summary_html": render(fields["summary"])})
    for order, fields in enumerate(_read(folder / "resources.toml")["resources"], 1):
        changed += _row(Resource, {**fields, "order": order})
    if changed:
        db.session.flush()
        Conversation.touch()
    yield from changed or ["Nothing to change: the conversation is loaded."]


def _conversation(about: dict[str, Any]) -> Iterator[str]:
    fields = {name: about[name] for name in ("title", "organisation", "summary", "source")}
    row = db.session.get(Conversation, 1)
    if row is None:
        db.session.add(Conversation(id=1, **fields))
        yield f"Conversation: {fields['title']}"
    elif _differs(row, fields):
        _set(row, fields)
        yield f"Conversation: {fields['title']} (changed)"


def _row(model: Any, fields: dict[str, Any]) -> Iterator[str]:
    row = db.session.scalar(select(model).where(model.slug == fields["slug"]))
    kind = model.__name__
    if row is None:
        db.session.add(model(**fields))
        yield f"{kind}: {fields['slug']}"
    elif row.edited_at is None and _differs(row, fields):
        _set(row, fields)
        yield f"{kind}: {fields['slug']} (changed)"


def _differs(row: Any, fields: dict[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in fields.items())


def _set(row: Any, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(row, name, value)


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))
