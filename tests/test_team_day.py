"""The team's day: what waits, who is on, the letter of the week, and bans of where spam came from."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, insert, select, text, update

from forum.accounts.models import User
from forum.activity.models import Activity
from forum.core.db import db, now
from forum.core.errors import Refused
from forum.discussion.models import Post
from forum.moderation.models import Item, Report, WeeklyLetter
from forum.moderation.models.bans import Ban, BanKind
from forum.moderation.weekly import write_weekly
from tests.browser import Site
from tests.factories import make_person, make_reply, make_thread, post_of
from tests.queries import counted
from tests.test_due_process import decide, waiting
from tests.test_suggestions import explained

MONDAY = datetime(2026, 11, 30, 9, tzinfo=UTC)


@pytest.fixture
def tess(site: Site) -> User:
    return make_person("Tess Okafor", role="team", email="tess@team.example")


def reported(count: int = 1) -> list[int]:
    thread = make_thread()
    posts = [make_reply(thread, text=f"Words {n}.") for n in range(count)]
    for post in posts:
        Report.of_post(post_of(thread, post.number or 0), make_person(), "spam", "")
    db.session.commit()
    return [item.id for item in waiting()]


def test_home_says_what_waits_and_who_is_on_in_as_many_queries(site: Site, tess: User) -> None:
    make_person("Jo Park", role="team")
    team = site.browser(tess)
    assert "Nothing waits" in team.get("/team").words
    late, near, *_ = reported(4)
    db.session.execute(update(Item).where(Item.id == late).values(due_at=now() - timedelta(hours=1)))
    db.session.execute(update(Item).where(Item.id == near).values(due_at=now() + timedelta(minutes=5)))
    db.session.execute(update(Item).where(Item.id > near).values(due_at=now() + timedelta(days=2)))
    db.session.commit()
    team.post(f"/team/queue/{late}/claim")
    page = team.get("/team")
    assert "1 Overdue 1 Nearly due 2 Recent" in page.words and "Reports: 4" in page.words
    assert "Tess Okafor (you) On looking at 1 thing" in page.words and "Jo Park not seen yet" in page.words
    with counted() as few:
        team.get("/team")
    reported(10)
    with counted() as many:
        team.get("/team")
    assert len(many) == len(few)


def test_the_week_is_told_once_even_by_two_at_once(site: Site, tess: User) -> None:
    make_person("Una Firm", role="team", email="una@team.example", confirmed=False)
    with time_machine.travel(MONDAY - timedelta(days=3), tick=False):
        first, second = reported(2)
        decide(site.browser(tess), first, "remove", reason="spam")
        db.session.execute(update(Item).where(Item.id == second).values(due_at=now()))
        db.session.commit()
    with time_machine.travel(MONDAY.replace(hour=6), tick=False):
        write_weekly()
        assert db.session.scalar(select(func.count()).select_from(WeeklyLetter)) == 0
    with time_machine.travel(MONDAY, tick=False):
        db.session.rollback()  # SQLite has one writer
        gate = threading.Barrier(2)

        def go() -> None:
            with site.app.app_context():
                gate.wait()
                write_weekly()
                db.session.remove()

        workers = [threading.Thread(target=go) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        write_weekly()
        db.session.rollback()
        letters = [mail for mail in site.mail() if mail["Subject"] == "The team’s week"]
    assert [mail["To"] for mail in letters] == ["tess@team.example"]
    words = str(letters[0].get_content())
    assert "from 23 November to 29 November 2026" in words
    assert "2 reports, 0 held posts" in words and "1 decisions, 0 of them later" in words
    assert "1 in all: 1 overdue" in words


# Bans


def test_what_is_banned_can_neither_register_nor_post_and_is_told_how_to_object(
    site: Site, tess: User
) -> None:
    team, thread = site.browser(tess), make_thread()
    spammer = make_person("Sam Spam", email="sam@spam.example")
    page = team.get(f"/team/bans?person={spammer.id}")
    assert "ban the address of Sam Spam" in page.words and "sam@spam.example" not in page.text
    team.post(
        f"/team/bans?person={spammer.id}", {"kind": "address", "days": "30", "reason": "spam", "note": "Ads."}
    )
    ban = db.session.scalars(select(Ban)).one()
    assert "sam@" not in ban.value + ban.shown and ban.shown == "s…@spam.example"
    line = db.session.scalars(select(Activity).where(Activity.verb == "team.banned")).one()
    assert "spam.example" not in str(line.detail) and line.note == "Ads."
    browser = site.browser(spammer)
    kept = browser.post(
        f"/threads/{thread.id}/posts", {"body": "Buy this.", "disclosure": "named"}, status=422
    )
    assert f"with the reference B{ban.id}" in kept.words and "Buy this." in kept.text
    start = {"title": "A title", "body": "Buy this.", "disclosure": "named"}
    kept = browser.post("/prompts/your-practice/threads/new", start, status=403)
    assert "If this is a mistake" in kept.words and "Buy this." in kept.text
    assert db.session.scalar(select(func.count()).where(Post.author_id == spammer.id)) == 0
    visitor = site.visitor()
    said = {"name": "Sam", "password": "correct horse battery", "position": "teacher", "adult": "y"}
    page = visitor.post("/account/register", {"email": "SAM@spam.example", **said}, status=403)
    assert "You can still read everything" in page.words
    visitor.post("/account/register", {"email": "other@spam.example", **said})
    visitor.post(f"/people/{spammer.id}/report", {"reason": "spam"})  # reporting is for everyone
    assert "B1: s…@spam.example" in team.get("/team/bans").words
    team.post(f"/team/bans/{ban.id}/lift")
    assert "Lifted by Tess Okafor" in team.get("/team/bans").words
    team.post(f"/team/bans/{ban.id}/lift", status=409)
    browser.post(f"/threads/{thread.id}/posts", {"body": "Sorry.", "disclosure": "named"})
    log = team.get("/team/log").words
    assert "banned an address, a domain or a network" in log and "lifted a ban" in log


def test_domains_and_networks_are_met_and_never_too_many(site: Site, tess: User) -> None:
    team = site.browser(tess)
    for kind, typed, refusal in (
        ("network", "10.0.0.0/8", "/20 is the widest"),
        ("network", "2001:db8::/32", "/40 is the widest"),
        ("network", "0.0.0.0/0", "too wide"),
        ("network", "127.0.0.1", "in this network yourself"),
        ("network", "nonsense", "Enter an IP address"),
        ("domain", "gmail.com", "ban single addresses"),
        ("domain", "sch.uk", "Enter the domain of one"),
        ("domain", "leeds.sch.uk", "Enter the domain of one"),
        ("domain", "team.example", "Someone on the team"),
        ("address", "tess@team.example", "Someone on the team"),
        ("address", "nobody", "Enter an email address"),
        ("address", "", "Enter the address"),
    ):
        said = {"kind": kind, "value": typed, "days": "7", "reason": "spam"}
        assert refusal in team.post("/team/bans", said, status=422).words, typed
    team.post("/team/bans", {"kind": "nonsense", "days": "3"}, status=422)
    Ban.make(tess, BanKind.DOMAIN, "@Spam.Example")
    Ban.make(tess, BanKind.NETWORK, "192.0.2.77/24")
    Ban.make(tess, BanKind.NETWORK, "2001:db8:1:2::9")
    site.commit()
    for email, network, met in (
        ("a@spam.example", None, True), ("a@mail.spam.example", None, True), ("a@notspam.example", None, False),
        (None, "192.0.2.1", True), (None, "::ffff:192.0.2.1", True), (None, "192.0.3.1", False),
        (None, "2001:db8:1:2:ffff::1", True), (None, "2001:db8:1:3::1", False), (None, "not one", False),
    ):  # fmt: skip
        assert (Ban.against(email, network) is not None) is met, (email, network)
    with counted() as statements:
        Ban.against("a@b.example", "198.51.100.1")
    assert len(statements) == 1
    db.session.execute(update(Ban).values(until=now() - timedelta(seconds=1)))
    assert Ban.against("a@spam.example", "192.0.2.1") is None
    with pytest.raises(Refused):
        Ban.make(tess, BanKind.NETWORK, "192.0.0.0/16")


# In time


def test_what_waits_goes_from_recent_to_nearly_due_to_overdue_in_its_own_time(site: Site, tess: User) -> None:
    """What may harm a child is due within one working hour, spam within eight; nobody works at night."""
    thread = make_thread()
    posts = [make_reply(thread, text=text).number or 0 for text in ("One.", "Two.")]
    bands = {"Recent", "Nearly due", "Overdue"}
    with time_machine.travel(MONDAY, tick=False):
        for number, reason in zip(posts, ("child", "spam"), strict=True):
            Report.of_post(post_of(thread, number), make_person(), reason, "")
        site.commit()
    for hours, said in (
        (0.5, ["Nearly due", "Recent"]),
        (2, ["Overdue", "Recent"]),
        (7.5, ["Overdue", "Nearly due"]),
        (25, ["Overdue", "Overdue"]),
    ):
        with time_machine.travel(MONDAY + timedelta(hours=hours), tick=False):
            page = site.browser(tess).get("/team/queue")
            tags = [
                tag.text_content() for tag in page.select("//main//strong[contains(@class, 'govuk-tag')]")
            ]
            assert [tag for tag in tags if tag in bands] == said, hours
            late = said.count("Overdue")
            assert (f"{late} overdue" in page.words) is bool(late), hours
            assert Item.count(Item.overdue(), 10) == late


# At any size


def test_the_queue_is_read_from_indexes(site: Site) -> None:
    """Nothing of the queue is sorted and no table is walked, whatever it is narrowed to."""
    first = reported(2)[0]
    after = db.session.get_one(Item, first)
    queries = [
        Item.waiting(),
        Item.waiting(after),
        Item.waiting().where(Item.why == "report"),
        Item.waiting().where(Item.reason == "spam"),
        Item.waiting().where(Item.prompt_id == 1),
        Item.waiting().where(Item.claimed_by_id == 1),
        Item.overdue(),
        select(Ban).where(Ban.kind == "domain", Ban.value.in_(["a.example", "example"]), Ban.in_force()),
    ]
    for query in queries:
        plan = explained(query.limit(26))
        shown = "\n".join(plan)
        assert not any(line.startswith("SCAN") and "USING" not in line for line in plan), shown
        assert "TEMP B-TREE" not in shown and "Seq Scan" not in shown, shown
        assert "queue_items_" in shown or "bans" in shown, shown


def test_whose_things_are_is_read_from_their_own_indexes_though_thousands_are_nobodys(
    site: Site, tess: User
) -> None:
    """Where all that the database has counted is that no name narrows anything."""
    post = make_reply(make_thread())
    about = {"why": "report", "reason": "spam", "urgency": 2, "post_id": post.id, "due_at": now()}
    things = [f"test:{number}" for number in range(3_000)]
    rows = [{"thing": thing, "open_thing": thing, **about} for thing in things]
    db.session.execute(insert(Item), rows)
    db.session.execute(text("ANALYZE"))
    for whose, index in ((Item.claimed_by_id, "claimed"), (Item.passed_to_id, "passed")):
        for query in (
            Item.waiting(),
            Item.waiting().order_by(None),
            Item.overdue(),
        ):  # the list, and its two counts
            ids = query.where(whose == tess.id).with_only_columns(Item.id)
            plan = "\n".join(explained(ids.limit(1_001)))
            assert f"queue_items_{index}" in plan, plan
