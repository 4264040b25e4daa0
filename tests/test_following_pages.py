"""The pages of following: buttons, the list, news, reading positions, private feeds and lists that are brought."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import feedparser
import pytest
from sqlalchemy import select, update

from forum.accounts.models import User
from forum.core.db import as_at, db, now
from forum.following import rounds
from forum.following.models import Fanout, FeedKey, Follow, Kind, Level, MailChoice, Notice, Reading, counting
from forum.following.models.news import news_of
from tests.browser import Browser, Page, Site
from tests.factories import (
    make_answer,
    make_person,
    make_reply,
    make_study,
    make_suggestion,
    make_thread,
    post_of,
)
from tests.queries import counted


def news(page: Page) -> str:
    """What the header says of it."""
    return str(page.select("string(//header//a[@href='/notifications'])")).strip()


def press(browser: Browser, page: Page, act: str, **more: str) -> Page:
    """Press a button of the page's own form for following it."""
    form = page.select("//form[@action='/following'][.//input[@name='kind']]")[0]
    data = {field.get("name"): field.get("value") for field in form.xpath(".//input[@type='hidden']")}
    return browser.follow(browser.post("/following", {**data, "act": act, **more}))


def test_whatever_has_a_feed_has_a_button_and_each_page_shows_its_own_state(site: Site) -> None:
    reader, author = make_person("Rea Der"), make_person("Ada Obi")
    thread = make_thread(author)
    make_study(author)
    suggestion = make_suggestion(author)
    make_answer(suggestion)
    browser, visitor = site.browser(reader), site.visitor()
    pages = [
        f"/threads/{thread.id}-{thread.slug}",
        "/prompts/your-practice",
        "/components/assessment-for-learning",
        f"/people/{author.id}",
        "/resources/governornet",
        f"/suggestions/{suggestion.thread_id}/trail",
        "/answers",
        "/case-studies",
        "/case-studies?region=north-east",
        "/search?q=marking&sort=newest",
    ]
    for path in pages:
        assert "Sign in to follow" in visitor.get(path).words, path
        page = browser.get(path)
        followed = press(browser, page, "follow", level="mail")
        assert "Following by email" in followed.words, path
        again = browser.get(path, headers={"If-None-Match": page.headers["ETag"]})
        assert again.status == 200 and "Following by email" in again.words, (
            "a page of before is not the page of now"
        )
    assert "Following by email" not in visitor.get(pages[0]).words
    everything = browser.get("/following")
    assert everything.words.count("By email at once · Since") == len(pages)
    for title in ("Case studies", "Searches", "Outcomes of suggestions", "Answers"):
        assert title in everything.words
    for path in pages:
        assert "Following by email" not in press(browser, browser.get(path), "stop").words, path
    assert "You follow nothing yet" in browser.get("/following").words


def test_muting_levels_bulk_changes_and_bad_input(site: Site) -> None:
    reader, author = make_person("Rea Der"), make_person("Ada Obi")
    threads = [make_thread(author, title=f"Thread {n}") for n in range(3)]
    browser = site.browser(reader)
    muted = press(browser, browser.get(f"/threads/{threads[0].id}-{threads[0].slug}"), "mute")
    assert "Muted" in muted.words and "Stop muting" in muted.words
    for thread in threads[1:]:
        press(browser, browser.get(f"/threads/{thread.id}-{thread.slug}"), "follow", level="site")
    ids = db.session.scalars(select(Follow.id).where(Follow.person_id == reader.id)).all()
    browser.post("/following/changes", {"change": "digest", "follow": [str(id) for id in ids]})
    page = browser.get("/following")
    assert page.words.count("In my digest · Since") == 2 and "Muted" in page.words, "what is muted stays so"
    browser.post("/following/changes", {"change": "", "follow": [str(id) for id in ids]})
    stranger = site.browser(make_person("Stranger"))
    stranger.post("/following/changes", {"change": "stop", "follow": [str(id) for id in ids]})
    assert len(db.session.scalars(select(Follow.id).where(Follow.person_id == reader.id)).all()) == 3
    browser.post("/following/changes", {"change": "stop", "follow": [str(id) for id in ids]})
    assert "You follow nothing yet" in browser.get("/following").words
    for kind, target in (
        ("thread", "999999"),
        ("planet", "1"),
        ("prompt", "no-such"),
        ("thread", "x"),
        ("search", ""),
    ):
        browser.post("/following", {"kind": kind, "target": target, "act": "follow"}, status=404)
    browser.post("/following", {"kind": "prompt", "target": "your-practice", "act": "mute"}, status=403)
    browser.post("/following", {"kind": "prompt", "target": "resources", "act": "sing"}, status=422)
    away = browser.post(
        "/following", {"kind": "prompt", "target": "resources", "act": "follow", "then": "//evil.example"}
    )
    assert away.location == "/following"


