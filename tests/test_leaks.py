"""What has been told already is looked at again wherever it is shown: on the page, in mail at once, in a digest, in
each private feed. Whatever happens in between, none of them has more of it than a visitor finds on the site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import time_machine
from sqlalchemy import select

from forum.accounts.models import Letter, User
from forum.core.db import db, now
from forum.discussion.models import Prompt, Thread
from forum.following import rounds
from forum.following.letters import go_round
from forum.following.models import FeedKey, Follow, Kind, Level, MailChoice
from forum.moderation.models import Sanction
from forum.moderation.models.bans import Ban, BanKind
from forum.moderation.models.sanctions import Kind as Sanctioned
from forum.moderation.models.sanctions import sweep
from tests.browser import Site
from tests.factories import make_person, make_reply, make_thread, post_of


@dataclass(frozen=True)
class Case:
    """Somebody's post in a thread that two readers follow."""

    thread: int
    author: int
    readers: tuple[int, ...]
    team: int

    def post(self) -> Any:
        return post_of(self.where, 2)

    @property
    def where(self) -> Thread:
        return db.session.get_one(Thread, self.thread)

    @property
    def who(self) -> User:
        return db.session.get_one(User, self.author)

    @property
    def by(self) -> User:
        return db.session.get_one(User, self.team)

    def muted(self, kind: Kind, target: int) -> None:
        for reader in self.readers:
            Follow.begin(db.session.get_one(User, reader), kind, str(target), Level.MUTED)

    def by_role_only(self) -> None:
        post = self.post()
        post.edit(self.who, post.source, "role-only", post.version)

    def moved(self) -> None:
        there = db.session.scalars(select(Prompt).where(Prompt.slug == "resources")).one()
        self.where.move(self.by, there)

    def suspended(self) -> None:
        Sanction.impose(self.who, self.by, Sanctioned.SUSPENSION, reason="spam")

    def swept(self) -> None:
        sweep(self.who, self.by, "spam", "", "")


def both(*acts: Callable[[Case], object]) -> Callable[[Case], object]:
    return lambda case: [act(case) for act in acts]


# What happens when people have been told. Is the post on the site then, does it reach them, with its author's name?
ON, OFF, NAMELESS, UNHEARD = (
    (True, True, True),
    (False, False, False),
    (True, True, False),
    (True, False, False),
)
TABLE: dict[str, tuple[Callable[[Case], object], tuple[bool, bool, bool]]] = {
    "nothing": (lambda case: None, ON),
    "post hidden": (lambda case: case.post().hide(case.by, "other"), OFF),
    "post removed": (lambda case: case.post().remove(case.by, "spam"), OFF),
    "post withdrawn": (lambda case: case.post().withdraw(case.who), OFF),
    "thread hidden": (lambda case: case.where.hide(case.by, "other"), OFF),
    "thread moved": (Case.moved, ON),
    "role only": (Case.by_role_only, NAMELESS),
    "thread muted": (lambda case: case.muted(Kind.THREAD, case.thread), UNHEARD),
    "author muted": (lambda case: case.muted(Kind.PERSON, case.author), UNHEARD),
    "author muted, role only": (
        both(Case.by_role_only, lambda case: case.muted(Kind.PERSON, case.author)),
        NAMELESS,
    ),
    "author suspended": (Case.suspended, ON),
    "author banned": (lambda case: Ban.make(case.by, BanKind.ADDRESS, case.who.email or ""), ON),
    "all of the author hidden": (Case.swept, OFF),
    "author suspended, all hidden": (both(Case.suspended, Case.swept), OFF),
    "author banned and muted": (
        both(
            lambda case: Ban.make(case.by, BanKind.ADDRESS, case.who.email or ""),
            lambda case: case.muted(Kind.PERSON, case.author),
        ),
        UNHEARD,
    ),
}


def test_nothing_leaks_by_any_way(site: Site) -> None:
    cases, keys = _world()
    rounds.finish()
    with time_machine.travel(now() + timedelta(days=1), tick=False):
        while go_round():
            pass
        letters = db.session.scalars(select(Letter.kind).where(Letter.person_id.is_not(None))).all()
        assert sorted(letters) == ["digest", "notices"], "both are written, and have not left"
        for name, (act, _) in TABLE.items():
            act(cases[name])
            site.commit()
        at_once, digest = cases["nothing"].readers
        addresses = {id: db.session.get_one(User, id).email for id in (at_once, digest)}
        mails = {mail["To"]: mail.as_string() for mail in site.mail()}
        for name, (_, (shown, told, named)) in TABLE.items():
            case, words, author = cases[name], f"Words when {name}.", f"Author when {name}"
            ways = {
                "page": site.browser(db.session.get_one(User, at_once)).get("/notifications").text,
                "mail": mails[addresses[at_once]],
                "digest": mails[addresses[digest]],
                "feed of all": _fetched(site, keys["following"]),
                "feed of notifications": _fetched(site, keys["notifications"]),
                "feed of the thread": _fetched(site, keys[str(case.thread)]),
            }
            public = site.visitor().get(f"/threads/{case.thread}-{case.where.slug}", status=(200, 404)).text
            assert (words in public) == shown, name
            for way, text in ways.items():
                mark = f"Thread when {name}<" if way == "page" else words
                assert (mark in text) == told, (
                    name,
                    way,
                )
                assert (f"{author}," in text) == named, (name, way)


def _world() -> tuple[dict[str, Case], dict[str, str]]:
    team, opener = make_person("Tea Member", role="team").id, _silent("Opener")
    readers = (make_person("Rea Der").id, make_person("Dee Gest").id)
    for reader in readers:
        db.session.add(MailChoice(person_id=reader, pace="daily", hour=0, school_days_only=False))
    db.session.commit()
    cases = {}
    for name in TABLE:
        author, thread = _silent(f"Author when {name}"), make_thread(opener, title=f"Thread when {name}")
        for reader, level in zip(readers, (Level.MAIL, Level.DIGEST), strict=True):
            Follow.begin(db.session.get_one(User, reader), Kind.THREAD, str(thread.id), level)
        db.session.commit()
        cases[name] = Case(thread.id, author.id, readers, team)
        make_reply(thread, author, f"Words when {name}.")
    reader = db.session.get_one(User, readers[0])
    keys = {kind: FeedKey.make(reader, kind) for kind in ("following", "notifications")}
    keys |= {str(case.thread): FeedKey.make(reader, Kind.THREAD, str(case.thread)) for case in cases.values()}
    db.session.commit()
    return cases, keys


def _silent(name: str) -> User:
    person = make_person(name)
    choice = {"pace": "never", "follow_on_start": False, "follow_on_reply": False}
    db.session.add(MailChoice(person_id=person.id, **choice))
    db.session.commit()
    return person


def _fetched(site: Site, token: str) -> str:
    """Of a thread that is muted or out of sight there is no feed."""
    return str(site.visitor().get(f"/private/{token}/feed.atom", status=(200, 404)).text)
