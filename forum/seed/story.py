"""A story to look at: invented people in invented schools, talking about personalised learning.

It is told with the verbs that the site itself uses, in the order in which things happened, from the files in
story/. For development only.
"""

from __future__ import annotations

import heapq
import os
import re
import secrets
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, event, select, update
from sqlalchemy.orm import Session

from config import Config
from forum.accounts.models import Letter, Role, User
from forum.activity.models import Activity
from forum.core.db import db, now
from forum.discussion.models import Component, Post, Prompt, Thread, ThreadComponent
from forum.moderation.models import Act, Decision, Item, Report
from forum.moderation.models.pictures import into_the_queue
from forum.seed.case_studies import Studies
from forum.seed.reviews import Reviews
from forum.seed.suggested import PROMPT, suggests

FOLDER = Path(__file__).parent / "story"
LONDON = ZoneInfo("Europe/London")
WHEN = re.compile(r"(\d+) days? ago, (\d\d):(\d\d)")
Fields = dict[str, Any]


class Untold(Exception):
    """The story cannot be told, or its sign-ins shown; the message says why and what to do."""


def tell(config: Config) -> list[str]:
    """Tell the story, once; returns what there is to say about it. Raises Untold. The caller commits."""
    _for_development(config)
    suggestions = _read("suggestions")
    people = [*_read("people")["people"], *suggestions["people"]]
    if db.session.scalar(select(User.id).where(User.email_key == _email(people[0]))) is not None:
        return [
            "The demo is loaded already: nothing was changed.",
            "flask demo sign-ins shows who you can be.",
        ]
    missing = {PROMPT, *(fields["prompt"] for fields in _threads())} - set(
        db.session.scalars(select(Prompt.slug))
    )
    if missing:
        raise Untold(
            f"The story needs the prompts {', '.join(sorted(missing))}: run flask conversation load first."
        )
    began = now()
    story = Story(began.astimezone(LONDON))
    for fields in people:
        story.joins(fields)
    for fields in _threads():
        story.opens(fields)
    told = _read("case-studies")
    studies = Studies(story._people, story._at, story._said, told["settings"])
    for fields in told["studies"]:
        studies.opens(fields)
    crowd = [fields["key"] for fields in suggestions["people"]]
    for fields in suggestions["suggestions"]:
        suggests(story, fields, crowd)
    reviews = Reviews(story._people, story._at)
    reviews.foresee()
    story.happens()
    db.session.execute(
        delete(Letter).where(Letter.sent_at.is_(None), Letter.written_at >= began)
    )  # nobody in it has a letter box
    _keep(_file(config), story.passwords)
    counts = f"{len(people)} people, {len(story.threads)} threads, {story.posts} posts"
    return [
        f"The demo is loaded: {counts}, all invented.",
        reviews.summary(),
        "flask demo sign-ins shows who you can be.",
    ]


def sign_ins(config: Config) -> list[str]:
    """Role, email and password of each person whom one can sign in as. Raises Untold."""
    _for_development(config)
    try:
        return _file(config).read_text("utf-8").splitlines()
    except FileNotFoundError:
        raise Untold(f"{_file(config)} is not there: run flask demo load first.") from None


