"""Letters of notices, composed as they leave: what their person may see at that moment, and nothing else."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formataddr
from functools import cache
from typing import Any

from flask import Flask, current_app, render_template
from markupsafe import Markup
from sqlalchemy import Select, bindparam

from forum.accounts.models import Letter, User
from forum.accounts.models.letters import made_by
from forum.core.db import db
from forum.core.mail import compose, dressed, message_id
from forum.core.markup import absolute, extract, words_of
from forum.core.plus import Plus, plus_address
from forum.discussion.models import Post, Thread
from forum.discussion.models.catalogue import catalogue
from forum.following.models.choices import MailChoice, Pace
from forum.following.models.follows import Follow, Kind
from forum.following.models.mailing import gather, gather_digests, goes_at_once, notices_of
from forum.following.models.notices import Notice, Reason, may_see
from forum.following.models.stopping import Stop, What

EXTRACT, WHOLE = 500, 20_000  # characters of a post
OURS = re.compile(r"\]\(/(?!/)")  # a link to a page of ours, as it is typed
SAYS = {
    Reason.DECISION: "A decision about you",
    Reason.ANSWERED: "An answer to a suggestion that you made or support",
    Reason.TRIED: "Somebody has tried what you tell of",
    Reason.MENTION: "{who} mentioned you",
    Reason.QUOTE: "{who} quoted you",
    Reason.REPLY: "{who} replied to you",
    Reason.FOLLOWED: "{who} wrote",
}


@dataclass(frozen=True)
class Line:
    """One notice as its person reads it."""

    says: str
    path: str
    text: str
    html: Markup | None
    at: Any
    post: int | None
    cut: bool


@dataclass(frozen=True)
class Section:
    """What happened in one thread; `title` is empty where it was in none. `stop` is for what brought the first line."""

    thread: int | None
    title: str
    path: str
    lines: list[Line]
    stop: Stop


def make(letter: Letter) -> EmailMessage | None:
    """The mail, or None where by now there is nothing to say, or nobody who wants it."""
    person = db.session.get(User, letter.person_id or 0)
    if person is None or not person.is_confirmed or person.email != letter.to:
        return None
    choice = MailChoice.of(person.id)
    sections = _sections(letter, choice)
    if not sections:
        return None
    config, single = current_app.config["FORUM"], sections[0] if len(sections) == 1 else None
    digest = letter.kind == "digest"
    stop = Stop(person.id, What.DIGEST) if digest else sections[0].stop
    answered = single.lines[-1].post if single and not digest else None
    reply_to = plus_address(config, Plus.REPLY, person.id, answered) if answered and person.may_post else ""
    said: dict[str, Any] = {
        "sections": sections,
        "digest": digest,
        "headed": digest or single is None,
        "weekly": choice.pace == Pace.WEEKLY,
        "many": sum(len(section.lines) for section in sections),
        "stop": f"{config.site_url}/unsubscribe/{stop.token}",
        "stops": stop.words(),
        "by_mail": bool(reply_to),
        "byline": person.byline(person.disclosure),
        "subject": _subject(sections, single, digest),
    }
    text, html = (render_template(f"mail/notices.{kind}", **said) for kind in ("txt", "html"))
    html, name = dressed(config, html), f"letter-{letter.id}"
    message = compose(config, letter.to, said["subject"], text, html, name=name)
    _address(message, reply_to)
    _thread(message, single if not digest else None)
    _list(message, single if not digest else None, said["stop"])
    return message


def _sections(letter: Letter, choice: MailChoice) -> list[Section]:
    """What the person may still see of what the letter was to tell, and still wants."""
    rows = [
        row
        for row in db.session.execute(_told_in(), {"letter": letter.id, "person": letter.person_id})
        if (goes_at_once(choice, row.Notice) if letter.kind == "notices" else _in_digest(choice, row.Notice))
        and _is_there(row)
    ]
    threads: dict[int | None, list[Any]] = defaultdict(list)
    for row in rows:
        threads[row.Thread.id if row.Thread else None].append(row)
    return [_section(these, choice.whole_content) for these in threads.values()]


@cache
def _told_in() -> Select[Any]:
    """What one letter is to tell one person: put together once, since that takes longer than to ask it."""
    query = may_see(Notice, Post, Thread, User, Follow.target).outerjoin(User, User.id == Post.author_id)
    query = query.outerjoin(Follow, Follow.id == Notice.follow_id)
    return query.where(Notice.person_id == bindparam("person"), notices_of(bindparam("letter"))).order_by(
        Notice.id
    )


def _is_there(row: Any) -> bool:
    """A thread that has moved since is no news of the prompt that it has left."""
    if row.Notice.via != Kind.PROMPT or row.Thread is None:
        return True
    return any(each.id == row.Thread.prompt_id and each.slug == row.target for each in catalogue().prompts)


def _in_digest(choice: MailChoice, notice: Notice) -> bool:
    return notice.level == "digest" and choice.pace != Pace.NEVER and not choice.digest_stopped


def _section(rows: Sequence[Any], whole: bool) -> Section:
    thread, lines = rows[0].Thread, [_line(row, whole) for row in rows]
    stop = Stop.behind(rows[0].Notice, rows[0].target)
    if thread is None or all(row.Notice.reason == Reason.DECISION for row in rows):
        return Section(None, "", "", lines, stop)
    return Section(thread.id, thread.title, f"/threads/{thread.id}-{thread.slug}", lines, stop)


def _line(row: Any, whole: bool) -> Line:
    notice, post = row.Notice, row.Post
    if notice.reason == Reason.DECISION:
        path = "/account/decisions"
        return Line(SAYS[Reason.DECISION], path, "", None, notice.at, None, False)
    if post is None:
        path = f"/threads/{row.Thread.id}-{row.Thread.slug}"
        says = SAYS[Reason(notice.reason)].format(who="")
        return Line(says, path, "", None, notice.at, None, False)
    who = row.User.byline(post.disclosure)
    says = SAYS[Reason(notice.reason)].format(who=who)
    if post.number == 1 and notice.reason == Reason.FOLLOWED:
        says = f"{who} started this thread"
    path, base = f"/posts/{post.id}", current_app.config["FORUM"].site_url
    if len(post.source) > WHOLE or (not whole and len(words_of(post.html)) > EXTRACT):
        short = extract(post.html, EXTRACT)
        return Line(says, path, short, None, post.published_at, post.id, True)
    text, html = OURS.sub(f"]({base}/", post.source.strip()), absolute(post.html, base)
    return Line(says, path, text, html, post.published_at, post.id, False)


def _subject(sections: Sequence[Section], single: Section | None, digest: bool) -> str:
    """A thread has one subject, whatever happens in it: so mail programs keep it together."""
    if digest:
        many = sum(len(section.lines) for section in sections)
        return f"{many} new {'thing' if many == 1 else 'things'} in the conversation"
    if single is None:
        return f"News from {len(sections)} threads"
    return single.title or single.lines[0].says


def _address(message: EmailMessage, reply_to: str) -> None:
    config = current_app.config["FORUM"]
    sender = message["From"].addresses[0].addr_spec
    message.replace_header("From", formataddr((catalogue().title, sender)))
    if reply_to:
        message["Reply-To"] = formataddr((catalogue().title, reply_to))
    elif config.contact:
        message["Reply-To"] = config.contact


def _thread(message: EmailMessage, single: Section | None) -> None:
    """All mails about one thread answer one that was never sent, the thread itself (RFC 5322 §3.6.4)."""
    if single is not None and single.thread is not None:
        root = message_id(current_app.config["FORUM"], f"thread-{single.thread}")
        message["In-Reply-To"] = message["References"] = root


def _list(message: EmailMessage, single: Section | None, stop: str) -> None:
    """What mail programs know a list by (RFC 2919), and stop it by (RFC 2369, RFC 8058)."""
    config = current_app.config["FORUM"]
    name = f"thread-{single.thread}" if single and single.thread else "conversation"
    message["List-Id"] = f"<{name}.{config.host_name or 'localhost'}>"
    message["List-Unsubscribe"] = f"<{stop}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if single and single.path:
        message["List-Archive"] = f"<{config.site_url}/threads/{single.thread}>"
    message["Precedence"] = "list"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"


def go_round() -> bool:
    """Letters to those whose time has come; True where more waits. Each part commits its own work."""
    more = gather()
    db.session.commit()
    walking = gather_digests()
    db.session.commit()
    return more or walking


def init_app(app: Flask) -> None:
    for kind in ("notices", "digest"):
        made_by(app, kind, make)
    app.extensions["worker"].also(go_round, "mail")