def test_how_far_somebody_has_read_moves_by_post_alone_and_never_back(site: Site) -> None:
    reader, author = make_person("Rea Der"), make_person("Ada Obi")
    thread = make_thread(author)
    for n in range(24):
        make_reply(thread, author, f"Number {n}")
    path = f"/threads/{thread.id}-{thread.slug}"
    browser = site.browser(reader)
    browser.get(path)
    assert db.session.scalar(select(Reading.position)) is None, "a GET moves nothing"
    assert browser.get(f"/threads/{thread.id}/unread", status=302).location == f"{path}#post-1"
    assert "unread" not in browser.get("/prompts/your-practice").words, (
        "what was never opened is not unread, but new"
    )
    browser.post(f"/threads/{thread.id}/read", {"number": "20", "quiet": "yes"}, status=204)
    browser.post(f"/threads/{thread.id}/read", {"number": "3"})
    assert browser.get(f"/threads/{thread.id}/unread", status=302).location == f"{path}?page=2#post-21"
    for page in ("/", "/prompts/your-practice", "/components/assessment-for-learning"):
        assert "5 unread in Talking about marking" in browser.get(page).words, page
        assert "unread" not in site.visitor().get(page).words
        assert "unread" not in site.browser(author).get(page).words
    browser.post(f"/threads/{thread.id}/read", {"number": "999999"})
    assert db.session.scalar(select(Reading.position)) == 25
    assert browser.get(f"/threads/{thread.id}/unread", status=302).location == f"{path}?page=2#post-25"
    make_reply(thread, author)
    assert "1 unread" in browser.get("/").words
    press(browser, browser.get(path), "follow")
    assert "There is 1 unread post" in browser.get("/following").words
    browser.post("/following/read")
    assert "You have read everything" in browser.get("/following").words
    assert "unread" not in browser.get("/").words
    for number in ("", "x", "1" * 20):
        browser.post(f"/threads/{thread.id}/read", {"number": number}, status=422)
    hidden = make_thread(author, title="Hidden")
    hidden.hide(make_person("Tea Member", role="team"), "other")
    db.session.commit()
    browser.post(f"/threads/{hidden.id}/read", {"number": "1"}, status=404)
    browser.get(f"/threads/{hidden.id}/unread", status=404)


def test_news_are_told_in_words_gathered_counted_and_seen(site: Site) -> None:
    author, others = make_person("Ada Obi"), [make_person(f"Person {n}") for n in range(4)]
    thread = make_thread(author, title="Marking <b>less</b>")
    browser = site.browser(author)
    assert "Nothing yet" in browser.get("/notifications").words
    assert news(browser.get("/")) == "Notifications"
    for other in others:
        make_reply(thread, other)
    rounds.finish()
    page = browser.get("/notifications")
    assert "4 replies to you in Marking <b>less</b>" in page.words
    assert news(page) == "Notifications (4)"
    shared = browser.get(f"/threads/{thread.id}-{thread.slug}")
    assert news(shared) == "Notifications (4)"
    stranger = site.browser(make_person("Stranger")).get(f"/threads/{thread.id}-{thread.slug}")
    assert news(stranger) == "Notifications", "a page that readers share has each their own count"
    team = make_person("Tea Member", role="team")
    post_of(thread, 2).hide(team, "other")
    db.session.commit()
    page = browser.get("/notifications")
    assert (
        "3 replies to you" in page.words
        and "Person 0" not in page.words
        and news(page) == "Notifications (3)"
    )
    first = page.select("//main//li//a[starts-with(@href, '/posts/')]/@href")[0]
    assert browser.get(first, status=302).location.endswith("#post-3"), "to the first that is new"
    upto = page.select("//input[@name='upto']/@value")[0]
    make_reply(thread, others[0], "Meanwhile")
    rounds.finish()
    browser.post("/notifications/read", {"upto": upto})
    page = browser.get("/notifications")
    assert news(page) == "Notifications (1)", "what came meanwhile is not marked"
    assert "3 replies to you" in page.words and "Person 0, teacher replied to you in" in page.words
    browser.post(f"/threads/{thread.id}/read", {"number": "6", "quiet": "yes"}, status=204)
    assert news(browser.get("/")) == "Notifications", "what was read in its place is not new"

    post_of(thread, 1).hide(team, "other")
    db.session.commit()
    rounds.finish()
    page = browser.get("/notifications")
    assert "The team has hidden something that you wrote" in page.words
    assert page.select("//main//a[@href='/account/decisions']")
    browser.get("/notifications?before=x", status=404)
    assert "There is nothing earlier" in browser.get("/notifications?before=1").words


