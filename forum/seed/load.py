"""Load the conversation's own data. Safe to run again: what the team has edited stays as it is.

A folder holds one conversation in three files: conversation.toml (title, organisation, summary, source and
the prompts), components.toml and resources.toml. Everything in them is checked before anything is changed.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import String, select

from forum.core.db import db
from forum.core.markup import render
from forum.discussion.models import Component, Conversation, Prompt
from forum.moderation.models import Rules
from forum.resources.models import Resource
from forum.resources.models.resources import RESERVED
from forum.resources.models.words import PROMPT

HERE = Path(__file__).parent
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class BadFile(ValueError):
    """A file that cannot be loaded; the message names the file, and the key where there is one."""


@dataclass(frozen=True)
class Section:
    """One list of a conversation: in which file, under which key, with what in each entry, kept as which
    rows. `html` pairs a key of Markdown with the column that keeps it rendered. `names` is a key that holds a list
    of slugs, those of `components.toml`."""

    file: str
    key: str
    model: type[Any]
    wanted: tuple[str, ...]
    html: tuple[str, str] | None = None
    names: tuple[str, ...] = ()


ABOUT = ("title", "organisation", "summary", "source")
SECTIONS = (
    Section(
        "conversation.toml",
        "prompts",
        Prompt,
        ("slug", "title", "question", "introduction"),
        ("introduction", "introduction_html"),
    ),
    Section(
        "components.toml", "components", Component, ("slug", "name", "summary"), ("summary", "summary_html")
    ),
    Section(
        "resources.toml",
        "resources",
        Resource,
        ("slug", "name", "provider", "group", "audience", "address", "summary"),
        names=("components",),
    ),
)


def load_conversation(folder: Path = HERE) -> list[str]:
    """Bring the tables in line with the files in `folder`; a line on each thing added, changed or kept.
    Raises BadFile, with nothing changed. The caller commits. The threads of resources are another matter: see
    `forum.resources.models.lists.open_talks`."""
    about = _read(folder / "conversation.toml")
    _check(about, ABOUT, folder / "conversation.toml", "", Conversation, also=("prompts",))
    entries = [_entries(section, folder / section.file) for section in SECTIONS]
    _check_resources(folder / "resources.toml", *entries)
    done = _conversation({name: about[name] for name in ABOUT})
    for section, found in zip(SECTIONS, entries, strict=True):
        for order, fields in enumerate(found, 1):
            done += _row(section, fields, order)
    done += _rules(folder / "rules.md")
    if any(not line.endswith("(kept as the team edited it)") for line in done):
        db.session.flush()
        Conversation.touch()
    return done or ["Nothing to change: the conversation is loaded."]


def _rules(path: Path) -> list[str]:
    """The first version of the rules, where the folder has one; from then on they are the team's."""
    if not path.is_file() or db.session.scalar(Rules.now_in_force()) is not None:
        return []
    Rules.write(None, path.read_text("utf-8").strip(), since=0)
    return ["Rules: the first version"]


def _entries(section: Section, path: Path) -> list[dict[str, Any]]:
    """The entries of one section, checked; no slug twice, and none missing of those that came from a file before."""
    found = _read(path).get(section.key)
    if not isinstance(found, list) or not all(isinstance(fields, dict) for fields in found):
        raise BadFile(f"{path}: {section.key} is missing, or is not a list of [[{section.key}]] tables.")
    slugs: set[str] = set()
    for position, fields in enumerate(found, 1):
        where = f"{section.key} {position}: "
        _check(fields, section.wanted, path, where, section.model, also=section.names)
        slug = fields["slug"]
        if not SLUG.fullmatch(slug):
            raise BadFile(
                f"{path}: {where}slug is {slug!r}: use lower-case letters, digits and single hyphens."
            )
        if slug in slugs:
            raise BadFile(f"{path}: {where}slug {slug!r} is there twice.")
        slugs.add(slug)
    for slug in sorted(_loaded(section.model) - slugs):
        raise BadFile(
            f"{path}: {section.key}: slug {slug!r} is in the database but not in the file. Addresses and"
            " threads rest on it: put it back."
        )
    return found


def _loaded(model: type[Any]) -> set[str]:
    """The slugs that came from a file: a resource may have been added by the team."""
    query = select(model.slug)
    if model is Resource:
        query = query.where(Resource.added_at.is_(None))
    return set(db.session.scalars(query))


def _check_resources(
    path: Path,
    prompts: list[dict[str, Any]],
    components: list[dict[str, Any]],
    resources: list[dict[str, Any]],
) -> None:
    """Raises BadFile unless each resource names components that there are, and can be talked about."""
    known = {fields["slug"] for fields in components}
    for position, fields in enumerate(resources, 1):
        where = f"{path}: resources {position}: "
        served = fields.get("components")
        if not isinstance(served, list) or not all(isinstance(slug, str) for slug in served):
            raise BadFile(f"{where}components must be a list of slugs, which may be empty.")
        for slug in served:
            if slug not in known:
                raise BadFile(f"{where}there is no component {slug!r}.")
        if fields["slug"] in RESERVED:
            raise BadFile(f"{where}slug {fields['slug']!r} is the address of a page: use another.")
    if resources and not any(fields["slug"] == PROMPT for fields in prompts):
        raise BadFile(f"{path}: resources are talked about under the prompt {PROMPT!r}, and there is none.")


def _check(
    fields: dict[str, Any],
    wanted: tuple[str, ...],
    path: Path,
    where: str,
    model: type[Any],
    also: tuple[str, ...] = (),
) -> None:
    """Raises BadFile unless `fields` has exactly the keys `wanted`, each a text that its column can hold."""
    for name in sorted(fields.keys() - {*wanted, *also}):
        known = ", ".join((*wanted, *also))
        raise BadFile(f"{path}: {where}{name} is not a key that is known here. The keys are: {known}.")
    for name in wanted:
        value = fields.get(name)
        if value is None:
            raise BadFile(f"{path}: {where}{name} is missing.")
        if not isinstance(value, str) or not value.strip():
            raise BadFile(f"{path}: {where}{name} must be a text, and not an empty one.")
        kind = model.__table__.c[name].type
        if isinstance(kind, String) and kind.length and len(value) > kind.length:
            raise BadFile(f"{path}: {where}{name} is longer than {kind.length} characters.")


def _conversation(fields: dict[str, str]) -> list[str]:
    row = db.session.get(Conversation, 1)
    if row is None:
        db.session.add(Conversation(id=1, **fields))
        return [f"Conversation: {fields['title']}"]
    if not _differs(row, fields):
        return []
    _set(row, fields)
    return [f"Conversation: {fields['title']} (changed)"]


def _row(section: Section, fields: dict[str, Any], order: int) -> list[str]:
    row = db.session.scalar(select(section.model).where(section.model.slug == fields["slug"]))
    what = f"{section.model.__name__}: {fields['slug']}"
    shown: dict[str, Any] = {**fields, "order": order}
    if section.html is not None:
        markdown, html = section.html
        shown[html] = render(fields[markdown])
    if row is None:
        db.session.add(section.model(**shown))
        return [what]
    if not _differs(row, shown):
        return []
    if row.edited_at is not None:
        return [f"{what} (kept as the team edited it)"]
    _set(row, shown)
    return [f"{what} (changed)"]


def _differs(row: Any, fields: dict[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in fields.items())


def _set(row: Any, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(row, name, value)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadFile(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadFile(f"{path}: is not UTF-8: {error.reason} at byte {error.start}.") from error
    except tomllib.TOMLDecodeError as error:
        raise BadFile(f"{path}: is not good TOML: {error}.") from error
