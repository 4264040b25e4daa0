"""Following: who hears of what, once, by the way they want; and that nothing is heard of that may not be seen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from forum.accounts.models import User
from forum.core.db import as_at, db, now
from forum.discussion.models import Post, Thread
from forum.discussion.models.merging import merge
from forum.following import rounds
from forum.following.models import Fanout, Follow, Kind, Level, MailChoice, Notice, Pace, may_see
from tests.browser import Site
from tests.factories import (
    make_answer,
    make_person,
    make_reply,
    make_study,
    make_suggestion,
    make_thread,
    make_trial,
    post_of,
)


def follow(person: User, kind: Kind, target: Any, level: Level = Level.DIGEST) -> None:
    Follow.begin(db.session.get_one(User, person.id), kind, str(target), level)
    db.session.commit()


def told(person: User) -> list[tuple[str, str | None, str]]:
    """What this person has been told so far, oldest first: reason, by what kind of follow, and how."""
    rounds.finish()
    query = select(Notice.reason, Notice.via, Notice.level).where(Notice.person_id == person.id)
    return [tuple(row) for row in db.session.execute(query.order_by(Notice.id))]


def seen(person: User) -> list[int | None]:
    """The posts of what they may see now."""
    query = may_see(Notice.post_id).where(Notice.person_id == person.id).order_by(Notice.id)
    return list(db.session.scalars(query))


def test_who_hears_of_a_thread_and_a_reply_and_how(site: Site) -> None:
    """One world: each of these people hears of each act once, for the closest reason, by the way they chose."""
    author, answerer = make_person("Ada Obi"), make_person("Ben Lee")
    everyone = {
        name: make_person(f"Follower {name}")
        for name in ("prompt", "component", "person", "search", "both", "mutes", "never", "nobody")
    }
    follow(everyone["prompt"], Kind.PROMPT, "your-practice", Level.MAIL)
    follow(everyone["component"], Kind.COMPONENT, "assessment-for-learning", Level.SITE)
    follow(everyone["person"], Kind.PERSON, author.id)
    follow(everyone["search"], Kind.SEARCH, "q=marking")
    follow(everyone["search"], Kind.SEARCH, "q=dinosaurs")
    follow(everyone["both"], Kind.PROMPT, "your-practice", Level.SITE)
    follow(everyone["both"], Kind.PERSON, author.id, Level.MAIL)
    follow(everyone["mutes"], Kind.PROMPT, "your-practice")
    follow(everyone["mutes"], Kind.PERSON, author.id, Level.MUTED)
    follow(everyone["never"], Kind.PROMPT, "your-practice", Level.MAIL)
    db.session.add(MailChoice(person_id=everyone["never"].id, pace=Pace.NEVER))
    db.session.commit()
    thread = make_thread(author)
    assert told(everyone["prompt"]) == [("followed", "prompt", "mail")]
    assert told(everyone["component"]) == [("followed", "component", "site")]
    assert told(everyone["person"]) == [("followed", "person", "digest")]
    assert told(everyone["search"]) == [("followed", "search", "digest")]
    assert told(everyone["both"]) == [("followed", "prompt", "mail")]
    assert told(everyone["mutes"]) == []
    assert told(everyone["never"]) == [("followed", "prompt", "site")]
    assert told(everyone["nobody"]) == []
    assert told(author) == [], "nobody is told of what they said themselves"
    due = db.session.scalars(select(Notice).where(Notice.level == "mail")).all()
    assert all(notice.mail_due_at and (notice.mail_due_at - notice.at).seconds == 600 for notice in due)

    make_reply(thread, answerer)
    assert told(author) == [("reply", "thread", "digest")], "whoever starts a thread follows it"
    assert len(told(everyone["prompt"])) == 1, "a prompt is followed for its threads, not for each reply"
    make_reply(thread, author)
    assert told(answerer) == [("followed", "thread", "digest")], "so does whoever replies"
    assert len(told(everyone["person"])) == 2
    assert db.session.scalar(select(Fanout.id)) is None


def test_a_reply_a_quotation_and_a_choice_not_to_follow(site: Site) -> None:
    author, other, third = make_person("Ada Obi"), make_person("Ben Lee"), make_person("Cy Young")
    db.session.add(
        MailChoice(person_id=other.id, follow_on_reply=False, follow_on_start=False, pace=Pace.AT_ONCE)
    )
    db.session.commit()
    thread = make_thread(author)
    first = make_reply(thread, other).id
    for text in ("Why?", "> We talk first.\n\nSo do we."):
        thread.reply(third, text, in_reply_to=db.session.get(Post, first))
        db.session.commit()
    assert told(other) == [("reply", None, "mail"), ("quote", None, "mail")]
    make_reply(thread, third, "Once more.")
    assert len(told(other)) == 2, "they follow nothing by taking part"


def test_answers_trials_and_decisions(site: Site) -> None:
    suggestion = make_suggestion(supporters=1)
    watcher = make_person("Watcher")
    follow(watcher, Kind.ANSWERS, "", Level.MAIL)
    make_answer(suggestion)
    author = db.session.get_one(User, db.session.get_one(Thread, suggestion.thread_id).author_id)
    supporter = db.session.scalars(select(User).where(User.name == "Supporter 0")).one()
    assert told(author) == [("answered", None, "digest")] * 2, "taken up, then answered: each once"
    assert told(supporter) == [("answered", None, "site")] * 2, "they have a letter already"
    assert told(watcher) == [("followed", "answers", "mail")] * 2

    study = make_study()
    teacher = db.session.get_one(User, db.session.get_one(Thread, study.thread_id).author_id)
    far, near, both = make_person("Far"), make_person("Near"), make_person("Both")
    follow(both, Kind.PROMPT, "your-practice", Level.SITE)
    follow(both, Kind.LIBRARY, "region=north-east", Level.MAIL)
    follow(near, Kind.LIBRARY, "region=north-east")
    follow(far, Kind.LIBRARY, "region=london")
    second = make_study(title="Another one")
    assert told(near) == [("followed", "library", "digest")]
    assert told(far) == []
    assert told(both) == [("followed", "library", "mail")], "whoever follows twice hears by the quicker way"
    assert second.thread_id != study.thread_id
    make_trial(study)
    assert told(teacher) == [("tried", None, "digest")]

    team = make_person("Tea Member", role="team")
    post_of(db.session.get_one(Thread, second.thread_id)).hide(team, "other")
    db.session.commit()
    owner = db.session.get_one(User, db.session.get_one(Thread, second.thread_id).author_id)
    assert told(owner) == [("decision", None, "site")]
    assert len(seen(owner)) == 1, "a decision about oneself is one's own"


def test_what_may_not_be_seen_any_more_is_not_seen_in_any_notice(site: Site) -> None:
    author, reader = make_person("Ada Obi"), make_person("Rea Der")
    team = make_person("Tea Member", role="team")
    follow(reader, Kind.PERSON, author.id)
    thread = make_thread(author)
    follow(reader, Kind.THREAD, thread.id)
    posts = [make_reply(thread, author, f"Number {n}").id for n in range(5)]
    elsewhere = make_thread(author, title="Elsewhere")
    rounds.finish()
    everything = [post_of(thread).id, *posts, post_of(elsewhere).id]
    assert seen(reader) == everything

    post_of(thread, 2).hide(team, "other")
    post_of(thread, 3).remove(team, "spam")
    post_of(thread, 4).withdraw(db.session.get_one(User, author.id))
    db.session.commit()
    assert seen(reader) == [everything[0], *posts[3:], everything[-1]]

    shown = post_of(elsewhere)
    shown.edit(author, shown.source, "role-only", shown.version)
    db.session.commit()
    assert seen(reader) == [everything[0], *posts[3:]], "nobody learns by a follow who wrote it"

    follow(reader, Kind.PERSON, author.id, Level.MUTED)
    assert seen(reader) == []
    follow(reader, Kind.PERSON, author.id)
    follow(reader, Kind.THREAD, thread.id, Level.MUTED)
    assert seen(reader) == []
    Follow.end(db.session.get_one(User, reader.id), Kind.THREAD, str(thread.id))
    db.session.get_one(Thread, thread.id).hide(team, "other")
    db.session.commit()
    assert seen(reader) == []


def test_a_merge_takes_followers_along_and_nothing_is_lost(site: Site) -> None:
    one, other = make_thread(title="One"), make_thread(title="Other")
    both, only = make_person("Both"), make_person("Only")
    for target in (one.id, other.id):
        follow(both, Kind.THREAD, target, Level.MAIL if target == other.id else Level.SITE)
    follow(only, Kind.THREAD, one.id)
    make_reply(one)
    rounds.finish()
    before = seen(only)
    merge(one, other, make_person("Tea Member", role="team"))
    db.session.commit()
    assert seen(only) == before
    make_reply(db.session.get_one(Thread, other.id))
    assert told(only)[-1] == ("followed", "thread", "digest")
    assert told(both)[-1] == ("followed", "thread", "mail")
    assert db.session.scalar(select(Follow.id).where(Follow.target == str(one.id))) is None


def test_batches_reach_everyone_once_wherever_they_are_cut(site: Site) -> None:
    thread = make_thread()
    people = [make_person(f"Follower {n}") for n in range(23)]
    for n, person in enumerate(people):
        follow(person, Kind.THREAD, thread.id)
        if n % 2:
            follow(person, Kind.SEARCH, "q=talk")
    reply = make_reply(thread)
    count = 0
    while rounds.fan_out(limit=5):
        db.session.commit()
        count += 1
        if count % 3 == 0:
            db.session.rollback()
    heard = db.session.scalars(select(Notice.person_id).where(Notice.post_id == reply.id)).all()
    expected = {person.id for person in people} | {db.session.get_one(Thread, thread.id).author_id}
    assert sorted(heard) == sorted(expected)
    assert count > 5, "no batch is larger than asked"


def test_what_is_out_of_sight_waits_and_then_is_not_told(site: Site) -> None:
    team, reader = make_person("Tea Member", role="team"), make_person("Rea Der")
    follow(reader, Kind.PROMPT, "your-practice")
    thread = make_thread()
    thread.hide(team, "other")
    db.session.commit()
    assert told(reader) == []
    due = db.session.scalars(select(Fanout).where(Fanout.stage == "direct")).one()
    assert due.due_at > now()
    db.session.get_one(Thread, thread.id).restore(team)
    due.due_at = now()
    db.session.commit()
    assert told(reader) == [("followed", "prompt", "digest")]


def test_old_acts_are_no_mail_and_old_notices_go(site: Site) -> None:
    reader = make_person("Rea Der")
    with as_at(now() - timedelta(days=400)):
        follow(reader, Kind.PROMPT, "your-practice", Level.MAIL)
    with as_at(now() - timedelta(days=8)):
        make_thread()
    assert told(reader) == [("followed", "prompt", "site")]
    with as_at(now() - timedelta(days=366)):
        make_thread(title="Long ago")
    assert len(told(reader)) == 1, "what is older than a year goes"