def test_a_mention_leads_to_the_person_and_tells_them_once(site: Site) -> None:
    author, named, twin = make_person("Ada Obi"), make_person("Ben O'Lee-Smith"), make_person("Cy Twin")
    silent, role = make_person("Sil Ent"), make_person("Rolf Only")
    make_thread(twin, title="Elsewhere")
    thread = make_thread(author)
    make_reply(thread, named)
    make_reply(thread, role, disclosure="role-only")
    text = "As @Ben O'Lee-Smith says, and @Cy Twin. Not @Sil Ent, @Rolf Only, a@Ada Obi or `@Ada Obi`."
    text += " @Ada Obi @Ada Obi"
    speaker = make_person("Speaker")
    post = thread.reply(speaker, text)
    db.session.commit()
    html = str(post.html)
    for person in (named, twin, author):
        assert f'<a href="/people/{person.id}" rel="nofollow ugc noopener">@' in html
    assert html.count("<a ") == 4 and "@Sil Ent" in html and "@Rolf Only" in html
    rounds.finish()
    told = dict(
        db.session.execute(
            select(Notice.person_id, Notice.reason).where(
                Notice.post_id == post.id, Notice.reason != "followed"
            )
        ).all()
    )
    assert told == {named.id: "mention", twin.id: "mention", author.id: "mention"}
    post_of(thread, 4).edit(speaker, text + " Once more: @Cy Twin", "named", 1)
    quoting = post_of(thread, 4)
    thread.reply(speaker, f"> {text}\n\nI said.", in_reply_to=quoting)
    db.session.commit()
    rounds.finish()
    assert len(db.session.scalars(select(Notice.id).where(Notice.person_id == twin.id)).all()) == 1
    assert silent.id not in told and role.id not in told, (
        "the one follows the thread, and hears no more than that"
    )

    browser = site.browser(speaker)
    people = browser.get(f"/mentions?thread={thread.id}&q=").response.json["people"]
    assert [each["name"] for each in people] == ["Ben O'Lee-Smith", "Ada Obi"], (
        "of this thread, who spoke last first"
    )
    assert [each["name"] for each in browser.get("/mentions?q=cy").response.json["people"]] == ["Cy Twin"]
    assert browser.get("/mentions?q=rolf").response.json["people"] == [], (
        "nobody is found who showed their role alone"
    )
    other = make_person("Cy Twin")
    make_reply(thread, other)
    offered = browser.get(f"/mentions?thread={thread.id}&q=cy").response.json["people"]
    assert [each["insert"] for each in offered] == [
        f"[@Cy Twin](/people/{other.id})",
        f"[@Cy Twin](/people/{twin.id})",
    ]
    meant = thread.reply(speaker, "@Cy Twin", "named")
    db.session.commit()
    assert f"/people/{other.id}" in str(meant.html), "somebody of this thread is meant before anybody else"
    assert (
        "/people/" in browser.post("/preview", {"body": "@Ben O'Lee-Smith"}, status=200).response.json["html"]
    )


