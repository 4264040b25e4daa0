"""Mail of notices: at once or in a digest, once, only what its reader may see when it leaves, and easily stopped."""

from __future__ import annotations

import base64
import dataclasses
import email
import email.policy
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import dkim
import mailparser
import pytest
import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import delete, select

from forum.accounts.letters import deliver_due
from forum.accounts.models import DeadAddress, Letter, User
from forum.accounts.models.addresses import Why
from forum.core.db import db, now
from forum.core.dress import LONDON
from forum.core.mail import _signed, compose
from forum.discussion.models import Post, Prompt, Thread
from forum.discussion.models.merging import merge
from forum.discussion.models.splitting import split
from forum.following.letters import go_round
from forum.following.models import Follow, Kind, Level, MailChoice, Notice, fan_out
from forum.following.models.pacing import last_slot
from forum.following.models.stopping import Stop, What
from tests import factories
from tests.browser import Site
from tests.factories import make_person, post_of


def choose(person: User, **said: Any) -> MailChoice:
    choice = MailChoice.of(person.id)
    for name, value in said.items():
        setattr(choice, name, value)
    db.session.merge(choice)
    db.session.commit()
    return choice


def silent(name: str = "Some Body") -> User:
    """Someone who wants no mail, so that what comes is the readers'."""
    person = make_person(name)
    choose(person, pace="never", follow_on_start=False, follow_on_reply=False)
    return person


def make_thread(author: User | None = None, **said: Any) -> Thread:
    return factories.make_thread(author or silent(), **said)


def make_reply(thread: Thread, author: User | None = None, text: str = "We talk first.", **said: Any) -> Post:
    return factories.make_reply(thread, author or silent(), text, **said)


def reader(kind: Kind = Kind.THREAD, target: str = "", level: Level = Level.MAIL, **said: Any) -> User:
    person = make_person("Rita Reader")
    Follow.begin(person, kind, target, level)
    db.session.commit()
    choose(person, **said)
    return person


def later(minutes: float = 11) -> time_machine.travel:
    return time_machine.travel(now() + timedelta(minutes=minutes), tick=False)


def fan() -> None:
    while fan_out():
        db.session.commit()
    db.session.commit()


def mailed(site: Site, minutes: float = 11) -> list[EmailMessage]:
    """What came by mail in the next minutes: the work of a worker, done here."""
    fan()
    before = {str(message["Message-ID"]) for message in site.mail()}
    with later(minutes):
        while go_round():
            pass
        return [message for message in site.mail() if str(message["Message-ID"]) not in before]


def words(message: EmailMessage) -> str:
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None and html is not None
    return f"{plain.get_content()}\n{html.get_content()}"


def test_posts_are_gathered_for_ten_minutes_and_go_once(site: Site) -> None:
    thread = make_thread()
    rita = reader(target=str(thread.id), whole_content=True)
    for text in ("First **words**.", "Second words."):
        make_reply(thread, silent("Zoë Writer"), text)
    assert mailed(site, minutes=9) == []
    (message,) = mailed(site)
    assert message["To"] == rita.email and message["Subject"] == "Talking about marking"
    said = words(message)
    assert "First **words**." in said and "<strong>words</strong>" in said and "Second words." in said
    assert "Zoë Writer, teacher wrote" in said
    assert mailed(site, minutes=60) == []
    make_reply(thread, silent(), "Third.")
    (another,) = mailed(site, minutes=120)
    assert "Third." in words(another) and "First" not in words(another)


def test_the_headers_keep_a_thread_together_and_let_it_be_stopped(site: Site) -> None:
    thread = make_thread()
    reader(target=str(thread.id))
    make_reply(thread)
    (first,) = mailed(site)
    make_reply(thread)
    (second,) = mailed(site, minutes=60)
    assert first["Message-ID"] != second["Message-ID"]
    assert first["References"] == first["In-Reply-To"] == second["References"] != first["Message-ID"]
    assert first["Subject"] == second["Subject"] and first["List-Id"] == second["List-Id"]
    assert first["List-Id"] == f"<thread-{thread.id}.conversation.example.org>"
    assert first["List-Unsubscribe"].startswith("<https://conversation.example.org/unsubscribe/")
    assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (first["Auto-Submitted"], first["Precedence"]) == ("auto-generated", "list")
    second_opinion = mailparser.parse_from_bytes(first.as_bytes())
    assert second_opinion.subject == "Talking about marking" and not second_opinion.defects
    assert "We talk first." in second_opinion.text_plain[0] and second_opinion.text_html
    parsed = email.message_from_bytes(first.as_bytes(), policy=email.policy.default)
    assert not parsed.defects and not any(part.defects for part in parsed.walk())


