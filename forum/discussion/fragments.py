"""Posts as HTML, rendered once for each version and shared by all viewers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from markupsafe import Markup

from forum.core.porch import Kept
from forum.discussion.models.lists import PostRow

SIZE = 16 * 1024 * 1024


@dataclass(slots=True)
class Shown:
    """A post as the thread page joins it: the shared fragment, and what this viewer may do with it."""

    fragment: Markup
    row: PostRow
    editable: bool = False
    withdrawable: bool = False
    returnable: bool = False


def fragment(row: PostRow, thread_url: str) -> Markup:
    """The HTML of one post, its article still open for the viewer's own actions."""
    kept: Kept[Markup] = current_app.extensions["fragments"]
    key = (row.id, row.version, row.author_version, thread_url)
    found = kept.get(key)
    if found is None:
        macros: Any = current_app.jinja_env.get_template("components/post.html").module
        found = macros.tombstone(row) if row.gone_because else macros.post(row, thread_url)
        kept.put(key, found, 2 * len(found) + 300)
    return found


def init_app(app: Flask) -> None:
    app.extensions["fragments"] = Kept[Markup](SIZE)
