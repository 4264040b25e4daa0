"""Have others said nearly the same? Spam comes in copies, and so does a campaign."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from forum.core.db import db
from forum.discussion.models import Post

OF_ALL, OF_THE_AUTHOR = 200, 50  # the newest posts that are looked through
WORDS = 3  # in a shingle
LOOKED_AT = 2_000  # characters of each
NEAR = 0.5
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Alike:
    """A post that shares `percent` of its runs of words with the one in question."""

    post: Post
    percent: int


def alike(post: Post) -> list[Alike]:
    """The most alike first. Three queries, however many posts there are."""
    mine = shingles(post.source[:LOOKED_AT])
    said = {id: text for query in _recent(post) for id, text in db.session.execute(query)}
    shares = {id: share(mine, shingles(text)) for id, text in said.items()}
    nearest = sorted((id for id in shares if shares[id] >= NEAR), key=lambda id: (-shares[id], -id))[:SHOWN]
    if not nearest:
        return []
    whole = select(Post).where(Post.id.in_(nearest)).options(joinedload(Post.author), joinedload(Post.thread))
    posts = {found.id: found for found in db.session.scalars(whole)}
    return [Alike(posts[id], round(100 * shares[id])) for id in nearest if id in posts]


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """Every run of WORDS words; of fewer words, the whole."""
    words = re.findall(r"\w+", text.casefold())
    if len(words) < WORDS:
        return frozenset({tuple(words)}) if words else frozenset()
    return frozenset(zip(*(words[start:] for start in range(WORDS)), strict=False))


def share(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """Of all their runs of words, how many both have: from 0 to 1."""
    return len(one & other) / len(one | other) if one and other else 0.0


def _recent(post: Post) -> tuple[Select[int, str], Select[int, str]]:
    newest = select(Post.id, func.substr(Post.source, 1, LOOKED_AT)).where(Post.id != post.id)
    newest = newest.order_by(Post.id.desc())
    return newest.limit(OF_ALL), newest.where(Post.author_id == post.author_id).limit(OF_THE_AUTHOR)