def test_one_press_stops_just_that(site: Site) -> None:
    thread, other = make_thread(), make_thread(title="Another")
    rita = reader(target=str(thread.id))
    Follow.begin(rita, Kind.THREAD, str(other.id), Level.MAIL)
    db.session.commit()
    make_reply(thread)
    (message,) = mailed(site)
    path = message["List-Unsubscribe"].strip("<>").removeprefix("https://conversation.example.org")
    page = site.visitor().get(path)
    assert "You can stop mail about this thread" in page.words
    assert [follow.level for follow in db.session.scalars(Follow.of(rita))] == ["mail", "mail"], (
        "a GET only shows"
    )
    make_reply(thread)
    fan()
    for _ in range(2):  # a mail program has no cookie, no form and no sign-in
        site.visitor().post(path, {"List-Unsubscribe": "One-Click"}, csrf=False, status=200)
    assert "Stopped" in site.visitor().get(path).words
    make_reply(other)
    (message,) = mailed(site)
    assert message["Subject"] == "Another", "what waited goes no more; everything else stays"
    site.visitor().get("/unsubscribe/made-up", status=404)
    site.visitor().post("/unsubscribe/made-up", csrf=False, status=404)
    site.visitor().post(path[:-5] + ("A" if path[-5] != "A" else "B") + path[-4:], csrf=False, status=404)


def test_the_button_stops_the_digest_or_everything(site: Site) -> None:
    thread = make_thread()
    rita = reader(target=str(thread.id), level=Level.DIGEST, hour=0, school_days_only=False)
    make_reply(thread)
    (digest,) = mailed(site, minutes=24 * 60)
    assert digest["List-Id"] == "<conversation.conversation.example.org>"
    path = digest["List-Unsubscribe"].strip("<>").removeprefix("https://conversation.example.org")
    browser = site.visitor()
    everything = browser.get(path).select("//form/@action")[-1]
    assert browser.follow(browser.post(path)).words.startswith("Stopped You get no more of this: the digest")
    assert MailChoice.of(rita.id).digest_stopped and MailChoice.of(rita.id).pace == "daily"
    db.session.rollback()
    make_reply(thread)
    assert mailed(site, minutes=48 * 60) == []
    browser.post(everything)
    db.session.rollback()
    assert MailChoice.of(rita.id).pace == "never"


WAYS_OUT = ["hidden", "removed", "thread hidden", "withdrawn", "muted", "person muted", "dead", "moved"]


@pytest.mark.parametrize("digest", [False, True], ids=["at once", "digest"])
def test_what_may_not_be_seen_when_mail_leaves_does_not_leave(site: Site, digest: bool) -> None:
    """Written down while it could be seen, looked at again when the letter goes; a letter with nothing left stays."""
    team, level = make_person(role="team"), Level.DIGEST if digest else Level.MAIL
    authors = [silent(f"Author {way}") for way in WAYS_OUT]
    threads = [make_thread(title=f"About {way}") for way in WAYS_OUT]
    readers = [
        reader(target=str(thread.id), level=level, hour=0, school_days_only=False) for thread in threads
    ]
    posts = [
        make_reply(thread, author, f"Secret {thread.title}")
        for thread, author in zip(threads, authors, strict=True)
    ]
    ids = {way: n for n, way in enumerate(WAYS_OUT)}
    fan()
    with later(24 * 60):
        while go_round():
            pass
        assert len(db.session.scalars(select(Letter).where(Letter.person_id.is_not(None))).all()) == len(
            WAYS_OUT
        )
        assert not [message for message in _files(site) if message["To"] in {r.email for r in readers}]
        post_of(threads[ids["hidden"]], 2).hide(team, "other")
        post_of(threads[ids["removed"]], 2).remove(team, "other")
        threads[ids["thread hidden"]].hide(team, "other")
        post_of(threads[ids["withdrawn"]], 2).withdraw(authors[ids["withdrawn"]])
        muted, wanted = threads[ids["muted"]].id, readers[ids["muted"]]
        Follow.begin(wanted, Kind.THREAD, str(muted), Level.MUTED)
        Follow.begin(
            readers[ids["person muted"]], Kind.PERSON, str(authors[ids["person muted"]].id), Level.MUTED
        )
        DeadAddress.note(readers[ids["dead"]].email or "", Why.BOUNCED, "smtp")
        readers[ids["moved"]].email = "elsewhere@example.org"  # the letter was for the address of before
        site.commit()
        deliver_due()
        told = [message for message in _files(site) if message["To"] in {r.email for r in readers}]
        assert told == []
        assert "Secret" not in "".join(words(message) for message in _files(site) if message.is_multipart())
        sent = db.session.scalars(select(Letter.sent_at).where(Letter.person_id.is_not(None))).all()
        assert set(sent) == {None} and len(posts) == len(sent)


