"""Posts from elsewhere, brought in from a file: their authors, dates and order are kept.

A line is a JSON object with thread, author, subject, body and date. The file is read as a stream and
committed in batches; a line is known again by its content, so a second run, or one after a run that was
stopped half-way, adds only what is not there yet. People who wrote elsewhere become accounts that nobody can
sign in to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from sqlalchemy import Integer, String, and_, column, insert, select, update, values

from forum.accounts.models import User
from forum.activity.models import record
from forum.core.db import db, now
from forum.core.markup import extract, render
from forum.discussion.models import Post, Prompt, Thread, ThreadComponent, slug_of
from forum.discussion.models.places import PlaceOfThread
from forum.seed.headers import date_of, topic_of
from forum.seed.lines import BadLine, Line, Reader
from forum.seed.plain_text import from_plain_text
from forum.seed.rendering import Shown, shown

BATCH = 500
NO_DATE = "no date: given that of the post before"
ODD_DATE = "date not understood: given that of the post before"
FUTURE_DATE = "date in the future: given the time of the import"


@dataclass
class Import:
    """One run of lines into the threads of a prompt. Counts what it does; tells `report` of each line left
    out: its number, from 1, and the reason. `render_all` makes many plain texts into Markdown and HTML; it may
    go on with that in the background until they are read."""

    prompt: Prompt
    report: Callable[[int, str], object]
    render_all: Callable[[list[str]], Iterable[Shown]] = lambda texts: map(shown, texts)
    at: datetime = field(default_factory=now)
    lines: int = 0
    posts: int = 0
    threads: int = 0
    people: int = 0
    already: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    dates: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._prompt_id = self.prompt.id
        self._reader = Reader(self.prompt.slug)

    def take(self, lines: Iterable[bytes]) -> Iterator[None]:
        """Bring `lines` in; yields after each batch, which is committed by then. One line of the log."""
        source = iter(lines)
        while batch := list(islice(source, BATCH)):
            self._take([line for raw in batch if (line := self._read(raw))])
            yield
        if self.posts:
            counts = {"posts": self.posts, "threads": self.threads, "people": self.people}
            record(
                "conversation.imported",
                prompt=self._prompt_id,
                detail={**counts, "left out": self.bad.total()},
            )
            db.session.commit()

    @property
    def good(self) -> int:
        """Lines that are posts here now."""
        return self.posts + self.already

    def summary(self) -> Iterator[str]:
        """What was done, in lines for a person."""
        yield f"{self.lines:,} lines read: {self.posts:,} posts added, {self.already:,} were there already."
        yield f"{self.threads:,} threads and {self.people:,} people are new."
        for what, counts in (("Left out", self.bad), ("Kept", self.dates)):
            for why, count in sorted(counts.items()):
                yield f"{what}: {count:,}: {why}."

    def _read(self, raw: bytes) -> Line | None:
        self.lines += 1
        try:
            return self._reader.read(raw)
        except BadLine as error:
            self.bad[str(error)] += 1
            self.report(self.lines, str(error))
            return None

    def _take(self, lines: list[Line]) -> None:
        """Add those of `lines` that are not there yet, and commit. Rows are locked in the one order: threads,
        then prompts."""
        threads = self._threads(lines)
        people = _people(lines)
        there = _there(lines, threads, people)
        fresh = []
        for line, (at, why) in zip(lines, self._dates(lines, threads), strict=True):
            if (people.get(line.author), line.submission) in there:
                self.already += 1
                continue
            fresh.append((line, at))
            self.dates.update([why] if why else [])
        if not fresh:
            db.session.rollback()
            return
        texts = self.render_all([line.body for line, _ in fresh])
        self._join(fresh, people)
        self._open(fresh, threads, people)
        self._add(fresh, texts, threads, people)
        db.session.commit()

    def _threads(self, lines: list[Line]) -> dict[str, Thread]:
        """The threads of `lines` that are there already, locked."""
        keys = {line.thread for line in lines}
        found = db.session.scalars(
            select(Thread).where(Thread.imported_as.in_(keys)).order_by(Thread.id).with_for_update()
        )
        return {thread.imported_as or "": thread for thread in found}

    def _dates(self, lines: list[Line], threads: dict[str, Thread]) -> Iterator[tuple[datetime, str]]:
        """When each of `lines` was written, and what was wrong with its own date, if anything was."""
        before: dict[str, datetime] = {}
        for line in lines:
            at, why = date_of(line.date), ""
            if at is None:
                why = ODD_DATE if line.date else NO_DATE
                at = before.get(line.thread) or _last_date(threads.get(line.thread)) or self.at
            elif at > self.at:
                at, why = self.at, FUTURE_DATE
            before[line.thread] = at
            yield at, why

    def _join(self, fresh: list[tuple[Line, datetime]], people: dict[str, int]) -> None:
        """Accounts for the authors who have none; nobody can sign in to them."""
        names = {line.author: line.name for line, _ in fresh if line.author not in people}
        users = [User(name=name, imported_as=author) for author, name in names.items()]
        db.session.add_all(users)
        db.session.flush()
        people.update({user.imported_as or "": user.id for user in users})
        self.people += len(users)

    def _open(
        self, fresh: list[tuple[Line, datetime]], threads: dict[str, Thread], people: dict[str, int]
    ) -> None:
        """Threads that are not there yet, and each with the count and the date of its last post."""
        changed_at, touched = now(), set()
        for line, at in fresh:
            thread = threads.get(line.thread)
            if thread is None:
                title = _title(line)
                threads[line.thread] = thread = Thread(
                    prompt_id=self._prompt_id,
                    author_id=people[line.author],
                    title=title,
                    slug=slug_of(title),
                    created_at=at,
                    last_post_at=at,
                    posts_count=0,
                    version=0,
                    imported_as=line.thread,
                    place=PlaceOfThread(),  # one by one: each takes its own
                )
                db.session.add(thread)
                self.threads += 1
            if line.thread not in touched:
                touched.add(line.thread)
                thread.version, thread.changed_at = thread.version + 1, changed_at
            thread.posts_count += 1
            thread.last_post_at = max(at, thread.last_post_at)
        db.session.flush()

    def _add(
        self,
        fresh: list[tuple[Line, datetime]],
        texts: Iterable[Shown],
        threads: dict[str, Thread],
        people: dict[str, int],
    ) -> None:
        """The posts themselves, numbered in the order of the file; and the prompts have changed."""
        left = Counter(line.thread for line, _ in fresh)
        changed = {line.thread: threads[line.thread] for line, _ in fresh}
        rows = []
        for (line, at), (source, html) in zip(fresh, texts, strict=True):
            thread = changed[line.thread]
            left[line.thread] -= 1
            rows.append(
                {
                    "thread_id": thread.id,
                    "prompt_id": thread.prompt_id,
                    "author_id": people[line.author],
                    "number": thread.posts_count - left[line.thread],
                    "source": source,
                    "html": html,
                    "published_at": at,
                    "updated_at": at,
                    "submission": line.submission,
                }
            )
        db.session.execute(insert(Post), rows)
        db.session.execute(
            update(ThreadComponent)
            .where(ThreadComponent.thread_id.in_([thread.id for thread in changed.values()]))
            .values(
                last_post_at=select(Thread.last_post_at)
                .where(Thread.id == ThreadComponent.thread_id)
                .scalar_subquery()
            ),
            execution_options={"synchronize_session": False},
        )
        db.session.execute(
            update(Prompt)
            .where(Prompt.id.in_(sorted({thread.prompt_id for thread in changed.values()})))
            .values(version=Prompt.version + 1, changed_at=now()),
            execution_options={"synchronize_session": False},
        )
        self.posts += len(rows)


def _title(line: Line) -> str:
    """A thread's title from the subject of its first post, or else from its first words."""
    title = topic_of(line.subject) or extract(render(from_plain_text(line.body)), 80) or "Untitled"
    return title if len(title) <= 200 else title[:199].rstrip() + "…"


