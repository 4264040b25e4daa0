"""What waits for the team before others see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flask import current_app, has_request_context, request
from sqlalchemy import func, select, true

from forum.accounts.models import User
from forum.core import identifying
from forum.core.db import db, now
from forum.core.errors import Refused
from forum.discussion.models import Conversation, Post, Prompt, Thread
from forum.discussion.models.gate import Act, Found
from forum.discussion.models.words import Moderation, Publication
from forum.moderation.models import Item
from forum.moderation.models.bans import Ban, Banned
from forum.moderation.models.items import Why
from forum.moderation.models.watched import in_force, words_of

HELD = {
    "new": "One of this person’s first posts",
    "person": "What this person writes is held for now",
    "switch": "Everything here is held for now",
    "words": "It has words that the team watches for",
    "private": "It may say who someone is",
    "changed": "Its author has changed it",
}


AROUND = 60  # characters before and after what is found


class Gatekeeper:
    """Stands at discussion/models/gate.py."""

    def why_held(
        self, by: User, prompt: int, thread: Thread | None, words: str, before: str = ""
    ) -> list[str]:
        if by.is_team:
            return []
        ban = Ban.against(by.email, request.remote_addr if has_request_context() else None)
        if ban is not None:
            raise Banned(ban)
        if thread is not None and thread.slow_seconds:
            _keep_slow(by, thread)
        why = _why_looked_at(look_at(words, before))
        if _is_new(by):
            why.append("new")
        if by.held_until is not None and by.held_until > now():
            why.append("person")
        if (thread is not None and thread.holds) or _holds(prompt):
            why.append("switch")
        return why

    def look(self, by: User, words: str, before: str = "") -> list[Found]:
        """What the team writes is never held: its members are only asked once."""
        found = look_at(words, before)
        return [replace(each, act=Act.NUDGE) for each in found] if by.is_team else found

    def held(self, post: Post, why: list[str]) -> None:
        Item.about_post(post, Why.HELD, why[0])

    def taken_back(self, post: Post) -> None:
        item: Item | None = db.session.scalar(select(Item).where(Item.open_thing == f"post:{post.id}"))
        if item is not None and item.why == Why.HELD:
            item.close()


def look_at(words: str, before: str = "") -> list[Found]:
    """What says who somebody is, and what the team watches for, in the order of the text; nothing that stands in
    `before`."""
    found = [*_identifying(words, before), *_watched(words, before)]
    return [each for _, each in sorted(found, key=lambda pair: pair[0])]


def look_at_post(post: Post) -> list[Found]:
    return look_at(words_of(post))


def _identifying(words: str, before: str) -> Iterator[tuple[int, Found]]:
    known = {(each.kind, before[each.start : each.end]) for each in identifying.find(before)}
    for each in identifying.find(words):
        said = words[each.start : each.end]
        if (each.kind, said) not in known:
            kind = identifying.KINDS[each.kind]
            place = extract(words, each.start, each.end)
            yield each.start, Found(said, kind.what, kind.why, kind.instead, Act.HOLD, "private", place)


def _watched(words: str, before: str) -> Iterator[tuple[int, Found]]:
    watch, rules = in_force()
    known = {(hit.id, hit.words.casefold()) for hit in watch.find(before)} if before else set()
    for hit in watch.find(words):
        if (hit.id, hit.words.casefold()) not in known:
            place = extract(words, hit.start, hit.end) if hit.end else ("", hit.words, "")
            what = "A link that the team watches for" if hit.link else "Words that the team watches for"
            yield hit.start, Found(hit.words, what, rules[hit.id].note, "", hit.act, "words", place)


def extract(words: str, start: int, end: int) -> tuple[str, str, str]:
    """The line in which something stands: a few words before it, it, a few words after."""
    before, after = words[max(0, start - AROUND) : start], words[end : end + AROUND]
    before, after = before.rpartition("\n")[2], after.partition("\n")[0]
    if len(before) == AROUND:
        before = "…" + before.partition(" ")[2]
    if len(after) == AROUND:
        after = after.rpartition(" ")[0] + "…"
    return before, words[start:end], after


def _why_looked_at(found: list[Found]) -> list[str]:
    """Codes of HELD. Raises Refused where some words may not be said at all."""
    refused = next((each for each in found if each.act == Act.REFUSE), None)
    if refused is not None:
        raise Refused(f"“{refused.words}” cannot be published here. {refused.why}")
    codes = {each.code for each in found if each.act == Act.HOLD}
    return [code for code in ("private", "words") if code in codes]


def _is_new(person: User) -> bool:
    """They have said less in public, and had it left there, than the setting asks; the team can vouch for them, and
    whoever brought people in from elsewhere has."""
    wanted: int = current_app.config["FORUM"].first_posts_held
    if not wanted or person.vouched_at is not None or person.imported_as is not None:
        return False
    shown = Post.publication == Publication.PUBLISHED, Post.moderation == Moderation.CLEAR
    said = select(Post.id).where(Post.author_id == person.id, *shown).limit(wanted).subquery()
    return (db.session.scalar(select(func.count()).select_from(said)) or 0) < wanted


def _holds(prompt: int) -> bool:
    switches = select(Prompt.holds | Conversation.holds).join(Conversation, true()).where(Prompt.id == prompt)
    found: bool = db.session.scalars(switches).one()
    return found


def _keep_slow(by: User, thread: Thread) -> None:
    """In a thread that is slowed down a person waits between posts."""
    mine = select(func.max(Post.published_at)).where(Post.thread_id == thread.id, Post.author_id == by.id)
    last = db.session.scalar(mine)
    wait = thread.slow_seconds - (now() - last).total_seconds() if last else 0
    if wait > 0:
        minutes = int(wait // 60) + 1
        raise Refused(
            f"This thread is slowed down: you can post again in {minutes} minute{'s' if minutes > 1 else ''}."
        )
