"""Posts from elsewhere, brought in from a file: their authors, dates and order are kept.

A line is a JSON object with thread, author, subject, body and date. The file is read as a stream and
committed in batches; a line is known again by its content, so a second run, or one after a run that was
stopped half-way, adds only what is not there yet. People who wrote elsewhere become accounts that nobody can
sign in to.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any, BinaryIO

from markupsafe import Markup
from sqlalchemy import Integer, String, and_, column, insert, select, update, values

from forum.accounts.models import User
from forum.activity.models import record
from forum.core.db import db, now
from forum.core.markup import clean_text, extract, render
from forum.discussion.models import Post, Prompt, Thread, ThreadComponent, slug_of

BATCH = 500
LONGEST_LINE = 1024 * 1024
LONGEST_BODY = 100_000
DEEPEST_QUOTE = 10
NARROW, WIDE, RAGGED = 65, 100, 8
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
NO_DATE = "no date: given that of the post before"
ODD_DATE = "date not understood: given that of the post before"
FUTURE_DATE = "date in the future: given the time of the import"

_REPLY = re.compile(r"(?:\s*re(?:\[\d+\]|\^\d+)?\s*:)+\s*", re.IGNORECASE)
_NAME_FIRST = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>\s*")
_NAME_AFTER = re.compile(r"(?P<address>[^\s()]*)\s*\((?P<name>.*)\)[^()]*")
_ADDRESS = re.compile(r"<[^<>]*>|\S*@\S*")
_QUOTED = re.compile(rf"(?: {{0,3}}> ?){{1,{DEEPEST_QUOTE}}}")
_GAP = re.compile(r"\S {3,}\S")
_DRAWN = re.compile(r"[^\w\s.,;:'\"?!()>-]")
_OWN_LINE = re.compile(r"[-+*#|:}%=~$]|\w{1,3}[.)]\s|\w{0,4}>")
_NUMBER = re.compile(r"\d{1,9}(?=[.)](?:\s|$))")
_MAY_MARK = re.compile(r"[*`_\\\]<&~!]")
_MARK = re.compile(
    r"https?://[^\s<>\"\\]+"
    r"|[*`]|(?<![^\W_])_|_(?![^\W_])|\\(?=[!-/:-@\[-`{-~]|$)|\](?=[(\[:])|<(?=[^\s<>]*[:@])|&(?=#?\w{1,31};)"
    r"|~(?=~)|(?<=~)~|!(?=\[)"
)

# Windows' quotes and dashes, read by somebody as Latin-1, are control characters.
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}

Shown = tuple[str, Markup]


class BadLine(ValueError):
    """A line that cannot be a post; the message says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one line says. `thread` and `author` are what Thread and User keep as imported_as; `submission` is
    what Post keeps, and the line is known by."""

    thread: str
    author: str
    name: str
    subject: str
    body: str
    date: Any
    submission: str


@dataclass
class Import:
    """One run of lines into the threads of a prompt. Counts what it does; tells `report` of each line left
    out: its number, from 1, and the reason. `render_all` makes many plain texts into Markdown and HTML."""

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
        self._slug, self._prompt_id = self.prompt.slug, self.prompt.id
        # On disk, and gone when closed: what has been seen does not stay in memory.
        self._seen = sqlite3.connect("")
        self._seen.execute("CREATE TABLE seen (line TEXT PRIMARY KEY, times INTEGER) WITHOUT ROWID")

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
            return self._line(raw)
        except BadLine as error:
            self.bad[str(error)] += 1
            self.report(self.lines, str(error))
            return None

    def _line(self, raw: bytes) -> Line:
        if len(raw) > LONGEST_LINE:
            raise BadLine(f"longer than {LONGEST_LINE:,} bytes")
        try:
            found = json.loads(_decoded(raw))
        except (ValueError, RecursionError):
            raise BadLine("not JSON") from None
        if not isinstance(found, dict):
            raise BadLine("not a JSON object")
        key = found.get("thread")
        if isinstance(key, int) and not isinstance(key, bool):
            key = str(key)
        if key is None or key == "":
            raise BadLine("no thread")
        if not isinstance(key, str):
            raise BadLine("thread is not text")
        texts: dict[str, str | None] = {}
        for name in ("author", "subject", "body"):
            texts[name] = found.get(name)
            if not isinstance(texts[name], str | None):
                raise BadLine(f"{name} is not text")
        body = _clean(texts["body"] or "")
        if not body.strip():
            raise BadLine("empty body")
        if len(body) > LONGEST_BODY:
            raise BadLine(f"body longer than {LONGEST_BODY:,} characters")
        thread = _thread_key(self._slug, key)
        name, author = name_and_key(texts["author"] or "")
        content = _digest(thread, texts["author"], texts["subject"], texts["body"], found.get("date"))
        return Line(
            thread=thread,
            author=author,
            name=name,
            subject=texts["subject"] or "",
            body=body,
            date=found.get("date"),
            submission="import:" + _digest(content, self._times(content)),
        )

    def _times(self, content: str) -> int:
        """How many times this run has met this very line, this one included."""
        return int(
            self._seen.execute(
                "INSERT INTO seen VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times",
                (content,),
            ).fetchone()[0]
        )

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
        self._join(fresh, people)
        self._open(fresh, threads, people)
        self._add(fresh, threads, people)
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
        self, fresh: list[tuple[Line, datetime]], threads: dict[str, Thread], people: dict[str, int]
    ) -> None:
        """The posts themselves, numbered in the order of the file; and the prompts have changed."""
        left = Counter(line.thread for line, _ in fresh)
        changed = {line.thread: threads[line.thread] for line, _ in fresh}
        rows = []
        texts = self.render_all([line.body for line, _ in fresh])
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


def shown(text: str) -> Shown:
    """A plain text as a post keeps it: its Markdown and its HTML."""
    source = from_plain_text(text)
    return source, render(source)


@contextmanager
def on_every_core() -> Iterator[Callable[[list[str]], Iterable[Shown]]]:
    """`shown` of many texts, shared out between processes: it is nine tenths of the work of an import."""
    with ProcessPoolExecutor(
        mp_context=multiprocessing.get_context("spawn"), initializer=_leave_with_the_parent
    ) as pool:
        yield lambda texts: pool.map(shown, texts, chunksize=20)


def _leave_with_the_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of `file`, blank ones too; of a line that is far too long only the beginning."""
    while line := file.readline(LONGEST_LINE + 1):
        yield line
        while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE + 1)