@dataclass
class Story:
    """What happens and when. `today` is the day the story is told on, in London; it ends the day before."""

    today: datetime
    passwords: list[tuple[str, str, str]] = field(default_factory=list)
    threads: dict[str, Thread] = field(default_factory=dict)
    posts: int = 0
    _people: dict[str, User] = field(default_factory=dict)
    _count: int = 0
    _events: list[tuple[datetime, int, Callable[[datetime], None]]] = field(default_factory=list)

    def joins(self, fields: Fields) -> None:
        """A person registers and confirms; one of the team is then made so."""

        def join(at: datetime) -> None:
            password = secrets.token_urlsafe(15)
            user = User.register(
                name=fields["name"],
                email=_email(fields),
                password=password,
                position=fields["position"],
                phase=fields.get("phase"),
                school=fields.get("school"),
            )
            user.confirm()
            user.vouched_at = at
            role = Role(fields.get("role", Role.PARTICIPANT))
            if role != Role.PARTICIPANT:
                user.make(role, by=None)
            user.created_at = user.confirmed_at = at
            self._people[fields["key"]] = user
            if fields.get("sign_in"):
                self.passwords.append((role, _email(fields), password))

        self._at(fields["when"], join)

    def opens(self, fields: Fields) -> None:
        """A thread with all that happens in it."""

        def start(at: datetime) -> None:
            thread = Thread.start(
                prompt=db.session.scalars(select(Prompt).where(Prompt.slug == fields["prompt"])).one(),
                by=self._people[fields["by"]],
                title=fields["title"],
                text=fields["text"].strip(),
                components=_components(fields["components"]),
                disclosure=fields.get("disclosure", "named"),
            )
            thread.created_at = at
            self._said(fields, thread, _numbered(thread, 1), at)

        self._at(fields["when"], start)
        for reply in fields.get("posts", []):
            self._replies(fields, reply)
        for key, verb in (("pinned", Thread.pin), ("locked", Thread.lock)):
            if key in fields:
                self._team_does(verb, fields["title"], fields[key])

    def person(self, key: str) -> User:
        return self._people[key]

    def plan(self, when: str, act: Callable[[datetime], None]) -> None:
        """Let `act` happen at `when`: "3 days ago, 14:05", by London's clocks. Raises Untold."""
        self._at(when, act)

    def replies(self, thread: Fields, fields: Fields) -> None:
        """Somebody replies in the thread with that title."""
        self._replies(thread, fields)

    def happens(self) -> None:
        """Everything, in the order in which it happened.

        The verbs write the present, and the story is in the past. So each act dates its own rows after its verb;
        the lines of the log, which nobody can change once they are written, the team's decisions and what comes
        into its queue are dated as they are about to be.
        `version` and `changed_at` keep the present: they say when a page last became another, and that is now.
        """
        at = self.today

        def date(session: Session, *_: object) -> None:
            for row in session.new:
                if isinstance(row, Activity | Decision):
                    row.at = at
                elif isinstance(row, Item):
                    row.waits_since(at)

        event.listen(db.session(), "before_flush", date)
        while self._events:
            at, _, act = heapq.heappop(self._events)
            act(at)
            db.session.flush()
        into_the_queue(db.session())
        event.remove(db.session(), "before_flush", date)

    def _replies(self, thread: Fields, fields: Fields) -> None:
        def reply(at: datetime) -> None:
            to = self.threads[thread["title"]]
            answered = fields.get("in_reply_to")
            post = to.reply(
                by=self._people[fields["by"]],
                text=fields["text"].strip(),
                disclosure=fields.get("disclosure", "named"),
                in_reply_to=_numbered(to, answered) if answered else None,
            )
            self._said(fields, to, post, at)

        self._at(fields["when"], reply)

    def _said(self, fields: Fields, thread: Thread, post: Post, at: datetime) -> None:
        """A post is there: date it and its thread, and foresee what will become of it."""
        self.threads[thread.title] = thread
        self.posts += 1
        thread.last_post_at = post.published_at = post.updated_at = at
        db.session.execute(
            update(ThreadComponent).where(ThreadComponent.thread_id == thread.id).values(last_post_at=at)
        )
        by = self._people[fields["by"]]
        if "edited" in fields:
            self._edits(by, post.id, fields["edited"])
        if "withdrawn" in fields:
            self._withdraws(by, post.id, fields["withdrawn"])
        if "reported" in fields:
            self._reports(post.id, fields["reported"])
        if "hidden" in fields:
            self._hides(post.id, fields["hidden"])

    def _edits(self, by: User, id: int, fields: Fields) -> None:
        def edit(at: datetime) -> None:
            post = _seen(by, id)
            post.edit(by=by, text=fields["text"].strip(), disclosure=post.disclosure, since=post.version)
            post.edited_at = post.updated_at = at

        self._at(fields["when"], edit)

    def _withdraws(self, by: User, id: int, fields: Fields) -> None:
        def withdraw(at: datetime) -> None:
            post = _seen(by, id)
            post.withdraw(by=by)
            post.gone_at = post.updated_at = at

        self._at(fields["when"], withdraw)

    def _team_does(self, verb: Callable[[Thread, User, str], None], title: str, fields: Fields) -> None:
        def act(at: datetime) -> None:
            verb(self.threads[title], self._people[fields["by"]], fields.get("note", ""))

        self._at(fields["when"], act)

    def _hides(self, id: int, fields: Fields) -> None:
        def hide(at: datetime) -> None:
            by = self._people[fields["by"]]
            post = _seen(by, id)
            made = Decision.of_post(post, by, Act.HIDE, fields["reason"], note=fields["note"])
            if made.item_id is not None:
                item = db.session.get_one(Item, made.item_id)
                item.closed_at, made.waited = at, int((at - item.opened_at).total_seconds())
            post.gone_at = post.updated_at = at

        self._at(fields["when"], hide)

    def _reports(self, id: int, fields: Fields) -> None:
        def report(at: datetime) -> None:
            by = self._people[fields["by"]]
            made = Report.of_post(_seen(by, id), by, fields["reason"], fields["detail"])
            made.made_at = at
            if "left" in fields:
                self._leaves(db.session.get_one(Item, made.item_id), fields["left"])

        self._at(fields["when"], report)

    def _leaves(self, item: Item, fields: Fields) -> None:
        def leave(at: datetime) -> None:
            Decision.of_item(item, self._people[fields["by"]], Act.LEAVE, note=fields["note"])
            item.closed_at = at

        self._at(fields["when"], leave)

    def _at(self, when: str, act: Callable[[datetime], None]) -> None:
        """Let `act` happen at `when`: "3 days ago, 14:05", by London's clocks. Raises Untold."""
        found = WHEN.fullmatch(when)
        if found is None or found[1] == "0":
            raise Untold(f"{when!r} is not a time like '3 days ago, 14:05', at least one day ago.")
        day = self.today.date() - timedelta(days=int(found[1]))
        at = datetime.combine(day, time(int(found[2]), int(found[3])), LONDON)
        self._count += 1
        heapq.heappush(self._events, (at.astimezone(UTC), self._count, act))


