"""The thread page that most signed-in readers share: the same for all of them but for a name and three tokens.

It is rendered once for each version with a stand-in for the reader; a reader's own values are then put in their
slots. Whoever has buttons or words of their own on the page gets one made for them instead."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from flask import request, session
from flask_wtf.csrf import generate_csrf
from markupsafe import escape

from forum.core.guards import me
from forum.core.own import in_brackets, own
from forum.discussion.forms import new_submission
from forum.discussion.fragments import Leaf
from forum.discussion.models import Post
from forum.discussion.models.drafts import Draft


@dataclass(frozen=True)
class StandIn:
    """A reader whose name, number and news are slots: words that nobody can guess, so that no post can hold them.
    `mine` is what of the record beside the thread is the reader's own, `level` how they follow the thread."""

    may_post: bool
    disclosure: str
    mine: Hashable = None
    level: str | None = None
    news: str = f"news-{secrets.token_hex(16)}"
    name: str = f"name-{secrets.token_hex(16)}"
    id: str = f"id-{secrets.token_hex(16)}"
    is_signed_in: bool = True
    is_team: bool = False


@dataclass(frozen=True, slots=True)
class Shared:
    """A rendered page, with the tokens that stand in it."""

    html: str
    token: str
    submission: str


def shared_page(leaf: Leaf, render: Callable[[StandIn, str], str]) -> str | None:
    """The page of `leaf` for this reader, or None where it must be made for them. `render` makes it for a
    stand-in and a submission token."""
    reader: Any = me()
    if (
        not reader.is_signed_in
        or reader.is_team
        or reader.id in leaf.authors
        or not leaf.thread.is_listed
        or "quote" in request.args
        or "_flashes" in session
        or Draft.is_there(reader, f"reply:{leaf.thread.id}")
        or Post.waits_in(leaf.thread, reader)
    ):
        return None
    token, submission = generate_csrf(), new_submission()
    mine = leaf.beside.mine(reader) if leaf.beside else None
    level = own().level(reader, "thread", str(leaf.thread.id))
    stand_in = StandIn(reader.may_post, reader.disclosure, mine, level)
    shared = leaf.pages.get(stand_in)
    if shared is None:
        shared = leaf.pages[stand_in] = Shared(render(stand_in, submission), token, submission)
    return (
        shared.html.replace(shared.token, token)
        .replace(shared.submission, submission)
        .replace(stand_in.news, in_brackets(own().news(reader)))
        .replace(stand_in.name, str(escape(reader.name)))
        .replace(stand_in.id, str(reader.id))
    )