def test_private_feeds_open_by_their_token_alone_and_show_what_may_be_seen_now(site: Site) -> None:
    reader, author = make_person("Rea Der"), make_person("Ada Obi")
    team = make_person("Tea Member", role="team")
    browser, anyone = site.browser(reader), site.visitor()
    Follow.begin(reader, Kind.PERSON, str(author.id), Level.SITE)
    thread = make_thread(author, title="Marking")
    Follow.begin(db.session.get_one(User, reader.id), Kind.THREAD, str(thread.id), Level.SITE)
    db.session.commit()
    for n in range(3):
        make_reply(thread, author, f"Words {n}")
    rounds.finish()
    addresses: dict[str, str] = {}
    for what in ("following", "notifications", f"thread:{thread.id}", f"person:{author.id}"):
        page = browser.post("/following/feeds", {"what": what}, status=200)
        assert page.headers["Cache-Control"] == "private, no-store"
        shown = page.select("//code/text()")
        assert len(shown) == 3
        addresses[what] = shown[0].removeprefix("https://conversation.example.org")
    assert "/private/" not in browser.get("/following/feeds").text, "shown once"
    for what, address in addresses.items():
        for format in ("atom", "rss", "json"):
            answer = anyone.get(address.replace("feed.atom", f"feed.{format}"))
            assert (
                answer.headers["X-Robots-Tag"] == "noindex, nofollow"
                and answer.headers["Referrer-Policy"] == "no-referrer"
            )
            assert "Set-Cookie" not in answer.headers and "Words 2" in answer.text, (what, format)
        fetched = anyone.get(address)
        assert not feedparser.parse(fetched.data).bozo
        anyone.get(address, status=304, headers={"If-None-Match": fetched.headers["ETag"]})
    assert "Ada Obi, teacher posted in Marking" in anyone.get(addresses["notifications"]).text
    assert all(key.used_at for key in db.session.scalars(select(FeedKey)))
    assert browser.get("/following/feeds").words.count("Last used on") == 4

    post_of(thread, 2).hide(team, "other")
    post_of(thread, 3).withdraw(db.session.get_one(User, author.id))
    role = post_of(thread, 4)
    role.edit(author, role.source, "role-only", role.version)
    db.session.commit()
    for what, address in addresses.items():
        text = anyone.get(address).text
        assert "Words 0" not in text and "Words 1" not in text, what
        assert ("Words 2" in text) == (what != f"person:{author.id}")
        if "Words 2" in text and what != "notifications":
            entry = next(each for each in text.split("<entry>") if "Words 2" in each)
            assert "Ada Obi" not in entry
    browser.post("/following", {"kind": "thread", "target": str(thread.id), "act": "mute"})
    assert "Words 2" not in anyone.get(addresses["following"]).text
    anyone.get(addresses[f"thread:{thread.id}"], status=404)
    browser.post("/following", {"kind": "person", "target": str(author.id), "act": "stop"})
    anyone.get(addresses[f"person:{author.id}"], status=404)

    for _ in range(30):
        anyone.get("/private/wrong/feed.atom", status=404)
    anyone.get(addresses["notifications"])
    again = browser.post("/following/feeds", {"what": "notifications"}, status=200)
    anyone.get(addresses["notifications"], status=404)
    anyone.get(again.select("//code/text()")[0].removeprefix("https://conversation.example.org"))
    key = db.session.scalars(select(FeedKey.id).where(FeedKey.kind == "notifications")).one()
    site.browser(make_person("Stranger")).post(f"/following/feeds/{key}/revoke", status=404)
    browser.post(f"/following/feeds/{key}/revoke")
    anyone.get(again.select("//code/text()")[0].removeprefix("https://conversation.example.org"), status=404)
    browser.post("/following/feeds", {"what": "thread:999"}, status=404)


def test_each_kind_of_private_feed_has_its_posts(site: Site) -> None:
    reader, author = make_person("Rea Der"), make_person("Ada Obi")
    thread = make_thread(author, title="Marking")
    study = make_study(author, title="A study of marking")
    suggestion = make_suggestion(author)
    make_answer(suggestion, note="We will indeed.")
    expected: dict[str, str] = {
        "prompt:your-practice": "Marking",
        "component:assessment-for-learning": "Marking",
        "answers:": "We will indeed",
        f"outcome:{suggestion.thread_id}": "We will indeed",
        "library:region=north-east": "A study of marking",
        "library:": "A study of marking",
        "search:q=marking": "A study of marking",
        "resource:governornet": "",
    }
    browser = site.browser(reader)
    for what, words in expected.items():
        kind, _, target = what.partition(":")
        Follow.begin(db.session.get_one(User, reader.id), Kind(kind), target)
        db.session.commit()
        address = browser.post("/following/feeds", {"what": what}, status=200).select("//code/text()")[0]
        feed = site.visitor().get(address.removeprefix("https://conversation.example.org")).text
        assert words in feed, what
    assert thread.id and study.thread_id