def _components(slugs: list[str]) -> list[Component]:
    return list(db.session.scalars(Component.in_order().where(Component.slug.in_(slugs))))


def _seen(by: User, id: int) -> Post:
    """A post with its thread, found among what `by` may see."""
    posts: Any = Post.in_place_for(by)
    post: Post = db.session.scalars(posts.where(Post.id == id)).one()
    return post


def _numbered(thread: Thread, number: int) -> Post:
    query = select(Post).where(Post.thread_id == thread.id, Post.number == number)
    post: Post = db.session.scalars(query).one()
    return post


def _threads() -> list[Fields]:
    files = sorted(path.stem for path in FOLDER.glob("*.toml") if path.stem != "people")
    return [fields for name in files for fields in _read(name).get("threads", [])]


def _read(name: str) -> Fields:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def _email(person: Fields) -> str:
    return ".".join(person["name"].lower().split()) + "@example.org"


def _for_development(config: Config) -> None:
    if config.in_production:
        raise Untold("The demo is for development only, and FORUM_ENV says that this is production.")


def _file(config: Config) -> Path:
    return config.instance / "demo-sign-ins.txt"


def _keep(path: Path, people: list[tuple[str, str, str]]) -> None:
    """Write the sign-ins for their owner alone; never seen half-written, never readable by others."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        for role, email, password in sorted(people, key=lambda person: list(Role).index(Role(person[0]))):
            file.write(f"{role}, {email}, {password}\n")
    fresh.replace(path)
