"""Any search as a feed: valid, never more than anyone's page of the same search shows, back to the first post."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import feedparser  # type: ignore[import-untyped]
from sqlalchemy import update

from forum.accounts.models import Tally
from forum.core.db import db
from forum.discussion.models import Conversation
from tests.browser import Site
from tests.factories import make_person, make_reply, make_thread, post_of
from tests.feed_rules import ATOM, HISTORY
from tests.queries import counted
from tests.test_feeds import (
    ATTACKS,
    CHECKS,
    HOME,
    HOSTILE,
    Read,
    each_format,
    fill,
    let_out,
    long_ago,
    short,
    shown,
)


def read(site: Site, format: str = "atom", **asked: str) -> Read:
    return Read(site.visitor(), f"/search/feed.{format}?" + urlencode(asked))


def found(site: Site, **asked: str) -> list[str]:
    return list(read(site, **asked).entries)


def walk(site: Site, **asked: str) -> list[Read]:
    """The subscription document and every archive page that it leads back to."""
    documents = [read(site, **asked)]
    while (before := documents[-1].link("prev-archive")) is not None:
        documents.append(Read(site.visitor(), before))
        assert len(documents) < 100
    return documents


def on_the_pages(site: Site, **asked: str) -> set[str]:
    """The threads that all pages of this search show to anyone."""
    seen, address = set(), "/search?" + urlencode(asked)
    while address:
        page = site.visitor().get(address)
        for link in page.select("//li[contains(@class,'search-hit')]/h3/a/@href"):
            seen.add(HOME + link.split("?")[0].split("#")[0])
        address = next(iter(page.select("//a[@rel='next nofollow']/@href")), "")
    return seen


# What a document is


@each_format
def test_a_search_that_finds_nothing_is_a_valid_feed(site: Site, format: str) -> None:
    searches = (
        "",
        "?q=",
        "?q=zeppelins",
        "?q=%00",
        "?kind=nonsense",
        "?since=never",
        "?q=-&sort=newest",
        "?archive=",
    )
    for asked in searches[:-1]:
        page = Read(site.visitor(), f"/search/feed.{format}{asked}").page
        assert "Set-Cookie" not in page.headers
        if format == "json":
            assert json.loads(page.data)["items"] == []
        else:
            assert feedparser.parse(page.data).entries == []
    for archive in ("1-100", "x", "", "1-50", "1-100000"):
        site.visitor().get(f"/search/feed.{format}?q=zeppelins&archive={archive}", 404)


@each_format
def test_a_feed_of_a_search_says_the_same_to_everyone_and_can_be_kept(site: Site, format: str) -> None:
    ada = make_person(role="team")
    make_reply(make_thread(ada, text="Zeppelins."), text="More zeppelins.")
    address = f"/search/feed.{format}?q=zeppelins"
    visitor, signed_in = site.visitor(), site.browser(ada)
    page, theirs = visitor.get(address), signed_in.get(address)
    assert theirs.data == page.data
    assert page.headers["Cache-Control"].startswith("public")
    assert visitor.get(address, 304, headers={"If-None-Match": page.headers["ETag"]}).data == b""
    with counted() as statements:
        visitor.get(address)
    assert statements == []
    assert page.text.count("zeppelins") > 2


def test_every_spelling_of_a_search_is_one_feed(site: Site) -> None:
    make_thread(text="Zeppelins.")
    documents = [
        Read(site.visitor(), f"/search/feed.atom?{asked}")
        for asked in (
            "q=zeppelins&kind=discussion",
            "kind=discussion&q=+zeppelins+&page=2&sort=newest&after=x",
            "q=kind:discussion+zeppelins",
        )
    ]
    assert {short(each.feed.findtext(f"{ATOM}id")) for each in documents} == {
        "feed/search%3Fq%3Dzeppelins%26kind%3Ddiscussion"
    }
    assert {each.link("self") for each in documents} == {"/search/feed.atom?q=zeppelins&kind=discussion"}
    assert {each.link("alternate") for each in documents} == {"/search?q=zeppelins&kind=discussion"}
    assert documents[0].feed.findtext(f"{ATOM}title").startswith("Search: “zeppelins”, Kind: Discussion")


@each_format
def test_whatever_is_asked_and_written_the_feed_is_valid(site: Site, format: str) -> None:
    ada = make_person(name=f"Ada {HOSTILE}", school=HOSTILE)
    attacks = [
        json.loads(line)["payload"].replace("\0", "")
        for line in ATTACKS.read_text("utf-8").rstrip("\n").split("\n")
    ]
    thread = make_thread(ada, title=f"zeppelins {HOSTILE}", text=HOSTILE)
    for attack in attacks[:60]:
        thread.reply(ada, f"zeppelins {attack}")
    db.session.commit()
    for q in ("zeppelins", f"zeppelins {HOSTILE}", HOSTILE, *attacks[::60], "]]>", "&&", "x" * 5000):
        page = read(site, format, q=q, author=q[:50]).page
        page = read(site, format, q=q).page
        if format != "json":
            assert not feedparser.parse(page.data).bozo
    assert len(found(site, q="zeppelins")) == 61


# What anyone may see, and all of it


def test_a_feed_and_the_pages_of_a_search_show_the_same(site: Site) -> None:
    ada, gil, team = (
        make_person("Ada Obi"),
        make_person("Gil Lowe", position="governor"),
        make_person(role="team"),
    )
    threads = [
        make_thread(
            (ada, gil)[n % 2],
            ("your-practice", "what-more")[n % 3 == 0],
            title=f"Thread {n}",
            text=("Of zeppelins.", "Of kites.")[n % 4 == 3],
            disclosure=("named", "role-only")[n % 5 == 0],
        )
        for n in range(30)
    ]
    for n, thread in enumerate(threads):
        make_reply(thread, (gil, ada)[n % 2], ("A zeppelin!", "No.")[n % 3 == 1])
    for n in (0, 7, 14):
        threads[n].hide(team, "spam")
    for n in (1, 8, 15):
        post_of(threads[n], 2 - n % 2).hide(team, "pupil")
    post = post_of(threads[20], 2)
    post.withdraw(post.author)
    site.commit()
    for asked in (
        {"q": "zeppelins"},
        {"q": "zeppelins", "prompt": "what-more"},
        {"q": "zeppelins", "author": "Gil Lowe"},
        {"q": "zeppelins kites"},
        {"q": "zeppelins -kites", "position": "governor"},
        {"author": "Ada Obi"},
        {"kind": "discussion"},
    ):
        entries = read(site, **asked).entries
        theirs = {
            entry.find(f"{ATOM}link[@rel='alternate']").get("href").split("#")[0].split("?")[0]
            for entry in entries.values()
        }
        pages = on_the_pages(site, **asked) if asked != {"q": "zeppelins kites"} else theirs
        assert theirs == pages, asked
        for entry in entries.values():
            place = entry.find(f"{ATOM}link[@rel='alternate']").get("href").removeprefix(HOME)
            number = place.partition("#post-")[2]
            page = site.visitor().get(place.split("#")[0])
            shown = page.select(f"//article[@id='post-{number}']//div[@class='post__body']")
            assert shown, f"{place} is in the feed and not on its page"
            assert shown[0].text_content().strip() in entry.findtext(f"{ATOM}content")
            name = entry.findtext(f"{ATOM}author/{ATOM}name")
            assert name in page.select(f"//h2[@id='post-{number}-by']")[0].text_content()


def test_what_is_hidden_leaves_the_feed_at_once_and_comes_back(site: Site) -> None:
    team, thread = make_person(role="team"), make_thread(text="Zeppelins, our secret.")
    make_reply(thread, text="No zeppelins here.")
    opening = f"post/{post_of(thread).id}"
    assert opening in found(site, q="zeppelins")
    post_of(thread).hide(team, "pupil", "Names a child.")
    site.commit()
    document = read(site, q="zeppelins")
    assert list(document.entries) == [f"post/{post_of(thread, 2).id}"]
    assert "secret" not in document.page.text
    assert "Names a child" not in document.page.text
    post_of(thread).publish(team)
    site.commit()
    assert opening in found(site, q="zeppelins")
    thread.hide(team, "spam")
    site.commit()
    assert found(site, q="zeppelins") == []


def test_a_name_that_was_not_given_leads_to_no_feed(site: Site) -> None:
    ada = make_person("Adaeze Obiora")
    make_thread(ada, disclosure="role-only")
    assert found(site, author="Adaeze Obiora") == []
    assert found(site, q="Adaeze") == []
    make_thread(ada, title="By name")
    assert len(found(site, author="Adaeze Obiora")) == 1


# The whole history


def test_a_search_leads_back_to_its_first_post_and_to_nothing_else(site: Site) -> None:
    ada, team = make_person(), make_person(role="team")
    thread = make_thread(ada, text="Zeppelins at first.")
    wanted = [f"post/{post_of(thread).id}"]
    for _ in range(6):
        posts = fill(thread, 45, ada, text="Zeppelin {}.")
        wanted += [f"post/{post.id}" for post in posts]
        fill(thread, 40, ada, text="A kite {}.")
    for number in (5, 100, 300):
        post = post_of(thread, number)
        post.hide(team, "spam")
        wanted = [id for id in wanted if id != f"post/{post.id}"]
    site.commit()
    long_ago()
    documents = walk(site, q="zeppelins")
    assert len(documents) > 3
    entries = [id for document in documents for id in document.entries]
    assert sorted(entries) == sorted(wanted)
    assert entries == sorted(entries, key=lambda id: -int(id.partition("/")[2]))
    for archive in documents[1:]:
        assert archive.feed.find(f"{HISTORY}archive") is not None
        assert archive.link("current") == "/search/feed.atom?q=zeppelins"
        for format, check in CHECKS.items():
            check(site.visitor().get(archive.url.replace(".atom", f".{format}")).data)


def test_what_waited_is_told_as_new_and_no_archive_changes(site: Site) -> None:
    ada, tess = make_person(), make_person(role="team")
    thread = make_thread(ada, text="Zeppelins at first.")
    db.session.execute(update(Conversation).values(holds=True))
    held, new = (
        thread.reply(ada, "A zeppelin waited."),
        make_thread(ada, title="So did this", text="Zeppelin."),
    )
    db.session.execute(update(Conversation).values(holds=False))
    late = [f"post/{post_of(new).id}", f"post/{held.id}"]
    for _ in range(4):
        fill(thread, 60, ada, text="Zeppelin {}.")
    long_ago()
    site.commit()
    before = walk(site, q="zeppelins")
    assert len(before) > 1 and not set(late) & {id for document in before for id in document.entries}
    for id in reversed(late):
        let_out(int(id.removeprefix("post/")), tess)
    assert found(site, q="zeppelins")[:2] == late
    fill(thread, 300, ada, text="Zeppelin {}.")
    long_ago(40)
    site.commit()
    after = {document.url: list(document.entries) for document in walk(site, q="zeppelins")}
    for archive in before[1:]:
        assert after[archive.url] == list(archive.entries)
    entries = [id for each in after.values() for id in each]
    assert sorted(entries) == shown()
    assert [hit for hit in entries if hit in late] == late
    assert found(site, q="did", title="1") == late[:1]


def test_a_rare_search_is_few_steps_from_its_first_post(site: Site) -> None:
    ada = make_person()
    early = make_thread(ada, text="Zeppelins long ago.")
    fill(early, 400, ada, text="Nothing {}.")
    fill(early, 120, ada, text="Zeppelin {}.")
    fill(early, 400, ada, text="Nothing {}.")
    long_ago()
    documents = walk(site, q="zeppelins")
    assert sum(len(document.entries) for document in documents) == 121
    assert len(documents) <= 4


def test_a_feed_of_a_search_asks_the_same_for_one_entry_and_for_fifty(site: Site) -> None:
    ada = make_person()
    thread, asked = make_thread(ada, text="Zeppelins."), []
    read(site, q="zeppelins")
    for count in (1, 49):
        fill(thread, count, ada, text="Zeppelin {}.")
        site.commit()
        with counted() as statements:
            read(site, q="zeppelins")
        asked.append(len(statements))
    assert asked[0] == asked[1] <= 14, asked


def test_feeds_of_searches_are_limited_generously(site: Site) -> None:
    make_thread(text="Zeppelins.")
    read(site, q="zeppelins")
    tally: Any = db.session.query(Tally).filter(Tally.key.contains("search feeds")).one()
    tally.count = 300
    site.commit()
    page = site.visitor().get("/search/feed.atom?q=kites", 429)
    assert int(page.headers["Retry-After"]) > 0
    read(site, q="zeppelins")
