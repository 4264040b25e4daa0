"""What happened to what somebody said: for themselves alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select

from forum.accounts.models import User
from forum.core.db import db
from forum.discussion.models import Post, Thread
from forum.discussion.models.words import Moderation, Publication
from forum.suggestions.models.lists import SuggestionRow, suggestion_rows
from forum.suggestions.models.outcomes import Status
from forum.suggestions.models.steps import Step, StepPost
from forum.suggestions.models.suggestions import Suggestion, Supporter
from forum.suggestions.models.trail import EXTRACTED, StepRow, quoted, steps_where

PER_LIST = 20
LATEST = 6  # steps of one suggestion


@dataclass(frozen=True, slots=True)
class Spoken:
    """A post of somebody's own in a suggestion's thread, and what came of the suggestion. `rests` are the numbers of
    the steps that say they rest on it."""

    id: int
    number: int
    published_at: datetime
    extract: str
    suggestion: SuggestionRow
    steps: list[StepRow]
    rests: list[int] = field(default_factory=list)

    @property
    def answers(self) -> list[StepRow]:
        return [step for step in self.steps if step.status != Status.CONSIDERED]


def said_by(user: User, before: int) -> list[Spoken]:
    """What `user` said about suggestions, the newest first, from before the post with that id; PER_LIST and one more.
    What the team publishes as an answer is not among it."""
    answered = select(Step.id).where(Step.post_id == Post.id)
    rows = db.session.execute(
        select(Post.id, Post.number, Post.published_at, func.substr(Post.html, 1, EXTRACTED), Post.thread_id)
        .join(Suggestion, Suggestion.thread_id == Post.thread_id)
        .join(Thread, Thread.id == Post.thread_id)
        .where(
            Post.author_id == user.id,
            Post.id < before,
            Post.number.is_not(None),
            Post.publication == Publication.PUBLISHED,
            Post.moderation == Moderation.CLEAR,
            Thread.seen_by(user),
            ~answered.exists(),
        )
        .order_by(Post.id.desc())
        .limit(PER_LIST + 1)
    ).all()
    threads = {row.thread_id for row in rows}
    suggestions = {row.id: row for row in suggestion_rows(list(threads))}
    steps = latest_steps(threads)
    rests = _resting_on([row.id for row in rows])
    return [
        Spoken(
            id,
            number,
            at,
            quoted(html),
            suggestions[thread],
            steps.get(thread, []),
            rests.get(id, []),
        )
        for id, number, at, html, thread in rows
    ]


def supported_by(user: User, before: int) -> list[tuple[SuggestionRow, list[StepRow]]]:
    """The suggestions of others that `user` supports, the newest first, from before the thread with that id;
    PER_LIST and one more."""
    ids = list(
        db.session.scalars(
            select(Supporter.thread_id)
            .join(Thread, Thread.id == Supporter.thread_id)
            .where(
                Supporter.user_id == user.id,
                Supporter.thread_id < before,
                Thread.author_id != user.id,
                Thread.seen_by(user),
            )
            .order_by(Supporter.thread_id.desc())
            .limit(PER_LIST + 1)
        )
    )
    steps = latest_steps(set(ids))
    return [(row, steps.get(row.id, [])) for row in suggestion_rows(ids)]


def latest_steps(threads: set[int]) -> dict[int, list[StepRow]]:
    """The last LATEST steps of each of these suggestions, the oldest first."""
    own = select(Suggestion.steps).where(Suggestion.thread_id == Step.thread_id).scalar_subquery()
    steps: dict[int, list[StepRow]] = {}
    if threads:
        for step in steps_where(Step.thread_id.in_(threads), Step.number > own - LATEST):
            steps.setdefault(step.thread_id, []).append(step)
    return steps


def _resting_on(posts: list[int]) -> dict[int, list[int]]:
    query = (
        select(StepPost.post_id, Step.number)
        .join(Step, Step.id == StepPost.step_id)
        .where(StepPost.post_id.in_(posts), Step.status != Status.CONSIDERED)
        .order_by(Step.number)
    )
    found: dict[int, list[int]] = {}
    for post, number in db.session.execute(query):
        found.setdefault(post, []).append(number)
    return found