def _files(site: Site) -> list[EmailMessage]:
    folder = site.app.config["FORUM"].instance / "mail"
    found = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in folder.glob("*")
    ]
    return [message for message in found if isinstance(message, EmailMessage)]


def test_role_only_stays_so_and_in_a_digest_too(site: Site) -> None:
    ada = make_person("Ada Hidden", school="Secret School")
    choose(ada, pace="never")
    thread = make_thread(ada, disclosure="role-only")
    reader(target=str(thread.id), whole_content=True)
    reader(target=str(thread.id), level=Level.DIGEST, hour=0, school_days_only=False)
    make_reply(thread, ada, "Words by role.", disclosure="role-only")
    messages = mailed(site, minutes=24 * 60)
    assert len(messages) == 2
    for message in messages:
        assert "A teacher, primary wrote" in words(message) and "Words by role" in words(message)
        assert "Ada" not in str(message) and "Secret" not in str(message)


def test_a_digest_has_all_threads_and_goes_once(site: Site) -> None:
    threads = [make_thread(title=title) for title in ("One", "Two")]
    rita = reader(Kind.PROMPT, "your-practice", Level.DIGEST, hour=7, school_days_only=False)
    for thread in threads:
        Follow.begin(rita, Kind.THREAD, str(thread.id), Level.DIGEST)
        db.session.commit()
        make_reply(thread)
    make_thread(title="Three")
    (digest,) = mailed(site, minutes=24 * 60)
    said = words(digest)
    assert digest["Subject"] == "3 new things in the conversation"
    assert all(f"== {title} ==" in said for title in ("One", "Two", "Three"))
    assert digest["In-Reply-To"] is None
    assert mailed(site, minutes=7 * 24 * 60) == []