def date_of(written: Any) -> datetime | None:
    """A date as RFC 3339 or RFC 2822 writes it, with two digits of year or four, UTC where it names no zone.
    None where it cannot be understood or is before 1970."""
    if not isinstance(written, str):
        return None
    try:
        at = datetime.fromisoformat(written.strip())
    except ValueError:
        try:
            at = parsedate_to_datetime(written)
        except (ValueError, IndexError, OverflowError):
            return None
    if at.year < 100:
        at = at.replace(year=at.year + (1900 if at.year > 68 else 2000))
    try:
        at = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        return None
    return at if at >= EARLIEST else None


def name_and_key(author: str) -> tuple[str, str]:
    """The name to show for `author`, never a mail address, and what an account made for it is known by.

    Understands `a@b (Ada Obi)`, `"Ada Obi" <a@b>` and an address or a name alone; both forms are one person.
    """
    text = " ".join(_clean(_decoded_words(author)).split())
    found = _NAME_FIRST.fullmatch(text) or _NAME_AFTER.fullmatch(text)
    if found is None:
        address, name = ("", text) if " " in text or not re.search("[@!]", text) else (text, "")
    else:
        address, name = found["address"].strip(), found["name"]
    shown = _ADDRESS.sub("", name)
    shown = re.sub(r"^([\"'])(.*)\1$", r"\2", shown.strip(" ;,:()")).strip(" ;,:()")
    if not re.search(r"[^\W_]", shown):
        shown = address.split("@")[0].rpartition("!")[2]
    shown = shown[:120].strip() or "Name not given"
    return shown, "author:" + _digest(address.casefold(), name.strip("\"' ").casefold())