def test_a_list_is_taken_along_and_brought_back(site: Site) -> None:
    reader, author = make_person("Rea Der"), make_person("Ada <Obi>")
    thread = make_thread(author, title="Marking & more")
    everything = [
        (Kind.THREAD, thread.id), (Kind.PROMPT, "resources"), (Kind.COMPONENT, "school-organisation"),
        (Kind.PERSON, author.id), (Kind.RESOURCE, "governornet"), (Kind.LIBRARY, "region=north-east&tried=yes"),
        (Kind.LIBRARY, ""), (Kind.SEARCH, "q=marking"), (Kind.ANSWERS, ""),
    ]  # fmt: skip
    for kind, target in everything:
        Follow.begin(db.session.get_one(User, reader.id), kind, str(target))
    hidden = make_thread(author, title="Soon away")
    Follow.begin(db.session.get_one(User, reader.id), Kind.THREAD, str(hidden.id))
    hidden.hide(make_person("Tea Member", role="team"), "other")
    db.session.commit()
    taken = site.browser(reader).get("/following.opml")
    assert "Soon away" not in taken.text and "attachment" in taken.headers["Content-Disposition"]
    other = site.browser(make_person("O Ther"))
    page = bring(other, taken.data)
    assert page.select("count(//main//section//ul/li)") == len(everything)
    here = select(Follow.kind, Follow.target).where(
        Follow.person_id != reader.id, Follow.person_id != author.id
    )
    theirs = {tuple(row) for row in db.session.execute(here)}
    assert theirs == {(str(kind), str(target)) for kind, target in everything}
    assert "9 you followed already" in bring(other, taken.data).words
    foreign = (
        b'<opml version="2.0"><body><outline xmlUrl="https://elsewhere.example/feed.atom"/></body></opml>'
    )
    assert "1 is a feed of other sites" in bring(other, foreign).words


BAD = {
    "": "Choose an OPML file",
    "no xml": "cannot be read as XML",
    "<html/>": "not OPML",
    "<opml><body/></opml>": "There is no feed",
    "<opml>" + "<outline xmlUrl='x'/>" * 1_001 + "</opml>": "more than 1,000 feeds",
    "<!DOCTYPE o [<!ENTITY a 'b'>]><opml>&a;</opml>": "declares entities",
    "<!DOCTYPE o [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><opml>&x;</opml>": "declares entities",
    "<?xml version='1.0' encoding='no-such'?><opml/>": "cannot be read as XML",
    "<opml>" + " " * 1_100_000 + "</opml>": "1 MB or smaller",
}


def bring(browser: Browser, data: bytes, status: int = 200) -> Page:
    files: dict[str, Any] = {"file": (io.BytesIO(data), "list.opml")} if data else {}
    return browser.post("/following/import", files, status=status, content_type="multipart/form-data")


def test_a_bad_list_is_refused_with_a_clear_error(site: Site) -> None:
    browser = site.browser(make_person())
    for data, problem in BAD.items():
        page = bring(browser, data.encode(), 422)
        assert problem in page.words and page.select("//title")[0].text.startswith("Error: "), data[:60]


def test_choices_are_kept_and_bad_ones_come_back(site: Site) -> None:
    reader = make_person("Rea Der")
    browser = site.browser(reader)
    page = browser.get("/account/notifications")
    assert page.select("//input[@name='pace'][@value='daily'][@checked]") and page.select(
        "//input[@name='follow_on_start'][@checked]"
    )
    browser.post(
        "/account/notifications", {"pace": "weekly", "hour": "7", "weekday": "4", "whole_content": "y"}
    )
    chosen = MailChoice.of(reader.id)
    assert (chosen.pace, chosen.hour, chosen.weekday, chosen.whole_content) == ("weekly", 7, 4, True)
    assert not (chosen.follow_on_start or chosen.follow_on_reply or chosen.school_days_only)
    browser.post("/account/notifications", {"pace": "hourly", "hour": "25", "weekday": "9"}, status=422)
    make_thread(db.session.get_one(User, reader.id))
    assert db.session.scalar(select(Follow.id).where(Follow.person_id == reader.id)) is None


def test_your_conversation_has_everything_of_your_own(site: Site) -> None:
    reader = make_person("Rea Der")
    thread = make_thread(reader, title="Mine", disclosure="role-only")
    make_reply(thread)
    rounds.finish()
    browser = site.browser(reader)
    browser.post("/drafts", {"key": f"reply:{thread.id}", "body": "Not yet finished"})
    page = browser.get("/account/conversation")
    for words in (
        "replied to you in Mine",
        "You started it",
        "as A teacher, primary",
        "A reply: Mine",
        "2 unread in Mine",
    ):
        assert words in page.words, words
    assert "Your conversation" in browser.get(f"/people/{reader.id}").words


COUNTS: dict[str, int] = {}


