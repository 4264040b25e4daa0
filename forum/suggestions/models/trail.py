"""The trail of a suggestion: from what was said to what was done, line by line, as anyone may read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy import func, select

from forum.accounts.models import User, byline
from forum.core.db import db
from forum.core.markup import extract
from forum.core.paging import page_of
from forum.core.working_time import between, london, today
from forum.discussion.models import Post, Thread
from forum.discussion.models.words import gone_because
from forum.suggestions.models.composition import WHY, date_label
from forum.suggestions.models.outcomes import COLOURS, PROMISED, REASONS, STATUSES
from forum.suggestions.models.steps import Step, StepPost
from forum.suggestions.models.suggestions import Suggestion

SHORT = 6  # steps that the thread's own page shows; the others are on a page of their own
A_PAGE = 50  # steps, of that page
MERGES = 50
EXTRACTED = 2000  # characters of HTML that an extract is made from
QUOTED = 160
AUTHOR = (User.name, User.position, User.phase, User.school, User.role)


@dataclass(frozen=True, slots=True)
class Said:
    """A post that a step rests on, with what may be shown of it."""

    id: int
    number: int
    byline: str
    extract: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """A published step. `gone_because` says why its words are not shown; that it was taken always is."""

    id: int
    thread_id: int
    number: int
    status: str
    owner: str
    due_on: date | None
    reason: str | None
    owed_on: date | None
    published_at: datetime
    post_id: int
    byline: str
    note_html: Markup | str
    gone_because: str | None
    posts: list[Said] = field(default_factory=list)

    @property
    def label(self) -> str:
        return STATUSES[self.status]

    @property
    def colour(self) -> str:
        return COLOURS[self.status]

    @property
    def because(self) -> str:
        return REASONS.get(self.reason or "", "")

    @property
    def date_label(self) -> str:
        return date_label(self.status)

    @property
    def at(self) -> datetime:
        return self.published_at

    @property
    def days_late(self) -> int:
        """By how many working days this answer came after it was owed."""
        answered = self.owed_on is not None and self.status != "considered"
        return between(self.owed_on, london(self.published_at)) if answered and self.owed_on else 0


@dataclass(frozen=True, slots=True)
class Merge:
    """Another suggestion was taken in; `at` is when."""

    title: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Trail:
    """What stands beside a suggestion's thread. The oldest step first; `earlier` are those that are not among them."""

    id: int
    created_at: datetime
    status: str
    owner: str | None
    due_on: date | None
    reason: str | None
    supporters: int
    takes_support: bool
    author_id: int
    owed_since: datetime | None
    owed_on: date | None
    steps: Sequence[StepRow]
    earlier: int
    merges: Sequence[Merge]

    @property
    def lines(self) -> list[StepRow | Merge]:
        """Steps and merges in the order in which they happened."""
        return sorted([*self.steps, *self.merges], key=lambda line: line.at)

    @property
    def label(self) -> str:
        return STATUSES[self.status]

    @property
    def colour(self) -> str:
        return COLOURS[self.status]

    @property
    def last(self) -> StepRow | None:
        return self.steps[-1] if self.steps else None

    @property
    def is_overdue(self) -> bool:
        return self.owed_on is not None and self.owed_on < today()

    @property
    def is_late(self) -> bool:
        return self.status in PROMISED and self.due_on is not None and self.due_on < today()

    @property
    def days_overdue(self) -> int:
        return between(self.owed_on, today()) if self.owed_on is not None else 0


def step_address(thread: int, number: int) -> str:
    """The page of the trail, and the place on it, where a step stands."""
    page = page_of(number, A_PAGE)
    return f"/suggestions/{thread}/trail" + (f"?page={page}" if page > 1 else "") + f"#step-{number}"


def trail_of(suggestion: Suggestion, first: int = 1, last: int | None = None) -> Trail:
    """With the steps numbered `first` to `last`, and the merges between them: four queries, however many there are."""
    last = suggestion.steps if last is None else last
    steps = with_posts(steps_where(Step.thread_id == suggestion.thread_id, Step.number.between(first, last)))
    return Trail(
        suggestion.thread_id,
        suggestion.thread.created_at,
        suggestion.status,
        suggestion.owner,
        suggestion.due_on,
        suggestion.reason,
        suggestion.supporters,
        suggestion.takes_support(),
        suggestion.thread.author_id,
        suggestion.owed_since,
        suggestion.owed_on,
        steps,
        first - 1,
        _merges(
            suggestion.thread_id,
            steps[0].at if steps and first > 1 else None,
            steps[-1].at if steps and last < suggestion.steps else None,
        ),
    )


def _merges(thread: int, since: datetime | None, until: datetime | None) -> list[Merge]:
    """What was merged into `thread` between these moments; the last MERGES."""
    query = (
        select(Thread.title, Thread.gone_at)
        .where(Thread.merged_into == thread)
        .order_by(Thread.gone_at.desc())
    )
    if since is not None:
        query = query.where(Thread.gone_at >= since)
    if until is not None:
        query = query.where(Thread.gone_at < until)
    return [Merge(title, at) for title, at in db.session.execute(query.limit(MERGES)) if at is not None]


def steps_where(*which: Any) -> list[StepRow]:
    """Steps with what may be shown of them, by suggestion and number."""
    query = (
        select(
            Step.id,
            Step.thread_id,
            Step.number,
            Step.status,
            Step.owner,
            Step.due_on,
            Step.reason,
            Step.owed_on,
            Step.published_at,
            Step.post_id,
            Step.note_html,
            Post.publication,
            Post.moderation,
            Post.gone_reason,
            *AUTHOR,
        )
        .join(Post, Post.id == Step.post_id)
        .join(User, User.id == Post.author_id)
        .where(*which)
        .order_by(Step.thread_id, Step.number)
    )
    rows = []
    for row in db.session.execute(query):
        note, publication, moderation, reason, *author = row[10:]
        gone = gone_because(publication, moderation, reason)
        shown: list[Any] = [*row[:10], byline(*author), note if gone is None else "", gone]
        rows.append(StepRow(*shown))
    return rows


def with_posts(steps: list[StepRow]) -> list[StepRow]:
    """The same steps, each with the posts that it rests on."""
    by_id = {step.id: step for step in steps}
    for step, said in said_for(by_id):
        by_id[step].posts.append(said)
    return steps


def quoted(html: str) -> str:
    """The beginning of a post; of a suggestion, of what it asks for."""
    return extract(html.partition(f"<h3>{WHY}</h3>")[0], QUOTED)


def said_for(steps: Iterable[int]) -> list[tuple[int, Said]]:
    """The posts that these steps rest on, in their order, as anyone may read them: what is hidden or withdrawn is
    left out, and a role-only post says no name."""
    query = (
        select(
            StepPost.step_id,
            Post.id,
            Post.number,
            func.substr(Post.html, 1, EXTRACTED),
            Post.publication,
            Post.moderation,
            Post.gone_reason,
            *AUTHOR,
            Post.disclosure,
        )
        .join(Post, Post.id == StepPost.post_id)
        .join(User, User.id == Post.author_id)
        .where(StepPost.step_id.in_(list(steps)))
        .order_by(StepPost.step_id, Post.number)
    )
    found = []
    for step, id, number, html, publication, moderation, reason, *author in db.session.execute(query):
        if gone_because(publication, moderation, reason) is None:
            found.append((step, Said(id, number, byline(*author), quoted(html))))
    return found