@pytest.mark.parametrize(
    ("said", "at", "slot"),
    [
        ({"hour": 16}, "2026-11-24 17:00", "2026-11-24 16:00"),  # winter: UTC
        ({"hour": 16}, "2026-06-23 15:30", "2026-06-23 15:00"),  # summer: an hour ahead
        ({"hour": 16}, "2026-06-23 14:30", "2026-06-22 15:00"),
        ({"hour": 1, "school_days_only": False}, "2026-03-29 01:30", "2026-03-29 01:00"),  # 1am is left out
        ({"hour": 1, "school_days_only": False}, "2026-10-25 02:30", "2026-10-25 00:00"),  # 1am comes twice
        ({"hour": 8}, "2026-11-29 12:00", "2026-11-27 08:00"),  # Sunday
        ({"hour": 8}, "2026-05-25 12:00", "2026-05-22 07:00"),  # a bank holiday
        ({"hour": 8}, "2026-08-20 12:00", "2026-07-31 07:00"),  # the summer
        ({"hour": 8, "pace": "weekly", "weekday": 0}, "2026-11-26 12:00", "2026-11-23 08:00"),
        ({"hour": 8, "pace": "weekly", "weekday": 0}, "2026-05-27 12:00", "2026-05-26 07:00"),  # after its holiday
        ({"hour": 8, "pace": "weekly", "weekday": 5}, "2026-11-24 12:00", "2026-11-23 08:00"),
        ({"hour": 8, "pace": "weekly", "weekday": 5, "school_days_only": False}, "2026-11-24 12:00",
         "2026-11-21 08:00"),
    ],
)  # fmt: skip
def test_a_digest_goes_at_the_hour_of_london(site: Site, said: dict[str, Any], at: str, slot: str) -> None:
    choice = MailChoice.of(1)
    for name, value in said.items():
        setattr(choice, name, value)
    found = last_slot(choice, datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert found is not None and found.tzinfo is LONDON
    assert f"{found.astimezone(UTC):%Y-%m-%d %H:%M}" == slot


def test_an_extract_unless_whole_posts_are_wanted(site: Site) -> None:
    thread = make_thread()
    reader(target=str(thread.id))
    make_reply(thread, text="A long word " * 100 + "the very end.")
    (message,) = mailed(site)
    assert (
        "…" in words(message) and "the very end" not in words(message) and "Read all of it" in words(message)
    )


def test_many_threads_at_once_are_one_letter(site: Site) -> None:
    reader(Kind.PROMPT, "your-practice")
    for n in range(5):
        make_thread(title=f"Thread {n}")
    (message,) = mailed(site)
    assert message["Subject"] == "News from 5 threads" and message["In-Reply-To"] is None


def test_what_concerns_a_person_goes_at_their_pace_and_is_stopped_alone(site: Site) -> None:
    ada = make_person("Ada Obi")
    choose(ada, pace="at_once")
    thread = make_thread(ada)
    make_reply(thread, silent("Ben Opit"))
    (message,) = mailed(site)
    assert "Ben Opit, teacher replied to you" in words(message)
    notice = db.session.scalars(select(Notice).where(Notice.person_id == ada.id)).one()
    assert notice.mailed_at is not None and notice.mail_due_at is None


def test_mail_can_be_signed_so_that_others_believe_it(site: Site, tmp_path: Any) -> None:
    """DKIM: made with a key of ours, checked by the public half, as a receiving server does."""
    private, public = _keys()
    key = tmp_path / "dkim.pem"
    key.write_bytes(private)
    before = site.app.config["FORUM"]
    config = dataclasses.replace(before, dkim_key=str(key), dkim_selector="autumn")
    message = compose(config, "ada@example.org", "Wörter", "Größe\n", "<p>Größe</p>", name="letter-1")
    signed = _signed(config, message.as_bytes(policy=email.policy.SMTP))
    names = []

    def dns(name: bytes, timeout: int = 5) -> bytes:
        names.append(name)
        return b"v=DKIM1; k=rsa; p=" + public

    assert dkim.verify(signed, dnsfunc=dns)
    assert names == [b"autumn._domainkey.conversation.example."]
    assert not dkim.verify(signed.replace(b"letter-1", b"letter-2"), dnsfunc=dns)


def _keys() -> tuple[bytes, bytes]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, base64.b64encode(public)


@pytest.mark.parametrize("level", [Level.MAIL, Level.DIGEST])
def test_one_press_stops_one_search_and_one_view_of_the_library(site: Site, level: Level) -> None:
    """A notice knows which follow brought it, so the others of its kind go on; a GET changes nothing, twice is once."""
    rita = reader(Kind.SEARCH, "q=marking", level)
    for kind, target in ((Kind.SEARCH, "q=seating"), (Kind.LIBRARY, "phase=primary"), (Kind.LIBRARY, "")):
        Follow.begin(rita, kind, target, level)
    db.session.commit()
    thread = make_thread(title="Seating", text="Where do they sit?")
    factories.make_study(silent(), title="Talking in pairs", phase="primary")
    fan()
    brought = db.session.scalars(select(Notice).where(Notice.person_id == rita.id)).all()
    follows = {follow.id: follow.target for follow in db.session.scalars(Follow.of(rita))}
    assert [(each.via, follows[each.follow_id or 0]) for each in brought if each.thread_id == thread.id] == [
        ("search", "q=seating")
    ]
    study = next(each for each in brought if each.thread_id != thread.id)
    stopped = [study.follow_id] + [each.follow_id for each in brought if each.thread_id == thread.id]
    for notice in (study, next(each for each in brought if each.thread_id == thread.id)):
        path = f"/unsubscribe/{Stop(rita.id, What.NOTICE, notice.id).token}"
        before = levels(rita)
        assert "Stop mail about" in site.visitor().get(path).words
        assert levels(rita) == before, "a GET only shows"
        for _ in range(2):
            site.visitor().post(path, {"List-Unsubscribe": "One-Click"}, csrf=False, status=200)
        assert "Stopped" in site.visitor().get(path).words
    assert {id for id, now_at in levels(rita).items() if now_at == "site"} == set(stopped)
    assert len(levels(rita)) == 4
    db.session.expire_all()
    assert {each.level for each in db.session.scalars(select(Notice).where(Notice.person_id == rita.id))} == {
        "site"
    }


@pytest.mark.parametrize("cleared", [False, True], ids=["told lately", "told long ago"])
def test_an_older_letter_stops_what_was_followed_anew(site: Site, cleared: bool) -> None:
    """Who presses it wants no more mail about that thing, whichever follow of it brings that mail by now; what is
    beside it goes on."""
    ours = [(Kind.THREAD, ""), (Kind.SEARCH, "q=pupils"), (Kind.LIBRARY, "phase=primary")]
    beside = [(Kind.SEARCH, "q=marking"), (Kind.LIBRARY, "phase=secondary")]
    for n, (kind, target) in enumerate(ours):
        thread = make_thread(title=f"About {n}")
        target = target or str(thread.id)
        rita = reader(kind, target)
        _something_for_each(thread)
        message = next(each for each in mailed(site) if each["To"] == rita.email)
        rita = db.session.get_one(User, rita.id)
        Follow.end(rita, kind, target)
        for again in ((kind, target), *beside):
            Follow.begin(rita, *again, Level.MAIL)
        db.session.commit()
        _something_for_each(thread)
        fan()
        if cleared:
            db.session.execute(delete(Notice).where(Notice.mailed_at.is_not(None)))
            db.session.commit()
        path = message["List-Unsubscribe"].strip("<>").removeprefix("https://conversation.example.org")
        assert "Stop mail about" in site.visitor().get(path).words
        for _ in range(2):
            site.visitor().post(path, {"List-Unsubscribe": "One-Click"}, csrf=False, status=200)
        assert "Stopped" in site.visitor().get(path).words
        found = {(each.kind, each.target): each.level for each in db.session.scalars(Follow.of(rita))}
        assert found == {(kind, target): "site"} | dict.fromkeys(beside, "mail")
        assert not MailChoice.of(rita.id).personal_stopped
        assert rita.email not in {each["To"] for each in mailed(site)}, "what waited for it goes no more"


def _something_for_each(thread: Thread) -> None:
    make_reply(thread, text="What do pupils say?")
    factories.make_study(silent(), title="Talking in pairs", phase="primary")


def levels(person: User) -> dict[int, str]:
    db.session.rollback()
    found = {
        follow.id: follow.level
        for follow in db.session.scalars(Follow.of(db.session.get_one(User, person.id)))
    }
    db.session.rollback()
    return found


def test_what_was_merged_split_or_moved_before_mail_leaves_goes_from_where_it_is(site: Site) -> None:
    """Links lead to where the post is now, under the title that it stands under now, and nothing hidden is told; what
    has moved is no news of the prompt that it left."""
    team, ada = make_person(role="team"), silent("Ada Author")
    goes_on = make_thread(ada, prompt="what-more", title="The one that goes on")
    double = make_thread(ada, prompt="what-more", title="The duplicate")
    whole = make_thread(ada, prompt="what-more", title="The whole of it")
    reader(Kind.PROMPT, "your-practice")
    rita = reader(target=str(double.id))
    Follow.begin(rita, Kind.THREAD, str(whole.id), Level.MAIL)
    db.session.commit()
    moved = make_thread(ada, title="Moved away")
    going, _ = make_reply(whole, ada, "Goes elsewhere."), make_reply(whole, ada, "Stays here.")
    told, secret = make_reply(double, ada, "Told of before."), make_reply(double, ada, "Secret words.")
    ids = going.id, told.id
    fan()
    with later():
        while go_round():
            pass
        assert {letter.person_id for letter in db.session.scalars(select(Letter)) if letter.kind} >= {rita.id}
        db.session.get_one(Thread, moved.id).move(
            team, db.session.scalars(select(Prompt).where(Prompt.slug == "resources")).one()
        )
        post_of(double, secret.number).hide(team, "other")
        split(db.session.get_one(Thread, whole.id), [going.number], team, "Out of the whole", [])
        merge(db.session.get_one(Thread, double.id), db.session.get_one(Thread, goes_on.id), team)
        site.commit()
        messages = site.mail()
    sent = {str(message["Subject"]): words(message) for message in messages if message["List-Id"]}
    said = "".join(sent.values())
    assert "Secret" not in said and "Moved away" not in said and "The duplicate" not in said
    assert all(title in said for title in ("The one that goes on", "Out of the whole", "The whole of it"))
    assert all(f"/posts/{id}\n" in said for id in ids)
    for id, title in zip(ids, ("Out of the whole", "The one that goes on"), strict=True):
        page = site.visitor()
        assert title in page.follow(page.get(f"/posts/{id}", status=302)).text