def from_plain_text(text: str) -> str:
    """Markdown that shows plain text, as in mail, the way it was meant to be read.

    Quotes (`>`) stay quotes. Everything else that Markdown would take for a mark is shown as it was typed. A
    paragraph flows, except where its writer ended a line early; what was laid out in columns, or drawn, keeps
    its spaces. So a signature's `-- ` is a line of its own and not the underline of a heading.
    """
    blocks = list(_blocks(text))
    lines: list[str] = []
    for position, (level, block) in enumerate(blocks):
        if position:
            lines.append("> " * min(level, blocks[position - 1][0]))
        shown = _as_laid_out(block) if _laid_out(block) else _as_prose(block)
        lines += ["> " * level + line for line in shown]
    return "\n".join(line if line.strip(" >") else line.rstrip() for line in lines)


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Paragraphs of `text`: how deep each is quoted, and its lines without the quote marks."""
    level, block = 0, list[str]()
    for line in [*clean_text(text).split("\n"), ""]:
        line = line.expandtabs(8).rstrip()
        quoted = _QUOTED.match(line)
        depth = quoted[0].count(">") if quoted else 0
        rest = line[quoted.end() :] if quoted else line
        if block and (depth != level or not rest.strip()):
            yield level, block
            block = []
        if rest.strip():
            level = depth
            block.append(rest)


def _laid_out(block: list[str]) -> bool:
    """Is this a table, a drawing, code: something whose spaces matter?"""
    if len(block) < 2:
        return False
    words = "".join(block).replace(" ", "")
    if len(block) > 2 and len(_DRAWN.findall(words)) > len(words) / 5:
        return True
    if all(line.startswith("    ") for line in block):
        return True
    return sum(bool(_GAP.search(line.strip())) for line in block) >= max(2, len(block) / 3)


def _as_laid_out(block: list[str]) -> list[str]:
    return [f"    {line}" for line in block]


def _as_prose(block: list[str]) -> list[str]:
    """The lines of a paragraph, each with a hard break after it unless it was only full: the next line's
    first word would have had no room on it, within what a ragged margin varies."""
    lines = [line.strip() for line in block]
    widest = max(len(line) for line in lines)
    shown = []
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        room = len(line) + 1 + len(after.partition(" ")[0]) <= max(widest, NARROW) - RAGGED
        ends = bool(after) and (room or widest > WIDE or bool(_OWN_LINE.match(after)))
        shown.append(_escaped(line) + "  " * ends)
    return shown


def _escaped(line: str) -> str:
    """`line` with a backslash before each mark that Markdown would take for its own; not in web addresses."""
    marked = _MARK.sub(_escape, line) if _MAY_MARK.search(line) else line
    number = _NUMBER.match(marked)
    if number:
        return f"{number[0]}\\{marked[number.end() :]}"
    return "\\" + marked if marked[0] in "-+=#|:~>" else marked


def _escape(found: re.Match[str]) -> str:
    return found[0] if len(found[0]) > 1 else "\\" + found[0]


def _title(line: Line) -> str:
    """A thread's title from the subject of its first post, or else from its first words."""
    subject = " ".join(_clean(_decoded_words(line.subject)).split())
    title = _REPLY.sub("", subject, count=1) if _REPLY.match(subject) else subject
    title = title or extract(render(from_plain_text(line.body)), 80) or "Untitled"
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


def _thread_key(prompt: str, key: str) -> str:
    """What Thread keeps of the file's own name for a thread."""
    whole = f"{prompt}:{key}"
    return whole if len(whole) <= 200 and clean_text(key) == key else f"{prompt}:{_digest(key)}"


def _decoded(raw: bytes) -> str:
    """A line as text: UTF-8, or else Latin-1, which every byte is."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _decoded_words(header: str) -> str:
    """`header` with RFC 2047's `=?iso-8859-1?Q?...?=` as the words they stand for."""
    if "=?" not in header:
        return header
    try:
        return str(make_header(decode_header(header)))
    except (HeaderParseError, LookupError, ValueError):
        return header


def _clean(text: str) -> str:
    return clean_text(text.translate(_WINDOWS))


def _digest(*parts: Any) -> str:
    """56 hexadecimal digits that stand for `parts`, the same on every machine."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:56]