@pytest.mark.parametrize("size", [3, 40])
def test_no_page_asks_more_of_the_database_where_there_is_more(site: Site, size: int) -> None:
    reader, author = make_person("Rea Der"), make_person("Ada Obi")
    for n in range(size):
        thread = make_thread(author, title=f"Thread {n}")
        Follow.begin(db.session.get_one(User, reader.id), Kind.THREAD, str(thread.id))
        db.session.commit()
        with as_at(now() + timedelta(seconds=1)):
            make_reply(thread, author)
    rounds.finish()
    db.session.execute(update(Follow).values(since=now()))
    db.session.commit()
    browser = site.browser(reader)
    browser.post("/following/read")
    for path in (
        "/",
        "/prompts/your-practice",
        "/following",
        "/notifications",
        "/account/conversation",
        "/following/feeds",
    ):
        browser.get(path)
        with counted() as statements:
            browser.get(path)
        key = f"{db.engine.dialect.name} {path}"
        assert COUNTS.setdefault(key, len(statements)) == len(statements), (path, statements)


def test_counts_and_news_are_found_by_their_indexes(site: Site) -> None:
    """EXPLAIN: no count and no list walks a whole table, whatever stands in it."""
    following = select(Follow.person_id).where(
        Follow.kind == "thread", Follow.target == "1", Follow.person_id > 5
    )
    queries = {
        "the count in the header": db.text(counting._query().replace("{}", "1")),
        "a page of news": news_of(1).order_by(Notice.id.desc()).limit(101),
        "how far threads were read": select(Reading.position).where(
            Reading.person_id == 1, Reading.thread_id.in_([1, 2])
        ),
        "who follows a thread": following.order_by(Follow.person_id).limit(5000),
        "what one follows": select(Follow).where(Follow.person_id == 1).order_by(Follow.id.desc()),
        "what is due": select(Fanout)
        .where(Fanout.due_at <= now())
        .order_by(Fanout.due_at, Fanout.id)
        .limit(1),
        "a private feed": select(FeedKey).where(FeedKey.digest == "x"),
        "names": select(User.id).where(User.name.in_(["Ada", "Ada Obi"])),
    }
    postgresql = db.engine.dialect.name == "postgresql"
    if postgresql:
        db.session.execute(db.text("SET LOCAL enable_seqscan = off"))
    for name, query in queries.items():
        sql = str(query.compile(db.engine, compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN " if postgresql else "EXPLAIN QUERY PLAN "
        plan = "\n".join(row[-1] for row in db.session.execute(db.text((explain + sql).replace(":", "\\:"))))
        assert not re.search(r"Seq Scan|SCAN (notices|posts|threads|follows|users|reading|fan|feed)", plan), (
            name,
            plan,
        )


def test_clicks_and_workers_at_once_leave_one_of_each(site: Site) -> None:
    """The same button in four browsers at once, and four workers at the same acts."""
    reader, author = make_person("Rea Der"), make_person("Ada Obi")
    thread = make_thread(author)
    for n in range(30):
        Follow.begin(make_person(f"Follower {n}"), Kind.THREAD, str(thread.id))
    db.session.commit()
    browsers = [site.browser(reader) for _ in range(4)]
    tokens = [browser.csrf_token() for browser in browsers]
    start, id = Barrier(4), thread.id

    def press(browser: Browser, token: str) -> None:
        start.wait()
        asked = {"kind": "thread", "target": str(id), "act": "follow", "csrf_token": token}
        browser.post("/following", asked)
        browser.post(f"/threads/{id}/read", {"number": "1", "csrf_token": token})
        browser.post("/following/feeds", {"what": "following", "csrf_token": token}, status=200)
        browser.post(
            "/account/notifications", {"pace": "daily", "hour": "9", "weekday": "0", "csrf_token": token}
        )

    db.session.rollback()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(press, browsers, tokens))
    for table, mine in (
        (Follow, Follow.person_id),
        (Reading, Reading.person_id),
        (FeedKey, FeedKey.person_id),
    ):
        assert len(db.session.scalars(select(table).where(mine == reader.id)).all()) == 1, table

    replies = [make_reply(thread, author, f"Number {n}").id for n in range(3)]
    db.session.rollback()
    app, start = site.app, Barrier(4)

    def work(_: int) -> None:
        with app.app_context():
            start.wait()
            while rounds.fan_out(limit=7):
                db.session.commit()
            db.session.remove()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    rounds.finish()
    told = db.session.execute(
        select(Notice.person_id, Notice.post_id).where(Notice.post_id.in_(replies))
    ).all()
    assert len(told) == len(set(told)) == 31 * 3