def _people(lines: list[Line]) -> dict[str, int]:
    """The ids of those authors of `lines` who have an account already."""
    found = db.session.execute(
        select(User.imported_as, User.id).where(User.imported_as.in_({line.author for line in lines}))
    )
    return {author or "": id for author, id in found}


def _there(
    lines: list[Line], threads: dict[str, Thread], people: dict[str, int]
) -> set[tuple[int | None, str | None]]:
    """Who wrote and what is known of those of `lines` that are there already."""
    known = [
        (people[line.author], line.submission)
        for line in lines
        if line.author in people and line.thread in threads
    ]
    if not known:
        return set()
    # Joined, not IN: SQLite would read the whole index for a list of pairs.
    asked = values(column("author", Integer), column("line", String), name="asked").data(known).cte()
    found = db.session.execute(
        select(Post.author_id, Post.submission).join(
            asked, and_(Post.author_id == asked.c.author, Post.submission == asked.c.line)
        )
    )
    return {(author, submission) for author, submission in found}


def _last_date(thread: Thread | None) -> datetime | None:
    """When the last imported post of `thread` was written."""
    if thread is None:
        return None
    return db.session.scalar(
        select(Post.published_at)
        .where(Post.thread_id == thread.id, Post.submission.startswith("import:"))
        .order_by(Post.number.desc())
        .limit(1)
    )
